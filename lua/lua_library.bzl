"""lua_library: Lua modules as bytecode inside an executable.

    lua_library(name = "runtime", srcs = ["runtime.lua"], symbol = "emilua::fiber::runtime_modules")

The C++ side declares

    namespace emilua::fiber {
    extern const std::span<const lua::embedded_module> runtime_modules;
    }

and finds each source under its file name, less the extension. A syntax error fails the build.
"""

load("//lib:cc.bzl", "emilua_cc_library")

def lua_library(name, srcs, symbol, visibility = None):
    native.genrule(
        name = name + "_bytecode",
        srcs = srcs,
        outs = [name + "_embedded.cc"],
        cmd = "$(location //lua:embed) $@ %s %s" % (symbol, " ".join([
            "%s=$(location %s)" % (src.split("/")[-1][:-len(".lua")], src)
            for src in srcs
        ])),
        tools = ["//lua:embed"],
    )
    emilua_cc_library(
        name = name,
        srcs = [name + "_embedded.cc"],
        tags = ["no-lint"],
        visibility = visibility,
        deps = ["//lib/lua:embedded"],
    )
