-- time.sleep; no upper bounds, so that a busy machine fails nothing.
local check = require './check'
local generic_error = require 'generic_error'
local time = require 'time'

local EDOM, EOVERFLOW = generic_error.EDOM, generic_error.EOVERFLOW

-- 80 §12.38
check.case('a negative or unreal duration is EDOM with arg 1', function()
    for _, value in ipairs{-1, -1e-9, -math.huge, math.huge, 0 / 0, -0.5} do
        check.raises_code(EDOM, 1, time.sleep, value)
    end
    check.equal('generic', tostring(check.raises(time.sleep, -1).category))
    check.raises_code(EDOM, 1, time.sleep, '-1')
end)

-- 80 §12.38
check.case('what nanoseconds cannot hold is EOVERFLOW without arg', function()
    check.raises_code(EOVERFLOW, nil, time.sleep, 1e11)
    check.raises_code(EOVERFLOW, nil, time.sleep, 9.3e9)
    check.raises_code(EOVERFLOW, nil, time.sleep, 1e300)
end)

check.case('a longer sleep than the clock has is interruptible', function()
    local f = spawn(function() time.sleep(9.2e9) end)
    this_fiber.yield()
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
end)

check.case('what is no number is a string error', function()
    for _, value in ipairs{'x', {}, true, print} do
        check.equal('string', type(check.raises(time.sleep, value)))
    end
    check.equal('string', type(check.raises(time.sleep)))
    check.equal('string', type(check.raises(time.sleep, nil)))
end)

-- 80 §12.38
check.case('numeric strings are numbers, and nothing is returned', function()
    check.equal(0, select('#', time.sleep('0.001')))
    check.equal(0, select('#', time.sleep(0)))
    check.equal(0, select('#', time.sleep(-0.0)))
end)

check.case('a sleep of nothing still reschedules', function()
    local order = {}
    local other = spawn(function() order[#order + 1] = 'other' end)
    time.sleep(0)
    order[#order + 1] = 'main'
    other:join()
    check.equal('other main', table.concat(order, ' '))
end)

check.case('sleepers wake in the order of their expiry', function()
    local order = {}
    local fibers = {}
    for i, delay in ipairs{0.3, 0.001} do
        fibers[i] = spawn(function()
            time.sleep(delay)
            order[#order + 1] = delay
        end)
    end
    for _, f in ipairs(fibers) do
        f:join()
    end
    check.equal('0.001 0.3', table.concat(order, ' '))
end)

check.case('many sleep at once', function()
    local fibers, woken = {}, 0
    for i = 1, 500 do
        fibers[i] = spawn(function()
            time.sleep(0.001)
            woken = woken + 1
        end)
    end
    for i = 1, 500 do
        fibers[i]:join()
    end
    check.equal(500, woken)
end)

check.case('an interruption ends the sleep', function()
    local f = spawn(function() time.sleep(3600) end)
    this_fiber.yield()
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
end)

check.case('an interrupted fiber does not begin to sleep', function()
    local f = spawn(function() time.sleep(3600) end)
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
    -- The argument comes first.
    local g = spawn(function() time.sleep(-1) end)
    g:interrupt()
    check.raises_code(EDOM, 1, g.join, g)
end)

check.case('only sleep and unknown names', function()
    check.equal('table', type(time))
    check.equal(nil, time.nope)
end)

check.done()
