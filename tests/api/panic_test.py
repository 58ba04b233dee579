"""What goes to standard error when fibers fail, and with what status the process ends."""

import os
import re
import resource
import subprocess

from cases import case, emilua, engine, main, script, skip

ADDRESS = r"0x[0-9a-f]+"


def run(text, colors="0", **variables):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EMILUA_")}
    environment.pop("NO_COLOR", None)
    environment["EMILUA_COLORS"] = colors
    environment.update(variables)
    return emilua(script(text), env=environment)


def reports(text):
    """The headlines, without addresses."""
    return [re.sub(ADDRESS, "ADDR", line) for line in text.splitlines() if " panicked: " in line]


@case
def a_program_without_errors_prints_nothing_and_exits_0():
    r = run("print('fine')")
    assert (r.returncode, r.stdout, r.stderr) == (0, "fine\n", ""), r


@case
def a_panic_of_the_main_fiber_is_reported_and_exits_1():  # decision 3
    r = run("local function f()\n    error('broken')\nend\nf()")
    assert r.returncode == 1, r
    lines = r.stderr.splitlines()
    assert re.fullmatch(rf"Main fiber from VM {ADDRESS} panicked: '\S+/main\.lua:2: broken'", lines[0]), r
    assert lines[1] == "stack traceback:", r
    assert any("main.lua:2: in function 'f'" in line for line in lines[2:]), r
    assert any("main.lua:4: in main chunk" in line for line in lines[2:]), r
    assert r.stderr.endswith("\n"), r


@case
def the_message_is_the_text_of_an_error_code():
    r = run("error(require('generic_error').ENOENT)")
    assert r.returncode == 1, r
    assert reports(r.stderr) == ["Main fiber from VM ADDR panicked: 'No such file or directory'"], r


@case
def the_message_is_empty_for_other_values():
    for value in ("{}", "nil", "true", "print", "setmetatable({}, {__tostring = function() return 'x' end})"):
        r = run(f"error({value})")
        assert r.returncode == 1, (value, r)
        assert reports(r.stderr) == ["Main fiber from VM ADDR panicked: ''"], (value, r)


@case
def a_main_fiber_that_raises_interrupted_panics_like_any_other():  # 10 §5.4
    r = run("""
        local time = require 'time'
        local f = spawn(function() return select(2, pcall(time.sleep, 60)) end)
        this_fiber.yield()
        f:interrupt()
        error((f:join()))
    """)
    assert r.returncode == 1, r
    assert reports(r.stderr) == ["Main fiber from VM ADDR panicked: 'Fiber interrupted'"], r


@case
def a_panic_of_the_main_fiber_drops_the_others():
    r = run("""
        local time = require 'time'
        spawn(function() time.sleep(0) print('must not run') end):detach()
        spawn(function() print('must not run either') end):detach()
        error('now', 0)
    """)
    assert (r.returncode, r.stdout) == (1, ""), r
    assert reports(r.stderr) == ["Main fiber from VM ADDR panicked: 'now'"], r


@case
def an_error_of_a_detached_fiber_is_reported_and_the_program_goes_on():  # 10 §13.37
    r = run("""
        spawn(function() error('detached', 0) end):detach()
        this_fiber.yield()
        print('main continues')
    """)
    assert (r.returncode, r.stdout) == (0, "main continues\n"), r
    assert reports(r.stderr) == ["Fiber ADDR panicked: 'detached'"], r
    assert "stack traceback:\n" in r.stderr, r


@case
def the_report_of_a_detached_fiber_comes_at_once():
    r = run("""
        local stream, system = require 'stream', require 'system'
        spawn(function() error('first', 0) end):detach()
        this_fiber.yield()
        stream.write_all(system.err, 'second\\n')
    """)
    assert r.stderr.index("'first'") < r.stderr.index("second"), r
    assert r.returncode == 0, r


@case
def detaching_a_failed_fiber_reports_it_then():
    r = run("""
        local stream, system = require 'stream', require 'system'
        local f = spawn(function() error('failed', 0) end)
        this_fiber.yield()
        stream.write_all(system.err, 'before\\n')
        f:detach()
        stream.write_all(system.err, 'after\\n')
    """)
    assert r.returncode == 0, r
    assert r.stderr.index("before") < r.stderr.index("'failed'") < r.stderr.index("after"), r
    assert len(reports(r.stderr)) == 1, r


