-- this_fiber: suspension counters, fiber-local storage, and what the object itself allows.
local check = require './check'
local generic_error = require 'generic_error'
local time = require 'time'
local probe = require './this_fiber'

local EPERM, EINVAL = generic_error.EPERM, generic_error.EINVAL

-- Runs f between forbid_suspend and allow_suspend, also when it fails.
local function forbidden(f)
    this_fiber.forbid_suspend()
    local ok, e = pcall(f)
    this_fiber.allow_suspend()
    if not ok then
        error(e, 0)
    end
end

check.case('it is one object with a name', function()
    check.equal('this_fiber', getmetatable(this_fiber))
    check.equal('userdata', type(this_fiber))
    local there = spawn(function() return this_fiber end):join()
    check.equal(true, rawequal(there, this_fiber))
end)

check.case('unknown members are bad_index', function()
    check.equal(2, check.raises_core(8, function() return this_fiber.nope end).index)
    check.equal(2, check.raises_core(8, function() return this_fiber[1] end).index)
end)

check.case('writing any member is EPERM', function()
    check.raises_code(EPERM, nil, function() this_fiber.nope = 1 end)
    check.raises_code(EPERM, nil, function() this_fiber.yield = print end)
    check.raises_code(EPERM, nil, function() this_fiber.local_ = {} end)
    check.raises_code(EPERM, nil, function() this_fiber[1] = 1 end)
end)

check.case('yield returns nothing and takes anything', function()
    check.equal(0, select('#', this_fiber.yield()))
    check.equal(0, select('#', this_fiber.yield(1, 2)))
end)

check.case('is_main tells the main fiber and module fibers from others', function()
    check.equal(true, this_fiber.is_main)
    check.equal(false, spawn(function() return this_fiber.is_main end):join())
    check.equal(true, probe.is_main)
    check.equal(false, probe.child_is_main)
    check.equal(true, coroutine.wrap(function() return this_fiber.is_main end)())
end)

check.case('suspending calls raise in a forbid block even if they need not wait', function()
    local finished = spawn(function() return 'ready' end)
    this_fiber.yield()
    forbidden(function()
        check.raises_core(12, this_fiber.yield)
        check.raises_core(12, time.sleep, 0)
        check.raises_core(12, finished.join, finished)
    end)
    check.equal('ready', finished:join())
end)

check.case('what does not suspend works in a forbid block', function()
    local child
    forbidden(function()
        check.equal(true, pcall(function() return 1 end))
        check.equal('x', coroutine.wrap(function() coroutine.yield('x') end)())
        child = spawn(function() end)
        child:interrupt()
        local other = spawn(function() end)
        other:detach()
        check.equal(true, this_fiber.is_main)
        check.equal('table', type(this_fiber.local_))
    end)
    child:join()
end)

check.case('forbidding counts, and one allow too many is an error', function()
    this_fiber.forbid_suspend()
    this_fiber.forbid_suspend()
    check.equal(0, select('#', this_fiber.allow_suspend()))
    check.raises_core(12, this_fiber.yield)
    this_fiber.allow_suspend()
    this_fiber.yield()
    local e = check.raises_core(10, this_fiber.allow_suspend)
    check.equal('Suspension already allowed', tostring(e))
end)

check.case('errors do not rebalance the suspension counter', function()
    local f = spawn(function()
        pcall(function()
            this_fiber.forbid_suspend()
            error('leaves it forbidden')
        end)
        local _, e = pcall(this_fiber.yield)
        this_fiber.allow_suspend()
        this_fiber.yield()
        return e.code
    end)
    check.equal(12, f:join())
end)

check.case('the counters are those of the running fiber, in coroutines too', function()
    local co = coroutine.wrap(function()
        this_fiber.forbid_suspend()
        coroutine.yield()
        this_fiber.allow_suspend()
        coroutine.yield()
    end)
    co()
    check.raises_core(12, this_fiber.yield)
    -- Another fiber has a counter of its own, in which the same coroutine finds nothing.
    local code = spawn(function()
        this_fiber.yield()
        local _, e = pcall(co)
        return e.code
    end)
    this_fiber.allow_suspend()
    check.equal(10, code:join())
end)

check.case('a new fiber inherits no counter', function()
    local f
    forbidden(function()
        this_fiber.disable_interruption()
        f = spawn(function()
            this_fiber.yield()
            local allowed = select(2, pcall(this_fiber.allow_suspend))
            local restored = select(2, pcall(this_fiber.restore_interruption))
            return allowed.code, restored.code
        end)
        this_fiber.restore_interruption()
    end)
    local allowed, restored = f:join()
    check.equal(10, allowed)
    check.equal(11, restored)
end)

check.case('a failed suspending call in a forbid block leaves no trace', function()
    local order = {}
    local other = spawn(function() order[#order + 1] = 'other' end)
    forbidden(function()
        check.raises_core(12, this_fiber.yield)
        order[#order + 1] = 'main'
    end)
    other:join()
    check.equal('main other', table.concat(order, ' '))
end)

check.case('local_ is one table per fiber', function()
    this_fiber.local_.mine = 'main'
    check.equal(true, rawequal(this_fiber.local_, this_fiber.local_))
    local a = spawn(function()
        local before = this_fiber.local_.mine
        this_fiber.local_.mine = 'a'
        this_fiber.yield()
        return before, this_fiber.local_.mine
    end)
    local before, after = a:join()
    check.equal(nil, before)
    check.equal('a', after)
    check.equal('main', this_fiber.local_.mine)
end)

check.case('a recycled fiber starts with an empty local_', function()
    for _ = 1, 50 do
        local before = spawn(function()
            local value = this_fiber.local_.value
            this_fiber.local_.value = 1
            return value
        end):join()
        check.equal(nil, before)
    end
end)

-- 10 §13.36
check.case('module top-level code shares local_ with its importer', function()
    check.equal(true, rawequal(probe.local_, this_fiber.local_))
    check.equal('from probe', this_fiber.local_.probe)
    check.equal(nil, probe.child_local)
end)

check.case('a coroutine sees the local_ of whoever runs it', function()
    this_fiber.local_.name = 'main'
    local co = coroutine.wrap(function()
        while true do
            coroutine.yield(this_fiber.local_.name)
        end
    end)
    check.equal('main', co())
    local f = spawn(function()
        this_fiber.local_.name = 'child'
        return co()
    end)
    check.equal('child', f:join())
    check.equal('main', co())
end)

check.case('id tells fibers apart and stays the same', function()
    local id = this_fiber.id
    check.equal(id, this_fiber.id)
    local a = spawn(function()
        local first = this_fiber.id
        this_fiber.yield()
        return first, this_fiber.id
    end)
    local b = spawn(function()
        this_fiber.yield()
        return this_fiber.id
    end)
    this_fiber.yield()
    local first, second = a:join()
    check.equal(first, second)
    local other = b:join()
    check.equal(true, first ~= other and first ~= id and other ~= id)
    check.equal(id, coroutine.wrap(function() return this_fiber.id end)())
    check.equal(id, probe.id)
end)

check.case('sleep checks its argument before it checks suspension', function()
    forbidden(function()
        check.raises_code(generic_error.EDOM, 1, time.sleep, -1)
        check.equal('string', type(check.raises(time.sleep, {})))
    end)
end)

check.case('a handle is checked after suspension, interrupt before anything', function()
    local f = spawn(function() end)
    forbidden(function()
        check.raises_core(12, f.join, 'no handle')
        check.raises_code(EINVAL, 1, f.interrupt, 'no handle')
    end)
    f:join()
end)

check.done()
