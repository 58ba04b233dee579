"""The command line of the engine: what it takes, what it says, and how it ends."""

import os
import re
import subprocess

from cases import case, emilua, engine, main, scratch, script


def arguments_seen(*arguments, **options):
    """What system.arguments holds, less the engine's name."""
    run = emilua(*arguments, **options)
    assert run.returncode == 0 and run.stderr == "", run
    lines = run.stdout.splitlines()
    assert lines[0] == engine(), lines
    return lines[1:]


SHOW = "for _, argument in ipairs(require('system').arguments) do print(argument) end"


def one_line(text, *parts):
    assert text.endswith("\n") and text.count("\n") == 1, text
    for part in parts:
        assert part in text, text


@case
def help_goes_to_standard_output():
    for option in "--help", "-h":
        run = emilua(option)
        assert run.returncode == 0 and run.stderr == "", run
        for part in ("Usage: emilua ", "-e CHUNK", "--version", "EMILUA_PATH", "\nExit status:\n", "\nExamples:\n  emilua "):
            assert part in run.stdout, run
        assert all(len(line) <= 100 for line in run.stdout.splitlines()), run


@case
def version_names_the_parts():
    run = emilua("--version")
    assert run.returncode == 0 and run.stderr == "", run
    assert re.fullmatch(r"emilua \d+\.\d+\.\d+\nLuaJIT 2\.1\.\S+\nBoost 1\.\d+\.\d+\n", run.stdout), run


@case
def help_and_version_come_before_the_script():
    assert emilua("--help", "/nowhere.lua").returncode == 0
    assert emilua("--version", "/nowhere.lua").returncode == 0


# 00 decision 3
@case
def no_script_is_misuse():
    run = emilua()
    assert run.returncode == 2 and run.stdout == "", run
    one_line(run.stderr, "emilua: ", "no script", "--help")


@case
def an_unknown_option_is_misuse_and_the_nearest_is_named():
    run = emilua("--vresion", script(SHOW))
    assert run.returncode == 2 and run.stdout == "", run
    one_line(run.stderr, "unknown option --vresion", "did you mean --version?")


# 20 §11
@case
def the_concurrency_hint_is_1_or_safe():
    threads = script("print(pcall(spawn_context_threads, 1))")
    for arguments, expected in (
            (["--main-context-concurrency-hint", "1"], "false\tOperation not supported\n"),
            (["--main-context-concurrency-hint=1"], "false\tOperation not supported\n"),
            (["--main-context-concurrency-hint", "safe"], "true\n"),
            (["--main-context-concurrency-hint=safe"], "true\n"),
            ([], "true\n")):
        run = emilua(*arguments, threads)
        assert (run.returncode, run.stdout, run.stderr) == (0, expected, ""), run
    for bad in (["--main-context-concurrency-hint=2", threads], ["--main-context-concurrency-hint=", threads],
                ["--main-context-concurrency-hint", threads], ["--main-context-concurrency-hint"]):
        run = emilua(*bad)
        assert run.returncode == 2 and run.stdout == "", run
        one_line(run.stderr, "--main-context-concurrency-hint")


# 20 §2.3, §12.9
@case
def under_test_the_context_says_so_along_relative_imports():
    root = os.path.dirname(script("return _CONTEXT .. '|' .. require '../leaf' .. '|' .. require '/other'", "tree.lua"))
    os.mkdir(root + "/sub")
    os.rename(root + "/tree.lua", root + "/sub/init.lua")
    for name, text in (("leaf.lua", "return _CONTEXT"), ("other.lua", "return '<' .. _CONTEXT .. '>'"),
                       ("packages/external.lua", "return '<' .. _CONTEXT .. '>'"),
                       ("main.lua", "print(_CONTEXT, require './sub', require 'external')")):
        os.makedirs(os.path.dirname(root + "/" + name), exist_ok=True)
        with open(root + "/" + name, "w", encoding="utf-8") as out:
            out.write(text)
    settings = {"env": {**os.environ, "EMILUA_PATH": root + "/packages"}}
    assert emilua("--test", root + "/main.lua", **settings).stdout == "test\ttest|test|<>\t<>\n"
    assert emilua(root + "/main.lua", **settings).stdout == "main\t||<>\t<>\n"
    assert emilua("--test", "-e", "print(_CONTEXT)").stdout == "test\n"


