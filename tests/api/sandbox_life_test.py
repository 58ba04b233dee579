"""Programs and calls in boxes, seen from outside: whom they outlive, and whom not."""

import os
import signal

from cases import case, main
from processes import CONVERSATION, Program, children, wait_for_end

HEADER = CONVERSATION + """
local sandbox = require 'sandbox'
local function start(policy, options)
    options = options or {}
    options.program = '/bin/busybox'
    options.arguments = {'busybox', 'sleep', '1000'}
    return sandbox.new(policy):spawn(options)
end
"""

POLICIES = "{}", "{namespaces = {}}"

# For what box:call() calls.
SILENT = {"silent.lua": "return function(ready) ready:send(true) while true do end end"}


def of_helper(program):
    [helper] = children(program.pid)
    return children(helper)


@case
def a_program_in_a_box_gets_its_last_signal_and_the_engine_stays_until_it_ends():
    for policy in POLICIES:
        with Program(HEADER + "local child = start(%s)\nsay('ready')\nhear()" % policy) as p:
            assert p.line() == "ready"
            [boxed] = of_helper(p)
            p.say("end")
            code, _, err = p.end()
            assert (code, err) == (0, ""), (code, err)
            assert wait_for_end(boxed)


@case
def one_without_a_last_signal_keeps_the_engine():
    with Program(HEADER + "start({}, {signal_on_gcreaper = 0})\nsay('ready')\nhear()") as p:
        assert p.line() == "ready"
        [boxed] = of_helper(p)
        p.say("end")
        assert p.process.poll() is None
        os.kill(boxed, signal.SIGKILL)
        assert p.end()[0] == 0


@case
def a_program_in_a_box_does_not_outlive_an_engine_that_is_killed():
    for policy in POLICIES:
        with Program(HEADER + "local child = start(%s)\nsay('ready')\nhear()" % policy) as p:
            assert p.line() == "ready"
            [boxed] = of_helper(p)
            p.process.kill()
            assert wait_for_end(boxed)


@case
def unless_its_policy_lets_it():
    with Program(HEADER + "local child = start{die_with_parent = false, new_session = false}\nsay('ready')\nhear()") as p:
        assert p.line() == "ready"
        [helper] = children(p.pid)
        [boxed] = children(helper)
        p.process.kill()
        p.process.wait()
        # The helper leaves with its last child: it is there, and so is that.
        assert children(helper) == [boxed]
        os.kill(boxed, signal.SIGKILL)
        assert wait_for_end(helper)


@case
def a_call_does_not_outlive_its_program():
    text = HEADER + """
    local inbox = require 'inbox'
    spawn(function() sandbox.new():call('./silent', inbox) end):detach()
    this_fiber.yield()
    inbox:receive()
    say('ready')
    hear()
    %s
    """
    for ending in "system.exit(0)", "system.exit(3)", "error 'x'":
        with Program(text % ending, files=SILENT) as p:
            assert p.line() == "ready"
            [boxed] = of_helper(p)
            p.say("end")
            p.end()
            assert wait_for_end(boxed)


main()
