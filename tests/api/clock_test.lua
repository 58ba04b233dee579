-- The clocks of the module time and their time points (80 §9.1).
local check = require './check'
local generic_error = require 'generic_error'
local time = require 'time'

local EINVAL, EDOM, EOVERFLOW = generic_error.EINVAL, generic_error.EDOM, generic_error.EOVERFLOW
local steady, system, precise = time.steady_clock, time.system_clock, time.high_resolution_clock

-- Clocks whose points can be moved by numbers of seconds.
local movable = {steady_clock = steady, system_clock = system}
local all = {steady_clock = steady, system_clock = system, high_resolution_clock = precise}

local function string_error(pattern, f, ...)
    local e = check.raises(f, ...)
    check.equal('string', type(e))
    check.equal(true, e:find(pattern) ~= nil)
end

check.case('the classes are plain tables', function()
    for _, clock in pairs(all) do
        check.equal('table', type(clock))
        check.equal(nil, clock.nope)
        check.equal(nil, getmetatable(clock))
    end
    check.equal(nil, time.nope)  -- 80 §12.1
end)

check.case('points have the name of their clock, and no unknown members', function()
    for name, clock in pairs(all) do
        for _, point in ipairs{clock.now(), clock.epoch()} do
            check.equal('userdata', type(point))
            check.equal(name .. '.time_point', getmetatable(point))
            check.equal(2, check.raises_core(8, function() return point.nope end).index)
            check.raises(function() point.seconds_since_epoch = 1 end)
        end
    end
end)

check.case('the epoch is zero seconds after itself', function()
    for _, clock in pairs(all) do
        check.equal(0, clock.epoch().seconds_since_epoch)
        check.equal(true, clock.epoch() == clock.epoch())
    end
end)

check.case('now and epoch ignore arguments and make a point each time', function()
    for _, clock in pairs(all) do
        check.equal(0, clock.epoch('x', {}).seconds_since_epoch)
        check.equal(false, rawequal(clock.epoch(), clock.epoch()))
        check.equal('number', type(clock.now(nil).seconds_since_epoch))
    end
end)

check.case('the steady clock does not go back', function()
    local last = steady.now()
    for _ = 1, 1000 do
        local now = steady.now()
        check.equal(true, last <= now)
        check.equal(true, now - last >= 0)
        last = now
    end
end)

check.case('the system clock counts from 1970', function()
    check.equal(true, system.now().seconds_since_epoch > 1.6e9)
end)

check.case('the high resolution clock is not steady, and its points only compare and subtract', function()
    check.equal(false, precise.is_steady)
    check.equal(nil, steady.is_steady)
    local point = precise.now()
    check.equal('number', type(point - precise.epoch()))
    check.equal(0, point - point)
    check.equal(true, precise.epoch() < point)
    check.equal(true, precise.epoch() <= point)
    check.equal(true, point == point)
    check.raises_core(8, function() return point.add end)  -- 80 §12.40
    check.raises_core(8, function() return point.sub end)
end)

-- 80 §12.40
check.case('adding to a point of the high resolution clock is a plain arithmetic error', function()
    string_error('attempt to perform arithmetic', function() return precise.now() + 1 end)
    string_error('attempt to perform arithmetic', function() return 1 + precise.now() end)
    check.raises_code(EINVAL, 2, function() return precise.now() - 1 end)
    check.raises_code(EINVAL, 2, function() return precise.now() - '1' end)
    check.raises_code(EINVAL, 2, function() return precise.now() - system.now() end)
    check.raises_code(EINVAL, 1, function() return 1 - precise.now() end)
end)

-- 80 §12.39
check.case('points and seconds add up', function()
    for name, clock in pairs(movable) do
        local start = clock.now()
        local later = start + 1
        check.equal(name .. '.time_point', getmetatable(later))
        check.equal(1, later - start)
        check.equal(-1, start - later)
        check.equal(true, later - 1 == start)
        check.equal(true, start - -1 == later)
        check.equal('number', type(clock.now() + 1 - clock.now()))
        check.equal(2.5, (clock.epoch() + 2.5).seconds_since_epoch)
        check.equal(-2.5, (clock.epoch() - 2.5).seconds_since_epoch)
        check.equal(0, start - start)
    end
end)

check.case('operators leave their operands alone', function()
    for _, clock in pairs(movable) do
        local epoch = clock.epoch()
        local _ = epoch + 5, epoch - 5
        check.equal(0, epoch.seconds_since_epoch)
    end
end)

check.case('add and sub change the point and return nothing', function()
    for _, clock in pairs(movable) do
        local point = clock.epoch()
        check.equal(0, select('#', point:add(3)))
        check.equal(3, point.seconds_since_epoch)
        check.equal(0, select('#', point:sub(4.5)))
        check.equal(-1.5, point.seconds_since_epoch)
        point:add('2')
        point:sub('0.25')
        check.equal(0.25, point.seconds_since_epoch)
    end
end)