@case
def an_actor_is_a_worker_under_test_too():
    run = emilua("--test", script("""
        local inbox = require 'inbox'
        if _CONTEXT == 'worker' then
            inbox:receive():send(_CONTEXT)
            return
        end
        spawn_vm{module = '.', subprocess = {stderr = 'share'}}:send(inbox)
        print(_CONTEXT, inbox:receive())
    """))
    assert (run.returncode, run.stdout) == (0, "test\tworker\n"), run


@case
def an_option_like_no_other_gets_no_hint():
    run = emilua("--xyzzyplugh", script(SHOW))
    assert run.returncode == 2, run
    one_line(run.stderr, "unknown option --xyzzyplugh")
    assert "did you mean" not in run.stderr, run


@case
def e_without_a_chunk_is_misuse():
    run = emilua("-e")
    assert run.returncode == 2 and run.stdout == "", run
    one_line(run.stderr, "-e")


@case
def e_runs_a_chunk_with_its_arguments():
    assert arguments_seen("-e", SHOW) == ["-e"]
    assert arguments_seen("-e", SHOW, "one", "two") == ["-e", "one", "two"]


@case
def a_dash_runs_standard_input():
    assert arguments_seen("-", "one", stdin=None, input=SHOW) == ["-", "one"]
    run = emilua("-", stdin=None, input="")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", ""), run


# 00 decision 16
@case
def what_follows_the_script_belongs_to_it():  # 20 §12.35 with decision 16
    path = script(SHOW)
    for arguments in (["one", ""], ["--help"], ["--version", "-e", "x"], ["-"], ["--unknown=1", "-x"], ["one", "--"]):
        assert arguments_seen(path, *arguments) == [path, *arguments], arguments


# 00 decision 16
@case
def one_double_dash_after_the_script_is_dropped():
    path = script(SHOW)
    assert arguments_seen(path, "--") == [path]
    assert arguments_seen(path, "--", "--help") == [path, "--help"]
    assert arguments_seen(path, "--", "--") == [path, "--"]


@case
def a_double_dash_before_the_script_ends_the_options():
    path = script(SHOW, "-e")
    run = emilua("--", "-e", "argument", cwd=os.path.dirname(path))
    assert run.returncode == 0 and run.stdout.splitlines()[1:] == ["-e", "argument"], run


@case
def bytes_that_are_no_text_pass_through():
    path = script("io = nil for i = 1, 255 do assert(require('system').arguments[3]:byte(i) == i) end print 'same'")
    run = emilua(path, bytes(range(1, 256)))
    assert run.returncode == 0 and run.stdout == "same\n", run


# 91 row 54
@case
def an_argument_may_be_as_long_as_the_kernel_permits():
    path = script("print(#require('system').arguments[3])")
    assert emilua(path, "x" * 130000).stdout == "130000\n"
    assert emilua(path, *["y" * 100000] * 10).stdout == "100000\n"


@case
def a_missing_script_is_one_line():
    run = emilua("/nowhere/main.lua")
    assert run.returncode == 1 and run.stdout == "", run
    one_line(run.stderr, "emilua: /nowhere/main.lua: No such file or directory")


@case
def a_directory_is_no_script():
    run = emilua("/tmp")
    assert run.returncode == 1 and run.stdout == "", run
    one_line(run.stderr, "emilua: /tmp: Is a directory")


@case
def an_empty_name_is_no_script():
    run = emilua("")
    assert run.returncode == 1 and run.stdout == "", run
    one_line(run.stderr, "emilua: ")


@case
def control_characters_in_a_name_are_made_visible():
    run = emilua("/\x1b]0;title\x07\nemilua: such")
    assert run.returncode == 1, run
    one_line(run.stderr, "emilua: /\\x1b]0;title\\x07\\x0aemilua: such: No such file or directory")
    run = emilua("-e", "error '\\27[2J\\tlong\\nlines'")
    assert run.returncode == 1 and "\\x1b[2J\tlong\nlines" in run.stderr, run


# 00 decision 21
@case
def an_empty_script_is_a_program():
    for text in "", "\n", "-- only a comment", "#!/usr/bin/env emilua", "#!/usr/bin/env emilua\n":
        run = emilua(script(text))
        assert (run.returncode, run.stdout, run.stderr) == (0, "", ""), (text, run)


@case
def a_syntax_error_is_one_line():  # 20 §12.35
    path = script("local x = 1\nx = = 2\n")
    run = emilua(path)
    assert run.returncode == 1 and run.stdout == "", run
    one_line(run.stderr, "emilua: ", "/main.lua:2: ", "'='")  # long paths are cut at their beginning


