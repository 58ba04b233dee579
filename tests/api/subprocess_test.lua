-- The handles that system.spawn returns.
local check = require 'check'
local files = require './files'
local generic = require 'generic_error'
local probe = require './probe'
local system = require 'system'

local SIGKILL, SIGTERM = system.signal.SIGKILL, system.signal.SIGTERM
local EBUSY, ECHILD, EINVAL, ESRCH = generic.EBUSY, generic.ECHILD, generic.EINVAL, generic.ESRCH

local function sleeper()
    return system.spawn{program = 'sleep', arguments = {'sleep', '1000'}}
end

local function end_of(child)
    child:kill(SIGKILL)
    child:wait()
    check.equal(SIGKILL, child.exit_signal)
end

local function get(child, name)
    return child[name]
end

check.case('a handle knows its members', function()
    local child = probe.start('exit 0')
    check.equal('subprocess', getmetatable(child))
    check.equal(2, check.raises_core(8, get, child, 'nope').index)
    check.raises(function() child.exit_code = 1 end)
    child:wait()
end)

check.case('exit codes are reported', function()
    for _, code in ipairs{0, 1, 7, 127, 255} do
        local child = probe.start('exit ' .. code)
        check.equal(0, select('#', child:wait()))
        check.equal(code, child.exit_code)
        check.equal(nil, child.exit_signal)
    end
end)

-- 80 §12.30
check.case('a killed child has 128 plus the signal', function()
    for _, signal in ipairs{SIGKILL, SIGTERM, system.signal.SIGINT, system.signal.SIGABRT} do
        local child = sleeper()
        child:kill(signal)
        child:wait()
        check.equal(signal, child.exit_signal)
        check.equal(128 + signal, child.exit_code)
    end
end)

-- 80 §12.31
check.case('before and after the wait', function()
    local child = sleeper()
    check.equal(true, child.pid > 1)
    check.raises_code(EINVAL, nil, get, child, 'exit_code')
    check.raises_code(EINVAL, nil, get, child, 'exit_signal')
    child:kill(0)
    child:kill(SIGKILL)
    -- A zombie, some time from now; still not known to have ended.
    check.raises_code(EINVAL, nil, get, child, 'exit_code')
    child:kill(0)
    child:wait()
    check.raises_code(ECHILD, nil, get, child, 'pid')
    check.raises_code(ESRCH, nil, child.kill, child, 0)
    check.raises_code(ESRCH, nil, child.cap_get, child)
    check.raises_code(ECHILD, nil, child.wait, child)
    check.equal(SIGKILL, child.exit_signal)
end)

check.case('a zombie takes signals', function()
    local child = probe.start('exit 5')
    local pid = child.pid
    -- Its state in /proc says when it is one.
    local function state()
        return files.contents('/proc/' .. pid .. '/status'):match('State:%s*(%a)')
    end
    while state() ~= 'Z' do
        this_fiber.yield()
    end
    child:kill(0)
    child:kill(SIGKILL)
    child:wait()
    check.equal(5, child.exit_code)
    check.equal(nil, files.contents('/proc/' .. pid .. '/status'))
end)

check.case('signals are checked', function()
    local child = sleeper()
    for _, value in ipairs{'9', true, {}} do
        check.equal('string', type(check.raises(child.kill, child, value)))
    end
    check.equal('string', type(check.raises(child.kill, child)))
    check.raises_code(EINVAL, nil, child.kill, child, 999)
    check.raises_code(EINVAL, nil, child.kill, child, -1)
    check.raises_code(EINVAL, 2, child.kill, child, 1e20)
    check.raises_code(EINVAL, 1, child.kill, 'x', 9)
    end_of(child)
end)

-- 80 §12.31
check.case('a second waiter is EBUSY, and the first goes on', function()
    local child = sleeper()
    local waiter = spawn(function()
        child:wait()
        return child.exit_signal
    end)
    this_fiber.yield()
    check.raises_code(EBUSY, nil, child.wait, child)
    child:kill(SIGTERM)
    check.equal(SIGTERM, waiter:join())
    check.raises_code(ECHILD, nil, child.wait, child)
end)

