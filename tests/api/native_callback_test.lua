-- Suspension where native code calls Lua: refused with a string, and everything goes on.
local check = require './check'
local time = require 'time'

-- Each calls f from native code, raising what f raises.
local callers = {
    {'a table.sort comparator', function(f)
        table.sort({3, 1, 2}, function(a, b)
            f()
            return a < b
        end)
    end},
    {'a string.gsub replacement', function(f) return (('x'):gsub('x', f)) end},
    {'a __tostring of print', function(f)
        print(setmetatable({}, {__tostring = function()
            f()
            return '(from __tostring)'
        end}))
    end},
}

local suspending = {
    {'yield', function() this_fiber.yield() end},
    {'sleep', function() time.sleep(0) end},
    {'join', function()
        local f = spawn(function() end)
        local ok, e = pcall(f.join, f)
        check.equal(true, f.joinable)
        f:detach()
        if not ok then
            error(e, 0)
        end
    end},
}

-- Each case has a fiber of its own: what one breaks does not fail the others.
local function case(name, f)
    check.case(name, function() spawn(f):join() end)
end

local function check_usable()
    this_fiber.yield()
    time.sleep(0)
    check.equal('value', spawn(function()
        this_fiber.yield()
        return 'value'
    end):join())
    check.equal('from a coroutine', coroutine.wrap(function()
        this_fiber.yield()
        return 'from a coroutine'
    end)())
end

for _, caller in ipairs(callers) do
    for _, call in ipairs(suspending) do
        case(('%s cannot %s'):format(caller[1], call[1]), function()
            local e = check.raises(caller[2], call[2])
            check.equal('string', type(e))
            check_usable()
        end)
    end

    case(caller[1] .. ' may catch the refusal', function()
        local refused = 0
        caller[2](function()
            local ok, e = pcall(this_fiber.yield)
            check.equal(false, ok)
            check.equal('string', type(e))
            refused = refused + 1
        end)
        check.equal(true, refused > 0)
        check_usable()
    end)

    case(caller[1] .. ' cannot suspend inside a coroutine either', function()
        local refused, order = 0, {}
        local other = spawn(function() order[#order + 1] = 'other' end)
        caller[2](function()
            local co = coroutine.create(function() this_fiber.yield() end)
            local ok, e = coroutine.resume(co)
            check.equal(false, ok)
            check.equal('string', type(e))
            check.equal('dead', coroutine.status(co))
            local nested = coroutine.wrap(function()
                return coroutine.wrap(function() time.sleep(0) end)()
            end)
            check.equal('string', type(check.raises(nested)))
            refused = refused + 1
        end)
        check.equal(true, refused > 0)
        check.equal(0, #order)
        check_usable()
        other:join()
    end)

    case(caller[1] .. ' may run coroutines that do not suspend', function()
        local co = coroutine.create(function()
            while true do
                coroutine.yield('yielded')
            end
        end)
        local n = 0
        caller[2](function()
            local ok, value = coroutine.resume(co)
            check.equal(true, ok)
            check.equal('yielded', value)
            n = n + 1
        end)
        check.equal(true, n > 0)
        check.equal('yielded', select(2, coroutine.resume(co)))
        check_usable()
    end)

    case(caller[1] .. ' may fail in a coroutine', function()
        caller[2](function()
            check.equal('x', check.raises(coroutine.wrap(function() error('x', 0) end)))
        end)
        check_usable()
    end)

    case(caller[1] .. ' may resume what cannot be resumed', function()
        local dead = coroutine.create(function() end)
        coroutine.resume(dead)
        caller[2](function()
            check.equal('string', type(check.raises(coroutine.resume, 1)))
            check.equal('string', type(check.raises(coroutine.resume)))
            check.equal(false, (coroutine.resume(dead)))
        end)
        check_usable()
    end)
end

case('an xpcall message handler cannot suspend', function()
    local ok, e = xpcall(error, function() this_fiber.yield() end)
    check.equal(false, ok)
    check.equal('string', type(e))
    local caught
    xpcall(error, function() caught = select(2, pcall(time.sleep, 0)) end)
    check.equal('string', type(caught))
    check_usable()
end)

case('a coroutine parked elsewhere is busy inside a comparator too', function()
    local stop = false
    local co = coroutine.create(function()
        while not stop do
            this_fiber.yield()
        end
    end)
    local f = spawn(function() coroutine.resume(co) end)
    this_fiber.yield()
    table.sort({2, 1}, function(a, b)
        local e = check.raises(coroutine.resume, co)
        check.equal('error_code', getmetatable(e))
        return a < b
    end)
    check_usable()
    stop = true
    f:join()
end)

case('a fiber started by a comparator suspends freely later', function()
    local fibers = {}
    table.sort({2, 1}, function(a, b)
        fibers[#fibers + 1] = spawn(function()
            this_fiber.yield()
            return 'suspended'
        end)
        return a < b
    end)
    for _, f in ipairs(fibers) do
        check.equal('suspended', f:join())
    end
end)

case('a coroutine begun in a comparator may suspend once outside', function()
    local co = coroutine.wrap(function()
        coroutine.yield('inside')
        this_fiber.yield()
        return 'outside'
    end)
    local first
    table.sort({2, 1}, function(a, b)
        first = first or co()
        return a < b
    end)
    check.equal('inside', first)
    check.equal('outside', co())
end)

case('a reader of load cannot suspend', function()
    local f, e = load(function() this_fiber.yield() end)
    check.equal(nil, f)
    check.equal('string', type(e))
    check_usable()
end)

case('an interrupted fiber in a comparator gets the interruption', function()
    local f
    f = spawn(function()
        f:interrupt()
        table.sort({2, 1}, function() this_fiber.yield() end)
    end)
    f:join()
    check.equal(true, f.interruption_caught)
    local g
    g = spawn(function()
        g:interrupt()
        table.sort({2, 1}, function() coroutine.resume(coroutine.create(function() end)) end)
    end)
    g:join()
    check.equal(true, g.interruption_caught)
end)

check.done()
