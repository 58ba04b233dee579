-- spec'd behaviour of spawn and of the fiber handle; interruption is in interruption_test.
local check = require './check'
local generic_error = require 'generic_error'
local time = require 'time'

local EINVAL, EDEADLK = generic_error.EINVAL, generic_error.EDEADLK

local function yield_often()
    for _ = 1, 20 do
        this_fiber.yield()
    end
end

-- 10 §13.1
check.case('the child runs after the parent suspends, children in spawn order', function()
    local order = {}
    local fibers = {}
    for i = 1, 3 do
        fibers[i] = spawn(function() order[#order + 1] = i end)
    end
    check.equal(0, #order)
    for i = 1, 3 do
        fibers[i]:join()
    end
    check.equal('1 2 3', table.concat(order, ' '))
end)

check.case('a fiber that spawns and ends leaves its children in the queue', function()
    local order = {}
    local inner
    local outer = spawn(function()
        inner = spawn(function() order[#order + 1] = 'inner' end)
        order[#order + 1] = 'outer'
    end)
    outer:join()
    inner:join()
    check.equal('outer inner', table.concat(order, ' '))
end)

-- 10 §13.2
check.case('fibers that loop on yield alternate strictly', function()
    local order = {}
    local function loop(name)
        return function()
            for _ = 1, 4 do
                order[#order + 1] = name
                this_fiber.yield()
            end
        end
    end
    local a, b = spawn(loop('a')), spawn(loop('b'))
    a:join()
    b:join()
    check.equal('abababab', table.concat(order))
end)

-- 10 §13.3
check.case('the joiner of a fiber that ends runs before fibers already ready', function()
    local order = {}
    local target = spawn(function() this_fiber.yield() end)
    local joiner = spawn(function()
        target:join()
        order[#order + 1] = 'joiner'
    end)
    local others = {}
    for i = 1, 3 do
        others[i] = spawn(function()
            this_fiber.yield()
            order[#order + 1] = 'other' .. i
        end)
    end
    joiner:join()
    for i = 1, 3 do
        others[i]:join()
    end
    check.equal('joiner other1 other2 other3', table.concat(order, ' '))
end)

check.case('joining a finished fiber does not suspend', function()
    local target = spawn(function() return 'done' end)
    yield_often()
    local ran = false
    local other = spawn(function() ran = true end)
    check.equal('done', target:join())
    check.equal(false, ran)
    other:join()
end)

-- 10 §13.4
check.case('join forwards all results, nils included', function()
    local n = select('#', spawn(function() return 1, nil, 3, nil end):join())
    check.equal(4, n)
    check.equal(0, select('#', spawn(function() end):join()))
    local finished = spawn(function() return nil, 'x', nil end)
    yield_often()
    local a, b, c = finished:join()
    check.equal('nil x nil', ('%s %s %s'):format(tostring(a), tostring(b), tostring(c)))
end)

check.case('join forwards thousands of results', function()
    local values = {}
    for i = 1, 7000 do
        values[i] = i
    end
    local n, last
    local function count(...)
        n, last = select('#', ...), (select(select('#', ...), ...))
    end
    count(spawn(function() return unpack(values) end):join())
    check.equal(7000, n)
    check.equal(7000, last)
end)

-- 10 §13.5
check.case('an error is raised again with its identity and without a prefix', function()
    local value = {}
    check.equal(true, rawequal(value, check.raises(function()
        spawn(function() error(value) end):join()
    end)))
    check.equal('text', check.raises(function()
        spawn(function() error('text', 0) end):join()
    end))
    local ok, e = pcall(function() spawn(function() error(nil) end):join() end)
    check.equal(false, ok)
    check.equal(nil, e)
    local finished = spawn(function() error(value) end)
    yield_often()
    check.equal(true, rawequal(value, check.raises(finished.join, finished)))
end)

check.case('an error code from the child keeps its extra fields', function()
    local f = spawn(function()
        local e = generic_error.ENOENT
        e.hint = 'left here'
        error(e)
    end)
    local e = check.raises_code(generic_error.ENOENT, nil, f.join, f)
    check.equal('left here', e.hint)
end)

-- 10 §13.9
check.case('a second join, join after detach and detach after join are EINVAL', function()
    local f = spawn(function() end)
    f:join()
    check.raises_code(EINVAL, 1, f.join, f)
    check.raises_code(EINVAL, 1, f.detach, f)
    local g = spawn(function() end)
    g:detach()
    check.raises_code(EINVAL, 1, g.join, g)
    check.raises_code(EINVAL, 1, g.detach, g)
    local h = spawn(function() error('gone', 0) end)
    check.equal('gone', check.raises(h.join, h))
    check.raises_code(EINVAL, 1, h.join, h)
end)

check.case('joinable follows the life of the handle', function()
    local f = spawn(function() return 1 end)
    check.equal(true, f.joinable)
    yield_often()
    check.equal(true, f.joinable)
    f:join()
    check.equal(false, f.joinable)
    local g = spawn(function() end)
    g:detach()
    check.equal(false, g.joinable)
    yield_often()
    check.equal(false, g.joinable)
end)

check.case('while a join waits the handle is not joinable', function()
    local stop = false
    local target = spawn(function()
        while not stop do
            this_fiber.yield()
        end
        return 'result'
    end)
    local joiner = spawn(function() return target:join() end)
    this_fiber.yield()
    check.equal(false, target.joinable)
    check.raises_code(EINVAL, 1, target.join, target)
    check.raises_code(EINVAL, 1, target.detach, target)
    check.raises_code(EINVAL, nil, function() return target.interruption_caught end)
    stop = true
    check.equal('result', joiner:join())
    check.equal(false, target.interruption_caught)
end)

-- 10 §13.10
check.case('joining oneself is EDEADLK and the fiber goes on', function()
    local me
    me = spawn(function()
        check.raises_code(EDEADLK, nil, me.join, me)
        check.equal(true, me.joinable)
        this_fiber.yield()
        return 'went on'
    end)
    yield_often()  -- a join that waits would make the handle not joinable
    check.equal('went on', me:join())
end)

-- 10 §13.7
check.case('interruption_caught before a join, and after detach, is EINVAL', function()
    local f = spawn(function() end)
    check.raises_code(EINVAL, nil, function() return f.interruption_caught end)
    yield_often()
    check.raises_code(EINVAL, nil, function() return f.interruption_caught end)
    f:join()
    check.equal(false, f.interruption_caught)
    local g = spawn(function() end)
    g:detach()
    check.raises_code(EINVAL, nil, function() return g.interruption_caught end)
end)

check.case('a failed fiber has not caught an interruption', function()
    local f = spawn(function() error('no') end)
    check.raises(f.join, f)
    check.equal(false, f.interruption_caught)
end)

check.case('spawn wants a function', function()
    for _, value in ipairs{1, 'f', {}, setmetatable({}, {__call = function() end}), newproxy()} do
        local e = check.raises(spawn, value)
        check.equal('string', type(e))
        check.equal(true, e:find('bad argument #1', 1, true) ~= nil)
    end
    check.equal('string', type(check.raises(spawn)))
end)

check.case('spawn passes no arguments on', function()
    check.equal(0, spawn(function(...) return select('#', ...) end, 1, 2, 3):join())
end)

check.case('methods of the handle want a handle', function()
    local f = spawn(function() end)
    for _, method in ipairs{'join', 'detach', 'interrupt'} do
        for _, self in ipairs{1, 'x', {}, newproxy(), this_fiber} do
            check.raises_code(EINVAL, 1, f[method], self)
        end
        check.raises_code(EINVAL, 1, f[method])
    end
    f:join()
end)

check.case('the handle has a name, no unknown members and takes no writes', function()
    local f = spawn(function() end)
    check.equal('fiber', getmetatable(f))
    check.equal('userdata', type(f))
    check.equal(2, check.raises_core(8, function() return f.nope end).index)
    check.equal(2, check.raises_core(8, function() return f[1] end).index)
    check.equal('string', type(check.raises(function() f.joinable = true end)))
    f:join()
end)

-- 10 §13.28
check.case('join checks suspension before its argument', function()
    local f = spawn(function() end)
    this_fiber.forbid_suspend()
    local ok, e = pcall(function() check.raises_core(12, f.join, 1) end)
    local fine, other = pcall(function() check.raises_core(12, f.join, f) end)
    this_fiber.allow_suspend()
    check.equal(nil, e)
    check.equal(nil, other)
    check.equal(true, ok and fine)
    check.equal(true, f.joinable)
    f:join()
end)

check.case('spawn and interrupt work where suspension is forbidden', function()
    this_fiber.forbid_suspend()
    local ok, f = pcall(spawn, function() this_fiber.yield() end)
    local interrupted = ok and pcall(f.interrupt, f)
    this_fiber.allow_suspend()
    check.equal(true, ok)
    check.equal(true, interrupted)
    f:join()
    check.equal(true, f.interruption_caught)
end)

check.case('a collected handle lets its fiber run on', function()
    local ran = false
    spawn(function()
        yield_often()
        ran = true
    end)
    collectgarbage()
    collectgarbage()
    local waiter = spawn(function()
        while not ran do
            this_fiber.yield()
        end
    end)
    waiter:join()
    check.equal(true, ran)
end)

check.case('a join keeps the handle that nobody else holds', function()
    local value = spawn(function()
        for _ = 1, 5 do
            collectgarbage()
            this_fiber.yield()
        end
        return 'kept'
    end):join()
    check.equal('kept', value)
end)

check.case('a fiber that sleeps is joined with its results', function()
    local f = spawn(function()
        time.sleep(0.001)
        return 'slept', nil
    end)
    check.equal(2, select('#', f:join()))
end)

check.case('thousands of fibers come and go', function()
    local sum = 0
    for _ = 1, 3 do
        local fibers = {}
        for i = 1, 2000 do
            fibers[i] = spawn(function()
                this_fiber.yield()
                return i
            end)
        end
        for i = 1, 2000 do
            sum = sum + fibers[i]:join()
        end
    end
    check.equal(3 * 2000 * 2001 / 2, sum)
end)

check.case('a chain of joins delivers its results in order', function()
    local previous = spawn(function() return 0 end)
    for _ = 1, 200 do
        local target = previous
        previous = spawn(function() return target:join() + 1 end)
    end
    check.equal(200, previous:join())
end)

check.done()
