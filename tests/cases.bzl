"""Tests whose cases are counted one by one; see run_cases.py for what such a program prints.

    lua_cases(name = "join_test", src = "join_test.lua", data = ["helper.lua"])
    python_cases(name = "cli_test", src = "cli_test.py")

A Lua test is run by the engine, and finds //tests/api:check.lua as the external module `check`; a
Python test gets the engine's path as its first argument and finds `cases` in its path. `engine` may
be that of another build: //tools/emilua:emilua-dynamic. With `as_nobody`, the test runs as a user
without any right where the runner is root; it cannot be in a sandbox, which has one user.
"""

def _user(as_nobody, tags):
    return (["--as-nobody"], tags + ["no-sandbox"]) if as_nobody else ([], tags)

def lua_cases(name, src, data = [], args = [], size = "small", engine = "//tools/emilua", as_nobody = False, tags = [], **kwargs):
    user_args, all_tags = _user(as_nobody, tags)
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tests:run_cases.py"],
        args = user_args + ["$(rootpath %s)" % engine, "$(rootpath %s)" % src] + args,
        tags = all_tags,
        data = [
            src,
            "//tests/api:check.lua",
            engine,
        ] + data,
        env = {"EMILUA_PATH": "tests/api"},
        **kwargs
    )

def python_cases(name, src, data = [], args = [], size = "small", engine = "//tools/emilua", as_nobody = False, tags = [], **kwargs):
    user_args, all_tags = _user(as_nobody, tags)
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tests:run_cases.py"],
        args = user_args + ["python3", "$(rootpath %s)" % src, "$(rootpath %s)" % engine] + args,
        tags = all_tags,
        data = [
            src,
            "//tests:cases.py",
            "//tests:processes.py",
            engine,
        ] + data,
        env = {"PYTHONPATH": "tests"},
        **kwargs
    )
