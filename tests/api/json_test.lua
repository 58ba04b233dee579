-- The module json (20 §8). What texts are accepted is the subject of json_text_test, what hooks see of
-- json_hooks_test.
local check = require './check'
local generic_error = require 'generic_error'
local json = require 'json'

local EINVAL, EPERM = generic_error.EINVAL, generic_error.EPERM

local function raises_in(category, code, f, ...)
    local e = check.raises(f, ...)
    check.equal('error_code', getmetatable(e))
    check.equal(true, e.category == category)
    check.equal(code, e.code)
    return e
end

-- 20 §8.1
check.case('null is a table of its own', function()
    check.equal('table', type(json.null))
    check.equal('null', tostring(json.null))
    check.equal('json-null', getmetatable(json.null))
    check.equal(true, json.null == json.null)
    check.equal(false, json.null == nil)
    check.equal(true, json.decode('null') == json.null)
    check.equal(true, json.decode('[null]')[1] == json.null)
end)

-- 20 §8.1
check.case('null has no members and takes none', function()
    local e = check.raises_core(8, function() return json.null.x end)
    check.equal(nil, e.index)
    check.raises_core(8, function() return json.null[1] end)
    check.raises_code(EPERM, nil, function() json.null.x = 1 end)
    check.raises_code(EPERM, nil, function() json.null[1] = 1 end)
end)

-- 20 §8.1, §12.23
check.case('into_array tags a table and returns it', function()
    local t = {1, 2}
    check.equal(true, json.into_array(t) == t)
    check.equal(true, json.is_array(t))
    check.equal(true, json.into_array(t) == t)
    check.equal('[]', json.encode(json.into_array()))
    check.equal('[]', json.encode(json.into_array({})))
    check.equal('{}', json.encode({}))
    check.equal(false, json.into_array() == json.into_array())
end)

-- 20 §8.1
check.case('into_array takes tables without metatable', function()
    for _, value in ipairs{1, 'x', true, print, newproxy(), setmetatable({}, {}), json.null, EINVAL} do
        check.raises_code(EINVAL, 1, json.into_array, value)
    end
    check.raises_code(EINVAL, 1, json.into_array, nil)
end)

-- 20 §8.1, §12.30
check.case('is_array looks for the tag, whatever it is given', function()
    check.equal(true, json.is_array(json.decode('[]')))
    check.equal(false, json.is_array(json.decode('{}')))
    check.equal(true, json.is_array(json.decode('[[]]')[1]))
    check.equal(false, json.is_array(json.decode('{"a":1}')))
    for _, value in ipairs{1, 'x', true, print, newproxy(), {}, {1}, setmetatable({}, {}), json.null} do
        check.equal(false, json.is_array(value))
    end
    check.equal(false, json.is_array(nil))
    check.equal(false, json.is_array())
end)

-- 20 §8.2
check.case('decoding takes strings only', function()
    for _, value in ipairs{12, true, {}, print, newproxy()} do
        check.raises_code(EINVAL, 1, json.decode, value)
    end
    check.raises_code(EINVAL, 1, json.decode)
    check.raises_code(EINVAL, 1, json.decode, nil)
    check.equal(1, select('#', json.decode('1', 2)))
end)

-- 20 §8.2
check.case('objects are plain tables, in which the last of equal keys counts', function()
    local value = json.decode('{"a":1,"b":[2],"a":{"c":"d"},"":null}')
    check.equal('d', value.a.c)
    check.equal(2, value.b[1])
    check.equal(true, value[''] == json.null)
    check.equal(nil, getmetatable(value))
    check.equal(2, json.decode('{"a":[1],"a":2}').a)
    check.equal('x', json.decode('{"1":"x"}')['1'])
    check.equal(nil, json.decode('{"1":"x"}')[1])
    local many = {}
    for i = 1, 1000 do
        many[i] = ('"k%d":%d'):format(i, i)
    end
    value = json.decode('[{' .. table.concat(many, ',') .. '},{},{"a":1,"b":2}]')
    check.equal(1000, value[1].k1000)
    check.equal(nil, next(value[2]))
    check.equal(2, value[3].b)
end)

-- 20 §8.2
check.case('the categories have the names of 0.6, and messages', function()
    check.equal('trial.protocol.json', tostring(json.lexer_ecat))
    check.equal('emilua.json.dom', tostring(json.dom_ecat))
    for code, message in ipairs{'unexpected token', 'invalid key', 'invalid value', 'incompatible type',
        'unbalanced end array', 'unbalanced end object', 'expected end array', 'expected end object',
        'insufficient tokens'} do
        check.equal(message, json.lexer_ecat:message(code))
    end
    for code, message in ipairs{'result out of range', 'too many levels', 'array too long', 'cycle exists'} do
        check.equal(message, json.dom_ecat:message(code))
    end
    check.equal('unexpected token', tostring(check.raises(json.decode, 'x')))
end)

