-- What tests of the module unix share.
local file = require 'file'
local path = require('filesystem').path
local system = require 'system'
local unix = require 'unix'

sockets = {unix.stream_socket, unix.datagram_socket, unix.seqpacket_socket}
acceptors = {unix.stream_acceptor, unix.seqpacket_acceptor}
classes = {
    unix.stream_socket, unix.datagram_socket, unix.seqpacket_socket, unix.stream_acceptor, unix.seqpacket_acceptor,
}
message_sockets = {unix.datagram_socket, unix.seqpacket_socket}
connected = {
    {unix.stream_acceptor, unix.stream_socket}, {unix.seqpacket_acceptor, unix.seqpacket_socket},
}

local count = 0

-- A pathname that nobody uses yet, in the test's own directory, whose name may be too long.
local directory = file.stream.new()
directory:open(path.new(system.environment.TEST_TMPDIR or '/tmp'), file.open_flag.read_only)
directory = directory:release()
function new_path()
    count = count + 1
    return path.new(('/proc/self/fd/%s/unix_%d_%d'):format(
        tostring(directory):match('%d+$'), system.getpid(), count))
end

-- The same in the abstract name space.
function new_name()
    count = count + 1
    return path.new(('\0emilua_unix_%d_%d'):format(system.getpid(), count))
end

function category_of(e) return tostring(e.category) end

function is_stream(socket) return getmetatable(socket) == 'unix.stream_socket' end

-- Transfers of any class of sockets by one name.
function get(socket, size)
    local buffer = byte_span.new(size or 100)
    local receive = is_stream(socket) and socket.read_some or socket.receive
    return tostring(buffer:slice(1, receive(socket, buffer)))
end
function put(socket, text)
    local send = is_stream(socket) and socket.write_some or socket.send
    return send(socket, byte_span.append(text))
end

function listen(class, name)
    local acceptor = class.new()
    acceptor:open()
    acceptor:bind(name or path.new(''))
    acceptor:listen()
    return acceptor
end
