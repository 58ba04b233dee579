-- The module regex (20 §9). What the grammars mean in detail is tested with lib/regex.
local check = require './check'
local generic_error = require 'generic_error'
local regex = require 'regex'

local EINVAL, ENOTSUP = generic_error.EINVAL, generic_error.ENOTSUP
local GRAMMARS = {'basic', 'extended', 'ecma'}

local function new(grammar, pattern, options)
    options = options or {}
    options.grammar, options.pattern = grammar, pattern
    return regex.new(options)
end

local function span(text)
    return byte_span.append(text)
end

-- The values' texts, in one string.
local function joined(...)
    local texts = {}
    for i = 1, select('#', ...) do
        texts[i] = tostring((select(i, ...)))
    end
    return table.concat(texts, '|')
end

-- Calls f, which must raise the code of the category regex; returns the error.
local function raises_regex(code, f, ...)
    local e = check.raises(f, ...)
    check.equal('error_code', getmetatable(e))
    check.equal('regex', tostring(e.category))
    check.equal(code, e.code)
    return e
end

-- A found range, as text.
local function text_of(range)
    return range and range.start .. '-' .. range.end_
end

-- 20 §9
check.case('the example of the specification', function()
    local r = regex.new{pattern = '(\\d+)-(\\d+)', grammar = 'ecma'}
    local a, b = regex.match(r, '10-20')
    check.equal('10', a)
    check.equal('20', b)
    check.equal(5, regex.search(r, 'x10-20')[2].start)
end)

