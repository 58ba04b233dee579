-- mutex, recursive_mutex, condition_variable and future: spec 10 §9.

local check = require './check'
local condition_variable = require 'condition_variable'
local future = require 'future'
local generic_error = require 'generic_error'
local mutex = require 'mutex'
local recursive_mutex = require 'recursive_mutex'

local BAD_INDEX, FORBIDDEN, INTERRUPTED, BROKEN, SATISFIED = 8, 12, 13, 22, 23

local function forbidding(f)
    this_fiber.forbid_suspend()
    local ok, e = pcall(f)
    this_fiber.allow_suspend()
    check.equal(false, ok)
    check.raises_core(FORBIDDEN, error, e)
end

check.case('names, unknown members and writes', function()
    local p, f = future.new()
    for name, object in pairs{mutex = mutex.new(), recursive_mutex = recursive_mutex.new(),
                              condition_variable = condition_variable.new(), promise = p, future = f} do
        check.equal(name, getmetatable(object))
        local e = check.raises_core(BAD_INDEX, function() return object.nope end)
        check.equal(2, e.index)
    end
    for _, module in ipairs{mutex, recursive_mutex, condition_variable} do
        check.raises_core(BAD_INDEX, function() return module.nope end)
        check.raises_code(generic_error.EPERM, nil, function() module.nope = 1 end)
    end
    check.equal('table', type(future))
end)

check.case('methods on anything else are EINVAL, arg 1', function()
    local p, f = future.new()
    local m = mutex.new()
    for _, method in ipairs{m.lock, m.try_lock, m.unlock, recursive_mutex.new().lock,
                            condition_variable.new().wait, p.set_value, f.get} do
        check.raises_code(generic_error.EINVAL, 1, method, {})
        check.raises_code(generic_error.EINVAL, 1, method)
    end
end)

-- mutex -----------------------------------------------------------------------------------------------

