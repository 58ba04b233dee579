-- stream.*: the composed operations over plain tables, and over files.
local check = require './check'
local asio_error = require 'asio_error'
local file = require 'file'
local filesystem = require 'filesystem'
local generic_error = require 'generic_error'
local stream = require 'stream'
local system = require 'system'

local EINVAL = generic_error.EINVAL
local eof = asio_error.misc.eof

-- A read stream of `text` that gives at most `step` bytes a call.
local function reader(text, step)
    local self = {calls = 0, sizes = {}}
    function self.read_some(io, buffer)
        check.equal(true, rawequal(io, self))
        check.equal('byte_span', getmetatable(buffer))
        self.calls = self.calls + 1
        self.sizes[#self.sizes + 1] = #buffer
        if #text == 0 then
            error(eof)
        end
        local n = buffer:copy(text:sub(1, step))
        text = text:sub(n + 1)
        return n
    end
    return self
end

local function writer(step)
    local self = {calls = 0, written = ''}
    function self.write_some(io, buffer)
        check.equal(true, rawequal(io, self))
        check.equal('byte_span', getmetatable(buffer))
        self.calls = self.calls + 1
        local n = math.min(step, #buffer)
        self.written = self.written .. tostring(buffer:slice(1, n))
        return n
    end
    return self
end

check.case('read_all fills the buffer', function()
    local buffer = byte_span.new(7, 20)
    local io = reader('abcdefghij', 3)
    check.equal(7, stream.read_all(io, buffer))
    check.equal('abcdefg', tostring(buffer))
    check.equal('7 4 1', table.concat(io.sizes, ' '))
end)

-- 50 §11.19
check.case('an empty buffer makes no call', function()
    local io = reader('abc', 1)
    check.equal(0, stream.read_all(io, byte_span.new(0)))
    check.equal(0, stream.read_all(io, byte_span.new(0, 9)))
    check.equal(0, stream.read_at_least(io, byte_span.new(0), 5))
    check.equal(0, io.calls)
    local out = writer(1)
    check.equal(0, stream.write_all(out, ''))
    check.equal(0, stream.write_all(out, byte_span.new(0)))
    check.equal(0, stream.write_at_least(out, byte_span.new(0), 5))
    check.equal(0, out.calls)
end)

check.case('read_at_least stops once it has enough', function()
    local io = reader('abcdefghij', 4)
    local buffer = byte_span.new(10)
    check.equal(8, stream.read_at_least(io, buffer, 5))
    check.equal(2, io.calls)
    check.equal('abcdefgh\0\0', tostring(buffer))
    check.equal(2, stream.read_at_least(io, buffer, 1))
    check.equal('ij', tostring(buffer:slice(1, 2)))
end)

-- 50 §11.20
check.case('a minimum above the size of the buffer is clamped', function()
    local buffer = byte_span.new(10)
    check.equal(10, stream.read_at_least(reader('abcdefghijklmnop', 3), buffer, 100))
    check.equal('abcdefghij', tostring(buffer))
    local out = writer(3)
    check.equal(4, stream.write_at_least(out, byte_span.append('abcd'), math.huge))
    check.equal('abcd', out.written)
end)

check.case('a minimum of nothing does nothing', function()
    local io, out = reader('abc', 1), writer(1)
    for _, minimum in ipairs{0, -1, -math.huge} do
        check.equal(0, stream.read_at_least(io, byte_span.new(5), minimum))
        check.equal(0, stream.write_at_least(out, byte_span.new(5), minimum))
    end
    check.equal(0, io.calls + out.calls)
end)

-- 50 §11.21
check.case('write_all takes strings and spans', function()
    local out = writer(3)
    check.equal(8, stream.write_all(out, 'abc\0defg'))
    check.equal('abc\0defg', out.written)
    check.equal(3, out.calls)
    check.equal(2, stream.write_all(out, byte_span.append('hi')))
    check.equal('abc\0defghi', out.written)
end)

check.case('write_at_least stops once enough is accepted', function()
    local out = writer(3)
    check.equal(6, stream.write_at_least(out, byte_span.append('abcdefgh'), 4))
    check.equal('abcdef', out.written)
    check.equal(2, out.calls)
end)

-- 50 §11.23
check.case('an early end raises, and what was read is in the buffer', function()
    local buffer = byte_span.new(10)
    local e = check.raises_code(eof, nil, stream.read_all, reader('abcd', 3), buffer)
    check.equal('asio.misc', tostring(e.category))
    check.equal('abcd\0\0\0\0\0\0', tostring(buffer))
    check.raises_code(eof, nil, stream.read_at_least, reader('abcd', 3), buffer, 5)
    check.equal(4, stream.read_at_least(reader('abcd', 4), buffer, 4))
end)

check.case('errors of the stream pass through unchanged', function()
    local value = {}
    local failing = {}
    function failing.read_some() error(value) end
    function failing.write_some() error(value) end
    check.equal(true, rawequal(value, check.raises(stream.read_all, failing, byte_span.new(1))))
    check.equal(true, rawequal(value, check.raises(stream.read_at_least, failing, byte_span.new(1), 1)))
    check.equal(true, rawequal(value, check.raises(stream.write_all, failing, 'x')))
    check.equal(true, rawequal(value, check.raises(stream.write_at_least, failing, byte_span.new(1), 1)))
end)

check.case('wrong buffers are EINVAL with arg 2', function()
    local io, out = reader('abc', 1), writer(1)
    for _, value in ipairs{1, {}, true, newproxy()} do
        check.raises_code(EINVAL, 2, stream.read_all, io, value)
        check.raises_code(EINVAL, 2, stream.read_at_least, io, value, 1)
        check.raises_code(EINVAL, 2, stream.write_all, out, value)
        check.raises_code(EINVAL, 2, stream.write_at_least, out, value, 1)
    end
    check.raises_code(EINVAL, 2, stream.read_all, io, 'text')
    check.raises_code(EINVAL, 2, stream.read_at_least, io, 'text', 1)
    check.raises_code(EINVAL, 2, stream.write_at_least, out, 'text', 1)
    check.raises_code(EINVAL, 2, stream.read_all, io)
    check.equal(0, io.calls + out.calls)
end)

check.case('the stream may be an object of a class', function()
    local class = {__index = {}}
    function class.__index:read_some(buffer)
        this_fiber.yield()
        return buffer:copy(self.text)
    end
    local buffer = byte_span.new(4)
    check.equal(4, stream.read_all(setmetatable({text = 'ab'}, class), buffer))
    check.equal('abab', tostring(buffer))
end)

check.case('a missing method is a plain Lua error', function()
    check.equal('string', type(check.raises(stream.read_all, {}, byte_span.new(1))))
    check.equal('string', type(check.raises(stream.write_all, {}, 'x')))
end)

check.case('two fibers copy from one table stream to another', function()
    local source = reader(('0123456789'):rep(50), 7)
    local sink = writer(11)
    local plain = source.read_some
    source.read_some = function(...)
        this_fiber.yield()
        return plain(...)
    end
    local f = spawn(function()
        local buffer = byte_span.new(500)
        stream.read_all(source, buffer)
        return buffer
    end)
    local buffer = f:join()
    check.equal(500, stream.write_all(sink, buffer))
    check.equal(('0123456789'):rep(50), sink.written)
end)

check.case('a file is written and read back whole', function()
    local directory = filesystem.path.new(system.environment.TEST_TMPDIR or '/tmp')
    local path = directory / 'stream_test.data'
    local flags = file.open_flag
    local f = file.stream.new()
    f:open(path, bit.bor(flags.read_write, flags.create, flags.truncate))
    local text = ('line of text\n'):rep(20000)
    check.equal(#text, stream.write_all(f, text))
    check.equal(#text, f.size)
    check.equal(0, f:seek(0, 'set'))
    local buffer = byte_span.new(#text)
    check.equal(#text, stream.read_all(f, buffer))
    check.equal(true, tostring(buffer) == text)
    check.raises_code(eof, nil, stream.read_all, f, byte_span.new(1))
    f:seek(-5, 'end')
    buffer = byte_span.new(10)
    check.raises_code(eof, nil, stream.read_all, f, buffer)
    check.equal('text\n\0\0\0\0\0', tostring(buffer))
    f:seek(-5, 'end')
    check.equal(5, stream.read_at_least(f, buffer, 5))
    f:close()
end)

check.done()
