-- Who runs when: what is readied goes to the tail of the queue, what need not wait keeps the VM.
local check = require './check'
local condition_variable = require 'condition_variable'
local future = require 'future'
local mutex = require 'mutex'
local recursive_mutex = require 'recursive_mutex'

-- Readies with `ready` the fiber that runs `wait`, when another one is in the queue already; returns in
-- which order they run, and what `wait` has returned.
local function order_of(wait, ready)
    local order = {}
    local waiter = spawn(function()
        local results = {pcall(wait)}
        order[#order + 1] = 'waiter'
        return unpack(results)
    end)
    this_fiber.yield()
    local other = spawn(function() order[#order + 1] = 'other' end)
    ready(waiter)
    check.equal(0, #order)
    other:join()
    local ok, value = waiter:join()
    return table.concat(order, ' '), ok, value
end

-- 10 §2.3
for name, new in pairs{mutex = mutex.new, ['recursive mutex'] = recursive_mutex.new} do
    check.case('who gets a ' .. name .. ' is last in the queue', function()
        local m = new()
        m:lock()
        check.equal('other waiter', (order_of(function() m:lock() end, function() m:unlock() end)))
    end)
end

-- 10 §2.3
check.case('who is notified is last in the queue', function()
    for _, notify in ipairs{'notify_one', 'notify_all'} do
        local c, m = condition_variable.new(), mutex.new()
        local function wait()
            m:lock()
            c:wait(m)
        end
        check.equal('other waiter', (order_of(wait, function() c[notify](c) end)))
    end
end)

-- 10 §2.3
check.case('who waits for a future is last in the queue', function()
    for _, settle in ipairs{'set_value', 'set_error'} do
        local p, f = future.new()
        local order, ok, value = order_of(function() return f:get() end, function() p[settle](p, 5) end)
        check.equal('other waiter', order)
        check.equal(settle == 'set_value', ok)
        check.equal(5, value)
    end
end)

-- 10 §2.3
check.case('who is interrupted is last in the queue', function()
    local c, m, p, f = condition_variable.new(), mutex.new(), future.new()
    local endless = spawn(function() f:get() end)
    for _, wait in ipairs{function() endless:join() end, function() f:get() end,
        function()
            m:lock()
            scope_cleanup_push(function() m:unlock() end)
            c:wait(m)
        end} do
        local order = {}
        local waiter = spawn(function()
            scope_cleanup_push(function() order[#order + 1] = 'waiter' end)
            wait()
        end)
        this_fiber.yield()
        local other = spawn(function() order[#order + 1] = 'other' end)
        waiter:interrupt()
        other:join()
        waiter:join()
        check.equal(true, waiter.interruption_caught)
        check.equal('other waiter', table.concat(order, ' '))
    end
    p:set_value()
    endless:join()
end)

-- 10 §2.4
check.case('what is there already is not waited for', function()
    local ran = false
    local m, r, p, f = mutex.new(), recursive_mutex.new(), future.new()
    local finished = spawn(function() return 'done' end)
    this_fiber.yield()
    p:set_value('settled')
    local other = spawn(function() ran = true end)
    m:lock()
    r:lock()
    r:lock()
    check.equal('settled', f:get())
    check.equal('done', finished:join())
    check.equal(false, ran)
    other:join()
end)

-- 10 §5.3.4
check.case('a future that was settled before the interruption gives its value', function()
    local p, f = future.new()
    local got
    local waiter = spawn(function()
        got = f:get()
        this_fiber.yield()
        return 'not interrupted'
    end)
    this_fiber.yield()
    p:set_value('settled')
    waiter:interrupt()
    check.equal(nil, (waiter:join()))
    check.equal(true, waiter.interruption_caught)
    check.equal('settled', got)
end)

-- 10 §5.2
check.case('what is no interruption point works in an interrupted fiber', function()
    local c, m, p, f = condition_variable.new(), mutex.new(), future.new()
    local done = {}
    local fiber = spawn(function()
        scope(function()
            scope_cleanup_push(function() done.handler = true end)
            scope_cleanup_pop()
        end)
        m:lock()
        c:notify_one()
        c:notify_all()
        m:unlock()
        p:set_value(1)
        local inner = spawn(function() end)
        inner:interrupt()
        inner:detach()
        done.all = coroutine.running() == nil and coroutine.status(coroutine.create(print)) == 'suspended'
        this_fiber.yield()
        done.yield = true
    end)
    fiber:interrupt()
    fiber:join()
    check.equal(true, fiber.interruption_caught)
    check.equal(true, done.handler and done.all)
    check.equal(nil, done.yield)
    check.equal(1, f:get())
end)

check.done()
