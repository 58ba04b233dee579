-- What all objects of the module unix have in common: cancellation, life, options (60 §7, §9 and §10).
local check = require './check'
local asio_error = require 'asio_error'
local generic_error = require 'generic_error'
local io_cases = require './io_cases'
local path = require('filesystem').path
local system = require 'system'
local unix = require 'unix'
local unix_cases = require './unix_cases'

local EINVAL, EBADF, ENOTSUP = generic_error.EINVAL, generic_error.EBADF, generic_error.ENOTSUP
local aborted = asio_error.basic.operation_aborted
local sockets = unix_cases.sockets
local acceptors = unix_cases.acceptors
local classes = unix_cases.classes
local connected = unix_cases.connected
local category_of, get, put, listen =
    unix_cases.category_of, unix_cases.get, unix_cases.put, unix_cases.listen
local parked = io_cases.parked

-- Cancellation ---------------------------------------------------------------------------------------

-- 60 §12.49
check.case('closing a socket that is read aborts the reader', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local readers = {}
        for i = 1, 3 do
            readers[i] = parked(function() return check.raises(get, a) end)
        end
        a:close()
        for i = 1, 3 do
            check.equal(aborted, readers[i]:join())
        end
        check.equal(false, a.is_open)
        check.raises_code(EBADF, nil, get, a)
        b:close()
    end
end)

check.case('cancel aborts readers and writers, and the socket goes on', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local filled = io_cases.until_it_waits(function() return put(a, ('x'):rep(1000)) end)
        local reader = parked(function() return check.raises(get, a) end)
        local writer = parked(function() return check.raises(put, a, ('x'):rep(1000)) end)
        a:cancel()
        check.equal(aborted, reader:join())
        check.equal(aborted, writer:join())
        while filled > 0 do
            filled = filled - #get(b, 1000)
        end
        put(a, 'on')
        check.equal('on', get(b))
        put(b, 'and on')
        check.equal('and on', get(a))
    end
end)

-- 60 §12.28
check.case('readers are served in the order in which they came', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local readers = {}
        for i = 1, 9 do
            readers[i] = parked(function() return get(b, 1) end)
        end
        for i = 1, 9 do
            put(a, tostring(i))
        end
        for i = 1, 9 do
            check.equal(tostring(i), readers[i]:join())
        end
    end
end)

check.case('interrupting one of several leaves the others', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local readers = {}
        for i = 1, 3 do
            readers[i] = parked(function() return get(b, 1) end)
        end
        readers[1]:interrupt()
        readers[3]:interrupt()
        put(a, 'x')
        check.equal('x', readers[2]:join())
        readers[1]:join()
        readers[3]:join()
        check.equal(true, readers[1].interruption_caught)
        check.equal(true, readers[3].interruption_caught)
    end
end)

check.case('an interrupted writer has sent nothing', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local filled = io_cases.until_it_waits(function() return put(a, ('x'):rep(1000)) end)
        local writer = parked(function() put(a, 'never') end)
        writer:interrupt()
        writer:join()
        check.equal(true, writer.interruption_caught)
        while filled > 0 do
            filled = filled - #get(b, 1000)
        end
        put(a, 'next')
        check.equal('next', get(b))
    end
end)

-- 10 §5.3.3
check.case('nothing is lost in any race of an interruption and a message', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        io_cases.nothing_is_lost(function() return get(b, 8) end, function(text) put(a, text) end)
    end
end)

check.case('no connection is lost in any race of an interruption and a client', function()
    for _, pair in ipairs(connected) do
        local acceptor = listen(pair[1])
        for i = 1, 100 do
            local server
            local accepting = spawn(function() server = acceptor:accept() end)
            for _ = 1, i % 4 do
                this_fiber.yield()
            end
            local client = pair[2].new()
            local connecting = spawn(function() client:connect(acceptor.local_path) end)
            for _ = 1, i % 3 do
                this_fiber.yield()
            end
            accepting:interrupt()
            accepting:join()
            connecting:join()
            server = server or acceptor:accept()
            put(client, tostring(i))
            check.equal(tostring(i), get(server))
        end
    end
end)

-- 10 §5.3.5
check.case('with interruption disabled an operation runs on', function()
    local a, b = unix.stream_socket.pair()
    local reader = parked(function()
        this_fiber.disable_interruption()
        local text = get(a)
        this_fiber.restore_interruption()
        return text
    end)
    reader:interrupt()
    put(b, 'delivered')
    check.equal('delivered', reader:join())
end)

check.case('suspension is checked before the objects', function()
    local a = unix.stream_socket.pair()
    this_fiber.forbid_suspend()
    local e = check.raises(a.read_some, a, 'no buffer')
    local f = check.raises(a.connect, a, 'no path')
    local g = check.raises(a.receive_with_fds, a, byte_span.new(1), 'no number')
    this_fiber.allow_suspend()
    check.equal(12, e.code)
    check.equal(12, f.code)
    check.equal('string', type(g)) -- but not before numbers
end)

