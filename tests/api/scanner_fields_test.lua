-- stream.scanner (50 §4): fields, and what is found ahead of being asked for.
local check = require './check'
local generic_error = require 'generic_error'
local regex = require 'regex'
local scanner_cases = require './scanner_cases'
local stream = require 'stream'

local scanner = stream.scanner
local EINVAL = generic_error.EINVAL
local pieces, sliced, new, at_end = scanner_cases.pieces, scanner_cases.sliced, scanner_cases.new, scanner_cases.at_end
local texts, all, extended = scanner_cases.texts, scanner_cases.all, scanner_cases.extended

-- 50 §11.33
check.case('literal and regex field separators differ in what is empty', function()
    local function fields(separator, record)
        return texts(new({record_separator = '\n', field_separator = separator}, record .. '\n'):get_line())
    end
    check.equal('[][a][][b][]', fields(',', ',a,,b,'))
    check.equal('', fields(',', ''))
    for _, pattern in ipairs{',', ',|;'} do
        check.equal('[][a][][b]', fields(extended(pattern), ',a,,b,'))
        check.equal('[]', fields(extended(pattern), ''))
    end
    check.equal('[a][b:c][]', fields('::', 'a::b:c::'))
end)

-- 50 §11.34
check.case('the defaults of AWK', function()
    local sc = scanner.with_awk_defaults(pieces('  a   b \n\n \t\fc\n'))
    check.equal('\n', sc.record_separator)
    check.equal(true, sc.trim_record)
    check.equal('regex', getmetatable(sc.field_separator))
    check.equal('[a][b]', texts(sc:get_line()))
    check.equal('[]', texts(sc:get_line()))
    check.equal('[c]', texts(sc:get_line()))
    at_end(sc)
end)

check.case('the pattern says what fields are', function()
    local sc = new({record_separator = '\n', field_pattern = extended('[0-9]')}, '1234\nx5y67\n\n')
    check.equal('[1][2][3][4]', texts(sc:get_line()))
    check.equal('[5][6][7]', texts(sc:get_line()))
    check.equal('', texts(sc:get_line()))
    sc = new({record_separator = '\n', field_pattern = extended('[0-9]'), field_separator = ','}, '1,2\n')
    check.equal('[1][2]', texts(sc:get_line()))
end)

check.case('expressions with groups are refused for fields, not for records', function()
    local groups = extended('(,)')
    for _, name in ipairs{'field_separator', 'field_pattern'} do
        local sc = new({record_separator = '\n', [name] = groups}, 'a,b\n')
        check.raises_code(generic_error.ENOTSUP, nil, sc.get_line, sc)
        check.equal(0, sc.record_number)
        sc[name] = nil
        check.equal('a,b', tostring(sc:get_line()))
    end
    check.equal('[a][b]', all(new({record_separator = groups}, 'a,b')))
end)

check.case('a function gets the record, and all its results are passed through', function()
    local seen
    local sc = new({record_separator = '\n', trim_record = true}, ' a b \nlast ')
    sc.field_separator = function(...)
        seen = sc.record_number
        local record = ...
        check.equal(1, select('#', ...))
        check.equal('byte_span', getmetatable(record))
        return tostring(record), nil, 3, nil
    end
    local function results(...)
        check.equal(4, select('#', ...))
        return (...)
    end
    check.equal('a b', results(sc:get_line()))
    check.equal(1, seen)
    check.equal('last', results(sc:get_line()))
    check.equal(2, seen)
    at_end(sc)
    sc = new({record_separator = '\n', field_separator = function() error('no', 0) end}, 'a\nb\n')
    check.equal('no', check.raises(sc.get_line, sc))
    check.equal('a', tostring(sc:buffered_line()))
    check.equal(1, sc.record_number)
end)

check.case('columns are made alone', function()
    local sc = new({record_separator = '\n', field_separator = ' ', columns = {3, 1, 9, 1}}, 'a b c d\nx\n')
    local a, b, c, d, e = sc:get_line()
    check.equal('c a', tostring(a) .. ' ' .. tostring(b))
    check.equal(nil, c)
    check.equal('a', tostring(d))
    check.equal(nil, e)
    check.equal(4, select('#', sc:get_line()))
    at_end(sc)
    for _, value in ipairs{{0}, {1.5}, {'1'}, {math.huge}, 1, true} do
        check.raises_code(EINVAL, 'columns', sc.get_line, new({field_separator = ' ', columns = value}, 'a'))
    end
    check.raises_code(EINVAL, 'columns', sc.get_line, new({columns = {1}}, 'a'))
end)