check.case('a mutex passes to its waiters in order and is never free in between', function()
    local m, order = mutex.new(), {}
    m:lock()
    local fibers = {}
    for i = 1, 3 do
        fibers[i] = spawn(function()
            m:lock()
            order[#order + 1] = i
            m:unlock()
        end)
    end
    this_fiber.yield()
    m:unlock()
    check.equal(false, m:try_lock())  -- 10 §13.30
    check.equal(0, #order)            -- the new owner is posted
    for _, f in ipairs(fibers) do
        f:join()
    end
    check.equal('1 2 3', table.concat(order, ' '))
    check.equal(true, m:try_lock())
    check.equal(false, m:try_lock())
end)

-- 10 §13.29
check.case('any fiber may unlock a mutex; a free one is EPERM', function()
    local m = mutex.new()
    m:lock()
    spawn(function() m:unlock() end):join()
    check.raises_code(generic_error.EPERM, nil, m.unlock, m)
end)

-- 10 §13.27
check.case('a free mutex is not to be locked where suspending is forbidden, but tried', function()
    local m = mutex.new()
    forbidding(function() m:lock() end)
    this_fiber.forbid_suspend()
    local got = m:try_lock()
    this_fiber.allow_suspend()
    check.equal(true, got)
end)

-- 10 §13.16
check.case('an interrupted fiber still waits for its mutex and then owns it', function()
    local m, owned = mutex.new(), false
    m:lock()
    local f = spawn(function()
        m:lock()
        owned = true
        this_fiber.yield()
    end)
    this_fiber.yield()
    f:interrupt()
    this_fiber.yield()
    check.equal(false, owned)
    m:unlock()
    f:join()
    check.equal(true, owned)
    check.equal(true, f.interruption_caught)
end)

-- 10 §13.14
check.case('locking works in an interrupted fiber', function()
    local m = mutex.new()
    local f = spawn(function()
        m:lock()
        return 'locked'
    end)
    f:interrupt()
    check.equal('locked', f:join())
end)

-- recursive_mutex ---------------------------------------------------------------------------------------

check.case('a recursive mutex counts its owner in and out', function()
    local m = recursive_mutex.new()
    m:lock()
    m:lock()
    check.equal(true, m:try_lock())
    check.equal(false, spawn(function() return m:try_lock() end):join())
    m:unlock()
    m:unlock()
    check.equal(false, spawn(function() return m:try_lock() end):join())
    m:unlock()
    check.equal(true, spawn(function() return m:try_lock() end):join())
end)

check.case('only the owner unlocks a recursive mutex', function()
    local m = recursive_mutex.new()
    check.raises_code(generic_error.EPERM, nil, m.unlock, m)
    m:lock()
    local f = spawn(function() m:unlock() end)
    check.raises_code(generic_error.EPERM, nil, function() f:join() end)
end)

check.case('the next waiter owns a recursive mutex once', function()
    local m = recursive_mutex.new()
    m:lock()
    m:lock()
    local f = spawn(function()
        m:lock()
        m:unlock()
        return select(2, pcall(m.unlock, m))
    end)
    this_fiber.yield()
    m:unlock()
    m:unlock()
    check.equal(generic_error.EPERM, f:join())
end)

check.case('the owner is the fiber, whatever coroutine it runs', function()
    local m = recursive_mutex.new()
    coroutine.wrap(function() m:lock() end)()
    m:lock()
    m:unlock()
    coroutine.wrap(function() m:unlock() end)()
    check.raises_code(generic_error.EPERM, nil, m.unlock, m)
end)

-- condition_variable --------------------------------------------------------------------------------------

-- 10 §13.31
check.case('wait checks its mutex before anything else', function()
    local c, m = condition_variable.new(), mutex.new()
    check.raises_code(generic_error.EINVAL, 2, c.wait, c, recursive_mutex.new())
    check.raises_code(generic_error.EINVAL, 2, c.wait, c, 1)
    check.raises_code(generic_error.EINVAL, 2, c.wait, c)
    check.raises_code(generic_error.EPERM, nil, c.wait, c, m)
    m:lock()
    forbidding(function() c:wait(m) end)
    check.equal(false, m:try_lock())
end)

check.case('notify_one wakes the oldest waiter, notify_all the rest, each with the mutex', function()
    local c, m, order = condition_variable.new(), mutex.new(), {}
    local fibers = {}
    for i = 1, 3 do
        fibers[i] = spawn(function()
            m:lock()
            c:wait(m)
            order[#order + 1] = i
            check.equal(false, m:try_lock())
            this_fiber.yield()
            m:unlock()
        end)
    end
    this_fiber.yield()
    check.equal(true, m:try_lock())  -- the waiters have given it up
    m:unlock()
    c:notify_one()
    fibers[1]:join()
    check.equal('1', table.concat(order, ' '))
    c:notify_all()
    fibers[2]:join()
    fibers[3]:join()
    check.equal('1 2 3', table.concat(order, ' '))
    c:notify_one()  -- nobody waits, and nothing is remembered
    c:notify_all()
end)

-- 10 §13.17
check.case('an interrupted wait holds the mutex when it raises', function()
    local c, m = condition_variable.new(), mutex.new()
    local held
    local f = spawn(function()
        m:lock()
        scope(function()
            scope_cleanup_push(function()
                held = not m:try_lock()
                m:unlock()
            end)
            c:wait(m)
        end)
    end)
    this_fiber.yield()
    m:lock()
    f:interrupt()
    this_fiber.yield()
    check.equal(nil, held)  -- it waits for the mutex first
    m:unlock()
    f:join()
    check.equal(true, f.interruption_caught)
    check.equal(true, held)
    check.equal(true, m:try_lock())
end)

-- 10 §13.18
check.case('a notification that came before the interruption wins', function()
    local c, m, returned = condition_variable.new(), mutex.new(), false
    local f = spawn(function()
        m:lock()
        c:wait(m)
        returned = true
        m:unlock()
        this_fiber.yield()
    end)
    this_fiber.yield()
    c:notify_one()
    f:interrupt()
    f:join()
    check.equal(true, returned)
    check.equal(true, f.interruption_caught)
end)

check.case('a wait that began with interruption disabled is not interrupted', function()
    local c, m = condition_variable.new(), mutex.new()
    local f = spawn(function()
        m:lock()
        this_fiber.disable_interruption()
        c:wait(m)
        return 'notified'
    end)
    this_fiber.yield()
    f:interrupt()
    this_fiber.yield()
    c:notify_one()
    check.equal('notified', f:join())
end)

-- future ------------------------------------------------------------------------------------------------

check.case('a future gives one value to any number of waiters, any number of times', function()
    local p, f = future.new()
    local order, fibers = {}, {}
    for i = 1, 3 do
        fibers[i] = spawn(function()
            local value = f:get()
            order[#order + 1] = value .. i
        end)
    end
    this_fiber.yield()
    check.equal(0, select('#', p:set_value('v')))
    check.equal(0, #order)
    for i = 1, 3 do
        fibers[i]:join()
    end
    check.equal('v1 v2 v3', table.concat(order, ' '))
    check.equal('v', f:get())
end)

-- 10 §13.32
check.case('nil is a value but no error', function()
    local p, f = future.new()
    check.raises_code(generic_error.EINVAL, 2, p.set_error, p, nil)
    check.raises_code(generic_error.EINVAL, 2, p.set_error, p)
    p:set_value()
    check.equal(1, select('#', f:get()))
    check.equal(nil, f:get())
end)

check.case('errors arrive unchanged', function()
    local p, f = future.new()
    local e = {}
    p:set_error(e)
    check.equal(true, rawequal(e, check.raises(f.get, f)))
    check.equal(true, rawequal(e, check.raises(f.get, f)))
end)

check.case('a promise is settled once', function()
    for _, settle in ipairs{'set_value', 'set_error'} do
        local p, f = future.new()
        p[settle](p, 1)
        check.raises_core(SATISFIED, p.set_value, p, 2)
        check.raises_core(SATISFIED, p.set_error, p, 2)
    end
end)

check.case('a collected promise breaks an unsettled future only', function()
    local p, f = future.new()
    local waiter = spawn(function() return f:get() end)
    this_fiber.yield()
    p = nil
    collectgarbage()
    collectgarbage()
    check.raises_core(BROKEN, function() waiter:join() end)
    check.raises_core(BROKEN, f.get, f)
    local q, g = future.new()
    q:set_value(5)
    q = nil
    collectgarbage()
    collectgarbage()
    check.equal(5, g:get())
end)

-- 10 §13.33
check.case('get in an interrupted or forbidding fiber raises, ready or not', function()
    local p, f = future.new()
    p:set_value(1)
    forbidding(function() f:get() end)
    local g = spawn(function() return f:get() end)
    g:interrupt()
    check.equal(0, select('#', g:join()))
    check.equal(true, g.interruption_caught)
end)

check.case('an interrupted get leaves the others waiting', function()
    local p, f = future.new()
    local first, second = spawn(function() return f:get() end), spawn(function() return f:get() end)
    this_fiber.yield()
    first:interrupt()
    first:join()
    check.equal(true, first.interruption_caught)
    p:set_value('v')
    check.equal('v', second:join())
end)

check.case('a future that holds interrupted makes whoever gets it look interrupted', function()
    local p, f = future.new()
    local caught = spawn(function()
        local g = spawn(function() this_fiber.yield() this_fiber.yield() end)
        g:interrupt()
        g:join()
        return g.interruption_caught
    end)
    check.equal(true, caught:join())
    check.raises_core(INTERRUPTED, function()
        local h = spawn(function() this_fiber.yield() end)
        local e
        local k = spawn(function()
            local ok
            ok, e = pcall(function() this_fiber.yield() this_fiber.yield() end)
        end)
        this_fiber.yield()
        k:interrupt()
        k:join()
        h:join()
        p:set_error(e)
        f:get()
    end)
end)

check.done()
