"""Lua code in a box that wants all memory or all time: its own process ends, its sibling and whoever started
it go on.
"""

import signal

from cases import case, emilua, main, script

# The bomb is told to the worker; what became of it is a line: a message of its own, or how it ended.
PROGRAM = """
local inbox = require 'inbox'
local sandbox = require 'sandbox'
local system = require 'system'

if _CONTEXT == 'worker' then
    local order = inbox:receive()
    if not order.bomb then
        order.reply_to:send 'alive'
        inbox:receive().reply_to:send 'alive'
        return
    end
    local result = assert(load(order.bomb))()
    order.reply_to:send(result)
    return
end

local limits = {address_space = 512 * 1024 * 1024, cpu_time = 1}
local function start(boxed)
    local subprocess = {stderr = 'share'}
    if not boxed then
        return spawn_vm{module = '.', subprocess = subprocess}
    end
    local box = sandbox.new{limits = limits}
    local worker = spawn_vm(box:context('.', {subprocess = subprocess}))
    box:handshake()
    return worker
end

local sibling = start(true)
sibling:send{reply_to = inbox}
assert(inbox:receive() == 'alive')
local worker = start(system.arguments[3] == 'boxed')
worker:send{bomb = system.arguments[4], reply_to = inbox}
if system.arguments[3] == 'boxed' then
    local ended = worker:wait()
    print(ended.exit_signal and 'signal ' .. ended.exit_signal or 'exit ' .. ended.exit_code)
else
    print(inbox:receive())
end
sibling:send{reply_to = inbox}
print('the sibling is ' .. inbox:receive())
"""

path = script(PROGRAM)


def attempt(where, bomb):
    run = emilua(path, where, bomb)
    assert run.returncode == 0, run
    lines = run.stdout.splitlines()
    assert lines[1:] == ["the sibling is alive"], run
    return lines[0], run.stderr


MEMORY = {
    "string.rep": "return #('x'):rep(700 * 2^20)",
    "byte_span": "return #require('byte_span').new(700 * 2^20)",
    "concatenation": "local t = ('x'):rep(2^20) for _ = 1, 9 do t = t .. t end return #t + 2^29",
}


# 91 row 50
@case
def memory_bombs_end_with_their_actor():
    for name, bomb in MEMORY.items():
        outcome, _ = attempt("free", bomb)
        assert int(outcome) > 512 << 20, (name, outcome)
        outcome, errors = attempt("boxed", bomb)
        assert outcome in ("exit 1", "signal %d" % signal.SIGABRT) and "not enough memory" in errors, (name, outcome, errors)


# 91 row 50
@case
def time_bombs_end_with_their_actor():
    outcome, _ = attempt("free", "return (('a'):rep(20):find(('a?'):rep(20) .. ('a'):rep(20)))")
    assert outcome == "1", outcome
    for bomb in ("while true do end", "return ('a'):rep(40):find(('a?'):rep(40) .. ('a'):rep(40) .. 'b')"):
        outcome, errors = attempt("boxed", bomb)
        assert outcome in ("signal %d" % signal.SIGXCPU, "signal %d" % signal.SIGKILL), (outcome, errors)


main()
