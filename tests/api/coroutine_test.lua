-- coroutines: stock behaviour, and fibers that suspend inside them.
local check = require './check'
local generic_error = require 'generic_error'
local time = require 'time'

local EPERM = generic_error.EPERM

local function pack(...)
    return {n = select('#', ...), ...}
end

-- 10 §13.34
check.case('running is nil on a fiber stack and yield there is bad_coroutine', function()
    local r = pack(coroutine.running())
    check.equal(1, r.n)
    check.equal(nil, r[1])
    check.raises_core(9, coroutine.yield)
    check.raises_core(9, coroutine.yield, 1, 2)
    local n, there, code = spawn(function()
        local got = pack(coroutine.running())
        local _, e = pcall(coroutine.yield)
        return got.n, got[1], e.code
    end):join()
    check.equal(1, n)
    check.equal(nil, there)
    check.equal(9, code)
end)

check.case('running is the coroutine inside one, also when nested and after suspending', function()
    local outer, inner
    outer = coroutine.create(function()
        check.equal(outer, coroutine.running())
        check.equal(1, select('#', coroutine.running()))
        inner = coroutine.create(function()
            this_fiber.yield()
            check.equal(inner, coroutine.running())
            check.equal('normal', coroutine.status(outer))
        end)
        check.equal(true, (coroutine.resume(inner)))
        this_fiber.yield()
        check.equal(outer, coroutine.running())
        check.equal('running', coroutine.status(outer))
    end)
    local ok, e = coroutine.resume(outer)
    check.equal(nil, e)
    check.equal(true, ok)
    check.equal('dead', coroutine.status(inner))
end)

check.case('values go in and out, nils included', function()
    local co = coroutine.create(function(...)
        local got = pack(coroutine.yield(select('#', ...), nil, nil))
        return got.n, nil
    end)
    local first = pack(coroutine.resume(co, nil, nil, nil))
    check.equal(4, first.n)
    check.equal(true, first[1])
    check.equal(3, first[2])
    local second = pack(coroutine.resume(co, nil, nil))
    check.equal(3, second.n)
    check.equal(2, second[2])
end)

check.case('the same holds when the body suspends in between', function()
    local co = coroutine.create(function(...)
        this_fiber.yield()
        local got = pack(coroutine.yield(select('#', ...), nil, nil))
        this_fiber.yield()
        return got.n, nil
    end)
    local first = pack(coroutine.resume(co, nil, nil, nil))
    check.equal(4, first.n)
    check.equal(3, first[2])
    local second = pack(coroutine.resume(co, nil, nil))
    check.equal(3, second.n)
    check.equal(2, second[2])
    check.equal('dead', coroutine.status(co))
end)

check.case('an error of the body is returned as it is, and wrap raises it as it is', function()
    local value = {}
    local ok, e = coroutine.resume(coroutine.create(function()
        this_fiber.yield()
        error(value)
    end))
    check.equal(false, ok)
    check.equal(true, rawequal(value, e))
    check.equal(true, rawequal(value, check.raises(coroutine.wrap(function() error(value) end))))
    check.equal('plain', check.raises(coroutine.wrap(function()
        this_fiber.yield()
        error('plain', 0)
    end)))
end)

check.case('a dead coroutine gives false and a string', function()
    local co = coroutine.create(function() end)
    coroutine.resume(co)
    local ok, e = coroutine.resume(co)
    check.equal(false, ok)
    check.equal('cannot resume dead coroutine', e)
    local wrapped = coroutine.wrap(function() end)
    wrapped()
    check.equal(true, check.raises(wrapped):find('cannot resume dead coroutine', 1, true) ~= nil)
end)

check.case('status tells suspended, running, normal and dead', function()
    local co
    co = coroutine.create(function()
        check.equal('running', coroutine.status(co))
        coroutine.wrap(function() check.equal('normal', coroutine.status(co)) end)()
        coroutine.yield()
    end)
    check.equal('suspended', coroutine.status(co))
    check.equal(true, (coroutine.resume(co)))
    check.equal('suspended', coroutine.status(co))
    coroutine.resume(co)
    check.equal('dead', coroutine.status(co))
end)

check.case('wrong arguments are string errors and change nothing', function()
    for _, f in ipairs{coroutine.resume, coroutine.status, coroutine.create, coroutine.wrap} do
        local e = check.raises(f, 1)
        check.equal('string', type(e))
    end
    this_fiber.yield()
end)