-- 20 §8.2, §12.29
check.case('integers are within 64 bits, or the error has their path', function()
    local e = raises_in(json.dom_ecat, 1, json.decode, '99999999999999999999')
    check.equal('table', type(e.path))
    check.equal(nil, next(e.path))
    check.equal(1, e.position)
    check.equal(2 ^ 63, json.decode('9223372036854775807'))
    check.equal(-2 ^ 63, json.decode('-9223372036854775808'))
    raises_in(json.dom_ecat, 1, json.decode, '9223372036854775808')
    raises_in(json.dom_ecat, 1, json.decode, '-9223372036854775809')
    raises_in(json.dom_ecat, 1, json.decode, '1' .. ('0'):rep(100))
    check.equal(1e100, json.decode('1' .. ('0'):rep(100) .. '.0'))
end)

-- 20 §8.2
check.case('a path has keys and true positions', function()
    local big = '99999999999999999999'
    for text, path in pairs{
        ['[' .. big .. ']'] = '1',
        ['[0,' .. big .. ']'] = '2',
        ['[0,[1,2,' .. big .. ']]'] = '2 3',
        ['[[],[],[[0],' .. big .. ']]'] = '3 2',
        ['{"a":1,"b":' .. big .. '}'] = 'b',
        ['{"a":[{"b":0},{"c":[7,8,' .. big .. ']}]}'] = 'a 2 c 3',
        ['{"a":[1,2],"b":{"":[' .. big] = 'b  1',
        ['[1,{"x\\n":' .. big .. '}, "nonsense'] = '2 x\n',
    } do
        local e = raises_in(json.dom_ecat, 1, json.decode, text)
        check.equal(path, table.concat(e.path, ' '))
        check.equal(text:find(big, 1, true), e.position)
    end
end)

-- 20 §8.2
check.case('reals overflow to infinity silently', function()
    check.equal(math.huge, json.decode('1e400'))
    check.equal(-math.huge, json.decode('-1.5e999999999999999999999'))
    check.equal(math.huge, json.decode('0.0001e400'))
    check.equal(0, json.decode('1e-400'))
    check.equal(0, json.decode('123456e-999999999999999999999'))
    check.equal(0, json.decode('0e999999999999999999999'))
    check.equal(-math.huge, 1 / json.decode('-1e-400'))
    check.equal(4.9406564584124654e-324, json.decode('5e-324'))
    check.equal(1.7976931348623157e308, json.decode('1.7976931348623157e308'))
end)

