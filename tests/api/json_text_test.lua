-- Which texts json.decode takes for JSON (RFC 8259), and what it says of the others (20 §8.2).
local check = require './check'
local json = require 'json'

local lexer, dom = json.lexer_ecat, json.dom_ecat

-- Text and value. Strings stand for themselves, numbers, booleans and null too.
local leaves = {
    -- Numbers.
    {'0', 0}, {'-0', 0}, {'1', 1}, {'-1', -1}, {'10', 10}, {'1234567890', 1234567890}, {'0.5', 0.5}, {'-0.5', -0.5},
    {'1.0', 1}, {'0.0', 0}, {'1e5', 1e5}, {'1E5', 1e5}, {'1e+5', 1e5}, {'1E-5', 1e-5}, {'1.5e3', 1500}, {'0e0', 0},
    {'0e5', 0}, {'1e00', 1}, {'1e05', 1e5}, {'0.1e1', 1}, {'-1.25E-2', -0.0125}, {'0.00000', 0},
    {'123456789012345678', 123456789012345678}, {'9007199254740993', 9007199254740992},
    {'9007199254740993.0', 9007199254740992}, {'1.7976931348623157e308', 1.7976931348623157e308},
    {'2.2250738585072011e-308', 2.2250738585072011e-308}, {'0.1', 0.1},
    {'0.1000000000000000055511151231257827021181583404541015625', 0.1},
    {'179769313486231580793e289', math.huge}, {'5e-324', 5e-324}, {'1e-999', 0}, {'-1e999', -math.huge},
    {'1' .. ('0'):rep(400) .. 'e-400', 1}, {'0.' .. ('0'):rep(400) .. '1e401', 1},
    -- Words, and what may be around any value.
    {'true', true}, {'false', false}, {'null', json.null}, {' true', true}, {'true ', true}, {'\t\n\r 1 \t\n\r', 1},
    -- Strings.
    {'""', ''}, {'" "', ' '}, {'"a"', 'a'}, {'"abcdefgh"', 'abcdefgh'}, {'"abcdefghi"', 'abcdefghi'},
    {[["\""]], '"'}, {[["\\"]], '\\'}, {[["\/"]], '/'}, {[["\b\f\n\r\t"]], '\b\f\n\r\t'}, {'"/"', '/'}, {'"\127"', '\127'},
    {[["a\nb\nc"]], 'a\nb\nc'}, {[["\u0041"]], 'A'}, {[["\u0000"]], '\0'}, {[["a\u0000b"]], 'a\0b'}, {[["\u001F"]], '\31'},
    {[["\u007f"]], '\127'}, {[["\u0080"]], '\194\128'}, {[["\u00e9\u00E9"]], 'éé'}, {[["\u07ff"]], '\223\191'},
    {[["\u0800"]], '\224\160\128'}, {[["\u20AC"]], '€'}, {[["\ud7ff"]], '\237\159\191'},
    {[["\ue000"]], '\238\128\128'}, {[["\uffff"]], '\239\191\191'}, {[["\ud800\udc00"]], '\240\144\128\128'},
    {[["\uD83D\uDE00"]], '\240\159\152\128'}, {[["\uDBFF\uDFFF"]], '\244\143\191\191'},
    {[["x\ud83d\ude00y\u00e9z"]], 'x\240\159\152\128yéz'}, {'"é"', 'é'}, {'"漢字"', '漢字'}, {'"\240\159\152\128"', '\240\159\152\128'},
    {'"\194\128\223\191\224\160\128\239\191\191\240\144\128\128\244\143\191\191"',
        '\194\128\223\191\224\160\128\239\191\191\240\144\128\128\244\143\191\191'},
    {'"\237\159\191\238\128\128"', '\237\159\191\238\128\128'}, {'"\239\187\191"', '\239\187\191'},
    {'"\226\128\168"', '\226\128\168'}, {[["http:\/\/x"]], 'http://x'}, {[["\\u0041"]], '\\u0041'}, {'"[1,2]"', '[1,2]'},
    {'"' .. ('x'):rep(100000) .. '"', ('x'):rep(100000)}, {'"' .. ('é'):rep(50000) .. '"', ('é'):rep(50000)},
}

