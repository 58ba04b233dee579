-- stream.scanner (50 §4): records, over plain tables and pipes; fields are in scanner_fields_test.
local check = require './check'
local asio_error = require 'asio_error'
local generic_error = require 'generic_error'
local pipe = require 'pipe'
local scanner_cases = require './scanner_cases'
local stream = require 'stream'

local scanner = stream.scanner
local EINVAL = generic_error.EINVAL
local pieces, sliced, new = scanner_cases.pieces, scanner_cases.sliced, scanner_cases.new
local at_end, all, extended = scanner_cases.at_end, scanner_cases.all, scanner_cases.extended

-- 50 §11.24
check.case('new returns the same table with the defaults filled in', function()
    local options = {buffer_size_hint = 10, field_separator = ','}
    local sc = scanner.new(options)
    check.equal(true, rawequal(options, sc))
    check.equal(true, rawequal(scanner.mt, getmetatable(sc)))
    check.equal(nil, sc.buffer_size_hint)
    check.equal('\r\n', sc.record_separator)
    check.equal(',', sc.field_separator)
    check.equal(nil, sc.field_pattern)
    check.equal(false, sc.trim_record)
    check.equal(65536, sc.max_record_size)
    check.equal(0, sc.record_number)
    check.equal(nil, sc.record_terminator)
    check.equal('table', type(scanner.new()))
    for _, value in ipairs{1, 'x', true} do
        check.raises_code(EINVAL, 1, scanner.new, value)
    end
    for _, value in ipairs{'x', {}, 0 / 0} do
        check.raises_code(EINVAL, 'buffer_size_hint', scanner.new, {buffer_size_hint = value})
    end
end)

check.case('a scanner may be given its stream later, and methods', function()
    function scanner.mt.__index:first_word()
        return (tostring(self:get_line()):match('%S+'))
    end
    local sc = scanner.new{}
    check.raises_code(EINVAL, 'stream', sc.get_line, sc)
    sc.stream = pieces('to be\r\nor not')
    check.equal('to', sc:first_word())
    check.equal('or', sc:first_word())
    scanner.mt.__index.first_word = nil
end)

-- 50 §11.25
check.case('records end with CRLF by default', function()
    check.equal('[a\nb][\rc]', all(new({}, 'a\nb\r\n\rc\r\n')))
end)

-- 50 §11.26
check.case('a separator that is split across reads is recognised', function()
    local text = 'ab--end--c--en--end--'
    for step = 1, #text do
        check.equal('[ab][c--en]', all(new({record_separator = '--end--'}, sliced(text, step))))
    end
    for step = 1, 12 do
        local separator = extended('\r?\n|\r')
        check.equal('[ab][c][][d][e]', all(new({record_separator = separator}, sliced('ab\r\nc\n\rd\re\r\n', step))))
    end
end)