@case
def a_joined_error_is_not_reported():
    r = run("""
        local f = spawn(function() error('joined', 0) end)
        print(pcall(f.join, f))
        local g = spawn(function() error('joined', 0) end)
        this_fiber.yield()
        print(pcall(g.join, g))
    """)
    assert (r.returncode, r.stdout, r.stderr) == (0, "false\tjoined\nfalse\tjoined\n", ""), r


@case
def a_collected_handle_of_a_failed_fiber_reports_it():
    r = run("""
        local stream, system = require 'stream', require 'system'
        do
            local f = spawn(function() error('collected', 0) end)
            this_fiber.yield()
        end
        collectgarbage()
        collectgarbage()
        stream.write_all(system.err, 'after\\n')
    """)
    assert r.returncode == 0, r
    assert reports(r.stderr) == ["Fiber ADDR panicked: 'collected'"], r
    assert r.stderr.index("'collected'") < r.stderr.index("after"), r


@case
def an_unjoined_failed_fiber_is_reported_exactly_once_at_the_end():  # 10 §13.38
    r = run("""
        f = spawn(function() error('unjoined', 0) end)
        this_fiber.yield()
        print('end of main')
    """)
    assert (r.returncode, r.stdout) == (0, "end of main\n"), r
    assert reports(r.stderr) == ["Fiber ADDR panicked: 'unjoined'"], r


@case
def a_fiber_that_fails_after_the_main_fiber_ended_is_reported_once():
    r = run("f = spawn(function() this_fiber.yield() error('late', 0) end)")
    assert r.returncode == 0, r
    assert reports(r.stderr) == ["Fiber ADDR panicked: 'late'"], r


@case
def many_unjoined_failures_are_each_reported_once():
    r = run("""
        fibers = {}
        for i = 1, 20 do
            fibers[i] = spawn(function() error('number ' .. i .. '.', 0) end)
        end
    """)
    assert r.returncode == 0, r
    assert sorted(reports(r.stderr)) == sorted(f"Fiber ADDR panicked: 'number {i}.'" for i in range(1, 21)), r


@case
def an_unjoined_failure_is_reported_after_system_exit_too():
    r = run("""
        local system = require 'system'
        f = spawn(function() error('unjoined', 0) end)
        this_fiber.yield()
        system.exit(5)
    """)
    assert r.returncode == 5, r
    assert reports(r.stderr) == ["Fiber ADDR panicked: 'unjoined'"], r


@case
def interrupted_fibers_are_silent():
    r = run("""
        local time = require 'time'
        local function interrupted()
            local f = spawn(function() time.sleep(60) end)
            f:interrupt()
            return f
        end
        interrupted():detach()
        interrupted():join()
        kept = interrupted()
        local f = interrupted()
        this_fiber.yield()
        f:detach()
        interrupted()
        this_fiber.yield()
        collectgarbage()
        collectgarbage()
        print('end')
    """)
    assert (r.returncode, r.stdout, r.stderr) == (0, "end\n", ""), r


@case
def control_characters_are_escaped():
    r = run(r"error('a\27[31mred\1\127\7b', 0)")
    assert reports(r.stderr) == [r"Main fiber from VM ADDR panicked: 'a\x1b[31mred\x01\x7f\x07b'"], r
    assert "\x1b" not in r.stderr and "\x7f" not in r.stderr, r
    # Also a NUL, where a C string would end, and in names that come up in the traceback.
    r = run(r"error('a\0b\rc', 0)")
    assert reports(r.stderr) == [r"Main fiber from VM ADDR panicked: 'a\x00b\x0dc'"], r
    r = run(r"loadstring('local x = nil; x()', '=\27]0;title\7')()")
    assert r.returncode == 1 and "\x1b" not in r.stderr and "\x07" not in r.stderr, r


@case
def bytes_that_are_no_text_do_not_stop_the_report():
    r = emilua(script(r"error('\255\254 bytes', 0)"), text=False)
    assert r.returncode == 1 and b" bytes'\nstack traceback" in r.stderr, r


@case
def colors_are_forced_by_1():
    r = run("error('styled', 0)", colors="1")
    assert r.returncode == 1, r
    head, message, rest = r.stderr.partition("styled")
    assert message, r
    assert re.search(r"\x1b\[[0-9;]*31[0-9;]*m", head) and re.search(r"\x1b\[([0-9;]*;)?1(;[0-9;]*)?m", head), r
    assert re.search(r"\x1b\[([0-9;]*;)?4(;[0-9;]*)?m$", head), r
    trace = rest[: rest.index("stack traceback")]
    assert re.search(r"\x1b\[2m$", trace), r
    # Nothing stays switched on.
    plain = re.sub(r"\x1b\[[0-9;]*m", "", r.stderr)
    assert reports(plain) == ["Main fiber from VM ADDR panicked: 'styled'"], r
    assert re.search(r"\x1b\[[0-9;]*m\n?$", r.stderr), r