check.case('a fiber that waits keeps the object alive', function()
    local a, b = unix.stream_socket.pair()
    local fd = a:release()
    local reader = parked(function() return get(unix.stream_socket.new(fd)) end)
    a, fd = nil, nil
    collectgarbage()
    collectgarbage()
    put(b, 'alive')
    check.equal('alive', reader:join())
end)

-- Lifecycle ------------------------------------------------------------------------------------------

check.case('names of the classes', function()
    for _, name in ipairs{
        'stream_socket', 'datagram_socket', 'seqpacket_socket', 'stream_acceptor', 'seqpacket_acceptor',
    } do
        check.equal('unix.' .. name, getmetatable(unix[name].new()))
    end
end)

check.case('open and close', function()
    for _, class in ipairs(classes) do
        local socket = class.new()
        check.equal(false, socket.is_open)
        socket:open()
        check.equal(true, socket.is_open)
        check.raises_code(asio_error.misc.already_open, nil, socket.open, socket)
        socket:close()
        socket:close()
        check.equal(false, socket.is_open)
        socket:open()
        socket:close()
        check.raises_code(EBADF, nil, socket.bind, socket, path.new(''))
        -- 60 §12.18
        check.raises_code(asio_error.basic.bad_descriptor, nil, socket.cancel, socket)
        check.equal('system', category_of(check.raises(socket.cancel, socket)))
        -- 60 §12.50
        check.equal('generic', category_of(check.raises_code(EBADF, nil, socket.release, socket)))
    end
end)

check.case('assign, release and new move the descriptor', function()
    for _, class in ipairs(sockets) do
        local a, b = class.pair()
        local fd = a:release()
        check.equal('file_descriptor', getmetatable(fd))
        check.equal(false, a.is_open)
        local c = class.new(fd)
        check.equal(nil, getmetatable(fd))
        put(b, 'moved')
        check.equal('moved', get(c))
        local other = class.pair():release()
        check.raises_code(asio_error.misc.already_open, nil, c.assign, c, other)
        check.equal('file_descriptor', getmetatable(other))
        a:assign(c:release())
        put(b, 'back')
        check.equal('back', get(a))
        local flags = io_cases.flags_of(a:release())
        check.equal(0, bit.band(flags, io_cases.O_NONBLOCK))
        check.equal(io_cases.O_CLOEXEC, bit.band(flags, io_cases.O_CLOEXEC))
    end
end)

check.case('new and assign want a descriptor', function()
    for _, class in ipairs(classes) do
        local socket = class.new()
        for _, value in ipairs{0, 'x', {}, newproxy(), socket} do
            check.raises_code(EINVAL, 1, class.new, value)
            check.raises_code(EINVAL, 2, socket.assign, socket, value)
        end
        check.raises_code(EINVAL, 1, class.new, nil)
    end
end)

check.case('a descriptor that is no socket', function()
    local fd = system.err:dup()
    local socket = unix.stream_socket.new(fd)
    local e = check.raises(socket.read_some, socket, byte_span.new(1))
    check.equal(generic_error.ENOTSOCK, e)
end)

check.case('self is checked', function()
    local methods = {
        'open', 'bind', 'close', 'cancel', 'assign', 'release', 'set_option', 'get_option', 'connect', 'disconnect',
        'shutdown', 'io_control', 'receive_with_fds', 'send_with_fds',
    }
    local a, other = unix.stream_socket.pair(), unix.datagram_socket.pair()
    for _, self in ipairs{1, {}, newproxy(), other} do
        for _, name in ipairs(methods) do
            local argument = name:find('_with_fds') and byte_span.new(1) or 'debug'
            check.raises_code(EINVAL, 1, a[name], self, argument, 1)
        end
    end
end)

check.case('there are no other members, and none can be written', function()
    for _, class in ipairs(classes) do
        local socket = class.new()
        check.equal(2, check.raises_core(8, function() return socket.nope end).index)
        check.equal('string', type(check.raises(function() socket.is_open = true end)))
    end
    check.raises_core(8, function() return unix.stream_acceptor.new().remote_path end)
    check.raises_core(8, function() return unix.stream_socket.new().receive end)
    check.raises_core(8, function() return unix.seqpacket_socket.new().receive_from end)
end)

check.case('nothing leaks', function()
    local before = io_cases.next_number()
    for i = 1, 100 do
        for _, pair in ipairs(connected) do
            local acceptor = listen(pair[1])
            local accepting = parked(function() return acceptor:accept() end)
            local client = pair[2].new()
            client:connect(acceptor.local_path)
            local server = accepting:join()
            local reader = parked(function() pcall(get, server) end)
            accepting = parked(function() pcall(acceptor.accept, acceptor) end)
            if i % 2 == 0 then
                acceptor:close()
                client:close()
            else
                acceptor:release():close()
                client:release():close()
            end
            reader:join()
            accepting:join()
            server:close()
        end
    end
    io_cases.nothing_leaked(before)
end)

-- Options --------------------------------------------------------------------------------------------