-- 50 §11.27
check.case('a span that get_line has returned is overwritten by the next call', function()
    local sc = new({record_separator = '\n'}, 'one\ntwo\nthree\n')
    local first = sc:get_line()
    check.equal('one', tostring(first))
    sc:get_line()
    check.equal('two', tostring(first))
    sc:get_line()
    check.equal('thr', tostring(first))
    check.equal(3, #first)
end)

-- 50 §11.28
check.case('the last record may have no terminator', function()
    local sc = new({record_separator = '\n'}, 'a\nb')
    sc:get_line()
    check.equal('b', tostring(sc:get_line()))
    check.equal('', sc.record_terminator)
    check.equal(2, sc.record_number)
    at_end(sc)
    at_end(sc)
    check.equal(2, sc.record_number)
    check.equal(4, sc.stream.calls)
    sc = new({record_separator = extended('\n')}, 'a\nb')
    sc:get_line()
    sc:get_line()
    check.equal('byte_span', getmetatable(sc.record_terminator))
    check.equal(0, #sc.record_terminator)
    at_end(sc)
    at_end(new({}))
end)

-- 50 §11.29
check.case('input that ends with the separator has no further record', function()
    check.equal('[a]', all(new({record_separator = '\n'}, 'a\n')))
    check.equal('[]', all(new({record_separator = '\n'}, '\n')))
    check.equal('[a]', all(new({record_separator = extended('\n+')}, 'a\n')))
end)

-- 50 §11.30
check.case('consecutive separators give empty records', function()
    local sc = new({record_separator = '\n'}, '\n\n\nx\n')
    for i = 1, 3 do
        check.equal(0, #sc:get_line())
        check.equal(i, sc.record_number)
    end
    check.equal('x', tostring(sc:get_line()))
    check.equal(4, sc.record_number)
end)

-- 50 §11.31
check.case('the terminator is a string, or a span with what was matched', function()
    local sc = new({record_separator = '\n'}, 'a\n')
    sc:get_line()
    check.equal('\n', sc.record_terminator)
    sc = new({record_separator = extended('[;,]+')}, 'a,b;,;c')
    sc:get_line()
    check.equal('byte_span', getmetatable(sc.record_terminator))
    check.equal(',', tostring(sc.record_terminator))
    sc:get_line()
    check.equal(';,;', tostring(sc.record_terminator))
end)

-- 50 §11.32
check.case('trimming changes what get_line returns, not the buffered line', function()
    local sc = new({record_separator = '\n', trim_record = true}, ' \t a b \v\n...x-.\n')
    check.equal('a b', tostring(sc:get_line()))
    check.equal(' \t a b \v', tostring(sc:buffered_line()))
    sc.trim_record = '.-'
    check.equal('x', tostring(sc:get_line()))
    check.equal('...x-.', tostring(sc:buffered_line()))
end)

check.case('what was trimmed from the last record is not another one', function()
    for _, separator in ipairs{'\n', extended('\n')} do
        check.equal('[a][b]', all(new({record_separator = separator, trim_record = true}, 'a\n  b  ')))
        check.equal('[a][]', all(new({record_separator = separator, trim_record = true}, 'a\n   ')))
    end
end)

-- 50 §11.35
check.case('a record that is too long can be read after all', function()
    for _, separator in ipairs{'\n', extended('\n')} do
        local sc = new({record_separator = separator, buffer_size_hint = 4, max_record_size = 8}, 'ab\n0123456789abc\nx')
        check.equal('ab', tostring(sc:get_line()))
        for _ = 1, 3 do
            local e = check.raises_code(generic_error.EMSGSIZE, nil, sc.get_line, sc)
            check.equal('generic', tostring(e.category))
        end
        check.equal(1, sc.record_number)
        check.equal('01234567', tostring((sc:buffer())))
        sc.max_record_size = 14
        check.equal('0123456789abc', tostring(sc:get_line()))
        check.equal('x', tostring(sc:get_line()))
        at_end(sc)
    end
end)

check.case('a last record that fills the limit is too long', function()
    local sc = new({record_separator = '\n', buffer_size_hint = 4, max_record_size = 4}, 'abcd')
    check.raises_code(generic_error.EMSGSIZE, nil, sc.get_line, sc)
    sc.max_record_size = 5
    check.equal('abcd', tostring(sc:get_line()))
end)

check.case('a buffer larger than the limit is not shrunk, one of no size grows', function()
    local sc = new({record_separator = '\n', buffer_size_hint = 20, max_record_size = 4}, '0123456789\n')
    check.equal('0123456789', tostring(sc:get_line()))
    sc = new({record_separator = '\n', buffer_size_hint = 0}, '0123456789\n')
    check.equal('0123456789', tostring(sc:get_line()))
end)

-- 50 §11.36
check.case('remove_line leaves what is behind the line', function()
    local sc = new({}, 'size: 3\r\n\r\nabcdef')
    sc:get_line()
    local buffer, offset = sc:buffer()
    check.equal('size: 3\r\n\r\nabcdef', tostring(buffer:slice(offset)))
    sc:get_line()
    sc:remove_line()
    check.equal(nil, sc.record_terminator)
    buffer, offset = sc:buffer()
    check.equal('abcdef', tostring(buffer:slice(offset)))
    check.raises_code(EINVAL, 1, sc.remove_line, sc)
    check.raises_code(EINVAL, 1, sc.buffered_line, sc)
end)

-- 50 §11.37
check.case('a buffer that is taken and given back loses nothing', function()
    local sc = new({record_separator = '\n'}, 'a\nb\nc\nd', '\ne\n')
    sc:get_line()
    sc:remove_line()
    sc:set_buffer(sc:buffer())
    check.equal(nil, sc.record_terminator)
    check.equal('b', tostring(sc:get_line()))
    local buffer, offset = sc:buffer()
    sc:set_buffer(buffer, offset + 2)
    check.equal('c', tostring(sc:get_line()))
    sc:remove_line()
    buffer, offset = sc:buffer()
    sc:set_buffer(buffer, offset + #buffer)
    check.equal('', tostring(sc:get_line()))
    check.equal('e', tostring(sc:get_line()))
    check.equal(5, sc.record_number)
    at_end(sc)
end)

check.case('set_buffer takes the whole capacity, and moves to its front', function()
    local sc = new({record_separator = '\n', max_record_size = 0}, '3456789\n')
    local buffer = byte_span.append('xx012'):append()
    sc:set_buffer(byte_span.new(0, 20):append('xx012'), 3)
    check.equal('0123456789', tostring(sc:get_line()))
    sc:set_buffer(buffer)
    check.equal('xx012', tostring((sc:buffer())))
    check.equal(1, sc.record_number)
    for _, value in ipairs{'text', 1, {}} do
        check.raises_code(EINVAL, 2, sc.set_buffer, sc, value)
    end
    check.raises_code(EINVAL, 3, sc.set_buffer, sc, buffer, 'x')
    for _, offset in ipairs{0, -1, 7, 0 / 0} do
        check.raises_code(generic_error.ERANGE, nil, sc.set_buffer, sc, buffer, offset)
    end
    sc:set_buffer(buffer, 6)
    check.equal(0, #sc:buffer())
    sc:set_buffer(byte_span.new(0))
    check.equal(0, #sc:buffer())
end)

check.case('records without a text are passed over', function()
    for step = 1, 20 do
        local sc = new({record_separator = '\n', containing = 'ab'}, sliced('a\nxaby\nb\n\nab\nno', step))
        check.equal('[xaby][ab]', all(sc))
    end
    check.equal('[ab]', all(new({record_separator = extended('\r?\n|\r'), containing = 'ab'}, 'x\rab\ry\r')))
    check.raises_code(EINVAL, 'containing', scanner.mt.__index.get_line, new({containing = ''}, 'a'))
end)

check.case('wrong settings are named', function()
    for name, values in pairs{
        record_separator = {1, '', {}, true, byte_span.append('x')},
        field_separator = {1, '', {}, true, byte_span.append('x')},
        field_pattern = {1, 'x', {}, true},
        trim_record = {1, {}},
        max_record_size = {'x', {}, 0 / 0},
    } do
        for _, value in ipairs(values) do
            local sc = new({[name] = value}, 'a\r\n')
            check.raises_code(EINVAL, name, sc.get_line, sc)
            sc[name] = scanner.new()[name]
            check.equal('a', tostring(sc:get_line()))
        end
    end
    local sc = new({}, 'a\r\n')
    sc.record_separator = nil
    check.raises_code(EINVAL, 'record_separator', sc.get_line, sc)
    for _, name in ipairs{'get_line', 'buffer', 'buffered_line', 'remove_line', 'set_buffer'} do
        check.raises_code(EINVAL, 1, scanner.mt.__index[name], {})
    end
end)

check.case('errors of the stream lose nothing', function()
    local value = {}
    local sc = new({record_separator = '\n'}, 'a\nbc', value, 'd', asio_error.basic.connection_reset, 'e\n')
    check.equal('a', tostring(sc:get_line()))
    check.equal(true, rawequal(value, check.raises(sc.get_line, sc)))
    check.equal('bc', tostring((sc:buffer())))
    check.raises_code(asio_error.basic.connection_reset, nil, sc.get_line, sc)
    check.equal('bcde', tostring(sc:get_line()))
    check.equal(2, sc.record_number)
end)

-- Code 2, as the end of a stream is.
check.case('ENOENT is not the end', function()
    for _, e in ipairs{generic_error.ENOENT, asio_error.netdb.host_not_found_try_again} do
        check.equal(2, e.code)
        local sc = new({record_separator = '\n'}, 'a', e, 'b')
        check.raises_code(e, nil, sc.get_line, sc)
        check.equal('ab', tostring(sc:get_line()))
    end
end)

check.case('a stream that counts wrongly is refused', function()
    for _, count in ipairs{-1, 4097, 0 / 0, math.huge, 'x', {}} do
        local sc = scanner.new{stream = {read_some = function() return count end}}
        check.raises_code(EINVAL, 'read_some', sc.get_line, sc)
        check.raises_code(EINVAL, 'read_some', sc.get_line, sc)
        check.equal(0, #sc:buffer())
    end
    local sc = scanner.new{stream = {read_some = function() end}}
    check.raises_code(EINVAL, 'read_some', sc.get_line, sc)
    sc.stream = {}
    check.equal('string', type(check.raises(sc.get_line, sc)))
    sc.stream = pieces('a\r\n')
    check.equal('a', tostring(sc:get_line()))
end)

check.case('an interrupted fiber has lost nothing', function()
    local reader, writer = pipe.pair()
    local sc = scanner.new{stream = reader, record_separator = '\n'}
    stream.write_all(writer, 'one\ntw')
    check.equal('one', tostring(sc:get_line()))
    local f = spawn(function() sc:get_line() end)
    this_fiber.yield()
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
    check.equal('tw', tostring((sc:buffer())))
    stream.write_all(writer, 'o\n')
    check.equal('two', tostring(sc:get_line()))
    check.equal(2, sc.record_number)
end)

check.case('one fiber at a time fills the buffer', function()
    local reader, writer = pipe.pair()
    local sc = scanner.new{stream = reader, record_separator = '\n'}
    local f = spawn(function() return tostring(sc:get_line()) end)
    this_fiber.yield()
    check.raises_code(generic_error.EBUSY, nil, sc.get_line, sc)
    check.raises_code(generic_error.EBUSY, nil, sc.set_buffer, sc, byte_span.new(1))
    sc.record_separator = ';'
    check.raises_code(generic_error.EBUSY, nil, sc.get_line, sc)
    stream.write_all(writer, 'a;b\nc;')
    check.equal('a;b', f:join())
    check.equal('c', tostring(sc:get_line()))
end)

check.case('get_line suspends only to read', function()
    local sc = new({record_separator = '\n'}, 'a\nb\n')
    check.equal('a', tostring(sc:get_line()))
    this_fiber.forbid_suspend()
    check.equal('b', tostring(sc:get_line()))
    this_fiber.allow_suspend()
    local reader, writer = pipe.pair()
    sc.stream = reader
    check.refuses_to_suspend(sc.get_line, sc)
    stream.write_all(writer, 'c\n')
    check.equal('c', tostring(sc:get_line()))
end)

check.case('records and fields outlive their scanner', function()
    local kept = {}
    for i = 1, 2000 do
        local text = ('record %d of many'):format(i)
        local record = new({buffer_size_hint = 64, record_separator = '\n'}, text .. '\n'):get_line()
        local fields = new({buffer_size_hint = 64, field_separator = ' '}, text):get_line()
        kept[#kept + 1] = {text, record, fields, record:slice(8, 8)}
    end
    collectgarbage()
    collectgarbage()
    for i, entry in ipairs(kept) do
        check.equal(entry[1], tostring(entry[2]))
        check.equal(tostring(i), tostring(entry[3][2]))
        check.equal(tostring(i):sub(1, 1), tostring(entry[4]))
    end
end)

check.case('a view of the buffer is a span like others', function()
    local sc = new({record_separator = '\n'}, 'abc\ndef\n')
    local view = sc:get_line()
    check.equal(true, view == byte_span.append('abc'))
    check.equal(true, byte_span.append('abc') == view)
    check.equal(3, view.capacity)
    check.equal('abcx', tostring(view:append('x')))
    check.equal('bc', tostring(view:slice(2)))
    view[1] = 65
    check.equal('Abc', tostring(sc:buffered_line()))
    check.equal(3, sc:buffered_line().capacity)
    check.raises_core(8, function() return view.nothing end)
    -- What would be written there belongs to the next record.
    check.equal('def', tostring(sc:get_line()))
    local reader, writer = pipe.pair()
    check.equal(3, writer:write_some(sc:buffered_line()))
    check.equal(3, reader:read_some(view))
    check.equal('def', tostring(view))
end)

check.case('the view that a stream reads to keeps the memory', function()
    local rooms = {}
    local text = ('x'):rep(1000) .. '\n'
    local inner = sliced(text:rep(50), 700)
    local sc = scanner.new{record_separator = '\n', buffer_size_hint = 16, stream = {
        read_some = function(_, room)
            rooms[#rooms + 1] = room
            return inner:read_some(room)
        end,
    }}
    for _ = 1, 50 do
        check.equal(1000, #sc:get_line())
    end
    sc = nil
    collectgarbage()
    for _, room in ipairs(rooms) do
        room[1] = room[#room]
    end
end)

check.case('a header and a counted payload', function()
    local io = pieces('size: 5\r\nother: x\r\n', '\r\nabc', 'defirst\r\nsecond\r\n')
    local sc = scanner.new{stream = io}
    local need
    repeat
        local line = tostring(sc:get_line())
        need = need or tonumber(line:match('^size: (%d+)$'))
    until line == ''
    sc:remove_line()
    local buffer, offset = sc:buffer()
    local have = tostring(buffer:slice(offset))
    check.equal('abc', have)
    local rest = byte_span.new(need - #have)
    stream.read_all(io, rest)
    check.equal('abcde', have .. tostring(rest))
    sc:set_buffer(byte_span.new(0, 100))
    check.equal('first', tostring(sc:get_line()))
    check.equal('second', tostring(sc:get_line()))
end)

check.done()
