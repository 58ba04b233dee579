-- Descriptor passing by unix sockets (60 §9.3). Hostile peers: unix_peers_test.py.
local check = require './check'
local asio_error = require 'asio_error'
local file = require 'file'
local generic_error = require 'generic_error'
local inbox = require 'inbox'
local io_cases = require './io_cases'
local path = require('filesystem').path
local pipe = require 'pipe'
local stream = require 'stream'
local system = require 'system'
local unix = require 'unix'

local EINVAL, EBUSY = generic_error.EINVAL, generic_error.EBUSY
local aborted, eof = asio_error.basic.operation_aborted, asio_error.misc.eof
local read, parked, settle = io_cases.read, io_cases.parked, io_cases.settle

local sockets = {unix.stream_socket, unix.datagram_socket, unix.seqpacket_socket}
local span = byte_span.append

local function null()
    return system.err:dup()
end

-- Sends with nothing to wait for until the queue is full.
local function fill(socket)
    return io_cases.until_it_waits(function() return socket:send_with_fds(byte_span.new(1000), {}) end)
end

-- 60 §12.43, 60 §12.44
check.case('a descriptor arrives, and the sender keeps its own', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local r, w = pipe.pair()
        local fd = w:release()
        check.equal(7, a:send_with_fds(span 'take it', {fd}))
        local buffer = byte_span.new(16)
        local n, fds = b:receive_with_fds(buffer, 1)
        check.equal('take it', tostring(buffer:slice(1, n)))
        check.equal(1, #fds)
        check.equal('file_descriptor', getmetatable(fds[1]))
        check.equal(false, tostring(fds[1]) == tostring(fd))
        check.equal(io_cases.O_CLOEXEC, bit.band(io_cases.flags_of(fds[1]), io_cases.O_CLOEXEC))
        local ours, theirs = pipe.write_stream.new(fd), pipe.write_stream.new(fds[1])
        stream.write_all(theirs, 'by the receiver')
        check.equal('by the receiver', read(r))
        stream.write_all(ours, 'by the sender')
        check.equal('by the sender', read(r))
        ours:close()
        theirs:close()
        check.raises_code(eof, nil, read, r)
    end
end)

-- 60 §12.44
check.case('a received pipe descriptor is a read stream', function()
    local a, b = unix.seqpacket_socket.pair()
    local r, w = pipe.pair()
    stream.write_all(w, 'in the pipe')
    local fd = r:release()
    a:send_with_fds(span 'x', {fd})
    fd:close()
    local _, fds = b:receive_with_fds(byte_span.new(1), 1)
    local received = pipe.read_stream.new(fds[1])
    check.equal(nil, getmetatable(fds[1]))
    check.equal('in the pipe', read(received))
end)

-- 60 §12.45
check.case('plain data comes with an empty table', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        check.equal(5, a:send_with_fds(span 'plain', {}))
        local n, fds = b:receive_with_fds(byte_span.new(10), 3)
        check.equal(5, n)
        check.equal('table', type(fds))
        check.equal(nil, next(fds))
    end
end)

-- 60 §12.45
check.case('the most to be received is at least one', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        for _, most in ipairs{0, -1, 0.5, -1 / 0, 0 / 0} do
            check.raises_code(EINVAL, 3, b.receive_with_fds, b, byte_span.new(1), most)
        end
        check.equal('string', type(check.raises(b.receive_with_fds, b, byte_span.new(1), 'x')))
        check.equal('string', type(check.raises(b.receive_with_fds, b, byte_span.new(1))))
        for _, most in ipairs{255, 256, 1e9, 1 / 0} do
            a:send_with_fds(span 'x', {null()})
            check.equal(1, #select(2, b:receive_with_fds(byte_span.new(1), most)))
        end
    end
    local a = unix.datagram_socket.pair()
    check.raises_code(EINVAL, 3, a.receive_from_with_fds, a, byte_span.new(1), 0)
end)

check.case('descriptors beyond those asked for are closed', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local fds = {}
        for i = 1, 20 do
            fds[i] = null()
        end
        local before = io_cases.next_number()
        for _ = 1, 50 do
            a:send_with_fds(span 'x', fds)
            local _, got = b:receive_with_fds(byte_span.new(1), 3)
            check.equal(3, #got)
            for _, fd in ipairs(got) do
                fd:close()
            end
        end
        io_cases.nothing_leaked(before)
    end
end)

check.case('descriptors that come with a plain receive are closed', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local r, w = pipe.pair()
        local fd = w:release()
        a:send_with_fds(span 'x', {fd})
        fd:close()
        local receive = b[class == unix.stream_socket and 'read_some' or 'receive']
        check.equal(1, receive(b, byte_span.new(1)))
        check.raises_code(eof, nil, read, r)
    end
end)

check.case('received descriptors are closed when collected', function()
    local a, b = unix.seqpacket_socket.pair()
    local before = io_cases.next_number()
    for i = 1, 2000 do
        local fd = null()
        a:send_with_fds(span 'x', {fd})
        fd:close()
        b:receive_with_fds(byte_span.new(1), 1)
        if i % 100 == 0 then
            collectgarbage()
            collectgarbage()
        end
    end
    io_cases.nothing_leaked(before)
end)

check.case('253 descriptors are the most', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local fds = {}
        for i = 1, 253 do
            fds[i] = null()
        end
        check.equal(1, a:send_with_fds(span 'x', fds))
        local _, got = b:receive_with_fds(byte_span.new(1), 255)
        check.equal(253, #got)
        for _, fd in ipairs(got) do
            fd:close()
        end
        fds[254] = null()
        local e = check.raises_code(EINVAL, nil, a.send_with_fds, a, span 'x', fds)
        check.equal('system', tostring(e.category))
        for _, fd in ipairs(fds) do
            fd:close() -- none is busy
        end
    end
end)

check.case('the same object twice is sent once', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local fd, other = null(), null()
        a:send_with_fds(span 'x', {fd, other, fd, fd, other})
        check.equal(2, #select(2, b:receive_with_fds(byte_span.new(1), 255)))
        local same = {}
        for i = 1, 1000 do
            same[i] = fd
        end
        a:send_with_fds(span 'x', same)
        check.equal(1, #select(2, b:receive_with_fds(byte_span.new(1), 255)))
    end
end)

check.case('the list ends at its first nil', function()
    local a, b = unix.seqpacket_socket.pair()
    a:send_with_fds(span 'x', {[1] = null(), [3] = 'never looked at', x = 1})
    check.equal(1, #select(2, b:receive_with_fds(byte_span.new(1), 255)))
end)

check.case('a list holds descriptors and nothing else', function()
    for _, class in ipairs(sockets) do
        local a = class.pair()
        for _, value in ipairs{1, 'x', newproxy(), a} do
            check.raises_code(EINVAL, 3, a.send_with_fds, a, span 'x', value)
        end
        check.raises_code(EINVAL, 3, a.send_with_fds, a, span 'x')
        check.raises_code(EINVAL, 2, a.send_with_fds, a, 'x', {})
        local closed, consumed, good = null(), null(), null()
        closed:close()
        file.stream.new(consumed)
        for _, value in ipairs{0, 'x', {}, newproxy(), a, closed, consumed, false} do
            check.raises_code(EINVAL, 3, a.send_with_fds, a, span 'x', {good, value})
            check.equal(true, tostring(good):match('^/dev/fd/') ~= nil) -- not busy
        end
    end
    local a = unix.datagram_socket.pair()
    check.raises_code(EINVAL, 4, a.send_to_with_fds, a, span 'x', path.new('\0x'), {false})
    check.raises_code(EINVAL, 3, a.send_to_with_fds, a, span 'x', 'x', {})
end)

-- 60 §12.41
check.case('descriptors travel between names', function()
    local a, b = unix.datagram_socket.new(), unix.datagram_socket.new()
    a:open()
    b:open()
    b:bind(path.new(''))
    check.equal(1, a:send_to_with_fds(span 'x', b.local_path, {null()}))
    local n, sender, fds = b:receive_from_with_fds(byte_span.new(10), 5)
    check.equal(1, n)
    check.equal(nil, sender)
    check.equal(1, #fds)
    a:bind(path.new(''))
    a:send_to_with_fds(byte_span.new(0), b.local_path, {null(), null()})
    n, sender, fds = b:receive_from_with_fds(byte_span.new(10), 5)
    check.equal(0, n)
    check.equal(tostring(a.local_path), tostring(sender))
    check.equal(2, #fds)
    local nobody = path.new('\0nobody')
    check.raises_code(generic_error.ECONNREFUSED, nil, a.send_to_with_fds, a, span 'x', nobody, {null()})
end)

check.case('descriptors that come with an eof are closed', function()
    local a, b = unix.seqpacket_socket.pair()
    for _, class in ipairs{unix.stream_socket, unix.seqpacket_socket} do
        a, b = class.pair()
        local r, w = pipe.pair()
        local fd = w:release()
        local empty = class == unix.seqpacket_socket
        a:send_with_fds(empty and byte_span.new(0) or span 'x', {fd})
        fd:close()
        check.raises_code(eof, nil, b.receive_with_fds, b, byte_span.new(empty and 1 or 0), 1)
        check.raises_code(eof, nil, read, r)
    end
end)

check.case('a receiver whose peer goes gets eof', function()
    for _, class in ipairs{unix.stream_socket, unix.seqpacket_socket} do
        local a, b = class.pair()
        local receiver = parked(function() return check.raises(b.receive_with_fds, b, byte_span.new(1), 1) end)
        a:close()
        check.equal(eof, receiver:join())
    end
end)

-- Busy descriptors -----------------------------------------------------------------------------------

local function check_busy(fd)
    local other = unix.seqpacket_socket.pair()
    check.equal('generic', tostring(check.raises_code(EBUSY, nil, tostring, fd).category))
    check.raises_code(EBUSY, nil, fd.dup, fd)
    check.raises_code(EBUSY, nil, fd.close, fd)
    check.raises_code(EBUSY, nil, pipe.read_stream.new, fd)
    check.raises_code(EBUSY, nil, file.stream.new, fd)
    local socket = unix.stream_socket.new()
    check.raises_code(EBUSY, nil, socket.assign, socket, fd)
    check.raises_code(EBUSY, nil, other.send_with_fds, other, span 'x', {null(), fd})
    check.raises_code(EBUSY, 'subprocess/stdin', spawn_vm, {module = '.', subprocess = {stdin = fd}})
    check.raises_code(EBUSY, 'subprocess/init/arg', spawn_vm, {
        module = '.', subprocess = {init = {script = '', arg = fd}},
    })
    check.equal('file_descriptor', getmetatable(fd))
end

local function check_free(fd)
    check.equal(true, tostring(fd):match('^/dev/fd/%d+$') ~= nil)
    fd:dup():close()
    fd:close()
end

-- 60 §9.3
check.case('descriptors are busy until they are sent', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local filled = fill(a)
        local fd, other = null(), null()
        local sender = parked(function() return a:send_with_fds(span 'x', {fd, other, fd}) end)
        check_busy(fd)
        check_busy(other)
        while filled > 0 do
            filled = filled - b:receive_with_fds(byte_span.new(1000), 1)
        end
        check.equal(2, #select(2, b:receive_with_fds(byte_span.new(1), 9)))
        check.equal(1, sender:join())
        check_free(fd)
        check_free(other)
    end
end)

check.case('descriptors are free after an interruption, and were not sent', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        fill(a)
        local r, w = pipe.pair()
        local fd = w:release()
        local sender = parked(function() a:send_with_fds(span 'x', {fd}) end)
        check_busy(fd)
        sender:interrupt()
        sender:join()
        check.equal(true, sender.interruption_caught)
        check_free(fd)
        check.raises_code(eof, nil, read, r)
        b:close()
    end
end)

check.case('descriptors are free after cancel and after close', function()
    for _, class in ipairs(sockets) do
        for _, ending in ipairs{'cancel', 'close', 'release'} do
            local a, b = class.pair()
            fill(a)
            local fd = null()
            local sender = parked(function() return check.raises(a.send_with_fds, a, span 'x', {fd}) end)
            check_busy(fd)
            a[ending](a)
            check.equal(aborted, sender:join())
            check_free(fd)
            b:close()
        end
    end
end)

check.case('descriptors are free in the very turn in which the sender learns its result', function()
    local a, b = unix.stream_socket.pair()
    local fd = null()
    for _ = 1, 100 do
        a:send_with_fds(span 'x', {fd})
        check.equal(true, tostring(fd):match('^/dev/fd/') ~= nil)
    end
    b:close()
    check.raises_code(generic_error.EPIPE, nil, a.send_with_fds, a, span 'x', {fd})
    check_free(fd)
end)

check.case('a busy descriptor outlives its object and its list', function()
    local a, b = unix.seqpacket_socket.pair()
    local filled = fill(a)
    local r, w = pipe.pair()
    local list = {w:release()}
    local sender = parked(function() a:send_with_fds(span 'x', list) end)
    list[1] = nil
    collectgarbage()
    collectgarbage()
    while filled > 0 do
        filled = filled - b:receive_with_fds(byte_span.new(1000), 1)
    end
    local _, fds = b:receive_with_fds(byte_span.new(1), 1)
    sender:join()
    local received = pipe.write_stream.new(fds[1])
    stream.write_all(received, 'alive')
    check.equal('alive', read(r))
    received:close()
    settle()
    collectgarbage()
    collectgarbage()
    check.raises_code(eof, nil, read, r)
end)

check.case('a busy descriptor is not sent to an actor', function()
    local a = unix.seqpacket_socket.pair()
    fill(a)
    local fd = null()
    local sender = parked(function() a:send_with_fds(span 'x', {fd}) end)
    local process = spawn_vm{module = './unix_fds_worker', subprocess = {stderr = 'share'}}
    check.raises_code(EBUSY, nil, process.send, process, {fd = fd})
    local thread = spawn_vm{module = './unix_fds_worker'}
    check.raises_code(EBUSY, nil, thread.send, thread, fd)
    thread:send{fd = fd, reply_to = inbox} -- in a table it is left out
    check.equal('nothing', inbox:receive())
    sender:interrupt()
    sender:join()
    process:send{fd = fd, reply_to = inbox}
    check.equal('file_descriptor', inbox:receive())
    fd:close()
end)

-- Interruption ---------------------------------------------------------------------------------------

-- 10 §5.3.3
check.case('no descriptor is lost or leaked in any race of an interruption and a message', function()
    local before = io_cases.next_number()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local fd = null()
        for i = 1, 200 do
            local n, fds
            local receiver = spawn(function() n, fds = b:receive_with_fds(byte_span.new(10), 1) end)
            for _ = 1, i % 4 do
                this_fiber.yield()
            end
            local sender = spawn(function() a:send_with_fds(span(('x'):rep(i % 9 + 1)), {fd}) end)
            for _ = 1, i % 3 do
                this_fiber.yield()
            end
            receiver:interrupt()
            receiver:join()
            sender:join()
            if not n then
                check.equal(true, receiver.interruption_caught)
                n, fds = b:receive_with_fds(byte_span.new(10), 1)
            end
            check.equal(i % 9 + 1, n)
            check.equal(1, #fds)
            fds[1]:close()
        end
        fd:close()
        a:close()
        b:close()
    end
    io_cases.nothing_leaked(before)
end)

check.case('closing the socket with descriptors on their way leaks none', function()
    local before = io_cases.next_number()
    for i = 1, 60 do
        local a, b = sockets[i % 3 + 1].pair()
        local fd = null()
        a:send_with_fds(span 'x', {fd})
        local receiver = spawn(function() pcall(b.receive_with_fds, b, byte_span.new(1), 1) end)
        for _ = 1, i % 2 do
            this_fiber.yield()
        end
        b:close()
        receiver:join()
        a:close()
        fd:close()
    end
    io_cases.nothing_leaked(before)
end)

check.case('a socket passes itself and its listener', function()
    local a, b = unix.stream_socket.pair()
    local acceptor = unix.stream_acceptor.new()
    acceptor:open()
    acceptor:bind(path.new(''))
    acceptor:listen()
    local name = acceptor.local_path
    local listener = acceptor:release()
    a:send_with_fds(span 'x', {listener})
    listener:close()
    local _, fds = b:receive_with_fds(byte_span.new(1), 1)
    local moved = unix.stream_acceptor.new(fds[1])
    local client = unix.stream_socket.new()
    client:connect(name)
    local server = moved:accept()
    stream.write_all(client, 'reached')
    check.equal('reached', read(server))
end)

check.done()
