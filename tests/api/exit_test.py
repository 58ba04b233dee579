"""system.exit: with which status, from where, and that nothing runs after it."""

import signal

from cases import case, emilua, main, script

# Prints must not appear after an exit, whoever prints them.
HEADER = "local system = require 'system'\nlocal time = require 'time'\n"


def run(text, *arguments, **options):
    return emilua(script(HEADER + text), *arguments, **options)


def ends(text, status=3, stdout="", stderr=""):
    r = run(text)
    assert (r.returncode, r.stdout, r.stderr) == (status, stdout, stderr), r


@case
def without_a_code_it_is_0():
    ends("system.exit() print('after')", status=0)
    ends("system.exit(nil) print('after')", status=0)


@case
def the_code_is_the_status():
    for code in (0, 1, 2, 3, 42, 127, 255):
        ends(f"system.exit({code}) print('after')", status=code)


@case
def the_code_is_cut_to_8_bits_and_truncated_toward_zero():  # 80 §12.4
    ends("system.exit(300)", status=44)
    ends("system.exit(256)", status=0)
    ends("system.exit(-1)", status=255)
    ends("system.exit(3.9)", status=3)
    ends("system.exit('7')", status=7)


@case
def output_is_flushed():
    ends("print('before') system.exit(3) print('after')", stdout="before\n")


@case
def pcall_does_not_stop_it():  # 10 §13.40, 80 §12.3
    ends("print(pcall(system.exit, 3)) print('after')")
    ends("pcall(function() pcall(function() system.exit(3) end) print('a') end) print('b')")
    ends("print(xpcall(function() system.exit(3) end, function() print('handler') end)) print('after')")


@case
def coroutines_do_not_stop_it():
    ends("print(coroutine.resume(coroutine.create(function() system.exit(3) end))) print('after')")
    ends("coroutine.wrap(function() coroutine.wrap(function() pcall(system.exit, 3) print('a') end)() print('b') end)()"
         " print('c')")
    ends("for _ in coroutine.wrap(function() system.exit(3) end) do print('x') end print('after')")


@case
def metamethods_and_iterators_do_not_stop_it():
    ends("local t = setmetatable({}, {__index = function() system.exit(3) end}) print(t.x) print('after')")
    ends("for _ in function() system.exit(3) end do print('x') end print('after')")


@case
def a_comparator_does_not_stop_it():
    ends("table.sort({3, 2, 1}, function() system.exit(3) end) print('after')")
    ends("print(pcall(table.sort, {3, 2, 1}, function() system.exit(3) end)) print('after')")
    ends("table.sort({3, 2, 1}, function() pcall(system.exit, 3) print('in') end) print('after')")
    ends("table.sort({3, 2, 1}, function() coroutine.wrap(system.exit)(3) print('in') end) print('after')")
    ends("spawn(function() table.sort({2, 1}, function() system.exit(3) end) print('a') end):join() print('b')")


@case
def a_replacement_function_does_not_stop_it():
    ends("print(pcall(string.gsub, 'abc', '.', function() system.exit(3) end)) print('after')")


@case
def nothing_of_the_program_runs_after_it_in_an_xpcall_handler():
    ends("xpcall(function() table.sort({3, 2, 1}, function() system.exit(3) end) end,"
         " function() print('handler') end) print('after')")


@case
def an_xpcall_handler_may_call_it():
    ends("print(xpcall(error, function() system.exit(3) end)) print('after')")


@case
def a_reader_of_load_does_not_stop_it():
    ends("print(load(function() system.exit(3) end)) print('after')")


@case
def a_tostring_metamethod_does_not_stop_it():
    ends("print(setmetatable({}, {__tostring = function() system.exit(3) end})) print('after')")
    ends("print(pcall(print, setmetatable({}, {__tostring = function() system.exit(3) end}))) print('after')")


@case
def a_module_may_end_the_program():
    ends("system.exit(3)\n")
    path = script("print('before') require './ends' print('after')")
    with open(path.replace("main.lua", "ends.lua"), "w", encoding="utf-8") as out:
        out.write("require('system').exit(3)\nprint('in module')")
    r = emilua(path)
    assert (r.returncode, r.stdout, r.stderr) == (3, "before\n", ""), r


@case
def a_fiber_may_end_the_program():
    ends("local f = spawn(function() system.exit(3) print('in fiber') end) f:join() print('after')")
    ends("spawn(function() system.exit(3) end):detach() while true do this_fiber.yield() end")


@case
def a_forbid_block_does_not_stop_it():
    ends("this_fiber.forbid_suspend() system.exit(3) print('after')")


@case
def an_interrupted_fiber_may_call_it():
    ends("local f f = spawn(function() f:interrupt() system.exit(3) print('in fiber') end) this_fiber.yield()"
         " this_fiber.yield() print('after')")


@case
def other_fibers_are_dropped():
    ends("""
        spawn(function() print('ready fiber') end):detach()
        spawn(function() time.sleep(0) print('sleeper') end):detach()
        system.exit(3)
    """)
    ends("""
        spawn(function() pcall(time.sleep, 3600) print('sleeper') end):detach()
        this_fiber.yield()
        system.exit(3)
    """)


@case
def finalizers_run():
    ends("""
        kept = newproxy(true)
        getmetatable(kept).__gc = function() print('finalizer') end
        system.exit(3)
    """, stdout="finalizer\n")


@case
def the_last_exit_counts_if_a_finalizer_calls_it_too():
    r = run("""
        kept = newproxy(true)
        getmetatable(kept).__gc = function() pcall(system.exit, 4) end
        system.exit(3)
    """)
    assert r.returncode in (3, 4) and r.stderr == "", r


@case
def force_0_is_a_normal_end():
    ends("print('flushed') system.exit(3, {force = 0}) print('after')", stdout="flushed\n")
    ends("system.exit(3, {}) print('after')")
    ends("system.exit(3, {unknown = 1}) print('after')")


@case
def what_is_no_table_of_options_is_ignored():
    for value in ("1", "'abort'", "true", "print"):
        ends(f"system.exit(3, {value}) print('after')")


@case
def force_2_ends_the_process_at_once():
    r = run("""
        kept = newproxy(true)
        getmetatable(kept).__gc = function() system.exit(9) end
        system.exit(5, {force = 2})
    """)
    assert r.returncode == 5, r


@case
def force_abort_is_SIGABRT():
    r = run("system.exit(0, {force = 'abort'})")
    assert r.returncode == -signal.SIGABRT, r


@case
def a_refused_exit_leaves_the_status_alone():
    r = run("""
        print(pcall(system.exit, 7, {force = 1}))
        print(pcall(system.exit, 7, {force = 'x'}))
        print(pcall(system.exit, 7, {force = true}))
        print(pcall(system.exit, {}))
    """)
    assert r.returncode == 0 and r.stdout.count("false") == 4, r


@case
def a_later_error_does_not_matter():
    ends("spawn(function() error('x') end):detach() system.exit(3)")


@case
def the_end_of_main_with_a_running_exit_in_a_fiber():
    ends("spawn(function() time.sleep(0.001) system.exit(3) end):detach() print('main ends')", stdout="main ends\n")


main()
