-- byte_span: construction, views, copies, indexing, searching (50 §2).
local check = require './check'
local generic_error = require 'generic_error'

local EINVAL, ERANGE, EPERM = generic_error.EINVAL, generic_error.ERANGE, generic_error.EPERM

local function from(text)
    return byte_span.append(text)
end

check.case('the global and the module make spans of one class', function()
    local module = require 'byte_span'
    check.equal('byte_span', getmetatable(module.new(1)))
    check.equal(true, module.append('a', byte_span.append('b')) == byte_span.append('ab'))
end)

check.case('new makes zeroed memory of the given length and capacity', function()
    local s = byte_span.new(3)
    check.equal(3, #s)
    check.equal(3, s.capacity)
    check.equal('\0\0\0', tostring(s))
    s = byte_span.new(2, 10)
    check.equal(2, #s)
    check.equal(10, s.capacity)
    s = byte_span.new(2, nil)
    check.equal(2, s.capacity)
    s = byte_span.new(0)
    check.equal(0, #s)
    check.equal(0, s.capacity)
    check.equal('', tostring(s))
end)

check.case('numbers are truncated toward zero', function()
    check.equal(2, #byte_span.new(2.9))
    check.equal(3, byte_span.new(1.5, 3.99).capacity)
    check.equal(0, #byte_span.new(-0.5))
    local s = from('abc')
    check.equal('bc', tostring(s:slice(2.9, 3.2)))
    check.equal(97, s[1.9])
    s[1.5] = 98.7
    check.equal('bbc', tostring(s))
end)

-- 50 §11.1
check.case('new with a bad length or capacity is EINVAL without arg', function()
    check.raises_code(EINVAL, nil, byte_span.new, -1)
    check.raises_code(EINVAL, nil, byte_span.new, 2, 1)
    check.raises_code(EINVAL, nil, byte_span.new, '3')
    check.raises_code(EINVAL, nil, byte_span.new)
    check.raises_code(EINVAL, nil, byte_span.new, nil)
    check.raises_code(EINVAL, nil, byte_span.new, 1, '3')
    check.raises_code(EINVAL, nil, byte_span.new, 1, false)
    check.raises_code(EINVAL, nil, byte_span.new, 1, -3)
    check.raises_code(EINVAL, nil, byte_span.new, {})
    check.equal('generic', tostring(check.raises(byte_span.new).category))
end)

check.case('new of more than there can be raises and leaves everything usable', function()
    for _, n in ipairs{math.huge, 0 / 0, 2 ^ 62, 2 ^ 63, 2 ^ 64, 1e300} do
        check.raises(byte_span.new, n)
        check.raises(byte_span.new, 0, n)
    end
    check.raises(byte_span.new, -math.huge)
    check.equal(1, #byte_span.new(1))
end)

-- 50 §11.2
check.case('spare capacity is not indexable', function()
    local s = byte_span.new(0, 16)
    check.equal(0, #s)
    check.equal(16, s.capacity)
    check.raises_code(ERANGE, nil, function() return s[1] end)
    check.raises_code(ERANGE, nil, function() s[1] = 1 end)
end)

check.case('the table of slices of new(4, 10)', function()
    local s = byte_span.new(4, 10)
    local function is(length, capacity, ...)
        local view = s:slice(...)
        check.equal(length, #view)
        check.equal(capacity, view.capacity)
    end
    is(4, 10)
    is(4, 10, nil, nil)
    is(3, 9, 2)
    is(0, 6, 5)
    is(0, 10, 1, 0)
    is(10, 10, 1, 10)
    is(0, 8, 3, 2)
    is(0, 0, 11, 10)
    is(3, 10, nil, 3)
    is(1, 1, 10, 10)
    check.raises_code(ERANGE, nil, s.slice, s, 6)
    check.raises_code(ERANGE, nil, s.slice, s, 0, 2)
    check.raises_code(ERANGE, nil, s.slice, s, 1, 11)
    check.raises_code(ERANGE, nil, s.slice, s, 3, 1)
    check.raises_code(ERANGE, nil, s.slice, s, 1, -1)
    check.raises_code(ERANGE, nil, s.slice, s, 12, 11)
    check.raises_code(ERANGE, nil, s.slice, s, -1)
    for _, n in ipairs{0 / 0, math.huge, -math.huge, 2 ^ 53, -2 ^ 63, 2 ^ 64} do
        check.raises_code(ERANGE, nil, s.slice, s, n)
        check.raises_code(ERANGE, nil, s.slice, s, 1, n)
        check.raises_code(ERANGE, nil, s.slice, s, n, n)
    end
end)

-- 50 §11.3
check.case('the slice right behind the end is empty, the next one ERANGE', function()
    local s = byte_span.new(3, 10)
    check.equal(0, #s:slice(#s + 1))
    check.raises_code(ERANGE, nil, s.slice, s, #s + 2)
end)

-- 50 §11.4
check.case('a slice up to the capacity shows the old bytes again', function()
    local s = from('abcdef')
    local short = s:slice(1, 2)
    check.equal('ab', tostring(short))
    check.equal('abcdef', tostring(short:slice(1, short.capacity)))
end)

-- 50 §11.5
check.case('slice(1, 0) is valid, slice(2, 0) is not', function()
    local s = from('abc')
    check.equal(0, #s:slice(1, 0))
    check.raises_code(ERANGE, nil, s.slice, s, 2, 0)
end)

check.case('slice wants numbers or nil', function()
    local s = from('abc')
    check.raises_code(EINVAL, 2, s.slice, s, '1')
    check.raises_code(EINVAL, 2, s.slice, s, {}, '2')
    check.raises_code(EINVAL, 3, s.slice, s, 1, '2')
    check.raises_code(EINVAL, 3, s.slice, s, nil, false)
end)

-- 50 §11.6
check.case('slices share memory', function()
    local s = from('abcdef')
    local a, b = s:slice(2, 4), s:slice(3, 6)
    a[2] = ('X'):byte()
    check.equal('abXdef', tostring(s))
    check.equal('Xdef', tostring(b))
    b:copy('12')
    check.equal('ab12ef', tostring(s))
    check.equal('b12', tostring(a))
end)

check.case('a slice outlives what it was cut from', function()
    local t = from('abcdef'):slice(3, 4)
    collectgarbage()
    collectgarbage()
    check.equal('cd', tostring(t))
end)

-- 50 §11.7
check.case('append into spare capacity writes to shared memory', function()
    local s = from('abcdef')
    local t = s:slice(3, 4)
    local u = t:append('Z')
    check.equal('abcdZf', tostring(s))
    check.equal('cdZ', tostring(u))
    check.equal(4, u.capacity)
    check.equal(2, #t)
end)

check.case('append beyond the capacity leaves self alone', function()
    local s = from('abc')
    local t = s:append('def', nil, from('g'))
    check.equal('abcdefg', tostring(t))
    check.equal('abc', tostring(s))
    t[1] = 0
    check.equal('abc', tostring(s))
    check.equal(true, t.capacity >= 7)
end)

-- 50 §11.8
check.case('append with no arguments is self, with nil it is not', function()
    local s = from('abc')
    check.equal(true, rawequal(s:append(), s))
    check.equal(false, rawequal(s:append(nil), s))
    check.equal('abc', tostring(s:append(nil)))
end)

-- 50 §11.9
check.case('an append that stays empty has no capacity', function()
    local s = byte_span.new(0, 8):append('')
    check.equal(0, s.capacity)
    check.equal(0, #s)
    check.equal(0, byte_span.new(0, 8):append(nil).capacity)
end)

check.case('append of spans that overlap the destination reads them first', function()
    local s = from('abcdef'):slice(1, 2)
    -- The argument is where the result goes.
    local tail = s:slice(3, 4)
    check.equal('cd', tostring(tail))
    check.equal('abxcd', tostring(s:append('x', tail)))
    local whole = from('12345678')
    local front = whole:slice(1, 3)
    check.equal('1231231', tostring(front:append(front, whole:slice(1, 1))))
end)

-- 50 §11.10
check.case('the function append concatenates spans, strings and nils', function()
    local s = byte_span.append(nil, 'a', nil, from('b'))
    check.equal('ab', tostring(s))
    check.equal(2, s.capacity)
    check.equal(0, #byte_span.append())
    check.equal(0, byte_span.append(nil, '').capacity)
    check.raises_code(EINVAL, 1, byte_span.append, 1)
    check.raises_code(EINVAL, 3, byte_span.append, 'a', nil, {})
    check.raises_code(EINVAL, 2, s.append, s, {})
    check.raises_code(EINVAL, 4, s.append, s, 'a', nil, 5)
    check.raises_code(EINVAL, 2, s.append, s, newproxy())
end)

check.case('copy returns how much it copied', function()
    local s = from('abcdef')
    check.equal(3, s:copy('xyz'))
    check.equal('xyzdef', tostring(s))
    check.equal(6, s:copy('0123456789'))
    check.equal('012345', tostring(s))
    check.equal(0, s:copy(''))
    check.equal(0, byte_span.new(0, 4):copy('abc'))
    check.equal(2, s:copy(from('QQ')))
    check.equal('QQ2345', tostring(s))
    for _, value in ipairs{1, {}, true, newproxy()} do
        check.raises_code(EINVAL, 2, s.copy, s, value)
    end
    check.raises_code(EINVAL, 2, s.copy, s)
end)

-- 50 §11.11
check.case('copy between overlapping slices is like memmove', function()
    local s = from('abcdef')
    check.equal(4, s:slice(3):copy(s:slice(1, 4)))
    check.equal('ababcd', tostring(s))
    s = from('abcdef')
    check.equal(4, s:copy(s:slice(3)))
    check.equal('cdefef', tostring(s))
end)

-- 50 §11.12
check.case('tostring keeps NULs, and == looks at the bytes only', function()
    check.equal('a\0b', tostring(from('a\0b')))
    local wide = byte_span.new(2, 9)
    wide:copy('ab')
    check.equal(true, from('ab') == wide)
    check.equal(false, from('ab') == from('abc'))
    check.equal(false, from('ab') == from('aB'))
    check.equal(true, byte_span.new(0) == byte_span.new(0, 5))
    check.equal(true, from('a\0b') ~= from('a\0c'))
end)

-- 50 §11.13
check.case('a span never equals a string', function()
    check.equal(false, from('x') == 'x')
    check.equal(false, 'x' == from('x'))
    check.equal(false, from('x') == nil)
    check.equal(false, from('x') == newproxy())
end)

check.case('indexing reads and writes bytes', function()
    local s = from('ab\255')
    check.equal(97, s[1])
    check.equal(255, s[3])
    s[3] = 0
    check.equal('ab\0', tostring(s))
    for _, i in ipairs{0, -1, 4, 0 / 0, math.huge, -math.huge, 2 ^ 53, 2 ^ 64, 0.5} do
        check.raises_code(ERANGE, nil, function() return s[i] end)
        check.raises_code(ERANGE, nil, function() s[i] = 1 end)
    end
end)

-- 50 §11.14
check.case('bad values and bad keys', function()
    local s = from('abc')
    check.raises_code(ERANGE, nil, function() s[1] = 256 end)
    check.raises_code(ERANGE, nil, function() s[1] = -1 end)
    check.raises_code(ERANGE, nil, function() s[1] = 0 / 0 end)
    check.raises_code(ERANGE, nil, function() s[1] = math.huge end)
    check.raises_code(EINVAL, 3, function() s[1] = '7' end)
    check.raises_code(EINVAL, 3, function() s[1] = nil end)
    check.raises_code(EPERM, nil, function() s.x = 1 end)
    check.raises_code(EPERM, nil, function() s['1'] = 1 end)
    check.raises_code(EPERM, nil, function() s.capacity = 1 end)
    check.equal(2, check.raises_core(8, function() return s.x end).index)
    check.equal(2, check.raises_core(8, function() return s['1'] end).index)
    check.equal(2, check.raises_core(8, function() return s[true] end).index)
    check.equal('abc', tostring(s))
end)

check.case('the example of the specification', function()
    local s = from('k=v; k=w')
    check.equal(2, s:find('='))
    check.equal(7, s:find('=', 3))
    check.equal(2, s:rfind('=', 6))
    check.equal(2, s:find_first_of(';='))
    check.equal(7, s:find_last_not_of('w'))
end)

check.case('starts_with and ends_with compare bytes', function()
    local s = from('ab\0cd')
    for _, p in ipairs{'', 'a', 'ab\0', 'ab\0cd', byte_span.new(0), from('ab')} do
        check.equal(true, s:starts_with(p))
    end
    for _, p in ipairs{'', 'd', '\0cd', 'ab\0cd', byte_span.new(0, 4), from('cd')} do
        check.equal(true, s:ends_with(p))
    end
    check.equal(false, s:starts_with('b'))
    check.equal(false, s:starts_with('ab\0cde'))
    check.equal(false, s:ends_with('c'))
    check.equal(false, s:ends_with('xab\0cd'))
    check.equal(true, byte_span.new(0):starts_with(''))
    check.equal(false, byte_span.new(0):ends_with('x'))
    check.equal(false, byte_span.new(0, 5):starts_with('\0'))
    for _, method in ipairs{'starts_with', 'ends_with'} do
        for _, value in ipairs{1, true, {}, newproxy()} do
            check.raises_code(EINVAL, 2, s[method], s, value)
        end
        check.raises_code(EINVAL, 2, s[method], s, nil)
        check.raises_code(EINVAL, 2, s[method], s)
    end
end)

check.case('find gives the first position from start on', function()
    local s = from('abcabc')
    check.equal(1, s:find('abc'))
    check.equal(1, s:find('abc', 1))
    check.equal(4, s:find('abc', 2))
    check.equal(nil, s:find('abc', 5))
    check.equal(5, s:find(from('bc'), 3))
    check.equal(nil, s:find('abcd'))
    check.equal(nil, s:find('abcabcabc'))
    check.equal(4, s:find('a', 2.9))
    check.equal(3, from('ab\0c'):find('\0'))
    -- What lies between the length and the capacity is not searched.
    check.equal(nil, s:slice(1, 4):find('bc', 3))
    check.equal(1, select('#', s:find('x')))
end)

check.case('rfind gives the last position where a match begins', function()
    local s = from('xyxy')
    check.equal(3, s:rfind('xy'))
    check.equal(3, s:rfind('xy', 4))
    check.equal(3, s:rfind('xy', 3))
    check.equal(1, s:rfind('xy', 2))
    check.equal(1, s:rfind('xy', 1))
    check.equal(nil, s:rfind('yx', 1))
    check.equal(2, s:rfind(from('yx')))
    check.equal(nil, s:rfind('xyxyx'))
    check.equal(4, s:rfind('y'))
    check.equal(2, s:rfind('y', 3))
    check.equal(nil, s:rfind('y', 1))
    -- A match does not extend behind the length.
    check.equal(1, s:slice(1, 3):rfind('xy', 3))
end)

check.case('find_first_of and find_first_not_of look for members of a set', function()
    local s = from('k=v;w')
    check.equal(2, s:find_first_of(';='))
    check.equal(4, s:find_first_of(from(';='), 3))
    check.equal(nil, s:find_first_of('=', 3))
    check.equal(nil, s:find_first_of('xyz'))
    check.equal(3, s:find_first_not_of('k='))
    check.equal(5, s:find_first_not_of(';', 4))
    check.equal(nil, s:find_first_not_of('=;kvw'))
    check.equal(1, from('\255'):find_first_of('\254\255'))
    check.equal(2, from('\255\0'):find_first_not_of('\255'))
end)

check.case('find_last_of and find_last_not_of look backward from end_', function()
    local s = from('k=v;w')
    check.equal(4, s:find_last_of(';='))
    check.equal(2, s:find_last_of(';=', 3))
    check.equal(4, s:find_last_of(';=', 4))
    check.equal(nil, s:find_last_of(from(';='), 1))
    check.equal(3, s:find_last_not_of('w;'))
    check.equal(1, s:find_last_not_of('=', 2))
    check.equal(nil, s:find_last_not_of('k', 1))
end)

-- 50 §11.15
check.case('an empty target is found everywhere but in nothing', function()
    local s = from('abc')
    for _, empty in ipairs{'', byte_span.new(0)} do
        check.equal(1, s:find(empty))
        check.equal(3, s:find(empty, 3))
        check.equal(3, s:rfind(empty))
        check.equal(2, s:rfind(empty, 2))
        check.equal(nil, byte_span.new(0):find(empty))
        check.equal(nil, byte_span.new(0, 4):rfind(empty))
    end
end)

check.case('nil counts as empty', function()
    local s = from('abc')
    check.equal(1, s:find())
    check.equal(2, s:find(nil, 2))
    check.equal(3, s:rfind())
    check.equal(2, s:rfind(nil, 2))
    check.equal(nil, s:find_first_of())
    check.equal(nil, s:find_last_of(nil, 2))
    check.equal(2, s:find_first_not_of(nil, 2))
    check.equal(2, s:find_last_not_of(nil, 2))
    check.equal(nil, byte_span.new(0):find_first_not_of())
    check.equal(nil, byte_span.new(0):find_last_not_of())
end)

-- 50 §11.16
check.case('positions right outside give nil, those beyond are ERANGE', function()
    local s = from('abc')
    for _, method in ipairs{'find', 'find_first_of', 'find_first_not_of'} do
        for _, target in ipairs{'a', '', 'x'} do
            check.equal(nil, s[method](s, target, 4))
            for _, start in ipairs{0, -1, 5, 0.9, math.huge, -math.huge, 0 / 0, 2 ^ 53, 2 ^ 64} do
                check.raises_code(ERANGE, nil, s[method], s, target, start)
            end
        end
        local empty = byte_span.new(0, 5)
        check.equal(nil, empty[method](empty, '', 1))
        check.raises_code(ERANGE, nil, empty[method], empty, '', 2)
    end
    for _, method in ipairs{'rfind', 'find_last_of', 'find_last_not_of'} do
        for _, target in ipairs{'a', '', 'x'} do
            check.equal(nil, s[method](s, target, 0))
            for _, last in ipairs{-1, 4, math.huge, -math.huge, 0 / 0, 2 ^ 53, -2 ^ 64} do
                check.raises_code(ERANGE, nil, s[method], s, target, last)
            end
        end
        local empty = byte_span.new(0, 5)
        check.equal(nil, empty[method](empty, ''))
        check.raises_code(ERANGE, nil, empty[method], empty, '', 1)
    end
end)

check.case('searches want bytes and a number', function()
    local s = from('abc')
    for _, method in ipairs{'find', 'rfind', 'find_first_of', 'find_first_not_of', 'find_last_of', 'find_last_not_of'} do
        for _, value in ipairs{1, true, {}, newproxy()} do
            check.raises_code(EINVAL, 2, s[method], s, value)
            check.raises_code(EINVAL, 2, s[method], s, value, {})
        end
        for _, value in ipairs{'1', true, {}, newproxy()} do
            check.raises_code(EINVAL, 3, s[method], s, 'a', value)
        end
    end
end)

check.case('trimmed cuts white space or a set off both ends', function()
    check.equal('a b', tostring(from(' \t\r\n\v\fa b\f\v\n\r\t '):trimmed()))
    check.equal('abc', tostring(from('abc'):trimmed()))
    check.equal(' a ', tostring(from('-- a --'):trimmed('-')))
    check.equal('b', tostring(from('aabca'):trimmed(from('ac'))))
    check.equal('\0', tostring(from(' \0 '):trimmed(nil)))
    for _, value in ipairs{1, true, {}, newproxy()} do
        check.raises_code(EINVAL, 2, from('a').trimmed, from('a'), value)
    end
end)

-- 50 §11.17
check.case('trimmed shares memory, unless nothing is left', function()
    for _, text in ipairs{'   ', ' ', ''} do
        local rest = from(text):append('x'):slice(1, #text):trimmed()
        check.equal(0, #rest)
        check.equal(0, rest.capacity)
    end
    local s = byte_span.new(4, 10)
    s:copy('  a ')
    local rest = s:trimmed()
    check.equal('a', tostring(rest))
    check.equal(8, rest.capacity)
    rest[1] = ('b'):byte()
    check.equal('  b ', tostring(s))
    check.equal('b \0\0\0\0\0\0', tostring(rest:slice(1, 8)))
end)

-- 50 §11.18
check.case('trimmed of no set is everything', function()
    local s = from(' a ')
    check.equal(' a ', tostring(s:trimmed('')))
    check.equal(3, s:trimmed('').capacity)
    check.equal(0, byte_span.new(0, 4):trimmed('').capacity)
end)

check.case('searching takes linear time whatever the bytes', function()
    local half = ('a'):rep(2 ^ 20)
    local s, b = byte_span.append(half, half), ('b'):rep(2 ^ 20)
    check.equal(nil, s:find(half .. 'b'))
    check.equal(nil, s:find('b' .. half))
    check.equal(nil, s:rfind(half .. 'b'))
    check.equal(nil, s:rfind('b' .. half))
    check.equal(nil, s:find_first_of(b))
    check.equal(nil, s:find_last_of(b))
    check.equal(nil, s:find_first_not_of(half))
    check.equal(0, #s:trimmed(half))
end)

check.case('the class has its name, and methods want a span', function()
    local s = from('abc')
    check.equal('byte_span', getmetatable(s))
    check.equal('userdata', type(s))
    for _, method in ipairs{'slice', 'copy', 'append', 'starts_with', 'ends_with', 'find', 'rfind', 'find_first_of',
                            'find_first_not_of', 'find_last_of', 'find_last_not_of', 'trimmed'} do
        for _, self in ipairs{1, 'abc', {}, newproxy(), this_fiber} do
            check.raises_code(EINVAL, 1, s[method], self)
        end
        check.raises_code(EINVAL, 1, s[method])
    end
end)

check.case('there is no concatenation, order or arithmetic', function()
    local s = from('abc')
    check.equal('string', type(check.raises(function() return s .. 'x' end)))
    check.equal('string', type(check.raises(function() return s < s end)))
    check.equal('string', type(check.raises(function() return s + 1 end)))
    check.equal('string', type(check.raises(function() return s() end)))
end)

check.case('no operation suspends', function()
    this_fiber.forbid_suspend()
    local ok, e = pcall(function()
        local s = byte_span.new(2):append('x'):slice(1, 2)
        s:copy('ab')
        s[1] = 1
        return tostring(s) .. s[1] .. #s
    end)
    this_fiber.allow_suspend()
    check.equal(true, ok)
    check.equal('\1b12', e)
end)

check.done()
