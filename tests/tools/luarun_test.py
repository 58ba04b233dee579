"""luarun: its options, the modules over blocking streams, and every complaint."""

import os
import subprocess

from cases import case, emilua as luarun, engine, main, scratch, script
from tool_cases import NOBODY, alone, needs_root, run_alone


def gives(expected, *arguments, **options):
    run = luarun(*arguments, **options)
    assert (run.returncode, run.stdout, run.stderr) == (0, expected, ""), run


def fails(message, *arguments, status=1, **options):
    """One line on standard error."""
    run = luarun(*arguments, **options)
    assert run.returncode == status and run.stderr.count("\n") == 1, run
    assert run.stderr.startswith("luarun: ") and message in run.stderr, run.stderr


# --- scripts -----------------------------------------------------------------------------------------


@case
def a_script_gets_its_arguments():
    path = script("#!/usr/bin/env luarun\nprint(arg[0], #arg, ..., require 'system'.arguments[3])")
    gives("%s\t2\ta\ta\n" % path, path, "a", "-b")
    gives("%s\t1\ta\ta\n" % path, "--", path, "--", "a")


@case
def a_script_comes_from_standard_input():
    for arguments in ([], ["-"]):
        gives("stdin\n", *arguments, input="print 'stdin'", stdin=None)
    gives("a\n", "-", "a", input="print(...)", stdin=None)


@case
def chunks_and_modules_come_first_in_their_order():
    path = script("print(x, json.encode{1})")
    gives("1\t[1]\n", "-e", "x = 1", "-l", "json", path)
    gives("nil\n", "-e", "print(json)", "-ljson")
    gives("1\n2\n", "-eprint(1)", "-e", "print(2)")


@case
def an_empty_script_is_a_valid_one():
    gives("", script(""))
    gives("", "/dev/null")


@case
def files_are_found_as_by_luajit():
    path = script("return {answer = 42}", "module.lua")
    gives("42\n", "-l", "module", "-e", "print(module.answer)", cwd=os.path.dirname(path))
    # A file of one's own goes before what the engine would have.
    path = script("return 'mine'", "time.lua")
    gives("mine\n", "-e", "print(require 'time')", cwd=os.path.dirname(path))


@case
def bytecode_is_written_and_run():
    path = script("print(...)\nerror 'here'")
    out = path + "c"
    gives("", "-b", path, out)
    with open(out, "rb") as file:
        assert file.read(3) == b"\x1bLJ"
    run = luarun(out, "a")
    assert run.returncode == 1 and run.stdout == "a\n" and "main.lua:2: here" in run.stderr, run
    run = luarun("-b", path, "-", text=False)
    assert run.returncode == 0 and run.stdout.startswith(b"\x1bLJ"), run


# --- modules -----------------------------------------------------------------------------------------


@case
def every_pure_module_is_there():
    gives("ok\n", "-e", """
        for _, name in ipairs{'asio_error', 'byte_span', 'filesystem', 'generic_error', 'json', 'regex', 'stream', 'system'} do
            assert(require(name) == require(name), name)
        end
        assert(require 'byte_span' == byte_span and require 'format' == format and format('{:>3}', 7) == '  7')
        assert(require 'json'.decode('{"a":[1,null]}').a[1] == 1)
        local regex = require 'regex'
        assert(regex.match(regex.new{pattern = '(a+)b', grammar = 'ecma', optimize = true}, 'aab') == 'aa')
        assert(#regex.split(regex.new{pattern = 'É', grammar = 'extended', ignore_case = true}, 'xÉy') == 2)
        local path = require 'filesystem'.path
        assert(tostring(path.new('a/b/../c'):lexically_normal()) == 'a/c')
        print 'ok'
    """)


@case
def the_scanner_reads_standard_input():
    gives("2:b 2\nEnd of file\ttrue\n", "-e", """
        local system, stream = require 'system', require 'stream'
        local scanner = stream.scanner.with_awk_defaults(system.in_)
        local ok, e = pcall(function()
            while true do
                local fields = scanner:get_line()
                if tostring(fields[1]) == 'b' then
                    stream.write_all(system.out, format('{}:{} {}\\n', scanner.record_number, tostring(fields[1]),
                        tostring(fields[2])))
                end
            end
        end)
        print(e, e == require 'asio_error'.misc.eof)
    """, input="a 1\nb 2\nc 3", stdin=None)


@case
def streams_read_and_write_in_order():
    gives("one\ntwo\nthree\n", "-e", """
        local system, stream = require 'system', require 'stream'
        io.write 'one\\n'
        local buffer = byte_span.new(4)
        assert(stream.read_all(system.in_, buffer) == 4)
        stream.write_all(system.out, buffer)
        print 'three'
        local ok, e = pcall(stream.read_all, system.in_, byte_span.new(1))
        assert(e == require 'asio_error'.misc.eof)
        assert(system.in_.read_some(system.in_, byte_span.new(0)) == 0)
        ok, e = pcall(system.out.write_some, system.out, 'text')
        assert(e == require 'generic_error'.EINVAL and e.arg == 2)
    """, input="two\n", stdin=None)


@case
def errors_of_streams_are_those_of_the_system():
    gives("Is a directory\ttrue\n", "-e", """
        local system = require 'system'
        local ok, e = pcall(system.in_.read_some, system.in_, byte_span.new(1))
        print(e, e == require 'generic_error'.EISDIR)
    """, stdin=os.open("/", os.O_RDONLY))


@case
def system_has_arguments_environment_and_exit():
    run = luarun("-e", "local s = require 'system' print(s.environment.NAME, s.out == s.out, s.in_.isatty()) s.exit(7)",
                 env={"NAME": "value"})
    assert (run.returncode, run.stdout) == (7, "value\ttrue\tfalse\n"), run


