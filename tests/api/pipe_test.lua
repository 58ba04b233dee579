-- The module pipe (50 §7), and what holds for every I/O object (50 §1).
local check = require './check'
local asio_error = require 'asio_error'
local generic_error = require 'generic_error'
local io_cases = require './io_cases'
local pipe = require 'pipe'
local stream = require 'stream'

local EINVAL, EBADF = generic_error.EINVAL, generic_error.EBADF
local aborted, eof = asio_error.basic.operation_aborted, asio_error.misc.eof

local read, parked = io_cases.read, io_cases.parked

-- Writes until nothing more fits, and returns how much that was.
local function fill(w)
    local block = byte_span.new(65536)
    return io_cases.until_it_waits(function() return w:write_some(block) end)
end

check.case('a pair is connected, the reading end first', function()
    local r, w = pipe.pair()
    check.equal('pipe.read_stream', getmetatable(r))
    check.equal('pipe.write_stream', getmetatable(w))
    check.equal(true, r.is_open)
    check.equal(true, w.is_open)
    check.equal(5, w:write_some(byte_span.append('hello')))
    check.equal('he', read(r, 2))
    check.equal('llo', read(r))
end)

check.case('the stream functions work on pipes', function()
    local r, w = pipe.pair()
    local text = ('0123456789'):rep(50000)
    local writer = spawn(function()
        stream.write_all(w, text)
        w:close()
    end)
    local buffer = byte_span.new(#text)
    check.equal(#text, stream.read_all(r, buffer))
    check.equal(text, tostring(buffer))
    check.raises_code(eof, nil, stream.read_at_least, r, buffer, 1)
    writer:join()
end)

-- 50 §11.38
check.case('closing the writer wakes a pending reader with eof', function()
    local r, w = pipe.pair()
    local reader = parked(function() return check.raises(read, r) end)
    w:close()
    check.equal(eof, reader:join())
    check.raises_code(eof, nil, read, r)
end)

check.case('what is in the pipe comes before its end', function()
    local r, w = pipe.pair()
    stream.write_all(w, 'rest')
    w:close()
    check.equal('rest', read(r))
    check.raises_code(eof, nil, read, r)
    check.raises_code(eof, nil, read, r)
end)

-- 50 §11.38
check.case('closing the reader itself wakes it with operation_aborted', function()
    local r, w = pipe.pair()
    local a = parked(function() return check.raises(read, r) end)
    local b = parked(function() return check.raises(read, r) end)
    r:close()
    check.equal(aborted, a:join())
    check.equal(aborted, b:join())
    check.equal(false, r.is_open)
    w:close()
end)

check.case('closing the writer itself wakes it with operation_aborted', function()
    local r, w = pipe.pair()
    fill(w)
    local writer = parked(function() return check.raises(w.write_some, w, byte_span.new(1)) end)
    w:close()
    check.equal(aborted, writer:join())
    r:close()
end)

check.case('writing without a reader left is EPIPE', function()
    local r, w = pipe.pair()
    r:close()
    check.raises_code(generic_error.EPIPE, nil, w.write_some, w, byte_span.append('x'))
    check.equal('system', tostring(check.raises(w.write_some, w, byte_span.append('x')).category))
end)

check.case('a writer that waits gets EPIPE when the reader goes', function()
    local r, w = pipe.pair()
    fill(w)
    local writer = parked(function() return check.raises(w.write_some, w, byte_span.new(1)) end)
    r:close()
    check.equal(generic_error.EPIPE, writer:join())
end)

check.case('a full pipe takes more once it is read', function()
    local r, w = pipe.pair()
    local filled = fill(w)
    check.equal(true, filled > 0)
    local writer = parked(function() return w:write_some(byte_span.append('last')) end)
    stream.read_all(r, byte_span.new(filled))
    check.equal(4, writer:join())
    check.equal('last', read(r))
end)

-- 50 §11.39
check.case('cancel wants an open object, close does not', function()
    local r, w = pipe.pair()
    for _, io in ipairs{r, w} do
        io:cancel()
        check.equal(true, io.is_open)
        io:close()
        io:close()
        local e = check.raises_code(asio_error.basic.bad_descriptor, nil, io.cancel, io)
        check.equal('system', tostring(e.category))
    end
end)

check.case('cancel aborts all that wait, and the object goes on', function()
    local r, w = pipe.pair()
    local a = parked(function() return check.raises(read, r) end)
    local b = parked(function() return check.raises(read, r) end)
    r:cancel()
    check.equal(aborted, a:join())
    check.equal(aborted, b:join())
    stream.write_all(w, 'on')
    check.equal('on', read(r))
end)

-- 50 §11.40
check.case('release and new make a round trip', function()
    local r, w = pipe.pair()
    stream.write_all(w, 'kept')
    local r2 = pipe.read_stream.new(r:release())
    check.equal(false, r.is_open)
    check.equal('kept', read(r2))
    local w2 = pipe.write_stream.new(w:release())
    r:assign(r2:release())
    w:assign(w2:release())
    stream.write_all(w, 'and back')
    check.equal('and back', read(r))
end)

check.case('release aborts what waits, and loses no byte', function()
    local r, w = pipe.pair()
    local reader = parked(function() return check.raises(read, r) end)
    local fd = r:release()
    stream.write_all(w, 'bytes')
    check.equal(aborted, reader:join())
    check.equal('bytes', read(pipe.read_stream.new(fd)))
end)

check.case('release of a closed end is EBADF of the category generic', function()
    for _, io in ipairs{pipe.read_stream.new(), pipe.write_stream.new()} do
        check.equal('generic', tostring(check.raises_code(EBADF, nil, io.release, io).category))
    end
end)

check.case('operations on a closed end are EBADF of the category system', function()
    local r, w = pipe.read_stream.new(), pipe.write_stream.new()
    check.equal(false, r.is_open)
    local buffer = byte_span.new(1)
    check.equal('system', tostring(check.raises_code(EBADF, nil, r.read_some, r, buffer).category))
    check.equal('system', tostring(check.raises_code(EBADF, nil, w.write_some, w, buffer).category))
end)

-- 50 §11.41
check.case('assign consumes a descriptor, unless the end is open', function()
    local r, w = pipe.pair()
    local fd = r:release()
    local taken = pipe.read_stream.new()
    taken:assign(fd)
    check.equal(nil, getmetatable(fd))
    check.raises_code(EINVAL, 1, pipe.read_stream.new, fd)
    local other = w:release()
    check.raises_code(asio_error.misc.already_open, nil, taken.assign, taken, other)
    check.equal('file_descriptor', getmetatable(other))
    w:assign(other)
    stream.write_all(w, 'x')
    check.equal('x', read(taken))
end)

check.case('new and assign want a descriptor', function()
    for _, class in ipairs{pipe.read_stream, pipe.write_stream} do
        local io = class.new()
        for _, value in ipairs{0, 'x', {}, newproxy(), io} do
            check.raises_code(EINVAL, 1, class.new, value)
            check.raises_code(EINVAL, 2, io.assign, io, value)
        end
        check.raises_code(EINVAL, 1, class.new, nil)
        check.raises_code(EINVAL, 2, io.assign, io)
        check.equal(false, io.is_open)
    end
end)

-- 50 §11.22
check.case('buffers are byte spans', function()
    local r, w = pipe.pair()
    for _, value in ipairs{'text', 1, {}, newproxy(), r} do
        check.raises_code(EINVAL, 2, w.write_some, w, value)
        check.raises_code(EINVAL, 2, r.read_some, r, value)
    end
    check.raises_code(EINVAL, 2, r.read_some, r)
end)

check.case('self is checked', function()
    local r, w = pipe.pair()
    for _, self in ipairs{1, {}, newproxy(), w} do
        for _, name in ipairs{'read_some', 'close', 'cancel', 'assign', 'release'} do
            check.raises_code(EINVAL, 1, r[name], self, byte_span.new(1))
        end
    end
    check.raises_code(EINVAL, 1, w.write_some, r, byte_span.new(1))
end)

check.case('there are no other members, and none can be written', function()
    local r, w = pipe.pair()
    check.equal(2, check.raises_core(8, function() return r.write_some end).index)
    check.equal(2, check.raises_core(8, function() return w.read_some end).index)
    check.equal(2, check.raises_core(8, function() return r.open end).index)
    check.equal('string', type(check.raises(function() r.is_open = true end)))
end)

check.case('an empty buffer asks nobody', function()
    local r, w = pipe.pair()
    check.equal(0, r:read_some(byte_span.new(0)))
    check.equal(0, w:write_some(byte_span.new(0)))
    r:close()
    check.equal(0, w:write_some(byte_span.new(0)))
end)

check.case('the wrong end cannot be used', function()
    local r, w = pipe.pair()
    local backwards = pipe.write_stream.new(r:release())
    check.raises_code(EBADF, nil, backwards.write_some, backwards, byte_span.new(1))
    local backwards_too = pipe.read_stream.new(w:release())
    check.raises_code(EBADF, nil, backwards_too.read_some, backwards_too, byte_span.new(1))
end)

check.case('readers are served in the order in which they came', function()
    local r, w = pipe.pair()
    local fibers = {}
    for i = 1, 10 do
        fibers[i] = parked(function() return read(r, 1) end)
    end
    stream.write_all(w, 'abcdefghij')
    local text = ''
    for i = 1, 10 do
        text = text .. fibers[i]:join()
    end
    check.equal('abcdefghij', text)
end)

-- 50 §11.43
check.case('an interrupted reader leaves the bytes', function()
    local r, w = pipe.pair()
    local reader = parked(function() read(r) end)
    reader:interrupt()
    stream.write_all(w, 'unread')
    reader:join()
    check.equal(true, reader.interruption_caught)
    check.equal('unread', read(r))
end)

check.case('interrupting one reader leaves the others', function()
    local r, w = pipe.pair()
    local a = parked(function() return read(r) end)
    local b = parked(function() return read(r) end)
    a:interrupt()
    a:join()
    check.equal(true, a.interruption_caught)
    stream.write_all(w, 'for b')
    check.equal('for b', b:join())
end)

-- 50 §11.44
check.case('an interrupted fiber does not touch the stream', function()
    local r, w = pipe.pair()
    stream.write_all(w, 'untouched')
    local reader = spawn(function() read(r) end)
    reader:interrupt()
    reader:join()
    check.equal(true, reader.interruption_caught)
    check.equal('untouched', read(r))
end)

-- 10 §5.3.3
check.case('bytes are lost in no race of an interruption and a write', function()
    local r, w = pipe.pair()
    io_cases.nothing_is_lost(function() return read(r, 8) end, function(text) stream.write_all(w, text) end)
end)

check.case('a fiber that waits keeps the object alive', function()
    local r, w = pipe.pair()
    local fd = r:release()
    local reader = parked(function() return read(pipe.read_stream.new(fd)) end)
    r, fd = nil, nil
    collectgarbage()
    collectgarbage()
    stream.write_all(w, 'alive')
    check.equal('alive', reader:join())
end)

-- 50 §1
check.case('ends stay in blocking mode', function()
    local r, w = pipe.pair()
    local reader = parked(function() return read(r) end)
    stream.write_all(w, 'x')
    reader:join()
    for _, io in ipairs{r, w} do
        local flags = io_cases.flags_of(io:release())
        check.equal(0, bit.band(flags, io_cases.O_NONBLOCK))
        check.equal(io_cases.O_CLOEXEC, bit.band(flags, io_cases.O_CLOEXEC))
    end
end)

check.case('nothing leaks', function()
    local before = io_cases.next_number()
    for i = 1, 200 do
        local r, w = pipe.pair()
        local reader = parked(function() pcall(read, r) end)
        local filler = parked(function() w:write_some(byte_span.new(1)) end)
        if i % 3 == 0 then
            r:close()
        elseif i % 3 == 1 then
            r:release():close()
        end
        w:close()
        reader:join()
        filler:join()
        r:close()
    end
    io_cases.nothing_leaked(before)
end)

check.case('collected ends are closed', function()
    for i = 1, 3000 do
        local r, w = pipe.pair()
        check.equal(true, r.is_open and w.is_open)
        if i % 100 == 0 then
            r, w = nil, nil
            collectgarbage()
            collectgarbage()
        end
    end
end)

check.done()
