"""Repository rules that take C++ dependencies from the distribution's packages.

Nothing is downloaded: headers and static archives are symlinked from /usr. When
one is missing, the build stops and names the package to install (ci/bootstrap
installs them all).
"""

def _need(rctx, path, apt):
    found = rctx.path(path)
    if not found.exists:
        fail("\n\n  @%s needs %s\n  run: ci/bootstrap   (or: apt-get install %s)\n" % (rctx.name, path, apt))
    return found

def _run(rctx, args):
    result = rctx.execute(args)
    if result.return_code != 0:
        fail("\n\n  @%s: %s: %s\n" % (rctx.name, " ".join(args), result.stderr.strip()))
    return result.stdout.strip()

def _library_dir(rctx):
    return "/usr/lib/" + _run(rctx, ["gcc", "-print-multiarch"])

def _version_define(rctx, path):
    """The version of the package that owns `path`, as a preprocessor definition.

    Files under /usr are no inputs that Bazel tracks. A definition is part of each
    compilation's command line, so another package version means another action;
    a generated header would not do, since no compiler names it as a dependency.
    """
    owner = _run(rctx, ["dpkg-query", "-S", path]).split(":")[0].split(",")[0]
    version = _run(rctx, ["dpkg-query", "-W", "-f=${Package}-${Version}", owner])
    repo = rctx.name.split("~")[-1].split("+")[-1]
    return "SYSTEM_%s=%s" % (repo, "".join([c if c.isalnum() else "_" for c in version.elems()]))

def _write_version(rctx, path):
    rctx.file("version.bzl", "VERSION_DEFINE = \"%s\"\n" % _version_define(rctx, path), executable = False)

# --- one library ---------------------------------------------------------------

def _system_library_impl(rctx):
    apt = rctx.attr.apt
    for source, target in rctx.attr.headers.items():
        rctx.symlink(_need(rctx, source, apt), "include/" + target)
    for probe in rctx.attr.probes:
        _need(rctx, probe, apt)
    directory = _library_dir(rctx)
    for archive in rctx.attr.archives:
        name = "lib%s.a" % archive
        rctx.symlink(_need(rctx, directory + "/" + name, apt), "lib/" + name)
    _write_version(rctx, (list(rctx.attr.headers) + rctx.attr.probes)[0])
    rctx.symlink(rctx.attr.build_file, "BUILD")
    rctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % rctx.name, executable = False)

system_library = repository_rule(
    implementation = _system_library_impl,
    attrs = {
        "apt": attr.string(mandatory = True, doc = "packages to install when something is missing"),
        "archives": attr.string_list(doc = "static archives, less lib and .a"),
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "headers": attr.string_dict(doc = "absolute path -> path under include/"),
        "probes": attr.string_list(doc = "headers that stay on the compiler's own include path"),
    },
    local = True,
)

# --- the C library's functions, each once -------------------------------------------

# glibc has up to five of each function, for different processors, and a static executable gets them
# all. These options leave one of each that is large, or that nobody waits for.
_FAST = ["__ieee754_exp_fma", "__ieee754_log_fma", "__ieee754_pow_fma"]
_RARE = ["__stpncpy", "__strcasecmp", "__strcasecmp_l", "__strcat", "__strncasecmp", "__strncasecmp_l", "__strncat", "__strncpy"]
_MATH_VARIANTS = ["_avx", "_fma", "_fma4"]
_STRING_VARIANTS = ["_avx2", "_avx2_rtm", "_evex", "_sse42", "_sse2_unaligned"]

def _defsyms(names, functions, variants):
    options = []
    for function in functions:
        base = function + ("_sse2" if function + "_sse2" in names else "_sse2_unaligned")
        for variant in variants:
            name = function + variant
            if base in names and name in names and name != base and name not in _FAST:
                options.append("-Wl,--defsym=%s=%s" % (name, base))
    return options

def _small_libc_impl(rctx):
    script = "nm --defined-only --format=posix \"$1\"/libm*.a \"$1\"/libc.a 2>/dev/null | cut -d' ' -f1"
    names = {name: True for name in _run(rctx, ["sh", "-c", script, "sh", _library_dir(rctx)]).split("\n")}
    math = {name[:-len("_fma")]: True for name in names if name.endswith("_fma")}
    options = _defsyms(names, sorted(math), _MATH_VARIANTS) + _defsyms(names, _RARE, _STRING_VARIANTS)
    rctx.file("linkopts.bzl", "SMALL_LIBC = %s\n" % repr(options), executable = False)
    rctx.file("BUILD", "", executable = False)
    rctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % rctx.name, executable = False)

system_small_libc = repository_rule(implementation = _small_libc_impl, local = True)

# --- abseil: one target for each pkg-config module, labelled as upstream ---------