-- 80 §12.32
check.case('an interrupted wait can be retried', function()
    local child = sleeper()
    for _ = 1, 3 do
        local waiter = spawn(function() child:wait() end)
        this_fiber.yield()
        waiter:interrupt()
        waiter:join()
        check.equal(true, waiter.interruption_caught)
        child:kill(0)
    end
    child:kill(SIGTERM)
    child:wait()
    check.equal(SIGTERM, child.exit_signal)
end)

-- 10 §5.3: what has happened is not lost
check.case('an interruption and the end race without losing either', function()
    for i = 1, 50 do
        local child = sleeper()
        local waiter = spawn(function() child:wait() end)
        this_fiber.yield()
        child:kill(SIGKILL)
        for _ = 1, i % 5 do
            this_fiber.yield()
        end
        waiter:interrupt()
        waiter:join()
        if waiter.interruption_caught then
            child:wait()
        end
        check.equal(SIGKILL, child.exit_signal)
    end
end)

check.case('waiting is an interruption point, and forbidden where suspension is', function()
    local child = sleeper()
    local waiter = spawn(function() child:wait() end)
    waiter:interrupt()
    waiter:join()
    check.equal(true, waiter.interruption_caught)
    check.refuses_to_suspend(child.wait, child)
    end_of(child)
end)

check.case('spawn does not suspend', function()
    this_fiber.forbid_suspend()
    local ok, child = pcall(system.spawn, {program = '/bin/true'})
    this_fiber.allow_suspend()
    check.equal(true, ok)
    child:wait()
end)

check.case('stops are not ends', function()
    local child = sleeper()
    local ended = false
    local waiter = spawn(function()
        child:wait()
        ended = true
    end)
    child:kill(system.signal.SIGSTOP)
    child:kill(system.signal.SIGCONT)
    for _ = 1, 20 do
        this_fiber.yield()
    end
    check.equal(false, ended)
    child:kill(SIGKILL)
    waiter:join()
end)

check.case('a handle that nobody holds is not collected while it is waited for', function()
    local fd, name = files.temporary()
    local before = files.temporary()
    local waiter = spawn(function()
        probe.start('read x; echo ended', {stdin = before, stdout = fd}):wait()
    end)
    this_fiber.yield()
    for _ = 1, 3 do
        collectgarbage()
        this_fiber.yield()
    end
    waiter:join()
    fd:close()
    check.equal('ended\n', files.contents(name))
end)

check.case('ignoring SIGCHLD loses no exit codes', function()
    system.signal.ignore(system.signal.SIGCHLD)
    local child = probe.start('exit 6')
    child:wait()
    check.equal(6, child.exit_code)
    system.signal.default(system.signal.SIGCHLD)
end)

check.case('many children are waited for at once', function()
    local fibers = {}
    for i = 1, 50 do
        fibers[i] = spawn(function()
            local child = probe.start('exit ' .. i)
            child:wait()
            return child.exit_code
        end)
    end
    for i, f in ipairs(fibers) do
        check.equal(i, f:join())
    end
end)

check.case('capabilities of a child can be read', function()
    local child = sleeper()
    local caps = child:cap_get()
    check.equal('linux_capabilities', getmetatable(caps))
    check.equal(tostring(system.cap_get_proc()), tostring(caps))
    end_of(child)
end)

check.case('signal_on_gcreaper is checked', function()
    for _, value in ipairs{-1, 65, 1.5, '15', true} do
        check.raises_code(EINVAL, 'signal_on_gcreaper', system.spawn, {program = '/bin/true', signal_on_gcreaper = value})
    end
end)

-- 80 §6.1
check.case('a collected handle sends its signal, and leaves no zombie', function()
    local fd, name = files.temporary()
    local pid = probe.start('trap "echo got it; exit" USR1; echo ready; while :; do sleep 0.01; done',
        {stdout = fd, signal_on_gcreaper = system.signal.SIGUSR1}).pid
    while not files.contents(name):find('ready') do
        this_fiber.yield()
    end
    while files.contents('/proc/' .. pid .. '/status') do
        collectgarbage()
        this_fiber.yield()
    end
    fd:close()
    check.equal('ready\ngot it\n', files.contents(name))
end)

check.done()
