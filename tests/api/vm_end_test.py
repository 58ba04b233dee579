"""How a VM ends, as the process shows it: cleanup handlers that fail, handlers that never run, deadlocks."""

import re

from cases import case, emilua, main, script


def run(text):
    return emilua(script(text))


def reports(text):
    """Standard error with the addresses taken out."""
    return re.sub(r"0x[0-9a-f]+", "ADDR", text).splitlines()


FAILED_HANDLER = ["VM ADDR closed: a cleanup handler failed in coroutine 'ADDR'"]


# 10 §13.25
@case
def a_handler_that_raises_ends_the_VM_inside_of_pcall_too():
    r = run("""
        print(pcall(function()
            scope_cleanup_push(function() print('later handlers do not run') end)
            scope_cleanup_push(function() error('secret') end)
        end))
        print('not reached')
    """)
    assert (r.returncode, r.stdout, reports(r.stderr)) == (0, "", FAILED_HANDLER), r


# 10 §6, §11
@case
def wherever_the_handler_was_run_from():
    for text in (
        "scope_cleanup_push(function() error('x') end) scope_cleanup_pop() print('not reached')",
        "scope_cleanup_push(function() error('x') end) scope(function() scope_cleanup_push(error) end) print 'no'",
        "xpcall(function() scope_cleanup_push(error) end, print) print('not reached')",
        "spawn(function() scope_cleanup_push(error) end):detach() this_fiber.yield() print('not reached')",
        "pcall(coroutine.wrap(function() scope_cleanup_push(error) end)) print('not reached')",
        "scope_cleanup_push(error)",
        "scope_cleanup_push(function() this_fiber.yield() error('x') end)",
    ):
        r = run(text)
        assert (r.returncode, r.stdout, reports(r.stderr)) == (0, "", FAILED_HANDLER), r


# 10 §13.26
@case
def root_handlers_of_the_main_fiber_run_when_it_returns_and_not_when_it_fails():
    handlers = "scope_cleanup_push(function() print('root') this_fiber.yield() print('again') end) "
    r = run(handlers + "print('end')")
    assert (r.returncode, r.stdout, r.stderr) == (0, "end\nroot\nagain\n", ""), r
    # Those of inner scopes do: they are left first.
    r = run(handlers + "scope(function() scope_cleanup_push(function() print('inner') end) error('x', 0) end)")
    assert (r.returncode, r.stdout) == (1, "inner\n"), r


# 10 §6
@case
def root_handlers_of_a_module_run_when_its_chunk_ends():
    path = script("require './module' print('imported')")
    with open(path.replace("main.lua", "module.lua"), "w", encoding="utf-8") as out:
        out.write("scope_cleanup_push(function() print('module', this_fiber.is_main) end) print('chunk')")
    r = emilua(path)
    assert (r.returncode, r.stdout, r.stderr) == (0, "chunk\nmodule\ttrue\nimported\n", ""), r


# 10 §6, 80 §12.3
@case
def handlers_of_what_is_abandoned_never_run():
    push = "scope_cleanup_push(function() print('never') end) "
    for text in (
        push + "require('system').exit()",
        "scope(function() " + push + "require('system').exit() end)",
        "local co = coroutine.create(function() " + push + "coroutine.yield() end) "
        "coroutine.resume(co) co = nil collectgarbage()",
        "promise, unsettled = require('future').new() spawn(function() " + push + "unsettled:get() end)",
        "spawn(function() " + push + "this_fiber.yield() end) this_fiber.yield() error('x')",
    ):
        r = run(text)
        assert "never" not in r.stdout, r


# 10 §12
@case
def a_handler_may_end_the_program():
    for text in (
        "scope_cleanup_push(function() require('system').exit(4) print('not reached') end)",
        "scope(function() scope_cleanup_push(function() require('system').exit(4) end) end) print('not reached')",
        "spawn(function() scope_cleanup_push(function() require('system').exit(4) end) end):join() print('no')",
    ):
        r = run("local system = require 'system' " + text.replace("require('system')", "system"))
        assert (r.returncode, r.stdout, r.stderr) == (4, "", ""), r


# 10 §13.39
@case
def a_program_that_waits_for_ever_ends_with_0_and_lists_what_it_waits_for():
    r = run("""
        local mutex, future = require('mutex').new(), select(2, require('future').new())
        mutex:lock()
        for i = 1, 2 do
            spawn(function() mutex:lock() print('never') end):detach()
        end
        promise, unsettled = require('future').new()
        spawn(function() unsettled:get() print('never') end):detach()
        mutex:lock()
    """)
    assert (r.returncode, r.stdout) == (0, ""), r
    assert sorted(reports(r.stderr)) == [
        "VM ADDR: possible deadlock: 'future ADDR has 1 waiter'",
        "VM ADDR: possible deadlock: 'mutex ADDR has 3 waiters'",
    ], r


# 10 §13.39, §11
@case
def who_waits_in_other_ways_is_not_listed():
    r = run("""
        local condition, mutex = require('condition_variable').new(), require('mutex').new()
        local recursive = require('recursive_mutex').new()
        recursive:lock()
        spawn(function() recursive:lock() print('never') end):detach()
        local f = spawn(function() mutex:lock() condition:wait(mutex) print('never') end)
        spawn(function() f:join() print('never') end):detach()
    """)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), r


# 10 §11
@case
def nothing_is_listed_after_a_panic_or_a_failed_handler():
    blocked = """
        local mutex = require('mutex').new()
        mutex:lock()
        spawn(function() mutex:lock() end):detach()
        this_fiber.yield()
    """
    r = run(blocked + "error('x', 0)")
    assert r.returncode == 1 and "deadlock" not in r.stderr, r
    r = run(blocked + "scope_cleanup_push(error)")
    assert r.returncode == 0 and reports(r.stderr) == FAILED_HANDLER, r
    r = run(blocked + "require('system').exit(2)")
    assert (r.returncode, r.stderr) == (2, ""), r


main()