@case
def colors_are_off_by_0_and_where_there_is_no_terminal():
    for colors in ("0", ""):
        r = run("error('plain', 0)", colors=colors)
        assert r.returncode == 1 and "\x1b" not in r.stderr, r
        assert reports(r.stderr) == ["Main fiber from VM ADDR panicked: 'plain'"], r


@case
def a_wrong_value_of_EMILUA_COLORS_is_warned_of():  # 20 §11
    r = run("print('runs')", colors="maybe")
    assert (r.returncode, r.stdout) == (0, "runs\n"), r
    assert "EMILUA_COLORS" in r.stderr, r


@case
def a_low_log_level_silences_reports_but_not_the_status():
    for level in ("2", "0", "2,glib:7"):
        r = run("error('silent')", EMILUA_LOG_LEVELS=level)
        assert (r.returncode, r.stderr) == (1, ""), (level, r)
    r = run("f = spawn(function() error('silent') end)", EMILUA_LOG_LEVELS="2")
    assert (r.returncode, r.stderr) == (0, ""), r


@case
def other_log_levels_do_not():
    for level in ("3", "4", "7", "", "glib:1", "nonsense"):
        r = run("error('heard', 0)", EMILUA_LOG_LEVELS=level)
        assert r.returncode == 1, (level, r)
        assert reports(r.stderr) == ["Main fiber from VM ADDR panicked: 'heard'"], (level, r)


@case
def what_was_printed_before_a_panic_is_not_lost():
    r = run("print('printed') error('x')")
    assert (r.returncode, r.stdout) == (1, "printed\n"), r


# How much room an overflow leaves on the stack depends on the size of the frames: several are tried.
OVERFLOW = """
    local names = {}
    for i = 1, SIZE do names[i] = 'a' .. i end
    local deeper = loadstring('local function deeper(' .. table.concat(names, ',')
        .. ') return 1 + deeper() end return deeper')()
"""


def overflow(text):
    for size in range(0, 16):
        yield run(OVERFLOW.replace("SIZE", str(size)) + text)


@case
def a_fiber_that_overflows_its_stack_is_reported_and_the_program_goes_on():
    for r in overflow("spawn(deeper):detach() this_fiber.yield() print('goes on')"):
        assert (r.returncode, r.stdout) == (0, "goes on\n"), r
        assert len(reports(r.stderr)) == 1 and "stack overflow" in r.stderr, r


@case
def an_unjoined_fiber_that_overflowed_its_stack_is_reported_at_the_end():
    for r in overflow("f = spawn(deeper)"):
        assert r.returncode == 0 and len(reports(r.stderr)) == 1 and "stack overflow" in r.stderr, r


@case
def a_joined_fiber_that_overflows_its_stack_gives_its_error():
    for suspend in ("", "this_fiber.yield() this_fiber.yield()"):
        for r in overflow(f"local f = spawn(deeper) {suspend} print(select(2, pcall(f.join, f)))"):
            assert (r.returncode, r.stderr) == (0, "") and "stack overflow" in r.stdout, r


@case
def a_coroutine_that_overflows_its_stack_fails():
    for r in overflow("print(coroutine.resume(coroutine.create(deeper))) this_fiber.yield()"):
        assert (r.returncode, r.stderr) == (0, "") and r.stdout.startswith("false\t"), r
        assert "stack overflow" in r.stdout, r


@case
def a_main_fiber_that_overflows_its_stack_exits_1():
    for r in overflow("deeper()"):
        assert r.returncode == 1 and "stack overflow" in reports(r.stderr)[0], r


@case
def an_error_in_an_error_handler_is_survived():
    r = run("print(xpcall(error, function() error('again') end))")
    assert r.returncode == 0 and r.stdout.startswith("false"), r


@case
def a_failing_finalizer_does_not_end_the_program():
    r = run("""
        local proxy = newproxy(true)
        getmetatable(proxy).__gc = function() error('in a finalizer') end
        proxy = nil
        pcall(collectgarbage)
        this_fiber.yield()
        print('alive')
        last = newproxy(true)
        getmetatable(last).__gc = function() error('in the last finalizer') end
    """)
    assert (r.returncode, r.stdout) == (0, "alive\n"), r