check.case('a generator may sleep between its values', function()
    local gen = coroutine.wrap(function()
        for i = 1, 3 do
            time.sleep(0.001)
            coroutine.yield(i)
        end
    end)
    local seen = {}
    for i in gen do
        seen[#seen + 1] = i
    end
    check.equal('1 2 3', table.concat(seen, ' '))
end)

check.case('the whole fiber suspends, and others run meanwhile', function()
    local order = {}
    local other = spawn(function() order[#order + 1] = 'other' end)
    coroutine.wrap(function()
        order[#order + 1] = 'before'
        this_fiber.yield()
        order[#order + 1] = 'after'
    end)()
    check.equal('before other after', table.concat(order, ' '))
    other:join()
end)

-- 10 §13.35
check.case('a coroutine parked in one fiber is normal, and busy for others', function()
    local stop = false
    local co = coroutine.create(function()
        while not stop do
            this_fiber.yield()
        end
        return 'finished'
    end)
    local a = spawn(function() return coroutine.resume(co) end)
    this_fiber.yield()
    check.equal('normal', coroutine.status(co))
    check.raises_code(EPERM, nil, coroutine.resume, co)
    check.equal('generic', tostring(check.raises(coroutine.resume, co).category))
    local b = spawn(function()
        local ok, e = pcall(coroutine.resume, co)
        return ok, e
    end)
    local ok, e = b:join()
    check.equal(false, ok)
    check.equal(EPERM, e)
    check.equal('normal', coroutine.status(co))
    stop = true
    local resumed, value = a:join()
    check.equal(true, resumed)
    check.equal('finished', value)
    check.equal('dead', coroutine.status(co))
end)

check.case('the same through wrap, and for both of two nested coroutines', function()
    local stop = false
    local inner = coroutine.create(function()
        while not stop do
            this_fiber.yield()
        end
    end)
    local outer = coroutine.wrap(function() return coroutine.resume(inner) end)
    local f = spawn(outer)
    this_fiber.yield()
    check.raises_code(EPERM, nil, outer)
    check.raises_code(EPERM, nil, coroutine.resume, inner)
    check.equal('normal', coroutine.status(inner))
    stop = true
    check.equal(true, f:join())
end)

check.case('a coroutine is created, resumed and finished by different fibers', function()
    local co = spawn(function()
        return coroutine.create(function(a)
            local b = coroutine.yield(a)
            this_fiber.yield()
            return b
        end)
    end):join()
    local _, first = spawn(function() return coroutine.resume(co, 'one') end):join()
    check.equal('one', first)
    local _, second = spawn(function() return coroutine.resume(co, 'two') end):join()
    check.equal('two', second)
    check.equal('dead', coroutine.status(co))
end)

check.case('many fibers suspend deep inside nested coroutines', function()
    local function nest(depth)
        if depth == 0 then
            this_fiber.yield()
            return 1
        end
        return 1 + coroutine.wrap(nest)(depth - 1)
    end
    local fibers = {}
    for i = 1, 50 do
        fibers[i] = spawn(function() return nest(10) end)
    end
    for i = 1, 50 do
        check.equal(11, fibers[i]:join())
    end
end)

check.case('fibers suspend inside pcall and xpcall', function()
    local value = {}
    local r = pack(pcall(function(...)
        this_fiber.yield()
        return ...
    end, 1, nil, nil))
    check.equal(4, r.n)
    check.equal(true, r[1])
    r = pack(pcall(function()
        this_fiber.yield()
        error(value)
    end))
    check.equal(2, r.n)
    check.equal(true, rawequal(value, r[2]))
    r = pack(xpcall(function(...)
        this_fiber.yield()
        return ...
    end, error, nil, 2, nil))
    check.equal(4, r.n)
    check.equal(2, r[3])
    r = pack(xpcall(function()
        this_fiber.yield()
        error('x', 0)
    end, function(e) return e .. ' handled' end))
    check.equal('x handled', r[2])
end)

check.case('pcall and xpcall forward their results as the stock ones do', function()
    local r = pack(pcall(error))
    check.equal(2, r.n)
    check.equal(nil, r[2])
    check.equal('string', type(select(2, pcall(nil))))
    check.equal('string', type(check.raises(pcall)))
    r = pack(pcall(function() return nil, nil end))
    check.equal(3, r.n)
    check.equal(true, select(2, pcall(error, 'text')):find('text', 1, true) ~= nil)
end)

check.case('a coroutine yields across a pcall', function()
    local co = coroutine.wrap(function()
        local ok, e = pcall(function()
            local got = coroutine.yield('out')
            this_fiber.yield()
            error(got, 0)
        end)
        coroutine.yield(tostring(ok) .. ' ' .. e)
    end)
    check.equal('out', co())
    check.equal('false in', co('in'))
end)

check.case('fibers suspend inside iterators', function()
    local function each(n)
        return function(_, i)
            this_fiber.yield()
            if i < n then
                return i + 1
            end
        end, nil, 0
    end
    local sum = 0
    for i in each(5) do
        sum = sum + i
    end
    check.equal(15, sum)
end)

check.case('fibers suspend inside metamethods', function()
    local mt = {}
    for _, name in ipairs{'add', 'sub', 'mul', 'div', 'mod', 'pow', 'concat', 'call', 'index'} do
        mt['__' .. name] = function()
            this_fiber.yield()
            return name
        end
    end
    for _, name in ipairs{'eq', 'lt', 'le'} do
        mt['__' .. name] = function()
            this_fiber.yield()
            return true
        end
    end
    mt.__unm = function()
        this_fiber.yield()
        return 'unm'
    end
    local written
    mt.__newindex = function(_, _, value)
        this_fiber.yield()
        written = value
    end
    local a, b = setmetatable({}, mt), setmetatable({}, mt)
    check.equal('add', a + 1)
    check.equal('sub', 1 - a)
    check.equal('mul', a * b)
    check.equal('div', a / b)
    check.equal('mod', a % 2)
    check.equal('pow', a ^ 2)
    check.equal('concat', a .. 'x')
    check.equal('call', a())
    check.equal('index', a.x)
    check.equal('unm', -a)
    check.equal(true, a == b)
    check.equal(true, a < b)
    check.equal(true, a <= b)
    a.x = 'value'
    check.equal('value', written)
end)

check.case('isyieldable is there and coroutines are stock values', function()
    check.equal('thread', type(coroutine.create(print)))
    check.equal('function', type(coroutine.wrap(print)))
    check.equal(true, coroutine.wrap(coroutine.isyieldable)())
end)

check.case('abandoned coroutines, parked or not, do no harm', function()
    for _ = 1, 20 do
        local co = coroutine.create(function() coroutine.yield() end)
        coroutine.resume(co)
        local f = spawn(function()
            coroutine.wrap(function() time.sleep(60) end)()
        end)
        this_fiber.yield()
        f:interrupt()
        f:detach()
    end
    collectgarbage()
    this_fiber.yield()
    collectgarbage()
    check.equal('fine', coroutine.wrap(function() return 'fine' end)())
end)

check.done()
