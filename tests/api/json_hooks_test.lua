-- __tojson: values that write themselves (20 §8.3).
local check = require './check'
local generic_error = require 'generic_error'
local json = require 'json'
local time = require 'time'

local EINVAL = generic_error.EINVAL

local function with_hook(hook, t)
    return setmetatable(t or {}, {__tojson = hook})
end

local function raises_cycle(f, ...)
    local e = check.raises(f, ...)
    check.equal(true, e.category == json.dom_ecat)
    check.equal(4, e.code)
end

check.case('the hook writes in place of its object', function()
    local Temp = {__tojson = function(t, state)
        state.writer:begin_object()
        state.writer:value('C')
        json.encode(t.c, {state = state})
        state.writer:end_object()
    end}
    local temp = setmetatable({c = 21}, Temp)
    check.equal('[{"C":21}]', json.encode({temp}))
    check.equal('{"C":21}', json.encode(temp))
    check.equal('{"a":{"C":21}}', json.encode({a = temp}))
    check.equal('[1,{"C":21},{"x":{"C":21}},2]', json.encode({1, temp, {x = temp}, 2}))
end)

check.case('it gets the object and the state, and its results are ignored', function()
    local object
    local calls = 0
    object = with_hook(function(...)
        calls = calls + 1
        check.equal(2, select('#', ...))
        local t, state = ...
        check.equal(true, t == object)
        check.equal('json.writer', getmetatable(state.writer))
        check.equal('table', type(state.visited))
        check.equal(nil, state.indent)
        state.writer:value('v')
        return 1, 2, 3
    end)
    check.equal('["v","v"]', json.encode({object, object}))
    check.equal(2, calls)
end)

check.case('userdata have hooks too, tables with elements likewise', function()
    local object = newproxy(true)
    getmetatable(object).__tojson = function(_, state) state.writer:value('userdata') end
    check.equal('"userdata"', json.encode(object))
    check.equal('["userdata"]', json.encode({object}))
    check.equal('{"a":"userdata"}', json.encode({a = object}))
    check.equal('"list"', json.encode(with_hook(function(_, state) state.writer:value('list') end, {1, 2})))
end)

check.case('the hook is looked for in the metatable itself', function()
    local parent = {__tojson = function() error('not asked') end}
    check.equal('{"a":1}', json.encode(setmetatable({a = 1}, setmetatable({}, {__index = parent}))))
    local hidden = setmetatable({}, {__metatable = 'hidden', __tojson = function(_, state) state.writer:value(1) end})
    check.equal('1', json.encode(hidden))
    local callable = setmetatable({}, {__call = function(_, _, state) state.writer:value('called') end})
    check.equal('"called"', json.encode(with_hook(callable)))
    check.equal('string', type(check.raises(json.encode, with_hook(1))))
end)

check.case('a hook may suspend', function()
    local slow = with_hook(function(t, state)
        time.sleep(0)
        this_fiber.yield()
        json.encode(t.v, {state = state})
    end)
    slow.v = {1, with_hook(function(_, state) time.sleep(0) state.writer:value('inner') end)}
    check.equal('[0,[1,"inner"],{"x":[1,"inner"]},2]', json.encode({0, slow, {x = slow}, 2}))
    local fibers = {}
    for i = 1, 20 do
        fibers[i] = spawn(function() return json.encode({i, slow}) end)
    end
    for i = 1, 20 do
        check.equal('[' .. i .. ',[1,"inner"]]', fibers[i]:join())
    end
end)