-- 60 §12.23
check.case('options that are not there', function()
    for _, class in ipairs(classes) do
        local socket = class.new()
        socket:open()
        for _, name in ipairs{'no_such', 'reuse_address', 'tcp_no_delay', ''} do
            local e = check.raises_code(ENOTSUP, nil, socket.set_option, socket, name, 1)
            check.equal('generic', category_of(e))
            check.raises_code(ENOTSUP, nil, socket.get_option, socket, name)
        end
        check.equal('string', type(check.raises(socket.get_option, socket)))
    end
    local datagrams, acceptor = unix.datagram_socket.new(), unix.stream_acceptor.new()
    for _, name in ipairs{
        'receive_low_watermark', 'remote_credentials', 'remote_security_label', 'remote_security_labels',
    } do
        check.raises_code(ENOTSUP, nil, datagrams.get_option, datagrams, name)
        check.raises_code(ENOTSUP, nil, acceptor.get_option, acceptor, name)
    end
    check.raises_code(ENOTSUP, nil, acceptor.get_option, acceptor, 'send_buffer_size')
    check.raises_code(ENOTSUP, nil, datagrams.get_option, datagrams, 'enable_connection_aborted')
    local a = unix.stream_socket.pair()
    check.raises_code(ENOTSUP, nil, a.set_option, a, 'remote_credentials', {})
end)

-- 60 §12.24
check.case('buffer sizes are reported as they were set', function()
    for _, class in ipairs(sockets) do
        local a = class.pair()
        for _, name in ipairs{'send_buffer_size', 'receive_buffer_size'} do
            a:set_option(name, 8192)
            check.equal(8192, a:get_option(name))
        end
    end
end)

check.case('watermarks of streams', function()
    local a = unix.stream_socket.pair()
    a:set_option('receive_low_watermark', 3)
    check.equal(3, a:get_option('receive_low_watermark'))
    check.equal(1, a:get_option('send_low_watermark'))
    check.raises_code(generic_error.ENOPROTOOPT, nil, a.set_option, a, 'send_low_watermark', 2)
end)

check.case('debug is false', function()
    for _, class in ipairs(classes) do
        local socket = class.new()
        socket:open()
        check.equal(false, socket:get_option('debug'))
        socket:set_option('debug', false)
        check.equal('string', type(check.raises(socket.set_option, socket, 'debug', 1)))
    end
end)

check.case('enable_connection_aborted is kept by acceptors', function()
    for _, class in ipairs(acceptors) do
        local acceptor = class.new()
        check.raises_code(EBADF, nil, acceptor.get_option, acceptor, 'enable_connection_aborted')
        acceptor:open()
        check.equal(false, acceptor:get_option('enable_connection_aborted'))
        acceptor:set_option('enable_connection_aborted', true)
        check.equal(true, acceptor:get_option('enable_connection_aborted'))
        check.equal('string', type(
            check.raises(acceptor.set_option, acceptor, 'enable_connection_aborted', 1)))
    end
end)

check.case('values of options are checked', function()
    local a = unix.stream_socket.pair()
    check.equal('string', type(check.raises(a.set_option, a, 'send_buffer_size', 'x')))
    check.equal('string', type(check.raises(a.set_option, a, 'send_buffer_size')))
    for _, value in ipairs{2 ^ 31, -2 ^ 40, 1 / 0, 0 / 0} do
        check.raises_code(generic_error.ERANGE, nil, a.set_option, a, 'send_buffer_size', value)
    end
    a:close()
    check.raises_code(EBADF, nil, a.set_option, a, 'send_buffer_size', 1000)
    check.raises_code(EBADF, nil, a.get_option, a, 'send_buffer_size')
    check.raises_code(EBADF, nil, a.get_option, a, 'remote_credentials')
end)

-- 60 §12.46
check.case('remote_credentials of a pair are our own', function()
    for _, class in ipairs{unix.stream_socket, unix.seqpacket_socket} do
        local peer = class.pair():get_option('remote_credentials')
        check.equal(system.getpid(), peer.pid)
        check.equal('number', type(peer.uid))
        check.equal(1, #peer.groups)
        check.equal('number', type(peer.groups[1]))
        local nobody = class.new()
        nobody:open()
        check.raises_code(generic_error.ENOTCONN, nil, nobody.get_option, nobody, 'remote_credentials')
    end
end)

-- 60 §12.47
check.case('remote_security_labels are not for Linux', function()
    for _, class in ipairs{unix.stream_socket, unix.seqpacket_socket} do
        local a = class.pair()
        local e = check.raises_code(ENOTSUP, 'remote_security_labels', a.get_option, a, 'remote_security_labels')
        check.equal('generic', category_of(e))
    end
end)

-- 60 §9.4
check.case('remote_security_label is text, or the kernel has none', function()
    for _, class in ipairs{unix.stream_socket, unix.seqpacket_socket} do
        local a = class.pair()
        local ok, label = pcall(a.get_option, a, 'remote_security_label')
        if ok then
            check.equal('string', type(label))
            check.equal(nil, label:find('%z$'))
        else
            check.equal(generic_error.ENOPROTOOPT, label)
        end
    end
end)

check.done()