check.case('settings may change from call to call', function()
    local sc = new({record_separator = '\n'}, 'a\nb;c d\n\n e ;f')
    check.equal('a', tostring(sc:get_line()))
    sc.record_separator = ';'
    check.equal('b', tostring(sc:get_line()))
    sc.record_separator, sc.field_separator = extended('\n+'), ' '
    check.equal('[c][d]', texts(sc:get_line()))
    sc.record_separator, sc.field_separator, sc.trim_record = ';', nil, true
    check.equal('e', tostring(sc:get_line()))
end)

check.case('settings that change while a call reads hold for the next one', function()
    local sc = scanner.new{record_separator = '\n'}
    local inner = pieces('a;b', '\nc;d\n')
    sc.stream = {read_some = function(_, buffer)
        sc.record_separator, sc.field_separator = ';', ','
        return inner:read_some(buffer)
    end}
    check.equal('a;b', tostring(sc:get_line()))
    check.equal('\n', sc.record_terminator)
    check.equal('[c]', texts(sc:get_line()))
end)

-- Long enough that records are found before they are asked for.
local function numbered(count)
    local lines = {}
    for i = 1, count do
        lines[i] = ('%03d,%s;%03d'):format(i, ('x'):rep(90), i)
    end
    return table.concat(lines, '\n') .. '\n'
end

check.case('records that were found ahead are found again with other settings', function()
    local text = numbered(300)
    local sc = new({record_separator = '\n', field_separator = ',', buffer_size_hint = 65536}, text)
    local function first_of(fields)
        return tonumber(tostring(fields[1]))
    end
    for i = 1, 3 do
        check.equal(i, first_of(sc:get_line()))
        check.equal(i, sc.record_number)
    end
    check.equal('003,', tostring(sc:buffered_line():slice(1, 4)))
    check.equal(4, first_of(sc:get_line()))
    sc.columns = {1}
    check.equal('005', tostring(sc:get_line()))
    check.equal('006', tostring(sc:get_line()))
    sc.record_separator = ';'
    check.equal('007', tostring(sc:get_line()))
    sc.record_separator, sc.columns, sc.field_separator = '\n', nil, nil
    check.equal('007', tostring(sc:get_line()))
    check.equal('008,', tostring(sc:get_line():slice(1, 4)))
    sc:remove_line()
    check.equal('009,', tostring(sc:buffer():slice(1, 4)))
    check.equal('009,', tostring(sc:get_line():slice(1, 4)))
    local buffer, offset = sc:buffer()
    sc:set_buffer(buffer, offset + 99)
    check.equal('010,', tostring(sc:get_line():slice(1, 4)))
    check.equal(11, sc.record_number)
    local function f(record)
        return tostring(record):sub(1, 3)
    end
    sc.field_separator = f
    check.equal('011', sc:get_line())
    sc.field_separator = nil
    for i = 12, 300 do
        check.equal(i, tonumber(tostring(sc:get_line():slice(1, 3))))
    end
    at_end(sc)
end)

