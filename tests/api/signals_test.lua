-- system.signal, inside one process; what a signal does to a program is in spawn_life_test.
local asio_error = require 'asio_error'
local check = require 'check'
local files = require './files'
local generic = require 'generic_error'
local inbox = require 'inbox'
local system = require 'system'

local signal = system.signal
local set_new = signal.set.new
local SIGHUP, SIGTERM, SIGUSR1, SIGUSR2 = signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2
local SIGKILL, SIGSTOP = signal.SIGKILL, signal.SIGSTOP
local EINVAL, EPERM = generic.EINVAL, generic.EPERM

-- Waits in a fiber of its own.
local function waiter(set)
    local f = spawn(function() return set:wait() end)
    this_fiber.yield()
    return f
end

-- Sets that earlier cases have dropped still hold their signals.
local function drop_old_sets()
    collectgarbage()
    collectgarbage()
end

-- The disposition of a signal as the kernel has it.
local function disposition(number)
    local status = files.contents '/proc/self/status'
    local function has(field)
        local digits = status:match(field .. ':%s*(%x+)')
        local place = -1 - math.floor((number - 1) / 4)
        return bit.band(tonumber(digits:sub(place, place), 16), bit.lshift(1, (number - 1) % 4)) ~= 0
    end
    return has('SigIgn') and 'ignored' or has('SigCgt') and 'caught' or 'default'
end

-- 80 §12.1
check.case('system.signal is a plain table of numbers and functions', function()
    check.equal('table', type(signal))
    check.equal(true, rawequal(signal, system.signal))
    check.equal(nil, signal.NOPE)
    check.equal('9 15 2 1 13', table.concat({SIGKILL, SIGTERM, signal.SIGINT, SIGHUP, signal.SIGPIPE}, ' '))
    for name, value in pairs(signal) do
        check.equal(name:find('^SIG') and 'number' or name == 'set' and 'table' or 'function', type(value))
    end
    for _, name in ipairs{'ABRT', 'FPE', 'ILL', 'INT', 'SEGV', 'TERM', 'ALRM', 'BUS', 'CHLD', 'CONT', 'HUP', 'IO', 'KILL',
        'PIPE', 'PROF', 'QUIT', 'STOP', 'SYS', 'TRAP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'USR1', 'USR2', 'VTALRM', 'WINCH',
        'XCPU', 'XFSZ'} do
        check.equal('number', type(signal['SIG' .. name]))
    end
    check.equal(nil, signal.SIGRTMIN)
end)

check.case('a set knows its members', function()
    local set = set_new()
    check.equal('system.signal.set', getmetatable(set))
    check.equal(2, check.raises_core(8, function() return set.nope end).index)
end)

-- 80 §12.16
check.case('a set takes numbers that can be caught', function()
    check.raises_code(EINVAL, 1, set_new, '15')
    check.raises_code(EINVAL, 1, set_new, nil)
    check.raises_code(EINVAL, 2, set_new, SIGTERM, {})
    for _, number in ipairs{SIGKILL, SIGSTOP, 0, -1, 65, 999, 32} do
        local e = check.raises_code(EINVAL, 2, set_new, SIGTERM, number)
        check.equal('system', tostring(e.category))
        check.raises_code(EINVAL, 2, set_new().add, set_new(), number)
    end
    check.raises_code(EINVAL, 1, set_new, 1e20)
    check.raises_code(EINVAL, 1, set_new, 0 / 0)
    local set = set_new(SIGTERM, SIGTERM)
    set:add(SIGTERM)
    check.raises_code(EINVAL, 2, set.add, set, '15')
    check.raises_code(EINVAL, 2, set.add, set)
    check.raises_code(EINVAL, 1, set.add, 1, SIGTERM)
    set:remove(SIGUSR1)
    set:remove(SIGTERM)
    set:remove(SIGTERM)
end)

check.case('a set that could not be made holds nothing', function()
    drop_old_sets()
    pcall(set_new, SIGUSR1, SIGKILL)
    check.equal('default', disposition(SIGUSR1))
    signal.ignore(SIGUSR1)
    signal.default(SIGUSR1)
end)

