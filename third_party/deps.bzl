"""Every outside dependency of the project: one entry here, one .BUILD file beside it."""

load("//third_party:system_libs.bzl", "system_abseil", "system_library", "system_rules_cc", "system_small_libc", "system_versions")

def emilua_dependencies():
    """WORKSPACE's dependencies: the system's libraries, and what Bazel would otherwise download."""

    # Distribution builds report no version (native.bazel_version is ""):
    # look for a function that came after Bazel 4.
    bazel4 = not hasattr(native, "package_relative_label")
    if bazel4:
        system_rules_cc(name = "rules_cc")
    else:
        native.local_repository(name = "rules_cc", path = "/usr/share/bazel/rules/cc")
    native.local_repository(
        name = "rules_java",
        path = "third_party/stubs/rules_java" if bazel4 else "/usr/share/bazel/rules/java",
    )
    if not bazel4:
        native.local_repository(name = "bazel_skylib", path = "/usr/share/bazel/tools/skylib")
        native.local_repository(name = "bazel_features", path = "/usr/share/bazel/tools/features")
        native.local_repository(name = "rules_python", path = "/usr/share/bazel/rules/python")
        native.local_repository(name = "rules_proto", path = "/usr/share/bazel/rules/proto")
        native.local_repository(name = "rules_license", path = "/usr/share/bazel/rules/license")

    # Every *_test depends on it, whether coverage is asked for or not.
    native.local_repository(name = "remote_coverage_tools", path = "third_party/coverage_tools")
    system_dependencies()

def system_dependencies():
    """Libraries of the distribution; shared by WORKSPACE and MODULE.bazel."""

    # Boost's 15,000 headers stay on the compiler's own include path: as inputs,
    # each would become a symlink in every action's sandbox.
    system_library(
        name = "boost",
        apt = "libboost1.81-dev",
        build_file = "//third_party:boost.BUILD",
        probes = [
            "/usr/include/boost/asio.hpp",
            "/usr/include/boost/intrusive/list.hpp",
            "/usr/include/boost/json/src.hpp",
        ],
    )
    system_library(
        name = "com_google_googletest",
        apt = "libgmock-dev libgtest-dev",
        archives = ["gmock", "gmock_main", "gtest"],
        build_file = "//third_party:googletest.BUILD",
        headers = {
            "/usr/include/gmock": "gmock",
            "/usr/include/gtest": "gtest",
        },
    )
    system_library(
        name = "fmt",
        apt = "libfmt-dev",
        build_file = "//third_party:fmt.BUILD",
        headers = {"/usr/include/fmt": "fmt"},
    )
    system_library(
        name = "libcap",
        apt = "libcap-dev",
        archives = ["cap"],
        build_file = "//third_party:libcap.BUILD",
        headers = {"/usr/include/sys/capability.h": "sys/capability.h"},
    )
    system_library(
        name = "libseccomp",
        apt = "libseccomp-dev",
        archives = ["seccomp"],
        build_file = "//third_party:libseccomp.BUILD",
        headers = {
            "/usr/include/seccomp-syscalls.h": "seccomp-syscalls.h",
            "/usr/include/seccomp.h": "seccomp.h",
        },
    )
    system_library(
        name = "luajit",
        apt = "libluajit-5.1-dev",
        archives = ["luajit-5.1"],
        build_file = "//third_party:luajit.BUILD",
        headers = {
            "/usr/include/luajit-2.1/%s" % h: h
            for h in ["lauxlib.h", "lua.h", "lua.hpp", "luaconf.h", "luajit.h", "lualib.h"]
        },
    )
    system_library(
        name = "pcre2",
        apt = "libpcre2-dev",
        archives = ["pcre2-8"],
        build_file = "//third_party:pcre2.BUILD",
        headers = {"/usr/include/pcre2.h": "pcre2.h"},
    )
    system_abseil(
        name = "com_google_absl",
        targets = {
            "absl/base:core_headers": "core_headers",
            "absl/cleanup:cleanup": "cleanup",
            "absl/container:flat_hash_map": "flat_hash_map",
            "absl/container:flat_hash_set": "flat_hash_set",
            "absl/container:inlined_vector": "inlined_vector",
            "absl/functional:any_invocable": "any_invocable",
            "absl/strings:strings": "strings",
            "absl/types:span": "span",
        },
    )
    system_small_libc(name = "small_libc")

    # Whose versions the bill of materials names: those above, and what the compiler links by itself.
    system_versions(
        name = "system_versions",
        files = {
            "boost": "/usr/include/boost/version.hpp",
            "com_google_absl": "/usr/include/absl/base/config.h",
            "fmt": "/usr/include/fmt/format.h",
            "glibc": "libc.a",
            "libcap": "/usr/include/sys/capability.h",
            "libgcc": "libgcc.a",
            "libseccomp": "/usr/include/seccomp.h",
            "libstdcxx": "libstdc++.a",
            "luajit": "/usr/include/luajit-2.1/lua.h",
            "pcre2": "/usr/include/pcre2.h",
        },
    )
