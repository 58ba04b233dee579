"""static_tool: an executable of one file, and the tests that hold it to that.

    static_tool(name = "emilua", srcs = ["main.cc"], max_kib = 8192, deps = […])

makes :emilua (a static PIE), :emilua.stripped, and :emilua_static_test, which fails if the file
names an interpreter or a shared library, is larger than max_kib, or does not start (`--version`) in
a root directory that holds nothing else. Nothing in it can load a shared library (//lib/lua:static_dl).
Under --config=asan and its like the tool is linked dynamically, and the test is left out.
`order` is a linker script that says which functions are to lie together.
"""

load("//lib:cc.bzl", "COPTS")
load("@rules_cc//cc:defs.bzl", "cc_binary")

def static_tool(name, srcs, max_kib, deps = [], copts = [], order = None, **kwargs):
    cc_binary(
        name = name,
        srcs = srcs,
        copts = COPTS + copts,
        linkopts = select({
            "//lib:dynamic": [],
            "//conditions:default": [
                "-static-pie",
                "-Wl,--gc-sections",
                "-Wl,-z,noexecstack",
                "-Wl,-z,relro,-z,now",
                # A bit for each address to be adjusted, instead of 24 bytes.
                "-Wl,-z,pack-relative-relocs",
            ] + (["-Wl,-T,$(location %s)" % order] if order else []),
        }),
        additional_linker_inputs = [order] if order else [],
        linkstatic = True,
        deps = deps + ["//lib/lua:static_dl"],
        **kwargs
    )
    native.sh_test(
        name = name + "_static_test",
        size = "small",
        srcs = ["//tools:static_check.sh"],
        # The ceiling is that of the optimised file.
        args = ["$(location %s.stripped)" % name] + select({
            "//lib:optimized": [str(max_kib)],
            "//conditions:default": [str(3 * max_kib)],
        }),
        data = [name + ".stripped"],
        tags = ["static"],
    )