_ABSEIL_HEAD = """load("@rules_cc//cc:defs.bzl", "cc_import", "cc_library")
load("//:version.bzl", "VERSION_DEFINE")

package(default_visibility = ["//visibility:public"])

licenses(["notice"])  # Apache-2.0
"""

_ABSEIL_LIBRARY = """
cc_library(
    name = "{name}",
    defines = [VERSION_DEFINE],
    deps = {deps},
)
"""

_ABSEIL_ARCHIVE = """
cc_import(
    name = "{name}",
    static_library = "lib{name}.a",
)
"""

def _system_abseil_impl(rctx):
    apt = "libabsl-dev"
    directory = _library_dir(rctx)
    _need(rctx, "/usr/include/absl/base/config.h", apt)
    _need(rctx, "/usr/bin/pkg-config", "pkg-config")
    _write_version(rctx, "/usr/include/absl/base/config.h")
    archives = {}
    packages = {}
    for label, module in rctx.attr.targets.items():
        package, name = label.split(":")
        flags = _run(rctx, ["pkg-config", "--static", "--libs-only-l", "absl_" + module]).split(" ")
        names = [f[2:] for f in flags if f.startswith("-labsl_")]
        archives.update({n: True for n in names})
        packages.setdefault(package, []).append(
            _ABSEIL_LIBRARY.format(name = name, deps = repr(["//lib:" + n for n in names])),
        )
    text = _ABSEIL_HEAD
    for name in archives:
        rctx.symlink(_need(rctx, "%s/lib%s.a" % (directory, name), apt), "lib/lib%s.a" % name)
        text += _ABSEIL_ARCHIVE.format(name = name)
    rctx.file("lib/BUILD", text, executable = False)
    for package, libraries in packages.items():
        rctx.file(package + "/BUILD", _ABSEIL_HEAD + "".join(libraries), executable = False)
    rctx.file("BUILD", "", executable = False)
    rctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % rctx.name, executable = False)

system_abseil = repository_rule(
    implementation = _system_abseil_impl,
    attrs = {"targets": attr.string_dict(doc = "package:target -> pkg-config module, less absl_")},
    local = True,
)

# --- what was linked --------------------------------------------------------------

def _system_versions_impl(rctx):
    versions = {}
    for name, path in rctx.attr.files.items():
        if not path.startswith("/"):
            path = _run(rctx, ["gcc", "-print-file-name=" + path])
        path = str(rctx.path(path).realpath)
        owner = _run(rctx, ["sh", "-c", "dpkg-query -S \"$1\" || dpkg-query -S \"${1#/usr}\"", "sh", path])
        package = owner.split(":")[0].split(",")[0]
        fields = _run(rctx, ["dpkg-query", "-W", "-f=${Version} ${source:Package} ${source:Version}", package]).split("\n")[0]
        version, source, source_version = fields.split(" ")
        versions[name] = struct(package = package, version = version, source = source, source_version = source_version).to_json()
    text = ",\n".join(["  \"%s\": %s" % (name, versions[name]) for name in sorted(versions)])
    rctx.file("versions.json", "{\n%s\n}\n" % text, executable = False)
    rctx.file("BUILD", "exports_files([\"versions.json\"])\n", executable = False)
    rctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % rctx.name, executable = False)

system_versions = repository_rule(
    implementation = _system_versions_impl,
    attrs = {"files": attr.string_dict(doc = "name -> a file of the package; without a slash, one that gcc finds")},
    local = True,
)

# --- rules_cc --------------------------------------------------------------------

_RULES_CC = "/usr/share/bazel/rules/cc"
_CC_TOOLCHAIN_TYPE = "[\"@bazel_tools//tools/cpp:toolchain_type\"]"

def _system_rules_cc_impl(rctx):
    _need(rctx, _RULES_CC + "/cc/defs.bzl", "bazel-rules-cc")
    _run(rctx, ["cp", "-rL", _RULES_CC + "/cc", "."])

    # These two load a symbol that @bazel_tools has only since Bazel 5, so that the
    # distribution's own pair (Bazel 4.2, rules_cc 0.0.4) does not load as it is.
    for name in ["compiler_flag.bzl", "cc_flags_supplier.bzl"]:
        path = "cc/private/rules_impl/" + name
        text = rctx.read(path)
        text = text.replace(", \"use_cpp_toolchain\"", "").replace("use_cpp_toolchain()", _CC_TOOLCHAIN_TYPE)
        rctx.delete(path)
        rctx.file(path, text, executable = False)
    rctx.file("BUILD", "package(default_visibility = [\"//visibility:public\"])\n", executable = False)

system_rules_cc = repository_rule(implementation = _system_rules_cc_impl, local = True)
