-- The global function format (80 §10, 20 §7). What fields can say is tested with lib/bindings/format.
local check = require './check'
local generic_error = require 'generic_error'

local EINVAL = generic_error.EINVAL

-- Calls format, which must raise a string; returns it.
local function complaint(...)
    local e = check.raises(format, ...)
    check.equal('string', type(e))
    return e
end

check.case('fields are filled in, and doubled braces are braces', function()
    check.equal('', format(''))
    check.equal('plain', format('plain'))
    check.equal('{} {1}', format('{{}} {{{}}}', 1))
    check.equal('   7|me', format('{0:>4}|{who}', 7, {'who', 'me'}))  -- 20 §7
    check.equal('b a b', format('{1} {0} {1}', 'a', 'b'))
end)

check.case('it is one function, and not that of string', function()
    check.equal('function', type(format))
    check.equal(false, format == string.format)
    check.equal(1, select('#', format('x')))
end)

-- 80 §12.43, 20 §12.21
check.case('the text must be a string', function()
    for _, value in ipairs{12, true, {}, print, newproxy()} do
        check.raises_code(EINVAL, 1, format, value)
        check.raises_code(EINVAL, 1, format, value, {})
    end
    check.raises_code(EINVAL, 1, format)
    check.raises_code(EINVAL, 1, format, nil)
    check.equal('generic', tostring(check.raises(format, 5).category))
    local e = check.raises(function() return format({}) end)
    check.equal(true, e == EINVAL and e.arg == 1)
end)

-- 80 §12.43, §12.44, 20 §12.21
check.case('arguments must be booleans, numbers, strings or pairs, used or not', function()
    for _, value in ipairs{print, newproxy(), this_fiber, coroutine.create(print), {}, {'a'},
        {'a', 1, 2}, {'a', nil}, {1, 2}, {true, 2}, {{'a'}, 2}, {'a', {}}, {'a', print}, {'a', {'b', 1}},
        {a = 1}, EINVAL} do
        check.raises_code(EINVAL, 2, format, '{}', value)
        check.raises_code(EINVAL, 4, format, '{}', 1, 'x', value)
        check.raises_code(EINVAL, 3, format, 'no field', true, value)
    end
    check.raises_code(EINVAL, 2, format, '{}', nil)
    check.raises_code(EINVAL, 3, format, '{}', 1, nil)
    check.raises_code(EINVAL, 2, format, '{a}', {'a', 1, 2})
    check.raises_code(EINVAL, 2, format, '{', nil)
end)

check.case('numbers with a 64-bit integer value are integers', function()
    check.equal('2', format('{}', 2.0))
    check.equal('0', format('{}', -0.0))
    check.equal('-5', format('{}', -5))
    check.equal('9007199254740992', format('{}', 2 ^ 53))
    check.equal('-9223372036854775808', format('{}', -2 ^ 63))
    check.equal('4611686018427387904', format('{}', 2 ^ 62))
    check.equal('9.223372036854776e+18', format('{}', 2 ^ 63))
    check.equal('100000000000000000', format('{}', 1e17))
    check.equal('ff 0xff 11 10 A 007', format('{:x} {:#x} {:b} {:o} {:c} {:03d}', 255, 255, 3, 8, 65, 7))
end)

check.case('other numbers are doubles in their shortest form', function()
    check.equal('0.1', format('{}', 0.1))
    check.equal('1e+300', format('{}', 1e300))
    check.equal('1e+20', format('{}', 1e20))
    check.equal('-1.5', format('{}', -1.5))
    check.equal('inf -inf', format('{} {}', math.huge, -math.huge))
    check.equal(true, format('{}', 0 / 0):find('^-?nan$') ~= nil)
    check.equal('3.25 0.5', format('{:.2f} {:g}', 3.25, 0.5))
    for _, spec in ipairs{'d', 'x', 'b', 'o', 'c'} do
        complaint('{:' .. spec .. '}', 0.5)
    end
end)

-- 80 §12.43, 20 §12.20
check.case('specifications of doubles fail on integral values', function()
    complaint('{:.2f}', 3)
    complaint('{:.1f}', 2)
    complaint('{:e}', 1)
    complaint('{:.3}', 1)
    check.equal('3.25', format('{:.2f}', 3.25))
    check.equal('2.5', format('{:.1f}', 2.5))
end)

check.case('booleans are words, or 0 and 1', function()
    check.equal('true false', format('{} {}', true, false))
    check.equal('1 0 1 0x1 0', format('{:d} {:d} {:x} {:#x} {:b}', true, false, true, true, false))
    check.equal('true  |', format('{:6}|', true))
    check.equal('  true|', format('{:>6}|', true))
    check.equal('     1|', format('{:6d}|', true))
    complaint('{:.2}', true)
    complaint('{:f}', true)
end)

check.case('strings are text to the left, numbers to the right', function()
    check.equal('ab  |  12| 1.5|', format('{:4}|{:4}|{:4}|', 'ab', 12, 1.5))
    check.equal('**ab**|ab', format('{:*^6}|{:s}', 'ab', 'ab'))
    complaint('{:d}', '12')
    complaint('{:x}', 'ff')
    complaint('{:+}', 'a')
end)

