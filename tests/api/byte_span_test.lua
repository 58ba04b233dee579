-- byte_span: construction, views, copies, indexing (50 §2, without its byte-string algorithms).
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

check.case('the class has its name, and methods want a span', function()
    local s = from('abc')
    check.equal('byte_span', getmetatable(s))
    check.equal('userdata', type(s))
    for _, method in ipairs{'slice', 'copy', 'append'} do
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
