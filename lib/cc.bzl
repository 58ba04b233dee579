"""The project's C++ rules: the standard ones with shared warnings and hardening.

    emilua_cc_library(name = "thing", srcs = ["thing.cc"], hdrs = ["thing.h"], deps = […])
    emilua_cc_test(name = "thing_test", srcs = ["thing_test.cc"], deps = [":thing"])
"""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wnon-virtual-dtor",
    "-Wimplicit-fallthrough",
    "-Werror",
    # False positives of gcc 12 with Asio's headers, optimised or sanitized.
    "-Wno-mismatched-new-delete",
    "-Wno-maybe-uninitialized",
]

HARDENING = [
    "-fstack-protector-strong",
    "-fno-common",
    "-ffunction-sections",
    "-fdata-sections",
] + select({
    "//lib:optimized": [
        "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2",
    ],
    "//conditions:default": [],
})

COPTS = WARNINGS + HARDENING

def emilua_cc_library(name, copts = [], **kwargs):
    cc_library(name = name, copts = COPTS + copts, linkstatic = True, **kwargs)

def emilua_cc_binary(name, copts = [], **kwargs):
    cc_binary(name = name, copts = COPTS + copts, linkstatic = True, **kwargs)

def emilua_cc_test(name, copts = [], deps = [], size = "small", **kwargs):
    cc_test(
        name = name,
        size = size,
        copts = COPTS + copts,
        linkstatic = True,
        deps = deps + ["@com_google_googletest//:gtest_main"],
        **kwargs
    )