-- 80 §12.39: 1 + tp, tp - "1", tp + "1"
check.case('the point stands on the left, and only a number can be subtracted', function()
    for _, clock in pairs(movable) do
        local point = clock.epoch()
        check.raises_code(EINVAL, 1, function() return 1 + point end)
        check.raises_code(EINVAL, 1, function() return 1 - point end)
        check.raises_code(EINVAL, 2, function() return point - '1' end)
        check.raises_code(EINVAL, 2, function() return point - {} end)
        check.raises_code(EINVAL, 2, function() return point - nil end)
        check.equal(1, (point + '1').seconds_since_epoch)
        check.equal('generic', tostring(check.raises(function() return point - '1' end).category))
        for _, value in ipairs{'x', {}, true, point} do
            string_error('bad argument #2', function() return point + value end)
        end
        for _, value in ipairs{'x', {}, true, point} do
            string_error('number expected', function() point:add(value) end)
            string_error('number expected', function() point:sub(value) end)
        end
        string_error('number expected', function() point:add() end)
        check.equal(0, point.seconds_since_epoch)
    end
end)

check.case('unreal numbers are EDOM, those beyond the clock EOVERFLOW', function()
    for _, clock in pairs(movable) do
        local point = clock.epoch()
        for _, value in ipairs{math.huge, -math.huge, 0 / 0} do
            check.raises_code(EDOM, 2, function() return point + value end)
            check.raises_code(EDOM, 2, function() return point - value end)
            check.raises_code(EDOM, 2, point.add, point, value)
            check.raises_code(EDOM, 2, point.sub, point, value)
        end
        for _, value in ipairs{9.3e9, -9.3e9, 2 ^ 63 / 1e9, 1e300} do
            check.raises_code(EOVERFLOW, nil, function() return point + value end)
            check.raises_code(EOVERFLOW, nil, function() return point - value end)
            check.raises_code(EOVERFLOW, nil, point.add, point, value)
            check.raises_code(EOVERFLOW, nil, point.sub, point, value)
        end
        check.equal(9.2e9, (point + 9.2e9).seconds_since_epoch)
        check.equal(-9.2e9, (point - 9.2e9).seconds_since_epoch)
        check.equal(0, point.seconds_since_epoch)
    end
end)

check.case('a sum beyond the clock is some point', function()
    for name, clock in pairs(movable) do
        local point = clock.epoch() + 9.2e9
        check.equal(name .. '.time_point', getmetatable(point + 9.2e9))
        check.equal('number', type(point - (clock.epoch() - 9.2e9)))
        point:add(9.2e9)
        point:sub(-9.2e9)
        check.equal('number', type(point.seconds_since_epoch))
    end
end)

check.case('seconds are rounded to the nearest nanosecond, ties to even', function()
    for _, clock in pairs(movable) do
        local epoch = clock.epoch()
        check.equal(2e-9, (epoch + 1.5e-9).seconds_since_epoch)
        check.equal(2e-9, (epoch + 2.5e-9).seconds_since_epoch)
        check.equal(true, epoch + 1.5e-9 == epoch + 2.5e-9)
        check.equal(1e-9, (epoch + 1.4e-9).seconds_since_epoch)
        check.equal(0, (epoch + 0.5e-9).seconds_since_epoch)
        check.equal(-2e-9, (epoch - 1.5e-9).seconds_since_epoch)
        check.equal(-2e-9, (epoch + -2.5e-9).seconds_since_epoch)
        local point = clock.epoch()
        point:add(3.5e-9)
        check.equal(4e-9, point.seconds_since_epoch)
        point:sub(1.5e-9)
        check.equal(2e-9, point.seconds_since_epoch)
    end
end)

check.case('points of one clock are ordered', function()
    for _, clock in pairs(movable) do
        local a, b = clock.epoch(), clock.epoch() + 1e-9
        check.equal(true, a < b)
        check.equal(true, b > a)
        check.equal(false, b < a)
        check.equal(true, a <= b)
        check.equal(true, a <= clock.epoch())
        check.equal(false, b <= a)
        check.equal(false, a < clock.epoch())
        check.equal(false, a == b)
        check.equal(true, a ~= b)
        check.equal(true, a == clock.epoch())
    end
end)

check.case('points of different clocks are never equal, and nothing else can be done with them', function()
    for name, clock in pairs(all) do
        for other_name, other in pairs(all) do
            if name ~= other_name then
                local a, b = clock.epoch(), other.epoch()
                check.equal(false, a == b)
                string_error('attempt to compare', function() return a < b end)
                string_error('attempt to compare', function() return a <= b end)
                check.raises_code(EINVAL, 2, function() return a - b end)
            end
        end
        string_error('attempt to compare', function() return clock.epoch() < 1 end)
        string_error('attempt to compare', function() return 1 <= clock.epoch() end)
        check.equal(false, clock.epoch() == 0)
    end
end)

check.case('methods want a point of their own clock', function()
    local point = steady.epoch()
    for _, self in ipairs{1, 'x', {}, newproxy(), system.epoch(), precise.epoch()} do
        check.raises_code(EINVAL, 1, point.add, self, 1)
        check.raises_code(EINVAL, 1, point.sub, self, 1)
    end
    check.raises_code(EINVAL, 1, point.add)
end)

check.done()
