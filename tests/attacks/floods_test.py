"""Programs that want too much of everything the fiber API gives: each ends by itself, in an order of
time that fits what it did, or with a report that memory has run out. None ends by a signal (10 §11)."""

import resource

from cases import case, emilua, main, script, skip

MEMORY = 320 << 20  # room for some 300 000 fibers


def limited(text, addresses):
    """Runs the engine in so many bytes of addresses."""
    options = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))}
    if emilua(script(""), **options).returncode != 0:
        skip("the engine does not start in %d MiB of addresses (a sanitizer?)" % (addresses >> 20))
    return emilua(script(text), **options)


def runs_out(text):
    """The program ends with status 1 and one report."""
    run = limited(text + " print 'not reached'", MEMORY)
    assert (run.returncode, run.stdout) == (1, ""), run
    assert run.stderr.count("not enough memory") == 1 and run.stderr.count("\n") == 1, run


def ends(text, stdout, stderr=""):
    run = emilua(script(text))
    assert (run.returncode, run.stdout) == (0, stdout), run
    assert stderr in run.stderr if stderr else run.stderr == "", run


# --- what takes memory ----------------------------------------------------------------------------


@case
def endless_spawning_runs_out_of_memory():
    runs_out("while true do spawn(function() end) end")


@case
def so_does_spawning_and_detaching():
    # Here it is C++ that finds no memory, as often as Lua.
    runs_out("while true do spawn(function() end):detach() end")


@case
def and_keeping_the_handles():
    runs_out("local t = {} while true do t[#t + 1] = spawn(function() end) end")


@case
def pcall_catches_nothing_of_it():
    runs_out("while true do pcall(function() spawn(function() end):detach() end) end")


@case
def fibers_that_each_hold_a_coroutine_run_out_of_memory():
    runs_out("""
        held = {}
        while true do
            local f = spawn(function()
                local co = coroutine.create(function() coroutine.yield() end)
                coroutine.resume(co)
                held[#held + 1] = co
            end)
            f:detach()
            this_fiber.yield()
        end
    """)


@case
def coroutines_timers_and_futures_do():
    for text in ("t[#t + 1] = coroutine.wrap(function() end)",
                 "t[#t + 1] = time.steady_timer.new()",
                 "t[#t + 1] = {future.new()}",
                 "spawn(function() time.sleep(3600) end):detach() this_fiber.yield()",
                 "scope_cleanup_push(f)"):
        runs_out("""
            local future, time = require 'future', require 'time'
            local t, f = {}, function() end
            while true do %s end
        """ % text)


@case
def a_few_hundred_thousand_fibers_are_none_too_many():
    ends("""
        local n = 0
        for _ = 1, 300000 do spawn(function() n = n + 1 end) end
        while n < 300000 do this_fiber.yield() end
        print(n)
    """, "300000\n")


# --- what takes turns -------------------------------------------------------------------------------


@case
def a_long_chain_of_joins_ends_one_after_the_other():
    ends("""
        local n = 0
        local last = spawn(function() this_fiber.yield() this_fiber.yield() n = n + 1 end)
        for _ = 1, 200000 do
            local previous = last
            last = spawn(function() previous:join() n = n + 1 end)
        end
        last:join()
        print(n)
    """, "200001\n")


@case
def a_crowd_waits_for_one_mutex_condition_or_future():
    ends("""
        local m, c = require('mutex').new(), require('condition_variable').new()
        local p, f = require('future').new()
        local n, count = 0, 100000
        local function crowd(wait)
            for _ = 1, count do spawn(wait):detach() end
            this_fiber.yield()
        end
        local function all()
            while n < count do this_fiber.yield() end
            print(n)
            n = 0
        end
        m:lock()
        crowd(function() m:lock() n = n + 1 m:unlock() end)
        m:unlock()
        all()
        crowd(function() m:lock() c:wait(m) n = n + 1 m:unlock() end)
        c:notify_all()
        all()
        crowd(function() f:get() n = n + 1 end)
        p:set_value(true)
        all()
    """, "100000\n" * 3)


@case
def a_crowd_is_interrupted():
    ends("""
        local _, f = require('future').new()
        local crowd = {}
        for i = 1, 100000 do crowd[i] = spawn(function() f:get() end) end
        this_fiber.yield()
        for i = 1, #crowd do crowd[i]:interrupt() end
        for i = 1, #crowd do crowd[i]:join() end
        print 'end'
    """, "end\n")