-- Text and how it is encoded again.
local containers = {
    {'[]', '[]'}, {'{}', '{}'}, {'[ ]', '[]'}, {'{ }', '{}'}, {'[1]', '[1]'}, {'[ 1 ]', '[1]'}, {'[1,2]', '[1,2]'},
    {'[1 ,\n2 ]', '[1,2]'}, {'[[]]', '[[]]'}, {'[[],[]]', '[[],[]]'}, {'[[[]],{}]', '[[[]],{}]'}, {'[null]', '[null]'},
    {'[null,null,1]', '[null,null,1]'}, {'{"a":1}', '{"a":1}'}, {' { "a" : 1 } ', '{"a":1}'}, {'{"a":{}}', '{"a":{}}'},
    {'{"a":[]}', '{"a":[]}'}, {'{"":0}', '{"":0}'}, {'{"a":1,"a":2}', '{"a":2}'}, {'{"a":null}', '{"a":null}'},
    {[[{"\u0061":1,"a":2}]], '{"a":2}'}, {'[{"a":[{"b":[{}]}]}]', '[{"a":[{"b":[{}]}]}]'}, {'[1.0,-0.5e1]', '[1,-5]'},
    {'[true,false]', '[true,false]'}, {'["a","b"]', '["a","b"]'}, {'{"a b":"c d"}', '{"a b":"c d"}'},
    {'[\t\n\r]', '[]'}, {'{"é":"é"}', '{"é":"é"}'}, {'[[1,[2,[3]]],4]', '[[1,[2,[3]]],4]'},
}