@case
def failing_finalizers_do_no_harm_while_results_are_delivered():
    # All of the program's own allocations are inside pcall; what is left are those of the engine.
    r = run("""
        local file, path = require 'file', require('filesystem').path
        local f = file.stream.new()
        f:open(path.new('/dev/null'), file.open_flag.read_only)
        collectgarbage('setpause', 50)
        collectgarbage('setstepmul', 1000)
        local failing = true
        local function step()
            local proxy = newproxy(true)
            getmetatable(proxy).__gc = function() if failing then error('in a finalizer') end end
            proxy = nil
            f:read_some(byte_span.new(10))
        end
        for _ = 1, 20000 do pcall(step) end
        failing = false  -- LuaJIT gives up on the last finalizers when many fail
        print('alive')
    """)
    assert (r.returncode, r.stdout) == (0, "alive\n") and "memory" not in r.stderr, r


@case
def a_failing_finalizer_is_reported_and_nothing_else():
    r = run("""
        getmetatable(newproxy(true)).__gc = function() error('late', 0) end
        collectgarbage()
        print('alive')
    """)
    assert (r.returncode, r.stdout, r.stderr) == (0, "alive\n", "Finalizer failed: 'late'\n"), r


@case
def failing_finalizers_of_the_ffi_are_reported_and_nothing_else():
    for make in ("ffi.gc(ffi.new 'int[1]', fail)", "ffi.metatype('struct { int x; }', {__gc = fail})()"):
        r = run("""
            local ffi = require 'ffi'
            local function fail() error('late', 0) end
            for _ = 1, 3 do %s end
            collectgarbage()
            collectgarbage()
            print('alive')
        """ % make)
        assert (r.returncode, r.stdout, r.stderr) == (0, "alive\n", "Finalizer failed: 'late'\n" * 3), r


def with_little_memory(text):
    limit = 400 << 20
    options = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))}
    if emilua(script(""), **options).returncode != 0:
        skip("the engine does not start in %d MiB of addresses (a sanitizer?)" % (limit >> 20))
    return emilua(script(text), **options)


EXHAUST = "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e6) .. i end"


@case
def memory_that_runs_out_closes_the_program_with_a_report():  # 10 §11
    r = with_little_memory(EXHAUST)
    assert (r.returncode, r.stdout) == (1, "") and "not enough memory" in r.stderr, r
    r = with_little_memory("spawn(function() %s end):detach() this_fiber.yield() print('after')" % EXHAUST)
    assert (r.returncode, r.stdout) == (1, "") and "not enough memory" in r.stderr, r


@case
def pcall_does_not_catch_that_memory_runs_out():  # 10 §11
    r = with_little_memory("pcall(function() %s end) print('after')" % EXHAUST)
    assert (r.returncode, r.stdout) == (1, "") and "not enough memory" in r.stderr, r


@case
def an_error_of_a_module_reaches_the_panic_of_its_importer():
    path = script("require './fails'")
    with open(os.path.join(os.path.dirname(path), "fails.lua"), "w", encoding="utf-8") as out:
        out.write("\nerror('in a module')")
    r = emilua(path)
    assert r.returncode == 1, r
    assert re.fullmatch(r"Main fiber from VM ADDR panicked: '\S+/fails\.lua:2: in a module'", reports(r.stderr)[0]), r


@case
def too_many_results_are_an_error_of_the_join_not_the_end_of_the_process():
    text = """
        local t = {}
        for i = 1, 7990 do t[i] = i end
        local f = spawn(function() return 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, unpack(t) end)
        SUSPEND
        print(pcall(function() return select('#', f:join()) end))
        this_fiber.yield()
        print('alive')
    """
    for suspend in ("", "this_fiber.yield()"):  # the join waits, or does not
        r = run(text.replace("SUSPEND", suspend))
        assert r.returncode == 0 and r.stdout.endswith("alive\n"), (suspend, r)


@case
def a_blocked_program_ends_with_0():  # 10 §13.39
    r = run("""
        local a, b
        a = spawn(function() this_fiber.yield() b:join() print('never') end)
        b = spawn(function() a:join() print('never') end)
    """)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), r


@case
def the_program_lives_until_its_other_fibers_are_done():
    r = run("""
        local time = require 'time'
        spawn(function() time.sleep(0.01) print('later') end):detach()
        print('main ends')
    """)
    assert (r.returncode, r.stdout, r.stderr) == (0, "main ends\nlater\n", ""), r


@case
def a_closed_standard_error_changes_nothing():
    command = ["sh", "-c", 'exec "$0" "$@" 2>&-', engine(), script("print('out') error('x')")]
    r = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (r.returncode, r.stdout) == (1, "out\n"), r


main()