@case
def a_crowd_is_left_behind_at_the_end():
    ends("""
        promise, future = require('future').new()
        for _ = 1, 200000 do spawn(function() future:get() end):detach() end
        this_fiber.yield()
        print 'end'
    """, "end\n", "200000 waiters")
    ends("""
        for _ = 1, 200000 do spawn(function() print 'too far' end) end
        require('system').exit(0)
    """, "")


# --- what takes the stack -----------------------------------------------------------------------------

# Calls itself through TEXT until something is exhausted.
DEEP = """
    local depth = 0
    local function deeper(...)
        depth = depth + 1
        TEXT
    end
    local ok, e = pcall(deeper)
    this_fiber.yield()
    print(ok, (tostring(e):gsub('.*: ', '')), depth > 100)
"""


def overflows(text, message, **options):
    run = emilua(script(DEEP.replace("TEXT", text)), **options)
    assert (run.returncode, run.stdout, run.stderr) == (0, "false\t%s\ttrue\n" % message, ""), run


@case
def nested_scopes_overflow_the_lua_stack():
    overflows("scope(function() deeper() end)", "stack overflow")


@case
def nested_coroutines_overflow_the_native_stack():
    overflows("return (coroutine.wrap(deeper)())", "C stack overflow")


@case
def ten_thousand_nested_coroutines_do_not_and_may_suspend():
    ends("""
        local function nest(n)
            if n == 0 then
                this_fiber.yield()
                return 'innermost'
            end
            return (coroutine.wrap(function() return (nest(n - 1)) end)())
        end
        print(nest(10000))
    """, "innermost\n")


@case
def nested_gsubs_overflow_the_native_stack():
    overflows("return (string.gsub('a', 'a', deeper))", "C stack overflow")
    overflows("return (('a'):gsub('a', setmetatable({}, {__index = deeper})))", "C stack overflow")


@case
def so_do_coroutines_nested_in_native_callbacks():
    overflows("coroutine.wrap(function() string.gsub('a', 'a', deeper) end)()", "C stack overflow")
    overflows("coroutine.wrap(function() table.sort({1, 2, 3}, deeper) end)()", "C stack overflow")


@case
def other_native_callbacks_overflow_the_lua_stack_first():
    overflows("table.sort({1, 2, 3}, deeper)", "stack overflow")
    overflows("table.foreach({1}, deeper)", "stack overflow")
    overflows("local s = string.format('%s', setmetatable({}, {__tostring = deeper})) return s", "stack overflow")


@case
def a_small_native_stack_is_respected():
    stack = 1 << 20
    options = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_STACK, (stack, stack))}
    overflows("return (coroutine.wrap(deeper)())", "C stack overflow", **options)


@case
def threads_of_the_pool_have_stacks_too():
    ends("""
        spawn_context_threads(2)
        local time = require 'time'
        local function deeper()
            return (coroutine.wrap(deeper)())
        end
        local failed = 0
        for _ = 1, 6 do
            time.sleep(0)  -- perhaps on another thread
            failed = failed + (pcall(deeper) and 0 or 1)
        end
        print(failed)
    """, "6\n")


@case
def a_fiber_overflows_alone():
    run = emilua(script("""
        local function deeper() return (coroutine.wrap(deeper)()) end
        spawn(deeper):detach()
        this_fiber.yield()
        print 'alive'
    """))
    assert (run.returncode, run.stdout) == (0, "alive\n"), run
    assert "panicked: 'C stack overflow'" in run.stderr, run


@case
def handlers_that_never_end_nesting_end_the_vm():
    for text in ("local function deeper() return 1 + deeper() end scope_cleanup_push(deeper)",
                 """
                 local function nest()
                     scope(function() scope_cleanup_push(nest) end)
                 end
                 scope_cleanup_push(nest)
                 """,
                 """
                 local function nest()
                     coroutine.wrap(function() scope_cleanup_push(nest) end)()
                 end
                 scope_cleanup_push(nest)
                 """):
        run = emilua(script("scope(function() %s end) print 'not reached'" % text))
        assert (run.returncode, run.stdout) == (0, ""), run
        assert "a cleanup handler failed" in run.stderr, run


main()