-- 20 §1
check.case('the module has the names it should have, and no others', function()
    local names = {}
    for name in pairs(regex) do
        names[#names + 1] = name
    end
    table.sort(names)
    check.equal('match match_flag new patsplit search split', table.concat(names, ' '))
end)

-- --- regex.new

-- 20 §9: string error
check.case('options must be a table with a pattern and a grammar', function()
    for _, options in ipairs{1, 'a', true, print, newproxy(),
        {}, {pattern = 'a'}, {grammar = 'ecma'}, {pattern = 1, grammar = 'ecma'}, {pattern = 'a', grammar = 1},
        {pattern = {}, grammar = 'ecma'}, {pattern = span 'a', grammar = 'ecma'}, {pattern = 'a', grammar = true}} do
        check.equal('string', type(check.raises(regex.new, options)))
    end
    check.equal('string', type(check.raises(regex.new)))
    check.equal('string', type(check.raises(regex.new, nil)))
end)

-- 20 §9
check.case('an unknown grammar is EINVAL with its option', function()
    for _, grammar in ipairs{'', 'ECMA', 'ecmascript', 'awk', 'perl', 'ecma\0'} do
        check.raises_code(EINVAL, 'grammar', regex.new, {pattern = 'a', grammar = grammar})
    end
end)

-- 20 §9
check.case('a flag that is no boolean is EINVAL with its name', function()
    for _, flag in ipairs{'ignore_case', 'nosubs', 'optimize'} do
        for _, value in ipairs{0, 1, 'true', {}, print} do
            check.raises_code(EINVAL, flag, regex.new, {pattern = 'a', grammar = 'ecma', [flag] = value})
        end
    end
end)

-- 20 §9
check.case('a bad pattern is a code of the category regex', function()
    for code, pattern in ipairs{'[[:nope:]]', 'a\\', '(a)\\2', '[a', '(a', 'a{2', 'a{2,1}', '[z-a]', 'a{70000}', '*'} do
        raises_regex(code, new, 'ecma', pattern)
    end
    for code, pattern in ipairs{'[[:nope:]]', 'a\\', '\\1', '[a', '\\(a', 'a\\{2', 'a\\{2,1\\}', '[z-a]', 'a\\{70000\\}',
        '\\{1\\}'} do
        raises_regex(code, new, 'basic', pattern)
    end
    for _, grammar in ipairs(GRAMMARS) do
        raises_regex(9, new, grammar, ('a'):rep(2 ^ 20))
        local open = grammar == 'basic' and '\\(' or '('
        raises_regex(12, new, grammar, open:rep(1000))
    end
    raises_regex(9, new, 'ecma', '((a{1,1000}){1,1000}){1,1000}')
end)

check.case('the error says where, and what', function()
    local e = raises_regex(5, new, 'ecma', 'ab(c')
    check.equal(3, e.position)
    check.equal(true, #tostring(e) > 5)
    check.equal(1, raises_regex(10, new, 'extended', '+').position)
    check.equal(nil, raises_regex(9, new, 'extended', ('a'):rep(2 ^ 20)).position)
    check.equal(true, e == e:togeneric())
end)

-- 20 §9, 20 §4.4
check.case('properties tell what was asked for, and cannot be written', function()
    local r = new('extended', '(a)((b)|c)')
    check.equal('regex', getmetatable(r))
    check.equal(3, r.mark_count)
    check.equal('extended', r.grammar)
    check.equal(false, r.ignore_case)
    check.equal(false, r.nosubs)
    check.equal(false, r.optimized)
    r = new('ecma', '(a)(?:b)', {ignore_case = true, nosubs = true, optimize = true})
    check.equal(0, r.mark_count)
    check.equal('ecma', r.grammar)
    check.equal('true|true|true', joined(r.ignore_case, r.nosubs, r.optimized))
    check.equal('basic', new('basic', 'a').grammar)
    check.raises_core(8, function() return r.pattern end)
    check.equal(2, check.raises(function() return r.nope end).index)
    check.raises_code(generic_error.EPERM, nil, function() r.nosubs = false end)
    check.raises_code(generic_error.EPERM, nil, function() r.nope = 1 end)
end)

check.case('case is ignored when that is asked for, of ASCII letters', function()
    for _, grammar in ipairs(GRAMMARS) do
        check.equal('AbC', regex.match(new(grammar, 'aBc', {ignore_case = true}), 'AbC'))
        check.equal(nil, regex.match(new(grammar, 'aBc'), 'AbC'))
        check.equal(nil, regex.match(new(grammar, '\228', {ignore_case = true}), '\196'))
    end
end)

check.case('optimised expressions find the same', function()
    for _, grammar in ipairs(GRAMMARS) do
        for _, pattern in ipairs{'a*b', '[a-c]*c', '^ab*', 'c$', 'x', ''} do
            local plain, fast = new(grammar, pattern), new(grammar, pattern, {optimize = true})
            for _, text in ipairs{'', 'aabc', 'xxabbc', ('ab'):rep(1000) .. 'c'} do
                check.equal(text_of(regex.search(plain, text)[0]), text_of(regex.search(fast, text)[0]))
                check.equal(regex.match(plain, text), regex.match(fast, text))
            end
        end
    end
end)

-- --- regex.match

-- 20 §9
check.case('match wants all of the subject', function()
    for _, grammar in ipairs(GRAMMARS) do
        local r = new(grammar, 'ab*')
        check.equal('abb', regex.match(r, 'abb'))
        check.equal(nil, regex.match(r, 'abbc'))
        check.equal(nil, regex.match(r, 'xabb'))
        check.equal(nil, regex.match(r, ''))
        check.equal('', regex.match(new(grammar, 'a*'), ''))
    end
    check.equal('ab', regex.match(new('ecma', 'a|ab'), 'ab'))
end)

-- 20 §9, 20 §12.32
check.case('no match is one nil; without groups a match is the subject itself', function()
    local r = new('ecma', '(a)(b)')
    check.equal(1, select('#', regex.match(r, 'x')))
    check.equal(nil, (regex.match(r, 'x')))
    check.equal(1, select('#', regex.match(new('ecma', 'a'), 'x')))
    check.equal('ab', joined(regex.match(new('ecma', '(a)(b)', {nosubs = true}), 'ab')))
    local s = span 'ab'
    check.equal(true, rawequal(s, regex.match(new('ecma', '..'), s)))
    check.equal(true, rawequal(s, regex.match(new('extended', '(.)+', {nosubs = true}), s)))
end)

-- 20 §9
check.case('match returns one value for each group, empty for those that took no part', function()
    check.equal('a||', joined(regex.match(new('extended', '(a)|(b)(c)'), 'a')))
    check.equal(3, select('#', regex.match(new('extended', '(a)|(b)(c)'), 'a')))
    check.equal('|b|c', joined(regex.match(new('extended', '(a)|(b)(c)'), 'bc')))
    check.equal('aa|b', joined(regex.match(new('basic', '\\(a*\\)\\(b\\)'), 'aab')))
    check.equal('ab|b', joined(regex.match(new('ecma', '((?:a|(b))*)'), 'ab')))
    local a, b, c = regex.match(new('ecma', '(a)|(b)(c)'), span 'a')
    check.equal('byte_span byte_span byte_span',
        getmetatable(a) .. ' ' .. getmetatable(b) .. ' ' .. getmetatable(c))
    check.equal('a||', joined(a, b, c))
    check.equal(0, #b)
end)

check.case('hundreds of groups', function()
    local r = new('extended', ('(.)'):rep(500))
    local results = {regex.match(r, ('ab'):rep(250))}
    check.equal(500, #results)
    check.equal(('ab'):rep(250), table.concat(results))
    check.equal(500, r.mark_count)
    check.equal('500-500', text_of(regex.search(r, ('ab'):rep(250))[500]))
end)

-- --- regex.search

-- 20 §9, 20 §12.33
check.case('search returns a table whose field empty is true on failure', function()
    local found = regex.search(new('ecma', 'a'), 'bcd')
    check.equal('table', type(found))
    check.equal(true, found.empty)
    check.equal(nil, found[0])
    found = regex.search(new('ecma', 'c'), 'bcd')
    check.equal(false, found.empty)
    check.equal('2-2', text_of(found[0]))
    check.equal(nil, found[1])
end)

-- 20 §9
check.case('positions are 1-based and inclusive; groups that took no part are absent', function()
    local found = regex.search(new('extended', '(x)|(b+)(c*)'), 'abbd')
    check.equal('2-3', text_of(found[0]))
    check.equal(nil, found[1])
    check.equal('2-3', text_of(found[2]))
    check.equal('4-3', text_of(found[3]))
    check.equal(nil, found[4])
    found = regex.search(new('extended', '(x)|(b+)(c*)', {nosubs = true}), 'abbd')
    check.equal('2-3', text_of(found[0]))
    check.equal(nil, found[2])
end)

-- 20 §9
check.case('a zero-length match ends before it starts', function()
    check.equal('1-0', text_of(regex.search(new('ecma', 'x*'), 'abc')[0]))
    check.equal('4-3', text_of(regex.search(new('ecma', '$'), 'abc')[0]))
    check.equal('1-0', text_of(regex.search(new('ecma', ''), '')[0]))
    check.equal('1-0', text_of(regex.search(new('ecma', ''), span '')[0]))
    check.equal('1-0', text_of(regex.search(new('extended', ''), byte_span.new(0))[0]))
end)

-- 20 §9; issue: basic and extended are leftmost-longest, ecma leftmost-first
check.case('POSIX finds the longest, ECMAScript the first of the leftmost matches', function()
    check.equal('2-4', text_of(regex.search(new('extended', 'a|ab|abc'), 'xabc')[0]))
    check.equal('2-2', text_of(regex.search(new('ecma', 'a|ab|abc'), 'xabc')[0]))
    check.equal('1-5', text_of(regex.search(new('basic', '\\(a*\\)b\\1'), 'aabaa')[0]))
    check.equal('1-2', text_of(regex.search(new('extended', 'a?(ab)?'), 'ab')[0]))
    check.equal('1-1', text_of(regex.search(new('ecma', 'a?(ab)?'), 'ab')[0]))
    check.equal('1-1', text_of(regex.search(new('ecma', 'a+?'), 'aaa')[0]))
end)

check.case('subjects are bytes: NUL, line ends and what is no ASCII', function()
    for _, grammar in ipairs(GRAMMARS) do
        check.equal('2-2', text_of(regex.search(new(grammar, '\0'), 'a\0b')[0]))
        check.equal('a\0b', regex.match(new(grammar, 'a.b'), 'a\0b'))
        check.equal('\195\164', regex.match(new(grammar, '..'), '\195\164'))
        check.equal('1-2', text_of(regex.search(new(grammar, '[\128-\255]*'), span '\195\164a')[0]))
        check.equal(nil, regex.search(new(grammar, 'a$'), 'a\n')[0])
    end
end)

-- --- flags

-- 20 §1, 20 §9
check.case('the flags are distinct bits', function()
    local all, count = 0, 0
    for name, value in pairs(regex.match_flag) do
        check.equal('number', type(value))
        check.equal(0, bit.band(all, value))
        all, count = bit.bor(all, value), count + 1
    end
    check.equal(7, count)
    for _, name in ipairs{'not_bol', 'not_eol', 'not_bow', 'not_eow', 'any', 'not_null', 'continuous'} do
        check.equal(true, regex.match_flag[name] > 0)
    end
end)

check.case('flags change what matches', function()
    local flag = regex.match_flag
    local function at(grammar, pattern, text, flags)
        return text_of(regex.search(new(grammar, pattern), text, flags)[0])
    end
    check.equal('1-1', at('ecma', '^a', 'aa'))
    check.equal(nil, at('ecma', '^a', 'aa', flag.not_bol))
    check.equal(nil, at('basic', 'a$', 'aa', flag.not_eol))
    check.equal('3-3', at('ecma', '\\ba', 'a a', flag.not_bow))
    check.equal('1-1', at('ecma', 'a\\b', 'a a', flag.not_eow))
    check.equal(nil, at('ecma', '\\ba\\b', 'a a', bit.bor(flag.not_bow, flag.not_eow)))
    check.equal('2-3', at('extended', 'a*', 'baa', flag.not_null))
    check.equal(nil, at('extended', 'a', 'ba', flag.continuous))
    check.equal('1-1', at('extended', 'a|ab', 'ab', flag.any))
    check.equal('1-2', at('extended', 'a|ab', 'ab', 0))
    check.equal('1-2', at('extended', 'a|ab', 'ab', nil))
    check.equal(nil, regex.match(new('ecma', '^a$'), 'a', flag.not_bol))
    check.equal(nil, regex.match(new('ecma', 'a*'), '', flag.not_null))
    check.equal('a', regex.match(new('ecma', 'a'), 'a', flag.continuous))
end)

-- 20 §9
check.case('other flags are EINVAL', function()
    local r = new('ecma', 'a')
    for _, f in ipairs{regex.match, regex.search} do
        for _, flags in ipairs{'1', true, {}, print, -1, 0.5, 128, 2 ^ 32 + 1, 1 / 0, 0 / 0} do
            check.raises_code(EINVAL, 3, f, r, 'a', flags)
        end
    end
end)

-- --- regex.split, regex.patsplit

local function split(pattern, text, grammar)
    local fields = regex.split(new(grammar or 'extended', pattern), text)
    return #fields .. ':' .. joined(unpack(fields))
end

local function patsplit(pattern, text, grammar)
    local fields = regex.patsplit(new(grammar or 'extended', pattern), text)
    return #fields .. ':' .. joined(unpack(fields))
end

-- 20 §9
check.case('split returns what is between matches', function()
    check.equal('3:a|b|c', split(',', 'a,b,c'))
    check.equal('3:a|b|c', split(' *, *', 'a , b,c'))
    check.equal('1:abc', split(',', 'abc'))
    check.equal('2:a|b', split('x*', 'axxb'))
    check.equal('1:ab', split('x*', 'ab'))
    check.equal('3:|b|ab', split('^a|x', 'abxab'))
end)

-- 20 §9
check.case('split keeps a leading empty field and drops one at the very end', function()
    check.equal('1:a', split(',', 'a,'))
    check.equal('2:|a', split(',', ',a'))
    check.equal('1:', split(',', ''))
    check.equal('2:a|', split(',', 'a,,'))
    check.equal('1:', split(',', ','))
    check.equal('2:|', split(',', ',,'))
    check.equal('3:a||b', split(',', 'a,,b'))
end)

-- 20 §9
check.case('patsplit returns the matches, adjacent ones too', function()
    check.equal('4:1|2|3|4', patsplit('[0-9]', '1234'))
    check.equal('3:12|3|45', patsplit('[0-9]+', '12a3b45'))
    check.equal('0:', patsplit('[0-9]', 'abc'))
    check.equal('0:', patsplit('[0-9]', ''))
    check.equal('1:a', patsplit('^a', 'aaa'))
    check.equal('2:ab|a', patsplit('a|ab', 'aba'))
    check.equal('2:a|a', patsplit('a|ab', 'aba', 'ecma'))
end)

-- 20 §9
check.case('patsplit includes empty matches', function()
    check.equal('1:', patsplit('a*', ''))
    check.equal('3:aa||', patsplit('a*', 'aab'))
    check.equal('3:||', patsplit('a*', 'bb'))
    check.equal('4:|a||', patsplit('a*', 'bab'))
    check.equal('5:|a||a|', patsplit('a*?', 'aa', 'ecma'))
    check.equal('2:|', patsplit('^|$', 'ab'))
end)

-- 20 §9, 20 §12.34
check.case('split and patsplit refuse groups', function()
    for _, f in ipairs{regex.split, regex.patsplit} do
        check.raises_code(ENOTSUP, nil, f, new('ecma', '(a)'), 'a')
        check.raises_code(ENOTSUP, nil, f, new('basic', '\\(a\\)'), span 'a')
        check.equal('table', type(f(new('ecma', '(?:a)'), 'a')))
        check.equal('table', type(f(new('ecma', '(a)', {nosubs = true}), 'a')))
    end
end)

check.case('a megabyte is split at once', function()
    local fields = regex.split(new('extended', '[ ,]+', {optimize = true}), ('ab, '):rep(2 ^ 18))
    check.equal(2 ^ 18, #fields)
    fields = regex.patsplit(new('extended', 'a|ab'), ('ab, '):rep(2 ^ 18))
    check.equal('ab', fields[2 ^ 18])
end)

-- --- subjects

-- 20 §9
check.case('what is found in a span shares its memory', function()
    local s = span 'ab,cd'
    local fields = regex.split(new('ecma', ','), s)
    check.equal('byte_span', getmetatable(fields[2]))
    s[4] = 88
    check.equal('ab|Xd', joined(unpack(fields)))
    fields[1][1] = 89
    check.equal('Yb,Xd', tostring(s))
    local words = regex.patsplit(new('ecma', '[a-zA-Z]+'), s)
    words[2][1] = 90
    check.equal('Yb,Zd', tostring(s))
    local group = regex.match(new('ecma', '.*,(.*)'), s)
    group[2] = 33
    check.equal('Yb,Z!', tostring(s))
    check.equal('string', type(regex.split(new('ecma', ','), 'a,b')[1]))
end)

check.case('a slice is matched within its bounds', function()
    local s = span('xxabyy'):slice(3, 4)
    check.equal('ab', tostring(regex.match(new('ecma', '^(..)$'), s)))
    check.equal('1-2', text_of(regex.search(new('extended', '[a-z]*'), s)[0]))
    check.equal(nil, regex.search(new('ecma', 'y'), s)[0])
end)

-- 20 §9
check.case('wrong expressions and subjects are EINVAL', function()
    local r = new('ecma', 'a')
    for _, f in ipairs{regex.match, regex.search, regex.split, regex.patsplit} do
        for _, value in ipairs{1, 'a', {}, true, print, newproxy(), span 'a'} do
            check.raises_code(EINVAL, 1, f, value, 'a')
        end
        check.raises_code(EINVAL, 1, f)
        check.raises_code(EINVAL, 1, f, nil, 1)
        for _, value in ipairs{1, {}, true, print, newproxy(), r} do
            check.raises_code(EINVAL, 2, f, r, value)
        end
        check.raises_code(EINVAL, 2, f, r)
        check.raises_code(EINVAL, 2, f, new('ecma', '(a)'), 1)
    end
end)

-- 00 §10
check.case('what takes too long is an error, and leaves the expression usable', function()
    for _, optimize in ipairs{false, true} do
        local r = new('ecma', '(a+)+$', {optimize = optimize})
        raises_regex(11, regex.search, r, ('a'):rep(60) .. 'b')
        raises_regex(11, regex.match, new('ecma', '(a|a)*[bc]', {optimize = optimize}), ('a'):rep(60))
        check.equal('1-3', text_of(regex.search(r, 'aaa')[0]))
    end
    local r = new('extended', '(a+)+$')
    check.equal(true, regex.search(r, ('a'):rep(60) .. 'b').empty)
end)

check.case('expressions are collected', function()
    for i = 1, 2000 do
        new('ecma', '(a|b)*' .. i, {optimize = true})
    end
    collectgarbage()
    check.equal(true, regex.search(new('ecma', 'a'), 'a')[0] ~= nil)
end)

check.done()