check.case('a waiting fiber gets the number', function()
    local set = set_new(SIGUSR1)
    local f = waiter(set)
    signal.raise(SIGUSR1)
    check.equal(SIGUSR1, f:join())
    f = waiter(set)
    system.kill(system.getpid(), SIGUSR1)
    check.equal(SIGUSR1, f:join())
end)

-- 80 §12.17
check.case('pending signals come in ascending order, and each as often as it came', function()
    local set, marker = set_new(SIGTERM, SIGHUP, SIGUSR1), set_new(SIGUSR2)
    signal.raise(SIGTERM)
    signal.raise(SIGUSR1)
    signal.raise(SIGHUP)
    signal.raise(SIGUSR1)
    -- One pipe carries them all, so those before this one have arrived.
    signal.raise(SIGUSR2)
    check.equal(SIGUSR2, marker:wait())
    check.equal('1 10 10 15', table.concat({set:wait(), set:wait(), set:wait(), set:wait()}, ' '))
    local f = waiter(set)
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
end)

-- 80 §12.18
check.case('one signal wakes all waiters, and reaches each set', function()
    local a, b = set_new(SIGUSR1, SIGUSR2), set_new(SIGUSR1)
    local one, two, three = waiter(a), waiter(a), waiter(b)
    signal.raise(SIGUSR1)
    check.equal('10 10 10', table.concat({one:join(), two:join(), three:join()}, ' '))
end)

-- 80 §12.19
check.case('remove and clear leave waiters alone and forget what has come', function()
    local set, marker = set_new(SIGUSR1), set_new(SIGUSR2)
    signal.raise(SIGUSR1)
    signal.raise(SIGUSR2)
    marker:wait()
    set:remove(SIGUSR1)
    set:add(SIGUSR1)
    local f, woken = nil, false
    f = spawn(function()
        local n = set:wait()
        woken = true
        return n
    end)
    this_fiber.yield()
    set:remove(SIGUSR1)
    set:clear()
    for _ = 1, 10 do
        this_fiber.yield()
    end
    check.equal(false, woken)
    set:add(SIGHUP)
    signal.raise(SIGHUP)
    check.equal(SIGHUP, f:join())
end)

-- 80 §12.21
check.case('cancel wakes every waiter with operation_aborted', function()
    local set = set_new(SIGUSR1)
    local one, two = waiter(set), waiter(set)
    check.equal(0, select('#', set:cancel()))
    for _, f in ipairs{one, two} do
        local e = check.raises_code(asio_error.basic.operation_aborted, nil, f.join, f)
        check.equal(false, f.interruption_caught)
        check.equal(generic.ECANCELED, e:togeneric())
    end
end)

-- 80 §12.21
check.case('an interruption ends one wait only', function()
    local set = set_new(SIGUSR1)
    local one, two = waiter(set), waiter(set)
    one:interrupt()
    one:join()
    check.equal(true, one.interruption_caught)
    signal.raise(SIGUSR1)
    check.equal(SIGUSR1, two:join())
end)

check.case('waiting is an interruption point, and forbidden where suspension is', function()
    local set = set_new(SIGUSR1)
    local f = spawn(function() set:wait() end)
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
    check.refuses_to_suspend(set.wait, set)
end)

check.case('a set lives while it is waited for', function()
    local f = spawn(function() return set_new(SIGUSR1):wait() end)
    this_fiber.yield()
    collectgarbage()
    collectgarbage()
    signal.raise(SIGUSR1)
    check.equal(SIGUSR1, f:join())
end)

-- --- dispositions ----------------------------------------------------------

-- 80 §5
check.case('the last registration brings the default back', function()
    drop_old_sets()
    local a, b = set_new(SIGUSR1), set_new(SIGUSR1)
    check.equal('caught', disposition(SIGUSR1))
    a:clear()
    check.equal('caught', disposition(SIGUSR1))
    b:remove(SIGUSR1)
    check.equal('default', disposition(SIGUSR1))
    signal.ignore(SIGUSR1)
    check.equal('ignored', disposition(SIGUSR1))
    signal.raise(SIGUSR1)
    a:add(SIGUSR1)
    check.equal('caught', disposition(SIGUSR1))
    a:clear()
    check.equal('default', disposition(SIGUSR1))
end)