@case
def a_syntax_error_in_a_chunk_and_in_standard_input_is_one_line():
    run = emilua("-e", "x = =")
    assert run.returncode == 1, run
    one_line(run.stderr, "(command line):1: ")
    run = emilua("-", stdin=None, input="\nx = =")
    assert run.returncode == 1, run
    one_line(run.stderr, "stdin:2: ")


@case
def a_line_for_the_shell_counts_but_is_not_run():
    path = script("#!/usr/bin/env emilua\nprint 'ran'\nerror 'third line'\n")
    run = emilua(path)
    assert run.returncode == 1 and run.stdout == "ran\n", run
    assert "/main.lua:3: third line" in run.stderr, run


@case
def a_script_is_run_by_its_first_line():
    path = script("#!%s\nprint(#require('system').arguments, require('system').arguments[3])" % engine())
    if len(engine()) > 120:  # longer first lines are cut by older kernels
        short = os.path.join(scratch(), "emilua")
        os.symlink(engine(), short)
        path = script("#!%s\nprint(#require('system').arguments, require('system').arguments[3])" % short)
    os.chmod(path, 0o755)
    run = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0 and run.stdout == "3\t--help\n", run


# 00 decision 3
@case
def an_error_in_the_main_fiber_is_status_1():  # 20 §12.35 with decision 3
    run = emilua("-e", "print 'before' error 'as asked'")
    assert run.returncode == 1 and run.stdout == "before\n", run
    assert run.stderr.startswith("Main fiber from VM 0x") and "as asked" in run.stderr, run


@case
def exit_sets_the_status():
    for code in 0, 1, 2, 7, 255:
        assert emilua("-e", "require('system').exit(%d) print 'not reached'" % code).returncode == code


@case
def a_full_device_is_an_error():
    with open("/dev/full", "w", encoding="ascii") as full:
        for arguments in (["-e", "print 'lost'"], ["--help"], ["--version"]):
            run = emilua(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
            assert run.returncode == 1, run
            one_line(run.stderr, "emilua: standard output: No space left on device")


@case
def a_reader_that_has_gone_is_an_error_and_no_signal():
    for arguments in (["-e", "print 'lost'"], ["--help"]):
        reader, writer = os.pipe()
        os.close(reader)
        run = emilua(*arguments, capture_output=False, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        assert run.returncode == 1, run
        one_line(run.stderr, "emilua: standard output: Broken pipe")


def closed(*numbers):
    """A preexec_fn that closes these descriptors of the child."""
    def close():
        for number in numbers:
            os.close(number)
    return close


@case
def a_closed_standard_output_is_an_error():
    for arguments in (["-e", "print 'lost'"], ["--help"], ["--version"]):
        run = emilua(*arguments, preexec_fn=closed(1))
        assert run.returncode == 1, run
        one_line(run.stderr, "emilua: standard output: Broken pipe")


# A descriptor of the engine's own must never take the place of a closed standard stream.
@case
def closed_standard_streams_are_not_replaced_by_sockets():
    text = """
        local inbox, stream, system = require 'inbox', require 'stream', require 'system'
        print 'to nobody'
        local written = pcall(stream.write_all, system.out, 'to nobody')
        local worker = spawn_vm{module = './worker', subprocess = {stdin = 'share', stdout = 'share'}}
        worker:send(inbox)
        assert(inbox:receive() == 'alive')
        system.exit(written and 3 or 4, {force = 2})
    """
    for numbers in (1,), (0, 1), (0, 1, 2), (0,):
        path = script(text)
        with open(os.path.join(os.path.dirname(path), "worker.lua"), "w", encoding="utf-8") as out:
            out.write("print 'also' require('inbox'):receive():send 'alive'")
        run = emilua(path, preexec_fn=closed(*numbers))
        assert run.returncode == (3 if 1 not in numbers else 4), (numbers, run)


@case
def a_script_without_readers_or_writers_needs_none():
    run = emilua("-e", "local x = 1", preexec_fn=closed(0, 1, 2))
    assert run.returncode == 0, run


# 91 row 52
@case
def variables_for_other_programs_have_no_effect():
    hostile = {"LD_PRELOAD": "/nowhere.so", "LD_LIBRARY_PATH": "/tmp", "LUA_INIT": "error 'LUA_INIT'", "LUA_PATH": "?",
               "LUA_CPATH": "?", "GCONV_PATH": "/tmp", "LC_ALL": "xx_YY", "TMPDIR": "/nowhere", "LUA_INIT_5_1": "error()"}
    run = emilua("-e", "print(1.5, ('a'):upper())", env=hostile)
    assert (run.returncode, run.stdout) == (0, "1.5\tA\n"), run


main()