-- 20 §8.2, §8.3
check.case('nesting is bounded by memory only', function()
    local depth = 300000
    local text = ('['):rep(depth) .. (']'):rep(depth)
    local value, levels = json.decode(text), 1
    check.equal(text, json.encode(value))
    while value[1] do
        value, levels = value[1], levels + 1
    end
    check.equal(depth, levels)
    text = ('{"a":[1,'):rep(depth / 2) .. '2' .. (']}'):rep(depth / 2)
    check.equal(text, json.encode(json.decode(text)))
    raises_in(json.lexer_ecat, 7, json.decode, ('['):rep(depth))
    local e = raises_in(json.dom_ecat, 1, json.decode, ('[0,'):rep(depth) .. '99999999999999999999')
    check.equal(depth, #e.path)
end)

-- 20 §8.3
check.case('leaves are encoded as they are', function()
    check.equal('true', json.encode(true))
    check.equal('false', json.encode(false))
    check.equal('"x"', json.encode('x'))
    check.equal('null', json.encode(json.null))
    check.equal('12', json.encode(12))
end)

-- 20 §8.3, §12.24; decision 15
check.case('numbers are in their shortest form', function()
    for text, number in pairs{
        ['2'] = 2.0, ['0'] = 0, ['-0'] = -0.0, ['-7'] = -7, ['0.5'] = 0.5, ['1.5'] = 1.5, ['-2.25'] = -2.25,
        ['1e-7'] = 1e-7, ['0.1'] = 0.1, ['0.001'] = 0.001, ['1.5e-9'] = 1.5e-9, ['1e-10'] = 1e-10,
        ['3.141592653589793'] = math.pi, ['0.30000000000000004'] = 0.1 + 0.2, ['9007199254740992'] = 2 ^ 53,
        ['9007199254740991'] = 2 ^ 53 - 1, ['100000000000000000'] = 1e17, ['4611686018427387904'] = 2 ^ 62,
        ['-9223372036854775808'] = -2 ^ 63, ['1e+20'] = 1e20, ['1e+300'] = 1e300, ['5e-324'] = 5e-324,
        ['1.7976931348623157e+308'] = 1.7976931348623157e308, ['2.2250738585072014e-308'] = 2.2250738585072014e-308,
        ['null'] = math.huge,
    } do
        check.equal(text, json.encode(number))
    end
    check.equal('null', json.encode(-math.huge))
    check.equal('null', json.encode(0 / 0))
    -- As an integer it would not be read again.
    check.equal(2 ^ 63, json.decode(json.encode(2 ^ 63)))
    check.equal(-2 ^ 64, json.decode(json.encode(-2 ^ 64)))
    check.equal(1e19, json.decode(json.encode(1e19)))
    check.equal(-math.huge, 1 / json.decode(json.encode(-0.0)))
end)

-- 20 §8.3, §12.24; decision 15
check.case('strings are escaped, but for the slash', function()
    check.equal('"a/b"', json.encode('a/b'))
    check.equal([["\" \\ / \b \f \n \r \t"]], json.encode('" \\ / \b \f \n \r \t'))
    check.equal([["\u0000\u0001\u000b\u001f"]], json.encode('\0\1\11\31'))
    check.equal('"\127 é 漢 \240\159\152\128"', json.encode('\127 é 漢 \240\159\152\128'))
    check.equal([[{"\"k\n":1}]], json.encode({['"k\n'] = 1}))
    local all = {}
    for byte = 0, 127 do
        all[#all + 1] = string.char(byte)
    end
    all = table.concat(all)
    for shift = 0, 9 do
        local text = ('x'):rep(shift) .. all .. ('y'):rep(shift)
        check.equal(text, json.decode(json.encode(text)))
    end
end)

-- 20 §8.3
check.case('each byte of malformed UTF-8 becomes a question mark', function()
    for text, encoded in pairs{
        ['a\255b'] = 'a?b', ['\128'] = '?', ['\195'] = '?', ['\195x'] = '?x', ['\226\130'] = '??',
        ['\192\128'] = '??', ['\237\160\128'] = '???', ['\244\144\128\128'] = '????', ['\240\128\128\128'] = '????',
        ['\240\159\152'] = '???', ['é\255é'] = 'é?é', ['\226\130\172\226'] = '€?', ['\248\136\128\128\128'] = '?????',
    } do
        check.equal('"' .. encoded .. '"', json.encode(text))
    end
end)

-- 20 §8.3
check.case('a table with elements is an array up to its first nil', function()
    check.equal('[1,2,3]', json.encode({1, 2, 3}))
    check.equal('[1,2]', json.encode({1, 2, x = 3}))
    check.equal('[1]', json.encode(json.into_array({1, nil, 3})))
    check.equal('[]', json.encode(json.into_array({x = 1})))
    check.equal('[[1],[],{},[[]]]', json.encode({{1}, json.into_array(), {}, {json.into_array()}}))
    check.equal('[null]', json.encode({json.null}))
end)

-- 20 §8.3
check.case('any other table is an object of its string keys', function()
    check.equal('{"a":1}', json.encode({a = 1, [true] = 2, [1.5] = 3, [-1] = 4, [{}] = 5, [print] = 6}))
    check.equal('{"a":{"b":[]}}', json.encode({a = {b = json.into_array()}}))
    check.equal('{"":""}', json.encode({[''] = ''}))
    check.equal('{"a":1}', json.encode(setmetatable({a = 1}, {__index = {b = 2}})))
    check.equal('{"x":2}', json.encode(setmetatable({x = 2}, {__len = function() return 1 end})))
    local text = json.encode({a = 1, b = 2})
    check.equal(true, text == '{"a":1,"b":2}' or text == '{"b":2,"a":1}')
end)

-- 20 §8.3, §12.25
check.case('what JSON cannot say is an error, but skipped in objects', function()
    local co = coroutine.create(print)
    for _, value in ipairs{print, co, newproxy(), json.writer.new(), json.lexer_ecat} do
        check.raises_code(EINVAL, nil, json.encode, value)
        check.raises_code(EINVAL, nil, json.encode, {value})
        check.raises_code(EINVAL, nil, json.encode, {a = {1, value}})
        check.equal('{}', json.encode({f = value}))
        check.equal('{"a":1}', json.encode({a = 1, f = value}))
        check.equal('[{}]', json.encode({{f = value, g = value}}))
    end
    check.raises_code(EINVAL, nil, json.encode, nil)
    check.raises_code(EINVAL, nil, json.encode)
end)

-- 20 §8.3, §12.26
check.case('sharing is fine, a cycle is not', function()
    local shared = {1}
    check.equal('[[1],[1],{"a":[1]}]', json.encode({shared, shared, {a = shared}}))
    local list, object = {}, {}
    list[1] = list
    object.self = object
    raises_in(json.dom_ecat, 4, json.encode, list)
    raises_in(json.dom_ecat, 4, json.encode, object)
    raises_in(json.dom_ecat, 4, json.encode, {{a = {list}}})
    object.self = {{x = {object}}}
    raises_in(json.dom_ecat, 4, json.encode, object)
    check.equal(nil, check.raises(json.encode, list).path)
end)

-- 20 §8.3
check.case('options are checked', function()
    for _, value in ipairs{1, 'x', true, print} do
        check.raises_code(EINVAL, 2, json.encode, 1, value)
        check.raises_code(EINVAL, 'state', json.encode, 1, {state = value})
        check.raises_code(EINVAL, 'state', json.encode, 1, {state = {writer = value}})
        check.raises_code(EINVAL, 'state', json.encode, 1, {state = {writer = json.writer.new(), visited = value}})
    end
    for _, value in ipairs{1, true, print, {}, '--', ' x'} do
        check.raises_code(EINVAL, 'indent', json.encode, 1, {indent = value})
    end
    check.raises_code(EINVAL, 'state', json.encode, 1, {state = {}})
    check.equal('1', json.encode(1, nil))
    check.equal('1', json.encode(1, {}))
    check.equal('[1]', json.encode({1}, {unknown = true}))
end)

-- 20 §8.3
check.case('an indent puts every element on a line of its own', function()
    check.equal('[\n  1,\n  [],\n  {},\n  {\n    "a": [\n      true\n    ]\n  }\n]',
        json.encode({1, json.into_array(), {}, {a = {true}}}, {indent = '  '}))
    check.equal('{\n\t"a": null\n}', json.encode({a = json.null}, {indent = '\t'}))
    check.equal('[1]', json.encode({1}, {indent = ''}))
    check.equal('"x"', json.encode('x', {indent = ' '}))
end)

-- 20 §8.3, §12.27
check.case('with a state the text goes to its writer, and nothing is returned', function()
    local state = {writer = json.writer.new(), visited = {}}
    check.equal(0, select('#', json.encode({1}, {state = state, indent = 'ignored'})))
    check.equal(0, select('#', json.encode('x', {state = state})))
    check.equal(nil, next(state.visited))
    check.equal('[1],"x"', state.writer:generate())
    state = {writer = json.writer.new()}
    state.writer:begin_object()
    state.writer:value('k')
    json.encode({true}, {state = state})
    state.writer:end_object()
    check.equal('{"k":[true]}', state.writer:generate())
    check.raises_code(EINVAL, 'state', json.encode, 1, {state = state})
    state = {writer = json.writer.new(), visited = {}, indent = ' '}
    json.encode({1}, {state = state})
    check.equal('[\n 1\n]', state.writer:generate())
end)

-- 20 §8.4
check.case('a writer sets commas and colons', function()
    local w = json.writer.new()
    check.equal('json.writer', getmetatable(w))
    w:begin_object()
    w:value('a')
    w:begin_array()
    for _, value in ipairs{1, 'x', true, false, json.null, 1.5} do
        w:value(value)
    end
    w:begin_object()
    w:end_object()
    w:end_array()
    w:value('b')
    w:value(0 / 0)
    w:end_object()
    check.equal('{"a":[1,"x",true,false,null,1.5,{}],"b":null}', w:generate())
    w = json.writer.new()
    w:value(1)
    w:value(2)
    w:begin_array()
    w:end_array()
    check.equal('1,2,[]', w:generate())
    check.equal('', json.writer.new():generate())
end)

-- 20 §8.4
check.case('a writer takes leaves only', function()
    local w = json.writer.new()
    for _, value in ipairs{{}, {1}, print, newproxy(), json.into_array(), w, EINVAL} do
        check.raises_code(EINVAL, 2, w.value, w, value)
    end
    check.raises_code(EINVAL, 2, w.value, w, nil)
    check.raises_code(EINVAL, 2, w.value, w)
    for _, value in ipairs{1, true, {}, print} do
        check.raises_code(EINVAL, 2, w.literal, w, value)
    end
    check.raises_code(EINVAL, 2, w.literal, w)
    for _, name in ipairs{'value', 'begin_array', 'end_array', 'begin_object', 'end_object', 'literal', 'generate'} do
        check.raises_code(EINVAL, 1, w[name], {}, 'x')
        check.raises_code(EINVAL, 1, w[name])
    end
    check.equal('', w:generate())
end)

-- 20 §8.4
check.case('neither keys nor pairs are verified', function()
    local w = json.writer.new()
    w:begin_object()
    w:value(1)
    w:begin_array()
    w:end_array()
    w:value(true)
    w:end_object()
    check.equal('{1:[],true}', w:generate())
    w = json.writer.new()
    w:begin_array()
    check.equal('[', w:generate())
end)

-- 20 §8.4
check.case('the end of another container is an error', function()
    local w = json.writer.new()
    raises_in(json.lexer_ecat, 1, w.end_array, w)
    raises_in(json.lexer_ecat, 1, w.end_object, w)
    w:begin_array()
    raises_in(json.lexer_ecat, 1, w.end_object, w)
    w:begin_object()
    raises_in(json.lexer_ecat, 1, w.end_array, w)
    w:end_object()
    w:end_array()
    raises_in(json.lexer_ecat, 1, w.end_array, w)
    check.equal('[{}]', w:generate())
end)

-- 20 §8.4
check.case('a literal is appended as it is, and not counted', function()
    local w = json.writer.new()
    w:begin_array()
    w:literal('1.0')
    w:value(2)
    w:literal(',3 ')
    w:value(4)
    w:end_array()
    check.equal('[1.02,3 ,4]', w:generate())
    w = json.writer.new()
    w:begin_object()
    w:value('a')
    w:literal(':1')
    check.equal(1, w.level)
    check.equal('{"a":1', w:generate())
end)

-- 20 §8.4, §12.31
check.case('level follows nesting, and generate ends the writer', function()
    local w = json.writer.new()
    check.equal(0, w.level)
    w:begin_array()
    w:begin_object()
    check.equal(2, w.level)
    w:end_object()
    check.equal(1, w.level)
    w:end_array()
    w:value(1)
    check.equal(0, w.level)
    local value = w.value
    check.equal('[{}],1', w:generate())
    check.equal('string', type(check.raises(function() return w.level end)))
    check.equal('string', type(check.raises(function() w:generate() end)))
    check.raises_code(EINVAL, 1, value, w, 1)
    check.raises_code(EINVAL, 1, json.writer.new().generate, w)
end)

-- 20 §8.4
check.case('unknown members of writers are bad_index', function()
    local w = json.writer.new()
    check.equal(2, check.raises_core(8, function() return w.nope end).index)
    check.equal(2, check.raises_core(8, function() return w[1] end).index)
    check.raises(function() w.level = 1 end)
    check.equal('table', type(json.writer))
end)

local random_seed = 20
local function random(bound)
    random_seed = (random_seed * 16807) % 2147483647
    return random_seed % bound
end

local function random_string()
    local parts = {}
    for i = 1, random(12) do
        local kind = random(6)
        parts[i] = kind == 0 and string.char(random(128)) or kind == 1 and '漢' or kind == 2 and '\240\159\152\128' or
            kind == 3 and 'é' or string.char(97 + random(26))
    end
    return table.concat(parts)
end

local function random_value(depth)
    local kind = random(depth > 4 and 5 or 8)
    if kind == 0 then
        return json.null
    elseif kind == 1 then
        return random(2) == 0
    elseif kind == 2 then
        return random(2147483647) - 2 ^ 30
    elseif kind == 3 then
        return (random(2147483647) * 2 ^ 31 + random(2147483647)) * 2 ^ (random(1900) - 980)
    elseif kind == 4 then
        return random_string()
    end
    local t = kind == 5 and {} or json.into_array()
    for i = 1, random(8) do
        t[kind == 5 and random_string() or i] = random_value(depth + 1)
    end
    return t
end

local function same(a, b)
    if type(a) ~= 'table' or a == json.null or type(b) ~= 'table' then
        return a == b
    end
    if json.is_array(a) ~= json.is_array(b) then
        return false
    end
    for key, value in pairs(a) do
        if not same(value, b[key]) then
            return false
        end
    end
    for key in pairs(b) do
        if a[key] == nil then
            return false
        end
    end
    return true
end

check.case('what was encoded is decoded as the same', function()
    for i = 1, 3000 do
        local value = random_value(0)
        local text = json.encode(value)
        check.equal(true, same(value, json.decode(text)))
        check.equal(true, same(value, json.decode(json.encode(value, {indent = ' \t\n'}))))
    end
end)

check.done()
