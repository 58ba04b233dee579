-- The sockets of the module unix: addresses, connections, transfers (60 §9). Descriptors: unix_fds_test.lua.
local check = require './check'
local asio_error = require 'asio_error'
local generic_error = require 'generic_error'
local io_cases = require './io_cases'
local path = require('filesystem').path
local stream = require 'stream'
local system = require 'system'
local unix = require 'unix'
local unix_cases = require './unix_cases'

local EINVAL, EBADF, ENOTSUP = generic_error.EINVAL, generic_error.EBADF, generic_error.ENOTSUP
local aborted, eof = asio_error.basic.operation_aborted, asio_error.misc.eof
local sockets = unix_cases.sockets
local acceptors = unix_cases.acceptors
local classes = unix_cases.classes
local message_sockets = unix_cases.message_sockets
local connected = unix_cases.connected
local new_path, new_name, category_of, is_stream =
    unix_cases.new_path, unix_cases.new_name, unix_cases.category_of, unix_cases.is_stream
local get, put, listen = unix_cases.get, unix_cases.put, unix_cases.listen
local parked = io_cases.parked
local span = byte_span.append

-- Addresses ------------------------------------------------------------------------------------------

-- 60 §12.38
check.case('the ends of a pair have no names', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        for _, socket in ipairs{a, b} do
            check.equal('filesystem.path', getmetatable(socket.local_path))
            check.equal('', tostring(socket.local_path))
            check.equal('', tostring(socket.remote_path))
        end
    end
end)

-- 60 §12.39
check.case('an existing path is in use, and survives close', function()
    local name = new_path()
    local first = unix.stream_acceptor.new()
    first:open()
    first:bind(name)
    check.equal(tostring(name), tostring(first.local_path))
    local second = unix.datagram_socket.new()
    second:open()
    check.raises_code(generic_error.EADDRINUSE, nil, second.bind, second, name)
    first:close()
    check.equal('system', category_of(
        check.raises_code(generic_error.EADDRINUSE, nil, second.bind, second, name)))
end)

-- 60 §12.40
check.case('abstract names keep their leading NUL', function()
    local name = new_name() .. '\0with\0more'
    local socket = unix.datagram_socket.new()
    socket:open()
    socket:bind(name)
    check.equal(tostring(name), tostring(socket.local_path))
end)

-- 60 §9.1
check.case('the empty path binds to a name that the kernel chooses', function()
    for _, class in ipairs(classes) do
        local socket = class.new()
        socket:open()
        check.equal('', tostring(socket.local_path))
        socket:bind(path.new(''))
        check.equal(true, tostring(socket.local_path):match('^%z%x%x%x%x%x$') ~= nil)
    end
end)

