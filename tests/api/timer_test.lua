-- time.steady_timer and time.system_timer (80 §9.2). No upper bounds on time.
local check = require './check'
local asio_error = require 'asio_error'
local generic_error = require 'generic_error'
local time = require 'time'

local EINVAL, EDOM, EOVERFLOW = generic_error.EINVAL, generic_error.EDOM, generic_error.EOVERFLOW
local ABORTED = asio_error.basic.operation_aborted

local kinds = {
    {name = 'steady_timer', class = time.steady_timer, clock = time.steady_clock, other = time.system_clock},
    {name = 'system_timer', class = time.system_timer, clock = time.system_clock, other = time.steady_clock},
}

-- A case for each class.
local function both(name, f)
    for _, kind in ipairs(kinds) do
        check.case(('%s (%s)'):format(name, kind.name), function() f(kind) end)
    end
end

-- A timer that does not expire while a test runs.
local function far(kind)
    local timer = kind.class.new()
    timer:expires_at(kind.clock.now() + 3600)
    return timer
end

-- A fiber that waits for the timer when this returns; its result is true, or what wait has raised.
local function waiter(timer)
    local f = spawn(function()
        local ok, e = pcall(timer.wait, timer)
        return ok or e
    end)
    this_fiber.yield()
    return f
end

check.case('the classes are plain tables, and only the steady one has expires_after', function()
    for _, kind in ipairs(kinds) do
        check.equal('table', type(kind.class))
        check.equal(nil, kind.class.nope)
        local timer = kind.class.new()
        check.equal('userdata', type(timer))
        check.equal(kind.name, getmetatable(timer))
        check.equal(2, check.raises_core(8, function() return timer.nope end).index)
        check.raises(function() timer.expiry = kind.clock.now() end)
    end
    check.equal('function', type(time.steady_timer.new().expires_after))
    -- 80 §12.42
    check.equal(2, check.raises_core(8, function() return time.system_timer.new().expires_after end).index)
end)

-- 80 §12.41
both('a fresh timer has expired', function(kind)
    local timer = kind.class.new()
    check.equal(true, timer.expiry == kind.clock.epoch())
    check.equal(0, select('#', timer:wait()))
    check.equal(0, select('#', timer:wait()))
end)

