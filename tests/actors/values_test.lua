-- What can be sent between processes, and what cannot.
local check = require 'check'
local generic = require 'generic_error'
local harness = require './harness'
local inbox = require 'inbox'

local same = harness.same

local function round_trip(value)
    local result
    harness.with_worker({job = 'echo'}, function(worker)
        worker:send(value)
        result = inbox:receive()
    end)
    return result
end

-- Raises at the sender with `expected`, and leaves the handle usable.
local function refused(value, expected, arg)
    harness.with_worker({job = 'echo'}, function(worker)
        check.raises_code(expected or generic.EINVAL, arg or (expected == nil and 2 or nil),
            worker.send, worker, value)
        worker:send 'still here'
        check.equal('still here', inbox:receive())
    end)
end

check.case('booleans arrive', function()
    check.equal(true, round_trip(true))
    check.equal(false, round_trip(false))
end)

-- 30 §16.21
check.case('numbers arrive with every bit', function()
    for _, n in ipairs{0, 1, -1, 2 ^ 53, -2 ^ 53, 0.1, 1 / 3, 1 / 0, -1 / 0, 5e-324, 1.7976931348623157e308} do
        check.equal(n, round_trip(n))
    end
end)

check.case('negative zero keeps its sign', function()
    check.equal(-1 / 0, 1 / round_trip(-0.0))
    check.equal(1 / 0, 1 / round_trip(0.0))
end)

check.case('not-a-number arrives as such', function()
    local n = round_trip(0 / 0)
    check.equal('number', type(n))
    check.equal(true, n ~= n)
end)

-- A quiet NaN with a payload could look like another type of value to LuaJIT.
check.case('not-a-number inside a table is a number', function()
    local t = round_trip{0 / 0, -(0 / 0), x = 0 / 0}
    for _, n in ipairs{t[1], t[2], t.x} do
        check.equal('number', type(n))
        check.equal(true, n ~= n)
    end
end)