-- 00 decision 9
check.case('SIGPIPE is ignored, and again when the last set has let go', function()
    drop_old_sets()
    local SIGPIPE = signal.SIGPIPE
    check.equal('ignored', disposition(SIGPIPE))
    for _ = 1, 3 do
        local set = set_new(SIGPIPE)
        check.equal('caught', disposition(SIGPIPE))
        local f = waiter(set)
        signal.raise(SIGPIPE)
        check.equal(SIGPIPE, f:join())
        check.raises_code(EPERM, nil, signal.default, SIGPIPE)
        set:clear()
        check.equal('ignored', disposition(SIGPIPE))
        signal.raise(SIGPIPE)
    end
    signal.default(SIGPIPE)
    check.equal('default', disposition(SIGPIPE))
    local set = set_new(SIGPIPE)
    signal.raise(SIGPIPE)
    check.equal(SIGPIPE, set:wait())
    set:clear()
    check.equal('ignored', disposition(SIGPIPE))
end)

-- 80 §12.20
check.case('ignore and default are EPERM while a set has the signal, even a forgotten one', function()
    drop_old_sets()
    local set = set_new(SIGUSR1)
    check.raises_code(EPERM, nil, signal.ignore, SIGUSR1)
    check.raises_code(EPERM, nil, signal.default, SIGUSR1)
    set:clear()
    signal.ignore(SIGUSR1)
    signal.default(SIGUSR1)
    collectgarbage('stop');
    (function() set_new(SIGUSR1) end)()
    check.raises_code(EPERM, nil, signal.ignore, SIGUSR1)
    collectgarbage('restart')
    collectgarbage()
    signal.ignore(SIGUSR1)
    signal.default(SIGUSR1)
end)

check.case('ignore and default take signals that have a disposition', function()
    for _, f in ipairs{signal.ignore, signal.default} do
        for _, number in ipairs{SIGKILL, SIGSTOP, 0, -1, 999} do
            check.raises_code(EINVAL, nil, f, number)
        end
        check.raises_code(EINVAL, 1, f, 1e20)
        check.equal('string', type(check.raises(f)))
        check.equal('string', type(check.raises(f, {})))
    end
end)

-- 80 §12.15
check.case('raise says what failed', function()
    local e = check.raises_core(18, signal.raise, 999)
    check.equal(true, e.ret ~= 0)
    check.raises_core(18, signal.raise, -1)
    check.equal('string', type(check.raises(signal.raise)))
    signal.raise(0)
    for _, name in ipairs{'SIGCHLD', 'SIGURG', 'SIGWINCH', 'SIGCONT'} do
        signal.raise(signal[name])
    end
end)

-- 80 §12.22; the last case, as the role does not come back
check.case('who has given the master role away keeps its sets, but gets no new ones', function()
    drop_old_sets()
    local old = set_new(SIGUSR1, SIGHUP)
    local successor = spawn_vm{module = './signals_master', new_master = true}
    successor:send{reply_to = inbox}
    local f = waiter(old)
    check.equal(true, inbox:receive().owned)
    check.equal(SIGUSR1, f:join())
    check.raises_code(EPERM, nil, set_new, SIGUSR1)
    check.raises_code(EPERM, nil, old.add, old, SIGUSR2)
    check.raises_code(EPERM, nil, signal.ignore, SIGUSR1)
    -- 80 §12.14
    signal.raise(SIGUSR1)
    check.equal(SIGUSR1, old:wait())
    signal.raise(SIGUSR2)
    f = waiter(old)
    old:cancel()
    check.raises_code(asio_error.basic.operation_aborted, nil, f.join, f)
    old:remove(SIGUSR1)
    check.raises_code(EPERM, nil, signal.raise, SIGUSR1)
    signal.raise(SIGHUP)
    check.equal(SIGHUP, old:wait())
    old:clear()
    successor:send 'end'
end)

check.done()