check.case('what is found ahead is what is found one by one', function()
    local text = numbered(500):sub(1, -2)
    local many = {}
    for i = 1, 17 do
        many[i] = i % 4 + 1
    end
    for _, hint in ipairs{1, 1000, 3000, 65536} do
        for _, options in ipairs{{}, {containing = '7'}, {columns = {1}}, {columns = {2, 1}}, {columns = {1, 4, 3}},
            {columns = many}, {columns = {}}} do
            local expected, found = {}, {}
            for line in text:gmatch('[^\n]+') do
                local fields = {}
                for field in line:gmatch('[^,]+') do
                    fields[#fields + 1] = field
                end
                for i, column in ipairs(options.columns or {}) do
                    expected[#expected + 1] = i .. tostring(fields[column])
                end
                if not options.columns and (not options.containing or line:find('7', 1, true)) then
                    expected[#expected + 1] = '1' .. line
                end
            end
            local copy = {record_separator = '\n', buffer_size_hint = hint, field_separator = options.columns and ','}
            for name, value in pairs(options) do
                copy[name] = value
            end
            local sc = new(copy, sliced(text, 5000))
            local width = options.columns and #options.columns or 1
            local function take(...)
                check.equal(width, select('#', ...))
                for i = 1, width do
                    found[#found + 1] = i .. tostring((select(i, ...)))
                end
            end
            while #found < #expected or width == 0 and sc.record_number < 500 do
                take(sc:get_line())
                check.equal((width == 0 and sc.record_number == 500 or width ~= 0 and #found == #expected)
                    and not options.containing and '' or '\n', sc.record_terminator)
            end
            at_end(sc)
            check.equal(table.concat(expected, '|'), table.concat(found, '|'))
        end
    end
end)

check.case('fields may be strings, which outlive their record', function()
    local sc = new({record_separator = '\n', field_separator = ' ', as = 'string'}, 'a  b\n\nc d\n')
    local first = sc:get_line()
    check.equal('a,,b', table.concat(first, ','))
    check.equal(0, #sc:get_line())
    check.equal('c,d', table.concat(sc:get_line(), ','))
    check.equal('a,,b', table.concat(first, ','))
    at_end(sc)
    sc = new({record_separator = '\n', trim_record = true, as = 'string'}, ' x y \nz')
    check.equal('x y', sc:get_line())
    check.equal(' x y ', tostring(sc:buffered_line()))
    check.equal('z', sc:get_line())
    sc = new({record_separator = extended('[;,]'), as = 'string'}, 'a;b')
    check.equal('a', sc:get_line())
    check.equal('byte_span', getmetatable(sc.record_terminator))
end)

check.case('fields may be the numbers that tonumber makes of them', function()
    local texts = {'0', '-0', '00', '7', '+7', '-7', '1.5', '-1.5', '.5', '5.', '.', '-', '', '1e3', '1e', '0x10', '0x',
        '0x1p4', 'inf', '-inf', 'nan', 'infinity', 'Inf', 'NAN', 'nil', 'if', 'e5', 'A', '\255', ':', '1_000', '1LL',
        '1ULL', '1i', ' 1', '1 ', '1 2', '1\0', '\0', 'x', '--1', '- 1', '123456789012345', '1234567890123456',
        '-999999999999999', '9007199254740993', '0.1', '0.30000000000000004', '123456.123456789',
        '1.7976931348623157e308', '1e309', '5e-324', '4e-324', ('1'):rep(400), ('0'):rep(5000) .. '1'}
    local digits = 1
    for i = 1, 2000 do
        digits = digits * 16807 % 2147483647
        texts[#texts + 1] = ('%s%d.%0' .. i % 16 + 1 .. 'd'):format(i % 3 == 0 and '-' or '', digits % 10 ^ (i % 9), digits)
    end
    local sc = new({record_separator = '\n', field_separator = ',', as = 'number', max_record_size = 2 ^ 20},
        sliced(table.concat(texts, ',') .. '\n' .. table.concat(texts, '\n') .. '\n', 5000))
    local function same(text, value)
        local number = tonumber(text)
        if not number then
            check.equal('byte_span', getmetatable(value))
            check.equal(text, tostring(value))
        else
            check.equal('number', type(value))
            if number == number then
                check.equal(number, value)
                check.equal(1 / number, 1 / value)
            else
                check.equal(false, value == value)
            end
        end
    end
    local fields = sc:get_line()
    check.equal(#texts, #fields)
    for i, text in ipairs(texts) do
        same(text, fields[i])
    end
    sc.field_separator = nil
    for _, text in ipairs(texts) do
        same(text, (sc:get_line()))
    end
    at_end(sc)
end)

check.case('columns may be numbers, and are nil where there is none', function()
    local text = numbered(300)
    local sc = new({record_separator = '\n', field_separator = ';', columns = {2}, as = 'number', buffer_size_hint = 65536},
        'a;b\nc\n;\n' .. text)
    check.equal('b', tostring(sc:get_line()))
    check.equal(nil, (sc:get_line()))
    check.equal(0, #sc:get_line())
    for i = 1, 200 do
        check.equal(i, (sc:get_line()))
    end
    check.equal('200,', tostring(sc:buffered_line():slice(1, 4)))
    sc.as = 'string'
    check.equal('201', (sc:get_line()))
    sc.as = nil
    check.equal('byte_span', getmetatable(sc:get_line()))
    sc.as, sc.columns = 'number', {2, 2}
    local a, b, c = sc:get_line()
    check.equal(203, a)
    check.equal(203, b)
    check.equal(nil, c)
    for _, value in ipairs{'strings', 1, true, {}} do
        check.raises_code(EINVAL, 'as', sc.get_line, new({as = value}, 'a'))
    end
    check.raises_code(EINVAL, 'as', sc.get_line, new({as = 'number', field_separator = print}, 'a'))
end)

check.case('an error of splitting what is ahead waits for its turn', function()
    local text = numbered(20) .. ('a'):rep(3000) .. '\n' .. numbered(40)
    local sc = new({record_separator = '\n', buffer_size_hint = 65536,
        field_separator = regex.new{pattern = '(?:a+)+[bc]', grammar = 'ecma'}}, text)
    for _ = 1, 20 do
        check.equal(1, #sc:get_line())
    end
    local e = check.raises(sc.get_line, sc)
    check.equal('regex', tostring(e.category))
    check.equal(21, sc.record_number)
    check.equal(3000, #sc:buffered_line())
    for _ = 1, 40 do
        check.equal(1, #sc:get_line())
    end
    at_end(sc)
end)

check.done()