-- 60 §9.1
check.case('names that are too long', function()
    local socket = unix.datagram_socket.new()
    socket:open()
    for _, name in ipairs{('x'):rep(108), '\0' .. ('x'):rep(108), ('x'):rep(100000)} do
        local e = check.raises_code(generic_error.ENAMETOOLONG, nil, socket.bind, socket, path.new(name))
        check.equal('system', category_of(e))
        check.raises_code(generic_error.ENAMETOOLONG, nil, socket.connect, socket, path.new(name))
        check.raises_code(generic_error.ENAMETOOLONG, nil, socket.send_to, socket, span 'x', path.new(name))
    end
    local longest = '\0' .. ('x'):rep(90) .. tostring(system.getpid())
    longest = path.new(longest .. ('y'):rep(108 - #longest))
    socket:bind(longest)
    check.equal(tostring(longest), tostring(socket.local_path))
end)

check.case('a pathname of 107 bytes is not too long', function()
    local name = tostring(new_path()) .. '_'
    name = path.new(name .. ('x'):rep(107 - #name))
    local socket = unix.datagram_socket.new()
    socket:open()
    socket:bind(name)
    check.equal(tostring(name), tostring(socket.local_path))
end)

check.case('a pathname with a NUL inside is refused, not cut', function()
    local socket = unix.datagram_socket.new()
    socket:open()
    check.raises_code(EINVAL, nil, socket.bind, socket, new_path() .. '\0x')
end)

-- 60 §9
check.case('addresses are paths, not strings', function()
    for _, class in ipairs(sockets) do
        local socket = class.new()
        socket:open()
        for _, value in ipairs{'/tmp/x', 1, {}, newproxy(), socket} do
            check.raises_code(EINVAL, 2, socket.bind, socket, value)
            check.raises_code(EINVAL, 2, socket.connect, socket, value)
        end
        check.raises_code(EINVAL, 2, socket.bind, socket)
        check.raises_code(EINVAL, 2, socket.connect, socket, nil)
    end
    local socket = unix.datagram_socket.new()
    check.raises_code(EINVAL, 3, socket.send_to, socket, span 'x', '/tmp/x')
end)

-- Connections ----------------------------------------------------------------------------------------

check.case('a connection by name', function()
    for _, pair in ipairs(connected) do
        for _, name in ipairs{new_path(), new_name()} do
            local acceptor = listen(pair[1], name)
            local client = pair[2].new()
            local server = spawn(function() return acceptor:accept() end)
            client:connect(name)
            server = server:join()
            check.equal(getmetatable(client), getmetatable(server))
            check.equal(tostring(name), tostring(client.remote_path))
            check.equal(tostring(name), tostring(server.local_path))
            check.equal('', tostring(server.remote_path))
            put(client, 'request')
            check.equal('request', get(server))
            put(server, 'answer')
            check.equal('answer', get(client))
            server:close()
            check.raises_code(eof, nil, get, client)
            check.raises_code(eof, nil, get, client)
        end
    end
end)

check.case('connecting in vain', function()
    for _, class in ipairs(sockets) do
        local socket = class.new()
        local e = check.raises_code(generic_error.ENOENT, nil, socket.connect, socket, new_path())
        check.equal('system', category_of(e))
        check.equal(true, socket.is_open) -- opened automatically
        check.raises_code(generic_error.ECONNREFUSED, nil, socket.connect, socket, new_name())
    end
    local acceptor = listen(unix.stream_acceptor)
    for _, class in ipairs(message_sockets) do
        local socket = class.new()
        local e = check.raises(socket.connect, socket, acceptor.local_path)
        -- Abstract names of different types are different names.
        check.equal(generic_error.ECONNREFUSED, e)
    end
    local name = new_path()
    acceptor = listen(unix.stream_acceptor, name)
    local socket = unix.seqpacket_socket.new()
    check.raises_code(generic_error.EPROTOTYPE, nil, socket.connect, socket, name)
end)

check.case('remote_path of what is not connected is ENOTCONN', function()
    for _, class in ipairs(sockets) do
        local socket = class.new()
        check.raises_code(EBADF, nil, function() return socket.remote_path end)
        check.raises_code(EBADF, nil, function() return socket.local_path end)
        socket:open()
        local e = check.raises_code(asio_error.basic.not_connected, nil, function() return socket.remote_path end)
        check.equal('system', category_of(e))
    end
end)

-- 60 §12.26
check.case('an interrupted accept consumes no connection', function()
    for _, pair in ipairs(connected) do
        local acceptor = listen(pair[1])
        local waiting = parked(function() acceptor:accept() end)
        waiting:interrupt()
        waiting:join()
        check.equal(true, waiting.interruption_caught)
        local client = pair[2].new()
        client:connect(acceptor.local_path)
        waiting = spawn(function() acceptor:accept() end)
        waiting:interrupt()
        waiting:join()
        check.equal(true, waiting.interruption_caught)
        local server = acceptor:accept()
        put(client, 'kept')
        check.equal('kept', get(server))
    end
end)

-- 60 §12.27
check.case('cancel wakes accept, and the acceptor stays open', function()
    for _, pair in ipairs(connected) do
        local acceptor = listen(pair[1])
        local a = parked(function() return check.raises(acceptor.accept, acceptor) end)
        local b = parked(function() return check.raises(acceptor.accept, acceptor) end)
        acceptor:cancel()
        check.equal(aborted, a:join())
        check.equal(aborted, b:join())
        check.equal(true, acceptor.is_open)
        local client = pair[2].new()
        client:connect(acceptor.local_path)
        check.equal(true, acceptor:accept().is_open)
    end
end)

check.case('those who accept are served in the order in which they came', function()
    for _, pair in ipairs(connected) do
        local acceptor = listen(pair[1])
        local servers, clients = {}, {}
        for i = 1, 5 do
            servers[i] = parked(function() return acceptor:accept() end)
        end
        for i = 1, 5 do
            clients[i] = pair[2].new()
            clients[i]:connect(acceptor.local_path)
            put(clients[i], tostring(i))
        end
        for i = 1, 5 do
            check.equal(tostring(i), get(servers[i]:join()))
        end
    end
end)

check.case('accept on what does not listen', function()
    for _, class in ipairs(acceptors) do
        local acceptor = class.new()
        check.raises_code(EBADF, nil, acceptor.accept, acceptor)
        check.raises_code(EBADF, nil, acceptor.listen, acceptor)
        acceptor:open()
        check.raises_code(EINVAL, nil, acceptor.accept, acceptor)
        check.raises_code(EINVAL, 2, acceptor.listen, acceptor, 'x')
        check.raises_code(EINVAL, nil, acceptor.listen, acceptor) -- it has no name
    end
end)

check.case('connect waits while the queue of the acceptor is full', function()
    for _, pair in ipairs(connected) do
        local acceptor = pair[1].new()
        acceptor:open()
        acceptor:bind(path.new(''))
        acceptor:listen(0)
        local clients = {}
        local queued = io_cases.until_it_waits(function()
            local client = pair[2].new()
            client:connect(acceptor.local_path)
            clients[#clients + 1] = client
            return 1
        end)
        local last = pair[2].new()
        local connecting = parked(function() last:connect(acceptor.local_path) end)
        for _ = 1, queued + 1 do
            acceptor:accept()
        end
        connecting:join()
        check.equal(false, connecting.interruption_caught)
        check.equal(tostring(acceptor.local_path), tostring(last.remote_path))
    end
end)

check.case('listening acceptors do not block, and are released as they were', function()
    local acceptor = listen(unix.stream_acceptor)
    local waiting = parked(function() pcall(acceptor.accept, acceptor) end)
    local fd = acceptor:release()
    waiting:join()
    check.equal(0, bit.band(io_cases.flags_of(fd), io_cases.O_NONBLOCK))
    local moved = unix.stream_acceptor.new(fd)
    local client = unix.stream_socket.new()
    client:connect(moved.local_path)
    put(client, 'x')
    check.equal('x', get(moved:accept()))
end)

-- Transfers ------------------------------------------------------------------------------------------

check.case('the stream functions work on stream sockets, both ways at once', function()
    local a, b = unix.stream_socket.pair()
    local text = ('0123456789'):rep(100000)
    local function exchange(socket)
        local writer = spawn(function() stream.write_all(socket, text) end)
        local buffer = byte_span.new(#text)
        stream.read_all(socket, buffer)
        writer:join()
        return tostring(buffer)
    end
    local other = spawn(function() return exchange(b) end)
    check.equal(true, text == exchange(a))
    check.equal(true, text == other:join())
end)

-- 60 §12.30
check.case('message boundaries are kept, and the excess is gone', function()
    for _, class in ipairs(message_sockets) do
        local a, b = class.pair()
        check.equal(5, a:send(span 'first'))
        check.equal(6, a:send(span 'second'))
        check.equal('first', get(b))
        check.equal('se', get(b, 2))
        a:send(span 'third')
        check.equal('third', get(b))
    end
end)

-- 60 §12.29
check.case('empty datagrams are datagrams', function()
    local a, b = unix.datagram_socket.pair()
    check.equal(0, a:send(byte_span.new(0)))
    check.equal(0, b:receive(byte_span.new(10)))
    a:send(span 'not empty')
    check.equal(0, b:receive(byte_span.new(0))) -- and consumes it
    a:send(span 'next')
    check.equal('next', get(b))
end)

-- 60 §12.42
check.case('an empty seqpacket message is eof', function()
    local a, b = unix.seqpacket_socket.pair()
    check.equal(0, a:send(byte_span.new(0)))
    a:send(span 'after')
    check.raises_code(eof, nil, get, b)
    check.equal('after', get(b))
    a:send(span 'consumed')
    check.raises_code(eof, nil, b.receive, b, byte_span.new(0))
    a:send(span 'next')
    check.equal('next', get(b))
end)

check.case('an empty buffer of a stream asks nobody', function()
    local a, b = unix.stream_socket.pair()
    check.equal(0, a:read_some(byte_span.new(0)))
    check.equal(0, a:write_some(byte_span.new(0)))
    b:close()
    check.equal(0, a:read_some(byte_span.new(0)))
end)

-- 60 §12.41
check.case('datagrams come with the path of their sender', function()
    local a, b = unix.datagram_socket.new(), unix.datagram_socket.new()
    a:open()
    b:open()
    a:bind(new_path())
    check.equal(5, b:send_to(span 'hello', a.local_path))
    local buffer = byte_span.new(10)
    local n, sender = a:receive_from(buffer)
    check.equal(5, n)
    check.equal('filesystem.path', getmetatable(sender))
    check.equal('', tostring(sender)) -- it has none
    b:bind(new_name())
    b:send_to(span 'again', a.local_path)
    n, sender = a:receive_from(buffer)
    check.equal('again', tostring(buffer:slice(1, n)))
    check.equal(tostring(b.local_path), tostring(sender))
    a:send_to(span 'answer', sender)
    check.equal('answer', get(b))
end)

check.case('connected datagram sockets hear only their peer', function()
    local server, client, stranger =
        unix.datagram_socket.new(), unix.datagram_socket.new(), unix.datagram_socket.new()
    for _, socket in ipairs{server, client, stranger} do
        socket:open()
        socket:bind(path.new(''))
    end
    client:connect(server.local_path)
    check.equal(tostring(server.local_path), tostring(client.remote_path))
    client:send(span 'question')
    check.equal('question', get(server))
    check.raises_code(generic_error.EPERM, nil, stranger.send_to, stranger, span 'x', client.local_path)
    server:send_to(span 'answer', client.local_path)
    check.equal('answer', get(client))
    -- 60 §12.31
    client:disconnect()
    check.raises_code(generic_error.ENOTCONN, nil, function() return client.remote_path end)
    stranger:send_to(span 'x', client.local_path)
    check.equal('x', get(client))
end)

check.case('disconnect is for datagrams', function()
    for _, class in ipairs{unix.stream_socket, unix.seqpacket_socket} do
        local a = class.pair()
        local e = check.raises_code(EINVAL, nil, a.disconnect, a)
        check.equal('system', category_of(e))
        local closed = class.new()
        check.raises_code(EBADF, nil, closed.disconnect, closed)
    end
end)

-- 60 §9.3
check.case('sending without a peer', function()
    local socket = unix.datagram_socket.new()
    check.raises_code(EBADF, nil, socket.send_to, socket, span 'x', new_name())
    socket:open()
    check.raises_code(generic_error.ENOTCONN, nil, socket.send, socket, span 'x')
    check.raises_code(generic_error.ECONNREFUSED, nil, socket.send_to, socket, span 'x', new_name())
    check.raises_code(generic_error.ENOENT, nil, socket.send_to, socket, span 'x', new_path())
    local acceptor = listen(unix.stream_acceptor, new_path())
    check.raises_code(generic_error.EPROTOTYPE, nil, socket.send_to, socket, span 'x', acceptor.local_path)
end)

check.case('messages that are too large', function()
    for _, class in ipairs(message_sockets) do
        local a = class.pair()
        check.raises_code(generic_error.EMSGSIZE, nil, a.send, a, byte_span.new(10000000))
    end
end)

check.case('a sender waits while the queue of an unconnected peer is full', function()
    local a, b = unix.datagram_socket.new(), unix.datagram_socket.new()
    a:open()
    b:open()
    b:bind(path.new(''))
    local to = b.local_path
    local queued = io_cases.until_it_waits(function()
        return a:send_to(span 'x', to)
    end)
    local sender = parked(function() return a:send_to(span 'last', to) end)
    for _ = 1, queued do
        check.equal('x', get(b))
    end
    check.equal('last', get(b))
    check.equal(4, sender:join())
end)

-- 60 §12.21
check.case('peek leaves the message', function()
    for _, class in ipairs(message_sockets) do
        local a, b = class.pair()
        a:send(span 'still there')
        local buffer = byte_span.new(100)
        for _ = 1, 3 do
            check.equal(11, b:receive(buffer, unix.message_flag.peek))
        end
        check.equal('still there', get(b))
    end
    local a, b = unix.datagram_socket.pair()
    a:send(span 'x')
    check.equal(1, (b:receive_from(byte_span.new(9), unix.message_flag.peek)))
    check.equal('x', get(b))
end)

check.case('flags are integers', function()
    for _, class in ipairs(message_sockets) do
        local a = class.pair()
        for _, value in ipairs{'1', {}, true} do
            check.raises_code(EINVAL, 3, a.receive, a, byte_span.new(1), value)
            check.raises_code(EINVAL, 3, a.send, a, byte_span.new(1), value)
        end
    end
    local a = unix.datagram_socket.pair()
    check.raises_code(EINVAL, 3, a.receive_from, a, byte_span.new(1), 'x')
    check.raises_code(EINVAL, 4, a.send_to, a, byte_span.new(1), new_name(), 'x')
end)

-- 50 §11.22
check.case('buffers are byte spans', function()
    for _, class in ipairs(sockets) do
        local a = class.pair()
        for _, name in ipairs(is_stream(a) and {'read_some', 'write_some'} or {'receive', 'send'}) do
            for _, value in ipairs{'text', 1, {}, newproxy(), a} do
                check.raises_code(EINVAL, 2, a[name], a, value)
            end
            check.raises_code(EINVAL, 2, a[name], a)
        end
    end
end)

-- 60 §12.22
check.case('shutdown of one direction', function()
    for _, class in ipairs{unix.stream_socket, unix.seqpacket_socket} do
        local a, b = class.pair()
        put(a, 'before the end')
        a:shutdown('send')
        check.equal('before the end', get(b))
        check.raises_code(eof, nil, get, b)
        check.raises_code(generic_error.EPIPE, nil, put, a, 'x')
        put(b, 'the other way')
        check.equal('the other way', get(a))
        b:shutdown('both')
        check.raises_code(eof, nil, get, a)
    end
end)

-- 60 §10
check.case('shutdown of receiving wakes a blocked reader with eof', function()
    for _, class in ipairs(sockets) do
        local a = class.pair()
        local reader = parked(function() return check.raises(get, a) end)
        a:shutdown('receive')
        check.equal(eof, reader:join())
    end
end)

check.case('shutdown of sending wakes a blocked writer with EPIPE', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        io_cases.until_it_waits(function() return put(a, ('x'):rep(1000)) end)
        local writer = parked(function() return check.raises(put, a, ('x'):rep(1000)) end)
        a:shutdown('send')
        check.equal(generic_error.EPIPE, writer:join())
        b:close()
    end
end)

check.case('shutdown wants to know what', function()
    for _, class in ipairs(sockets) do
        local a = class.pair()
        check.raises_code(EINVAL, 2, a.shutdown, a, 'everything')
        check.equal('string', type(check.raises(a.shutdown, a)))
        a:close()
        check.raises_code(EBADF, nil, a.shutdown, a, 'both')
    end
end)

-- 60 §12.48
check.case('writing to a peer that is gone', function()
    for _, class in ipairs{unix.stream_socket, unix.seqpacket_socket} do
        local a, b = class.pair()
        put(a, 'unread')
        b:close()
        for _ = 1, 3 do
            local e = check.raises(put, a, 'x')
            check.equal(true, e == generic_error.EPIPE or e == generic_error.ECONNRESET)
        end
    end
    local a, b = unix.datagram_socket.pair()
    b:close()
    local e = check.raises(put, a, 'x')
    check.equal(true, e == generic_error.ECONNREFUSED or e == generic_error.ECONNRESET)
end)

check.case('io_control counts bytes', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        check.equal(0, b:io_control('bytes_readable'))
        put(a, 'abc')
        check.equal(3, b:io_control('bytes_readable'))
        check.raises_code(ENOTSUP, nil, b.io_control, b, 'no_such')
        check.equal('string', type(check.raises(b.io_control, b)))
        b:close()
        check.raises_code(EBADF, nil, b.io_control, b, 'bytes_readable')
    end
end)

check.done()