@case
def the_working_directory_can_be_changed():
    path = scratch()
    gives(path + "\n", "-e", """
        local fs = require 'filesystem'
        fs.current_working_directory(fs.path.new('%s'))
        print(fs.current_working_directory())
    """ % path)


@case
def what_needs_the_engine_is_said():
    for name in ("condition_variable", "file", "future", "inbox", "ip", "mutex", "pipe", "recursive_mutex", "sandbox",
                 "serial_port", "time", "tls", "unix"):
        fails("module '%s' needs an event loop or actors: run this with emilua" % name, "-l", name)
    run = luarun("-e", "require 'system'.spawn{}")
    assert run.returncode == 1 and "stack traceback" in run.stderr, run


# --- errors ------------------------------------------------------------------------------------------


# 91 row 54
@case
def more_arguments_than_lua_has_room_for_are_refused():
    path = script("print(select('#', ...), select(-1, ...))")
    gives("5000\t4999\n", path, *map(str, range(5000)))
    fails("arguments: 20000: more than a script can have\n", path, *["x"] * 20000)


@case
def an_uncaught_error_has_a_traceback():
    run = luarun(script("local function f() error 'mine' end\nf()"))
    assert run.returncode == 1 and run.stderr.startswith("luarun: "), run
    assert "main.lua:1: mine\nstack traceback:" in run.stderr and "main.lua:2: in main chunk" in run.stderr, run.stderr
    run = luarun("-e", "error(require 'generic_error'.EPERM)")
    assert run.stderr.startswith("luarun: Operation not permitted\nstack traceback"), run.stderr
    run = luarun("-e", "error{}")
    assert run.stderr.startswith("luarun: (error object is a table value)\n"), run.stderr
    run = luarun("-e", "error '\\27[2J\\tlong\\nlines'")
    assert run.stderr.startswith("luarun: (command line):1: \\x1b[2J\tlong\nlines\nstack traceback"), run.stderr
    run = luarun("-e", "print 'before' nothing()")
    assert run.returncode == 1 and run.stdout == "before\n", run


@case
def what_cannot_be_compiled_is_one_line():
    fails("main.lua:2: '=' expected near 'y'", script("a = 1\nx y"))
    fails("(command line):1: unexpected symbol near '<eof>'", "-e", "x =")
    fails("stdin:1: ", "-", input="x y", stdin=None)


@case
def files_that_cannot_be_used_are_told():
    fails("luarun: /nonexistent: No such file or directory\n", "/nonexistent")
    fails("luarun: /: Is a directory\n", "/")
    fails("luarun: /nonexistent/out: No such file or directory\n", "-b", script(""), "/nonexistent/out")
    fails("luarun: /dev/full: No space left on device\n", "-b", script(""), "/dev/full")
    run = luarun("-l", "nothing")
    assert run.returncode == 1 and "module 'nothing' not found" in run.stderr, run


@case
def a_script_that_may_not_be_read_is_told():
    needs_root()
    here = alone()
    with open(here + "/secret.lua", "w", encoding="ascii") as out:
        out.write("print 'ran'")
    os.chmod(here + "/secret.lua", 0)
    run = subprocess.run([here + "/luarun", here + "/secret.lua"], capture_output=True, text=True,
                         check=False, **NOBODY)
    assert (run.returncode, run.stdout) == (1, ""), run
    assert run.stderr == "luarun: %s/secret.lua: Permission denied\n" % here, run


@case
def misuse_is_told():
    fails("unknown option --evel", "--evel", status=2)
    fails("-e: CHUNK is missing", "-e", status=2)
    fails("-l: MODULE is missing", "-l", status=2)
    fails("-b needs SCRIPT and OUT", "-b", status=2)
    fails("-b needs SCRIPT and OUT", "-b", "in.lua", status=2)
    fails("-b needs SCRIPT and OUT", "-b", "in.lua", "out", "more", status=2)
    fails("exclude each other", "-b", "-e", "x", status=2)
    fails("exclude each other", "-l", "json", "-b", "in", "out", status=2)
    fails("-b takes no value", "-bx", status=2)


@case
def on_a_terminal_a_script_must_be_named():
    master, slave = os.openpty()
    run = luarun(stdin=slave)
    os.close(master)
    os.close(slave)
    assert run.returncode == 2 and "a script, - or -e is missing" in run.stderr, run


@case
def help_and_version_are_printed():
    run = luarun("--help")
    assert run.returncode == 0 and run.stdout.startswith("Usage: luarun ") and "Examples:" in run.stdout, run
    assert luarun("--version").stdout.startswith("luarun ")


# --- standard streams, machines ----------------------------------------------------------------------


@case
def standard_output_that_is_full_or_closed_is_told():
    with open("/dev/full", "wb") as full:
        run = luarun("-e", "print 'x'", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (run.returncode, run.stderr) == (1, "luarun: standard output: No space left on device\n"), run
    run = luarun("-e", "print 'x'", capture_output=False, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
    assert (run.returncode, run.stderr) == (1, "luarun: standard output: Broken pipe\n"), run


@case
def ffi_has_types_but_loads_nothing():
    gives("4\n", "-l", "ffi", "-e", "print(ffi.sizeof 'int')")
    run = luarun("-l", "ffi", "-e", "ffi.load 'c'")
    assert run.returncode == 1 and "shared libraries cannot be loaded into a static executable" in run.stderr, run


@case
def it_works_alone_in_an_empty_root_as_nobody():
    needs_root()
    run = run_alone(alone(), "/luarun", "-l", "json", "-", input="print(json.encode{alone = true})")
    assert (run.returncode, run.stdout, run.stderr) == (0, '{"alone":true}\n', ""), run


main()
