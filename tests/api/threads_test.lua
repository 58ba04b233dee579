-- spawn_context_threads: 10 §12, 30 §9. What it does to several VMs is shown by
-- //lib/engine:threads_test and tests/actors.

local check = require 'check'
local generic_error = require 'generic_error'
local time = require 'time'

check.case('it returns nothing', function()
    check.equal(0, select('#', spawn_context_threads(1)))
end)

-- 30 §16.41
check.case('a count that is not positive does nothing', function()
    for _, count in ipairs{0, -1, -1e300, 0.5, 0 / 0} do
        check.equal(0, select('#', spawn_context_threads(count)))
    end
end)

-- 30 §16.41
check.case('anything but a number is a string error', function()
    for _, value in ipairs{'1', {}, print, true} do
        local e = check.raises(spawn_context_threads, value)
        check.equal('string', type(e))
        assert(e:find('number expected', 1, true), e)
    end
    check.equal('string', type(check.raises(spawn_context_threads)))
end)

check.case('more threads than any program needs are refused, not started', function()
    for _, count in ipairs{1025, 1e9, 1 / 0} do
        check.raises_code(generic_error.EAGAIN, nil, spawn_context_threads, count)
    end
end)

check.case('fibers go on as before while the VM changes threads', function()
    spawn_context_threads(2)
    local log, turns = {}, 0
    local fibers = {}
    for id = 1, 2 do
        fibers[id] = spawn(function()
            for _ = 1, 50 do
                log[#log + 1] = id
                this_fiber.yield()
            end
        end)
    end
    fibers[3] = spawn(function()
        for _ = 1, 20 do
            time.sleep(1e-4)
            turns = turns + 1
        end
    end)
    for _, f in ipairs(fibers) do
        f:join()
    end
    check.equal(100, #log)
    check.equal(20, turns)
    for i = 1, 100, 2 do
        assert(log[i] ~= log[i + 1], i)
    end
end)

check.done()