-- 30 §16.24
check.case('strings keep their NUL bytes and all others', function()
    local bytes = {}
    for i = 0, 255 do
        bytes[#bytes + 1] = string.char(i)
    end
    local all = table.concat(bytes)
    check.equal(all, round_trip(all))
    check.equal('\0', round_trip '\0')
    check.equal('a\0b', round_trip 'a\0b')
end)

-- 30 §16.22
check.case('the empty string is a value and a key', function()
    check.equal('', round_trip '')
    same({[''] = ''}, round_trip{[''] = ''})
end)

check.case('strings of 255, 256 and 65536 bytes pass', function()
    for _, size in ipairs{255, 256, 65536} do
        local text = ('x'):rep(size - 1) .. 'y'
        check.equal(text, round_trip(text))
    end
end)

-- Around the largest packet, where the message moves into memory of its own.
check.case('strings around the packet limit pass', function()
    for size = 32768 - 12, 32768 + 4 do
        local text = ('p'):rep(size)
        check.equal(text, round_trip(text))
    end
end)

check.case('a string of one mebibyte arrives', function()
    local text = ('0123456789abcdef'):rep(65536)
    check.equal(text, round_trip(text))
end)

check.case('a string of fifteen mebibytes arrives', function()
    local text = ('0123456789abcdef'):rep(15 * 65536)
    check.equal(true, text == round_trip(text))
end)

-- 30 §5 as 00 decision 4 has it
check.case('a message of more than sixteen mebibytes raises EMSGSIZE', function()
    refused(('x'):rep(16 * 2 ^ 20), generic.EMSGSIZE)
    refused(('x'):rep(16 * 2 ^ 20 + 1), generic.EMSGSIZE)
end)

check.case('a table whose strings add up to too much raises EMSGSIZE', function()
    local text, list = ('x'):rep(2 ^ 20), {}
    for i = 1, 17 do
        list[i] = text
    end
    refused(list, generic.EMSGSIZE)
end)

check.case('the largest message is exactly sixteen mebibytes', function()
    local text = ('x'):rep(16 * 2 ^ 20 - 6) -- version, tag, length
    check.equal(true, text == round_trip(text))
    refused(text .. 'x', generic.EMSGSIZE)
end)

check.case('nested tables, lists and mixed tables arrive', function()
    local value = {
        1, 'two', false, {3, {4}},
        name = 'n',
        flags = {a = true, b = false, c = {}},
        matrix = {{1, 0}, {0, 1}},
        ['key with \0'] = 'x',
    }
    same(value, round_trip(value))
end)

-- 30 §16.15 is in-process; over IPC nothing may be lost in silence (00 decision 4).
check.case('empty tables arrive at the root and inside', function()
    same({}, round_trip{})
    same({{}, a = {}}, round_trip{{}, a = {}})
end)

check.case('a list of a hundred thousand numbers arrives', function()
    local list = {}
    for i = 1, 100000 do
        list[i] = i
    end
    same(list, round_trip(list))
end)

-- 30 §16.23, 00 decision 4
check.case('a dictionary of two thousand members arrives', function()
    local dictionary = {}
    for i = 1, 2000 do
        dictionary['key ' .. i] = i
    end
    same(dictionary, round_trip(dictionary))
end)

local function nested(depth)
    local t = {}
    for _ = 2, depth do
        t = {t}
    end
    return t
end

check.case('tables nest a hundred deep', function()
    same(nested(100), round_trip(nested(100)))
    refused(nested(101))
    refused(nested(100000))
end)

check.case('a hundred and one deep by keys is refused too', function()
    local t = {}
    for _ = 2, 101 do
        t = {next = t}
    end
    refused(t)
end)

-- 30 §16.19
check.case('a cycle is refused', function()
    local t = {}
    t.t = t
    refused(t)
    local list = {1}
    list[2] = {{list}}
    refused(list)
end)

-- 30 §16.19
check.case('a table referenced twice arrives as two copies', function()
    local shared = {n = 1}
    local t = round_trip{a = shared, b = shared}
    same({a = {n = 1}, b = {n = 1}}, t)
    check.equal(false, t.a == t.b)
end)

-- 30 §16.14
check.case('nil and no argument are refused', function()
    harness.with_worker({job = 'echo'}, function(worker)
        check.raises_code(generic.EINVAL, nil, worker.send, worker)
        check.raises_code(generic.EINVAL, 2, worker.send, worker, nil)
    end)
end)

-- 30 §16.20
check.case('a table with a metatable is refused', function()
    refused(setmetatable({}, {}))
    refused{inner = setmetatable({1}, {__index = {}})}
    refused{setmetatable({}, {__metatable = false})}
end)

-- 30 §16.14, §16.17
check.case('functions and coroutines are refused wherever they are', function()
    refused(print)
    refused(function() end)
    refused(coroutine.create(function() end))
    refused{1, print, 3}
    refused{a = 1, f = print}
    refused{deep = {{{coroutine.create(print)}}}}
end)

check.case('userdata of other kinds is refused', function()
    local filesystem, file = require 'filesystem', require 'file'
    local fiber = spawn(function() end)
    fiber:join()
    refused(fiber)
    refused(filesystem.path.new '/')
    refused(byte_span.new(1))
    refused(file.stream.new())
    refused{generic.EINVAL}
    refused(newproxy())
    refused(generic.EINVAL.category)
end)

check.case('a function as key is refused', function()
    refused{[print] = 1}
    refused{[{}] = 1}
    refused{[true] = 1}
end)

check.case('holes and keys that are no list index are refused', function()
    refused{1, nil, 3, [10] = 1}
    refused{[0] = 1}
    refused{[-1] = 1}
    refused{[1.5] = 1}
    refused{1, 2, [2.5] = 3}
    refused{[2 ^ 53] = 1}
    refused{[1 / 0] = 1}
    refused{[2] = 'no first'}
end)

-- 30 §16.27
check.case('what is done to a table after send does not alter what arrives', function()
    harness.with_worker({job = 'echo'}, function(worker)
        local t = {n = 1, list = {1, 2}}
        local sender = spawn(function()
            worker:send(t)
        end)
        this_fiber.yield()
        t.n, t.list[1], t.more = 2, 'changed', true
        sender:join()
        same({n = 1, list = {1, 2}}, inbox:receive())
    end)
end)

check.case('metamethods and overridden globals play no part', function()
    local proxy = setmetatable({}, {__index = function() error 'called' end})
    refused{proxy}
end)

check.case('messages arrive in the order sent', function()
    harness.with_worker({job = 'echo'}, function(worker)
        local feeder = spawn(function()
            for i = 1, 300 do
                worker:send(i)
            end
        end)
        for i = 1, 300 do
            check.equal(i, inbox:receive())
        end
        feeder:join()
    end)
end)

check.done()
