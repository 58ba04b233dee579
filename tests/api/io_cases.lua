-- What tests of I/O objects share.
local check = require 'check'
local pipe = require 'pipe'
local stream = require 'stream'
local system = require 'system'

-- What one read_some gives, as a string.
function read(io, size)
    local buffer = byte_span.new(size or 100)
    return tostring(buffer:slice(1, io:read_some(buffer)))
end

-- A fiber that is parked in f when this returns.
function parked(f)
    local fiber = spawn(f)
    this_fiber.yield()
    return fiber
end

-- Calls f again and again until it would wait, which is then interrupted. Returns the sum of its
-- results: a call that was done keeps its result.
function until_it_waits(f)
    local total, fiber = 0, nil
    repeat
        fiber = parked(function() total = total + f() end)
        fiber:interrupt()
        fiber:join()
    until fiber.interruption_caught
    return total
end

-- An interruption and what its fiber waits for come in every order: what was sent is received, by the
-- fiber or by whoever asks next. receive() returns 8 bytes, send(text) takes as many.
function nothing_is_lost(receive, send)
    local got = {}
    for i = 1, 200 do
        local reader = spawn(function() got[#got + 1] = receive() end)
        for _ = 1, i % 4 do
            this_fiber.yield()
        end
        local writer = spawn(function() send(('%08d'):format(i)) end)
        for _ = 1, i % 3 do
            this_fiber.yield()
        end
        reader:interrupt()
        reader:join()
        writer:join()
        if #got < i then
            check.equal(true, reader.interruption_caught)
            got[#got + 1] = receive()
        end
        check.equal(('%08d'):format(i), got[i])
    end
end

-- Lets the event loop do what is due.
function settle()
    local r, w = pipe.pair()
    for _ = 1, 10 do
        stream.write_all(w, 'x')
        read(r, 1)
    end
    r:close()
    w:close()
end

-- The number that the next descriptor will get: it grows with everything that leaks.
function next_number()
    settle()
    collectgarbage()
    collectgarbage()
    local fd = system.err:dup()
    local number = tostring(fd):match('%d+$')
    fd:close()
    return tonumber(number)
end

-- Fails if there are more descriptors than when next_number() gave `before`. What was closed may be
-- open for a little longer: until the event loop has seen it.
function nothing_leaked(before)
    local now
    for _ = 1, 200 do
        now = next_number()
        if now <= before then
            return
        end
    end
    error(('descriptors leaked: %d is the next now, not %d'):format(now, before), 2)
end

-- The status flags of a file_descriptor, as the kernel shows them.
function flags_of(fd)
    local file, path = require 'file', require('filesystem').path
    local info = file.stream.new()
    info:open(path.new('/proc/self/fdinfo/' .. tostring(fd):match('%d+$')), file.open_flag.read_only)
    local text = read(info, 4096)
    info:close()
    return tonumber(text:match('flags:%s*(%d+)'), 8)
end

O_NONBLOCK, O_CLOEXEC = 0x800, 0x80000