both('a wait for an expired timer lets others run', function(kind)
    local order = {}
    local other = spawn(function() order[#order + 1] = 'other' end)
    kind.class.new():wait()
    order[#order + 1] = 'main'
    other:join()
    check.equal('other main', table.concat(order, ' '))
end)

both('wait returns nothing, not before the expiry', function(kind)
    local timer = kind.class.new()
    local expiry = kind.clock.now() + 0.02
    check.equal(0, timer:expires_at(expiry))
    check.equal(0, select('#', timer:wait()))
    check.equal(true, expiry <= kind.clock.now())
    check.equal(true, timer.expiry == expiry)
end)

check.case('expires_after counts from now and rounds up', function()
    local timer = time.steady_timer.new()
    local before = time.steady_clock.now()
    check.equal(0, timer:expires_after(0.02))
    check.equal(true, before + 0.02 <= timer.expiry)
    timer:wait()
    check.equal(true, timer.expiry <= time.steady_clock.now())
    timer:expires_after('0.001')
    timer:wait()
    timer:expires_after(0)
    timer:wait()
    timer:expires_after(1e-12)
    timer:wait()
end)

check.case('expires_after wants a number that is not negative', function()
    local timer = time.steady_timer.new()
    for _, value in ipairs{-1, -1e-9, math.huge, -math.huge, 0 / 0, '-1'} do
        check.raises_code(EDOM, 2, timer.expires_after, timer, value)
    end
    for _, value in ipairs{1e11, 9.3e9, 1e300} do
        check.raises_code(EOVERFLOW, nil, timer.expires_after, timer, value)
    end
    for _, value in ipairs{'x', {}, true, print, time.steady_clock.now()} do
        check.equal('string', type(check.raises(timer.expires_after, timer, value)))
    end
    check.equal('string', type(check.raises(timer.expires_after, timer)))
    check.equal(true, timer.expiry == time.steady_clock.epoch())
end)

check.case('an expiry later than the clock can tell is as late as it can tell', function()
    local timer = time.steady_timer.new()
    timer:expires_after(9.2e9)
    check.equal(true, timer.expiry > time.steady_clock.now() + 9e9)
    local f = waiter(timer)
    check.equal(1, timer:cancel())
    check.equal(true, f:join() == ABORTED)
end)

both('expires_at wants a point of the same clock', function(kind)
    local timer = far(kind)
    local expiry = timer.expiry
    for _, value in ipairs{1, '1', {}, true, newproxy(), timer, kind.other.now(),
        time.high_resolution_clock.now()} do
        check.raises_code(EINVAL, 2, timer.expires_at, timer, value)
    end
    check.raises_code(EINVAL, 2, timer.expires_at, timer)
    check.equal(true, timer.expiry == expiry)
end)

both('expiry is a copy, on both ways', function(kind)
    local timer = kind.class.new()
    local point = kind.clock.epoch() + 5
    timer:expires_at(point)
    point:add(1)
    check.equal(5, timer.expiry.seconds_since_epoch)
    local copy = timer.expiry
    copy:add(1)
    check.equal(5, timer.expiry.seconds_since_epoch)
    check.equal(false, rawequal(timer.expiry, timer.expiry))
    timer:wait()
    timer:cancel()
    check.equal(5, timer.expiry.seconds_since_epoch)
end)

both('expiries before the epoch, and the earliest and latest ones', function(kind)
    local timer = kind.class.new()
    for _, seconds in ipairs{-1e-9, -1, -9.2e9} do
        timer:expires_at(kind.clock.epoch() + seconds)
        timer:wait()
        check.equal(seconds, timer.expiry.seconds_since_epoch)
    end
    timer:expires_at(kind.clock.epoch() + 9.2e9)
    local f = waiter(timer)
    check.equal(1, timer:cancel())
    check.equal(true, f:join() == ABORTED)
end)

both('cancel wakes every waiter and keeps the expiry', function(kind)
    local timer = far(kind)
    local expiry = timer.expiry
    local a, b, c = waiter(timer), waiter(timer), waiter(timer)
    check.equal(3, timer:cancel())
    check.equal(0, timer:cancel())
    for _, f in ipairs{a, b, c} do
        local e = f:join()
        check.equal('error_code', getmetatable(e))
        check.equal(true, e == ABORTED)
        check.equal(true, e:togeneric() == generic_error.ECANCELED)
        check.equal('system', tostring(e.category))
    end
    check.equal(true, timer.expiry == expiry)
    check.equal(0, timer:cancel())
end)

-- 80 §12.42
both('cancel of what nobody waits for, or has expired, is 0', function(kind)
    local timer = kind.class.new()
    check.equal(0, timer:cancel())
    timer:wait()
    check.equal(0, timer:cancel())
    timer:expires_at(kind.clock.now() + 0.001)
    local f = waiter(timer)
    check.equal(true, f:join())
    check.equal(0, timer:cancel())
    check.equal(0, far(kind):cancel())
end)

-- 80 §12.41
check.case('expires_after cancels the waits', function()
    local timer = far(kinds[1])
    local f = waiter(timer)
    check.equal(1, timer:expires_after(3600))
    check.equal(true, f:join() == ABORTED)
    local a, b = waiter(timer), waiter(timer)
    check.equal(2, timer:expires_after(0))
    timer:wait()
    check.equal(true, a:join() == ABORTED)
    check.equal(true, b:join() == ABORTED)
end)

both('expires_at cancels the waits, and a failing one does not', function(kind)
    local timer = far(kind)
    local a, b = waiter(timer), waiter(timer)
    check.raises_code(EINVAL, 2, timer.expires_at, timer, 1)
    check.equal(2, timer:expires_at(kind.clock.epoch()))
    check.equal(0, timer:expires_at(kind.clock.epoch()))
    check.equal(true, a:join() == ABORTED)
    check.equal(true, b:join() == ABORTED)
    timer:wait()
end)

both('expiry wakes all waiters', function(kind)
    local timer = kind.class.new()
    timer:expires_at(kind.clock.now() + 0.02)
    local fibers = {}
    for i = 1, 50 do
        fibers[i] = spawn(function()
            timer:wait()
            return kind.clock.now()
        end)
    end
    for i = 1, 50 do
        check.equal(true, timer.expiry <= fibers[i]:join())
    end
end)

both('a fiber that has been woken may wait again', function(kind)
    local timer = far(kind)
    local f = spawn(function()
        local _, first = pcall(timer.wait, timer)
        local _, second = pcall(timer.wait, timer)
        timer:expires_at(kind.clock.epoch())
        timer:wait()
        return first == ABORTED and second == ABORTED
    end)
    this_fiber.yield()
    check.equal(1, timer:cancel())
    while timer:cancel() == 0 do
        this_fiber.yield()
    end
    check.equal(true, f:join())
end)

both('interrupting a waiter leaves the others and the timer alone', function(kind)
    local timer = far(kind)
    local expiry = timer.expiry
    local a = waiter(timer)
    local interrupted = spawn(function() timer:wait() end)
    this_fiber.yield()
    local b = waiter(timer)
    interrupted:interrupt()
    check.equal(0, select('#', interrupted:join()))
    check.equal(true, interrupted.interruption_caught)
    check.equal(true, timer.expiry == expiry)
    check.equal(2, timer:cancel())
    check.equal(true, a:join() == ABORTED)
    check.equal(true, b:join() == ABORTED)
    check.equal(false, a.interruption_caught)
end)

both('the interrupted waiter gets emilua.core interrupted', function(kind)
    local timer = far(kind)
    local f = waiter(timer)
    f:interrupt()
    local e = f:join()
    check.equal(13, e.code)
    check.equal('emilua.core', tostring(e.category))
    check.equal(0, timer:cancel())
end)

both('interrupting the only waiter leaves the timer armed', function(kind)
    local timer = kind.class.new()
    timer:expires_at(kind.clock.now() + 0.02)
    local f = spawn(function() timer:wait() end)
    this_fiber.yield()
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
    timer:wait()
    check.equal(true, timer.expiry <= kind.clock.now())
end)

both('with interruption disabled the wait goes on', function(kind)
    local timer = kind.class.new()
    timer:expires_at(kind.clock.now() + 0.01)
    local f = spawn(function()
        this_fiber.disable_interruption()
        timer:wait()
        this_fiber.restore_interruption()
        return 'waited'
    end)
    this_fiber.yield()
    f:interrupt()
    check.equal('waited', f:join())
    check.equal(false, f.interruption_caught)
end)

-- 80 §1
both('wait is a suspension and an interruption point, the rest is not', function(kind)
    local timer = far(kind)
    this_fiber.forbid_suspend()
    local ok, e = pcall(function()
        check.raises_core(12, timer.wait, timer)
        check.raises_core(12, timer.wait, 1)
        check.equal(0, timer:cancel())
        check.equal(0, timer:expires_at(kind.clock.epoch()))
        kind.class.new()
    end)
    this_fiber.allow_suspend()
    check.equal(nil, e)
    check.equal(true, ok)
    local passed = false
    local f = spawn(function()
        timer:cancel()
        timer:expires_at(kind.clock.epoch())
        local _ = timer.expiry
        passed = true
        timer:wait()
        passed = 'too far'
    end)
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
    check.equal(true, passed)
end)

both('methods want a timer of their class', function(kind)
    local timer = kind.class.new()
    local other = kind.class == time.steady_timer and time.system_timer.new() or time.steady_timer.new()
    for _, self in ipairs{1, 'x', {}, newproxy(), other, kind.clock.now()} do
        check.raises_code(EINVAL, 1, timer.wait, self)
        check.raises_code(EINVAL, 1, timer.cancel, self)
        check.raises_code(EINVAL, 1, timer.expires_at, self, kind.clock.now())
    end
    check.raises_code(EINVAL, 1, timer.cancel)
    check.raises_code(EINVAL, 1, time.steady_timer.new().expires_after, 1, 1)
end)

both('a waiter keeps the timer that nobody else holds', function(kind)
    local f = spawn(function()
        local timer = kind.class.new()
        timer:expires_at(kind.clock.now() + 0.005)
        return select('#', timer:wait())
    end)
    for _ = 1, 5 do
        this_fiber.yield()
        collectgarbage()
    end
    check.equal(0, f:join())
end)

both('armed timers may be collected', function(kind)
    for _ = 1, 200 do
        local timer = far(kind)
        local f = waiter(timer)
        timer:cancel()
        f:join()
        far(kind)
    end
    collectgarbage()
    collectgarbage()
end)

both('waits in coroutines', function(kind)
    local timer = kind.class.new()
    local co = coroutine.wrap(function()
        coroutine.yield('first')
        timer:wait()
        coroutine.yield('second')
    end)
    check.equal('first', co())
    check.equal('second', co())
end)

both('timers wake their waiters in the order of their expiry', function(kind)
    local order, fibers = {}, {}
    local start = kind.clock.now()
    for i, delay in ipairs{0.02, 0.001, 0.01} do
        local timer = kind.class.new()
        timer:expires_at(start + delay)
        fibers[i] = spawn(function()
            timer:wait()
            order[#order + 1] = delay
        end)
    end
    for _, f in ipairs(fibers) do
        f:join()
    end
    check.equal('0.001 0.01 0.02', table.concat(order, ' '))
end)

check.done()
