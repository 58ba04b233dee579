"""Timers and the end of the program (80 §9.2)."""

from cases import case, emilua, main, script

HEADER = """
    local time = require 'time'
    local steady, system = time.steady_timer.new(), time.system_timer.new()
    steady:expires_after(3600)
    system:expires_at(time.system_clock.now() + 3600)
"""


def ends(text, status=0, stdout="", stderr=""):
    run = emilua(script(HEADER + text))
    assert (run.returncode, run.stdout, run.stderr) == (status, stdout, stderr), run


@case
def an_armed_timer_that_nobody_waits_for_keeps_nothing_alive():
    ends("print 'end'", stdout="end\n")


@case
def nor_does_one_whose_waiters_have_left():
    ends("""
        for _, timer in ipairs{steady, system} do
            local f = spawn(function() timer:wait() end)
            this_fiber.yield()
            f:interrupt()
            f:join()
            f = spawn(function() pcall(timer.wait, timer) end)
            this_fiber.yield()
            timer:cancel()
            f:join()
        end
        print 'end'
    """, stdout="end\n")


@case
def a_waiter_keeps_the_program_alive():
    ends("""
        steady:expires_after(0.05)
        system:expires_at(time.system_clock.now() + 0.1)
        for _, timer in ipairs{steady, system} do
            spawn(function()
                timer:wait()
                print 'waited'
            end):detach()
        end
    """, stdout="waited\nwaited\n")


@case
def exit_leaves_waiters_behind():
    ends("""
        for _ = 1, 3 do
            for _, timer in ipairs{steady, system} do
                spawn(function()
                    timer:wait()
                    print 'too far'
                end):detach()
            end
        end
        this_fiber.yield()
        require('system').exit(3)
    """, status=3)


@case
def a_panic_leaves_waiters_behind():
    run = emilua(script(HEADER + """
        for _, timer in ipairs{steady, system} do
            spawn(function()
                timer:wait()
                print 'too far'
            end):detach()
        end
        this_fiber.yield()
        error 'the end'
    """))
    assert run.returncode == 1 and run.stdout == "" and "the end" in run.stderr, run


@case
def an_uncaught_cancellation_is_reported():
    run = emilua(script(HEADER + """
        local f = spawn(function() steady:wait() end)
        f:detach()
        this_fiber.yield()
        steady:cancel()
    """))
    assert run.returncode == 0 and run.stdout == "" and "panicked: 'Operation canceled'" in run.stderr, run


@case
def finalizers_may_use_a_timer_at_the_end():
    ends("""
        local guard = newproxy(true)
        getmetatable(guard).__gc = function()
            steady:cancel()
            steady:expires_after(1)
            print 'finalized'
            if pcall(steady.wait, steady) then
                print 'too far'
            end
        end
        keep = guard
        spawn(function() steady:wait() end):detach()
        this_fiber.yield()
        require('system').exit(0)
    """, stdout="finalized\n")


@case
def finalizers_may_interrupt_who_waited_for_a_finalized_timer():
    ends("""
        local waiter = spawn(function()
            local timer = time.steady_timer.new()
            timer:expires_after(3600)
            timer:wait()
        end)
        local guard = newproxy(true)
        getmetatable(guard).__gc = function()
            waiter:interrupt()
            print 'interrupted'
        end
        keep = guard
        this_fiber.yield()
        require('system').exit(0)
    """, stdout="interrupted\n")


main()