check.case('strings hold any bytes, precision cuts them and width counts columns', function()
    check.equal('a\0b|\0|', format('a\0b|{}|', '\0'))
    check.equal('\255\254', format('{}', '\255\254'))
    check.equal('ab', format('{:.2}', 'abcd'))
    check.equal('é   |', format('{:4}|', 'é'))
    check.equal('é', format('{:.1}', 'éa'))
    check.equal('漢  |', format('{:4}|', '漢'))
end)

check.case('the question mark quotes and escapes', function()
    check.equal([["a\n\t\"\\é\x00"]], format('{:?}', 'a\n\t"\\é\0'))
    check.equal('""', format('{:?}', ''))
    complaint('{:?}', 1)
    complaint('{:?}', true)
end)

check.case('width and precision come from arguments too', function()
    check.equal(' 0.250|', format('{:{}.{}f}|', 0.25, 6, 3))
    check.equal('x   |', format('{0:{1}}|', 'x', 4))
    check.equal('x   |', format('{0:{w}}|', 'x', {'w', 4}))
    complaint('{:{}}', 'x', 1.5)
    complaint('{:{}}', 'x', -1)
    complaint('{:{}}', 'x', '4')
    complaint('{:{}}', 'x', true)
    complaint('{:{}}', 'x', 2 ^ 40)
    complaint('{:{}}', 'x')
end)

-- 80 §12.44
check.case('a pair has a name and a position', function()
    check.equal('1 2', format('{0} {a}', 1, {'a', 2}))
    check.equal('1 2', format('{} {}', 1, {'k', 2}))
    check.equal('true x 0.5', format('{t} {s} {d}', {'t', true}, {'s', 'x'}, {'d', 0.5}))
    check.equal('2 1 2', format('{b} {} {}', {'a', 1}, {'b', 2}))
    check.equal('0.50', format('{0:.2f}', {'n', 0.5}))
end)

check.case('of pairs with one name the first counts', function()
    check.equal('1', format('{a}', {'a', 1}, {'a', 2}))
    check.equal('1 2', format('{} {}', {'a', 1}, {'a', 2}))
end)

check.case('names are found only whole', function()
    check.equal('1', format('{_a1}', {'_a1', 1}))
    complaint('{a}', {'ab', 1})
    complaint('{ab}', {'a', 1})
    complaint('{a}', {'a\0b', 1})
    complaint('{a}', {'', 1})
    check.equal('1', format('{}', {'', 1}))
    check.equal('1', format('{}', {'a b', 1}))
end)

check.case('a pair is a table of raw length 2, whatever its metatable says', function()
    local odd = setmetatable({'a', 1}, {
        __len = function() return 3 end,
        __index = function() error('not asked') end,
        __tostring = function() error('not asked') end,
    })
    check.equal('1', format('{a}', odd))
    check.raises_code(EINVAL, 2, format, '{a}', setmetatable({}, {__index = {'a', 1}}))
    check.equal('1', format('{a}', {'a', 1, extra = 'ignored'}))
end)

check.case('surplus arguments are ignored', function()
    check.equal('1', format('{}', 1, 2, 'x', {'a', true}))
    check.equal('', format('', 1))
end)

check.case('a faulty text is a string error without position', function()
    for _, text in ipairs{'{', '}', '{0', '{:', '{0} {}', '{} {0}', '{1}', '{nope}', '{} {} {}', '{:y}', '{ }',
        '{:.}', '{:{}', '{:99999999999}', '{99999999999}', '{!r}'} do
        local e = complaint(text, 1)
        check.equal(nil, e:find('format_test', 1, true))
    end
    check.equal(nil, check.raises(function() return format('{') end):find('format_test', 1, true))
    check.equal('argument not found', complaint('{}'))
end)

check.case('a result that no memory should be spent on is an error', function()
    for _, arguments in ipairs{{'{:999999999}', 1}, {'{:>2147483647}', ''}, {'{:0999999999}', 7},
        {'{:.999999999f}', 12.5}, {'{:{}}', true, 2147483647}, {'{:.{}a}', 0.5, 2147483647},
        {'{:67108864}x', ''}} do
        check.equal('format: result too long', complaint(unpack(arguments)))
        collectgarbage()
    end
    check.equal('0.5', format('{:.2147483647}', 0.5))
end)

check.case('thousands of arguments', function()
    local arguments, expected = {}, {}
    for i = 1, 3000 do
        arguments[i] = {'n' .. i, i + 0.5}
        expected[i] = (i + 0.5) .. ' '
    end
    check.equal(table.concat(expected), format(('{} '):rep(3000), unpack(arguments)))
    check.equal('3000.5', format('{n3000}', unpack(arguments)))
end)

check.case('it works where suspension is forbidden, and in interrupted fibers', function()
    this_fiber.forbid_suspend()
    local ok, text = pcall(format, '{}', 1)
    this_fiber.allow_suspend()
    check.equal('true 1', tostring(ok) .. ' ' .. tostring(text))
    local me
    me = spawn(function()
        me:interrupt()
        return format('{}', 'went on')
    end)
    check.equal('went on', me:join())
end)

check.done()