-- Text, code, and position unless that is the end.
local malformed = {
    -- The end of the text.
    {'', 9}, {' ', 9}, {'\n\t', 9}, {'[', 7}, {'[ ', 7}, {'[1', 7}, {'[1 ', 7}, {'[1,', 9}, {'[1, ', 9}, {'[[1]', 7},
    {'{', 8}, {'{ ', 8}, {'{"a"', 8}, {'{"a" ', 8}, {'{"a":', 9}, {'{"a": ', 9}, {'{"a":1', 8}, {'{"a":1,', 9},
    {'{"a":1, ', 9}, {'{"a":[', 7}, {'{"a":{', 8}, {'[{}', 7}, {'[{"a":1}', 7}, {'-', 9}, {'1.', 9}, {'1e', 9}, {'1E+', 9},
    {'1.5e-', 9}, {'[-', 9}, {'[1.', 9}, {'{"a":-', 9}, {'"', 1}, {'"abc', 1}, {'["abc', 1}, {'{"a', 1}, {[["\]], 1},
    {[["\u]], 1}, {[["\u00]], 1}, {[["\"]], 1}, {'"é', 1},
    -- Ends of containers.
    {']', 5, 1}, {'}', 6, 1}, {' ]', 5, 2}, {'[]]', 5, 3}, {'{}}', 6, 3}, {'1]', 5, 2}, {'[1}', 7, 3}, {'[}', 7, 2},
    {'{"a":1]', 8, 7}, {'{]', 8, 2}, {'[[1}]', 7, 4}, {'{"a":[}', 7, 7}, {'[{]', 8, 3},
    -- Separators.
    {'[1,]', 1, 4}, {'[,1]', 1, 2}, {'[,]', 1, 2}, {'[1,,2]', 1, 4}, {'[1 2]', 1, 4}, {'[1:2]', 1, 3}, {'["a":1]', 1, 5},
    {'{"a":1,}', 1, 8}, {'{,"a":1}', 1, 2}, {'{,}', 1, 2}, {'{"a":1,,"b":2}', 1, 8}, {'{"a",1}', 1, 5}, {'{"a" 1}', 1, 6},
    {'{"a"}', 1, 5}, {'{"a":}', 1, 6}, {'{"a":,}', 1, 6}, {'{"a"::1}', 1, 6}, {'{:1}', 1, 2}, {'{"a":1 "b":2}', 1, 8},
    {',', 1, 1}, {':', 1, 1}, {'[1;2]', 1, 3}, {'{"a"=1}', 1, 5}, {'[1,}', 1, 4}, {'{"a":1,]', 1, 8},
    -- Keys.
    {'{1:2}', 2, 2}, {'{null:1}', 2, 2}, {'{true:1}', 2, 2}, {'{[]:1}', 2, 2}, {'{{}:1}', 2, 2}, {'{-1:1}', 2, 2},
    {'{a:1}', 1, 2}, {"{'a':1}", 1, 2}, {'{"a":1,2:3}', 1, 8}, {'[{1:2}]', 2, 3},
    -- More than one value.
    {'1 2', 1, 3}, {'[] []', 1, 4}, {'{}{}', 1, 3}, {'""""', 1, 3}, {'nullnull', 1, 5}, {'1,2', 1, 2}, {'[1],', 1, 4},
    {'1 x', 1, 3}, {'true1', 1, 5}, {'1\0', 1, 2}, {'[]\0', 1, 3}, {'"a":1', 1, 4},
    -- Numbers.
    {'01', 3, 1}, {'-01', 3, 1}, {'00', 3, 1}, {'[1,02]', 3, 4}, {'01.5', 3, 1}, {'0123456789', 3, 1}, {'+1', 1, 1}, {'.5', 1, 1},
    {'-.5', 1, 2}, {'1.e5', 1, 3}, {'[1.]', 1, 4}, {'[-]', 1, 3}, {'[1e]', 1, 4}, {'1e5.5', 1, 4}, {'1.5.5', 1, 4},
    {'1e+-5', 1, 4}, {'--1', 1, 2}, {'1-', 1, 2}, {'0x10', 1, 2}, {'1a', 1, 2}, {'1_000', 1, 2}, {'1e5e5', 1, 4},
    {'- 1', 1, 2}, {'-a', 1, 2}, {'NaN', 1, 1}, {'nan', 1, 1}, {'Infinity', 1, 1}, {'-Infinity', 1, 2}, {'inf', 1, 1},
    {'1,5', 1, 2}, {'\239\188\145', 1, 1}, {'1L', 1, 2}, {'1f', 1, 2},
    -- Words.
    {'tru', 1, 1}, {'t', 1, 1}, {'n', 1, 1}, {'nul', 1, 1}, {'True', 1, 1}, {'TRUE', 1, 1}, {'nil', 1, 1}, {'undefined', 1, 1},
    {'falsé', 1, 1}, {'[truE]', 1, 2}, {'truex', 1, 5}, {'fals e', 1, 1},
    -- What some other readers take.
    {'// x\n1', 1, 1}, {'/* x */1', 1, 1}, {'1 // x', 1, 3}, {'# x\n1', 1, 1}, {"'a'", 1, 1}, {'`a`', 1, 1}, {'(1)', 1, 1},
    {'\239\187\1911', 1, 1}, {'\239\187\191', 1, 1}, {'\254\255\0001', 1, 1}, {'1\v', 1, 2}, {'\f1', 1, 1},
    {'\194\1601', 1, 1}, {'[1]\226\128\168', 1, 4}, {'\0', 1, 1}, {'*', 1, 1}, {'\\', 1, 1}, {'\\u0031', 1, 1}, {'\27[1]', 1, 1},
    -- Strings.
    {'"\0"', 1, 2}, {'"\n"', 1, 2}, {'"\31"', 1, 2}, {'"a\tb"', 1, 3}, {'"abcdefgh\r"', 1, 10}, {[["\x41"]], 1, 3},
    {[["\a"]], 1, 3}, {[["\v"]], 1, 3}, {[["\'"]], 1, 3}, {[["\0"]], 1, 3}, {[["\U0041"]], 1, 3}, {'"\\\n"', 1, 3},
    {[["\u"]], 1, 4}, {[["\u004"]], 1, 7}, {[["\u004g"]], 1, 7}, {[["\u-041"]], 1, 4}, {[["\u 041"]], 1, 4}, {[["\u{41}"]], 1, 4},
    {[["\\\"]], 1}, {[["a\"]], 1}, {'"\\é"', 1, 3}, {'{"\\q":1}', 1, 4}, {'{"a\n":1}', 1, 4},
    -- Surrogates.
    {[["\ud800"]], 1, 2}, {[["\udfff"]], 1, 2}, {[["\udc00\ud800"]], 1, 2}, {[["\ud800\ud800"]], 1, 2},
    {[["\ud800x"]], 1, 2}, {[["\ud800\n"]], 1, 2}, {[["\ud800\u0041"]], 1, 2}, {[["ab\ud83d"]], 1, 4}, {[["\ud800\u"]], 1, 10},
    {[["\ud83d\ude00\ude00"]], 1, 14}, {[["\ud800\]], 1, 2}, {[["\ud800]], 1, 2},
    -- UTF-8.
    {'"\128"', 1, 2}, {'"\191"', 1, 2}, {'"\192\128"', 1, 2}, {'"\193\191"', 1, 2}, {'"\194"', 1, 2}, {'"\194x"', 1, 2},
    {'"\224\128\128"', 1, 2}, {'"\224\159\191"', 1, 2}, {'"\237\160\128"', 1, 2}, {'"\237\191\191"', 1, 2}, {'"\226\130"', 1, 2},
    {'"\240\128\128\128"', 1, 2}, {'"\240\143\191\191"', 1, 2}, {'"\244\144\128\128"', 1, 2}, {'"\245\128\128\128"', 1, 2},
    {'"\240\159\152"', 1, 2}, {'"\248\136\128\128\128"', 1, 2}, {'"\254"', 1, 2}, {'"\255"', 1, 2}, {'"abcdefghé\255"', 1, 12},
    {'"\226\130', 1, 2}, {'{"\255":1}', 1, 3}, {'"\195\169\169"', 1, 4},
}

local function refused(text, category, code, position)
    local ok, e = pcall(json.decode, text)
    if ok then
        error(('%q was accepted'):format(text), 2)
    end
    if getmetatable(e) ~= 'error_code' or e.category ~= category or e.code ~= code or e.position ~= position then
        error(('%q: expected code %d at %d, got %s %s at %s'):format(text, code, position, tostring(e),
            tostring(e.code), tostring(e.position)), 2)
    end
end

check.case('the tables below are long enough to mean something', function()
    check.equal(true, #leaves + #containers > 80)
    check.equal(true, #malformed > 150)
end)

check.case('leaves are decoded', function()
    for _, leaf in ipairs(leaves) do
        local text, value = leaf[1], leaf[2]
        if json.decode(text) ~= value then
            error(('%q: %s'):format(text, tostring(json.decode(text))))
        end
        check.equal(true, json.decode('[' .. text .. ',0]')[1] == value)
        check.equal(true, json.decode('{"a":' .. text .. '}').a == value)
    end
end)

check.case('containers are decoded', function()
    for _, container in ipairs(containers) do
        check.equal(container[2], json.encode(json.decode(container[1])))
        check.equal('[[' .. container[2] .. ']]', json.encode(json.decode('[[' .. container[1] .. ']]')))
    end
end)

-- 20 §12.28
check.case('malformed texts are refused, with the code and the position', function()
    for _, case in ipairs(malformed) do
        refused(case[1], lexer, case[2], case[3] or #case[1] + 1)
    end
end)

check.case('integers outside 64 bits are refused', function()
    for _, text in ipairs{'99999999999999999999', '9223372036854775808', '-9223372036854775809', '18446744073709551616',
        '10000000000000000000', '1' .. ('0'):rep(5000)} do
        refused(text, dom, 1, 1)
        refused('[0, ' .. text .. ']', dom, 1, 5)
    end
end)

check.case('a text cut short anywhere is refused', function()
    local text = [==[{"a\u00e9":[1.5e+3,-0,"x\ud83d\ude00\\y",true,false,null,{},[],{"é":["漢"]}],"b":{"c":[[{"d":"e"}]]}}]==]
    check.equal(true, pcall(json.decode, text))
    for size = 0, #text - 1 do
        local ok, e = pcall(json.decode, text:sub(1, size))
        check.equal(false, ok)
        check.equal(true, e.category == lexer)
        check.equal(true, e.position <= size + 1)
    end
end)

check.case('no single byte is a text but a digit', function()
    for byte = 0, 255 do
        local char = string.char(byte)
        check.equal(char:find('%d') ~= nil, (pcall(json.decode, char)))
    end
end)

-- Where the eight bytes that are looked at together begin depends on what is before.
check.case('strings end where they end, wherever they begin', function()
    for before = 0, 17 do
        for size = 0, 40 do
            for _, char in ipairs{'x', ' ', '!', '#', '[', ']', '\127', '\195\169'} do
                local content = char:rep(size)
                local text = (' '):rep(before) .. '"' .. content .. '"'
                check.equal(content, json.decode(text))
                check.equal(content .. '\n' .. content, json.decode('["' .. content .. '\\n' .. content .. '"]')[1])
                refused(text .. '"', lexer, 1, #text + 1)
            end
            local text = (' '):rep(before) .. '"' .. ('x'):rep(size)
            refused(text, lexer, 1, #text + 1)
            refused(text .. '\31"', lexer, 1, #text + 1)
            refused(text .. '\128"', lexer, 1, #text + 1)
        end
    end
end)

check.done()