check.case('while it runs, its object and those around it are visited', function()
    local outer, seen = {}, nil
    local object = with_hook(function(t, state)
        seen = {state.visited[outer], state.visited[t], state.visited[outer.a]}
        state.writer:value(1)
    end)
    outer.a = {object}
    local state = {writer = json.writer.new(), visited = {}}
    json.encode(outer, {state = state})
    check.equal(3, #seen)
    check.equal(nil, next(state.visited))
    check.equal('{"a":[1]}', state.writer:generate())
end)

check.case('cycles through hooks are found', function()
    local itself = with_hook(function(t, state) json.encode(t, {state = state}) end)
    raises_cycle(json.encode, itself)
    raises_cycle(json.encode, {itself})
    local outer = {}
    outer[1] = with_hook(function(_, state) json.encode({outer}, {state = state}) end)
    raises_cycle(json.encode, outer)
    local marked = {}
    local marks = with_hook(function(_, state)
        state.visited[marked] = true
        state.writer:value(0)
    end)
    raises_cycle(json.encode, {marks, marked})
    local shared = {1}
    local fine = with_hook(function(_, state) json.encode({shared, shared}, {state = state}) end)
    check.equal('[[[1],[1]],[1],[[1],[1]]]', json.encode({fine, shared, fine}))
end)

check.case('deep chains of hooks', function()
    local Link = {__tojson = function(t, state)
        state.writer:begin_array()
        if t.next then
            json.encode({t.next}, {state = state})
        end
        state.writer:end_array()
    end}
    local chain = setmetatable({}, Link)
    for _ = 1, 1000 do
        chain = setmetatable({next = chain}, Link)
    end
    check.equal(('[['):rep(1000) .. '[]' .. (']]'):rep(1000), json.encode(chain))
end)

check.case('deep nesting around a hook', function()
    local value = {with_hook(function(_, state) state.writer:value('x') end),
        with_hook(function(_, state) state.writer:value('y') end)}
    for _ = 1, 100000 do
        value = {value}
    end
    check.equal(('['):rep(100001) .. '"x","y"' .. (']'):rep(100001), json.encode(value))
end)

check.case('errors of hooks pass through', function()
    local failing = with_hook(function() error('mine', 0) end)
    check.equal('mine', check.raises(json.encode, failing))
    check.equal('mine', check.raises(json.encode, {{a = {failing}}}))
    local raising = with_hook(function() error(generic_error.EIO) end)
    check.raises_code(generic_error.EIO, nil, json.encode, {raising})
end)

check.case('a hook that leaves containers open, or ends the writer, is an error', function()
    local opens = with_hook(function(_, state) state.writer:begin_object() end)
    local e = check.raises(json.encode, {opens})
    check.equal(true, e.category == json.lexer_ecat and e.code == 1)
    local closes = with_hook(function(_, state) state.writer:end_array() end)
    e = check.raises(json.encode, {closes})
    check.equal(true, e.category == json.lexer_ecat and e.code == 1)
    local ends = with_hook(function(_, state) state.writer:generate() end)
    check.raises_code(EINVAL, 'state', json.encode, {ends})
    check.raises_code(EINVAL, 'state', json.encode, ends)
end)

check.case('a hook sees the indent', function()
    local seen
    local object = with_hook(function(_, state)
        seen = state.indent
        json.encode({1}, {state = state})
    end)
    check.equal('[\n  [\n    1\n  ]\n]', json.encode({object}, {indent = '  '}))
    check.equal('  ', seen)
end)

check.case('a hook may change what is around it', function()
    local list = {0, 0, 3}
    list[1] = with_hook(function(_, state)
        state.writer:value(1)
        list[2], list[4] = 2, 4
        collectgarbage()
    end)
    check.equal('[1,2,3,4]', json.encode(list))
    local object = {}
    object.a = with_hook(function(t, state)
        state.writer:value('gone')
        object.a = nil
        t = nil
        collectgarbage()
    end)
    check.equal('{"a":"gone"}', json.encode(object))
end)

check.case('errors of the values of hooks are those of encode', function()
    local object = with_hook(function(_, state) json.encode(print, {state = state}) end)
    check.raises_code(EINVAL, nil, json.encode, {object})
    check.raises_code(EINVAL, nil, json.encode, {a = object})
end)

check.done()
