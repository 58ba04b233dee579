"""unix sockets with peers that are other programs, honest and hostile (60 §9)."""

import array
import fcntl
import os
import resource
import socket

from api.talk import WATCHDOG, Talk
from cases import case, main

SO_PASSPIDFD = 76  # Linux 6.5

HEADER = """
local asio_error = require 'asio_error'
local generic_error = require 'generic_error'
local path = require('filesystem').path
local pipe = require 'pipe'
local stream = require 'stream'
local system = require 'system'
local unix = require 'unix'

local function say(...)
    local words = {...}
    for i = 1, #words do words[i] = tostring(words[i]) end
    stream.write_all(system.out, table.concat(words, ' ') .. '\\n')
end

local kind = system.environment.KIND
local socket_class, acceptor_class = unix[kind .. '_socket'], unix[kind .. '_acceptor']

local function listen()
    local acceptor = acceptor_class.new()
    acceptor:open()
    acceptor:bind(path.new('\\0' .. system.environment.NAME))
    acceptor:listen()
    say 'listening'
    return acceptor
end

-- Waits for the test's word before it goes on.
local function wait() system.in_:read_some(byte_span.new(100)) end

local function next_one(s)
    local send = kind == 'stream' and s.write_some or s.send
    send(s, byte_span.append 'next')
end

-- Of what is not wanted, nothing may stay open.
local function receive_with_fds(s, most)
    local buffer = byte_span.new(100)
    local n, fds = s:receive_with_fds(buffer, most)
    for _, fd in ipairs(fds) do fd:close() end
    return tostring(buffer:slice(1, n)), #fds
end
"""

KINDS = {"stream": socket.SOCK_STREAM, "seqpacket": socket.SOCK_SEQPACKET, "datagram": socket.SOCK_DGRAM}
BOMB = 253
_count = 0


class Engine(Talk):
    """The engine, running `text` with a name that is its own."""

    def __init__(self, kind, text):
        global _count
        _count += 1
        self.kind, self.name = kind, "unix_peers_%d_%d" % (os.getpid(), _count)
        super().__init__(HEADER + text, env={"NAME": self.name, "KIND": kind})

    def connect(self):
        peer = socket.socket(socket.AF_UNIX, KINDS[self.kind])
        peer.connect("\0" + self.name)
        return peer

    def open_descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def say(self):
        self.send(b"go\n")


def rights(*numbers):
    return (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", numbers).tobytes())


# A process with a low limit is refused when many are under way, whoever sent them.
_, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_most, _most))

NULL = os.open("/dev/null", os.O_RDONLY)


# As many descriptors as a message carries.
def send_bomb(peer, text):
    peer.sendmsg([text], [rights(*[NULL] * BOMB)])


# One at a time: those under way count against every process of the user, other tests included.
def explode(peer, text):
    send_bomb(peer, text)
    assert peer.recv(9) == b"next"


def for_kinds(*kinds):
    def decorate(function):
        def all_kinds():
            for kind in kinds:
                function(kind)
        all_kinds.__name__ = function.__name__
        return case(all_kinds)
    return decorate


@for_kinds("stream", "seqpacket")
def a_peer_is_who_it_is(kind):
    p = Engine(kind, """
        local peer = listen():accept():get_option('remote_credentials')
        say(peer.pid, peer.uid, #peer.groups, peer.groups[1])
    """)
    p.expect(b"listening")
    with p.connect():
        p.expect(b"%d %d 1 %d" % (os.getpid(), os.getuid(), os.getgid()))
    p.end()


@for_kinds("stream", "seqpacket")
def what_others_sent_arrives_and_what_we_send_too(kind):
    p = Engine(kind, """
        local s = listen():accept()
        local buffer = byte_span.new(100)
        local n, fds = s:receive_with_fds(buffer, 9)
        say(tostring(buffer:slice(1, n)), #fds)
        local out = pipe.write_stream.new(fds[2])
        stream.write_all(out, 'through the second')
        local fd = system.in_:dup()
        s:send_with_fds(byte_span.append('back'), {fd, fds[1]})
        wait()
    """)
    p.expect(b"listening")
    reader, writer = os.pipe()
    with p.connect() as peer:
        # One message may hold several control messages of the kind.
        peer.sendmsg([b"two"], [rights(NULL), rights(writer)])
        p.expect(b"two 2")
        assert os.read(reader, 100) == b"through the second"
        data, fds, flags, _ = socket.recv_fds(peer, 100, 9)
        assert (data, len(fds), flags & socket.MSG_CTRUNC) == (b"back", 2, 0), (data, fds, flags)
        assert os.path.samestat(os.fstat(fds[0]), os.stat("/proc/%d/fd/0" % p.process.pid))
    p.say()
    p.end()


# A peer that sends as many descriptors as it can, again and again.
@for_kinds("stream", "seqpacket")
def descriptor_bombs_are_bounded(kind):
    p = Engine(kind, """
        local s = listen():accept()
        for i = 1, 100 do
            local text, fds = receive_with_fds(s, 2)
            assert(#text == 1 and fds == 2)
            next_one(s)
        end
        for i = 1, 100 do
            local text, fds = receive_with_fds(s, 255)
            assert(#text == 1 and fds == 253)
            next_one(s)
        end
        local plain = kind == 'stream' and s.read_some or s.receive
        for i = 1, 100 do
            plain(s, byte_span.new(1))
            next_one(s)
        end
        say 'all received'
        wait()
    """)
    p.expect(b"listening")
    with p.connect() as peer:
        before = p.open_descriptors()
        for _ in range(300):
            explode(peer, b"x")
        p.expect(b"all received")
        # The accepted connection, and what waits for it.
        assert p.open_descriptors() <= before + 3, (before, p.open_descriptors())
    p.say()
    p.end()


@for_kinds("stream", "seqpacket", "datagram")
def a_receiver_without_room_for_descriptors_keeps_the_data(kind):
    p = Engine(kind, """
        local s
        if kind == 'datagram' then
            s = socket_class.new()
            s:open()
            s:bind(path.new('\\0' .. system.environment.NAME))
            say 'listening'
        else
            s = listen():accept()
            say 'accepted'
        end
        wait()
        local text, fds = receive_with_fds(s, 255)
        say(text, fds < 253, fds > 0)
        wait()
        say(receive_with_fds(s, 255))
    """)
    p.expect(b"listening")
    with p.connect() as peer:
        if kind != "datagram":
            p.expect(b"accepted")
        soft, hard = resource.prlimit(p.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(p.process.pid, resource.RLIMIT_NOFILE, (p.open_descriptors() + 20, hard))
        send_bomb(peer, b"first")
        p.say()
        p.expect(b"first true true")
        resource.prlimit(p.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
        send_bomb(peer, b"second")
        p.say()
        p.expect(b"second 253")
    p.end()


# Credentials and pidfds come beside the descriptors when a socket is made to ask for them.
@for_kinds("stream", "seqpacket")
def other_control_data_does_not_disturb(kind):
    p = Engine(kind, """
        local s = listen():accept()
        local _, fds = s:receive_with_fds(byte_span.new(1), 1)
        local given = socket_class.new(fds[1])
        for i = 1, 50 do
            local text, count = receive_with_fds(given, 255)
            assert(text == 'x' and count == 253)
            next_one(given)
            text, count = receive_with_fds(given, 3)
            assert(text == 'y' and count == 3)
            next_one(given)
        end
        say 'all received'
        wait()
    """)
    p.expect(b"listening")
    a, b = socket.socketpair(socket.AF_UNIX, KINDS[kind])
    a.settimeout(WATCHDOG)
    b.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    try:
        b.setsockopt(socket.SOL_SOCKET, SO_PASSPIDFD, 1)
    except OSError:
        pass  # an older kernel
    with p.connect() as peer:
        before = p.open_descriptors()
        peer.sendmsg([b"x"], [rights(b.fileno())])
        for _ in range(50):
            explode(a, b"x")
            explode(a, b"y")
        p.expect(b"all received")
        assert p.open_descriptors() <= before + 5, (before, p.open_descriptors())
    p.say()
    p.end()


# What another program does with its copy of a socket is its own affair.
@for_kinds("stream", "seqpacket")
def a_shared_socket_stays_in_blocking_mode(kind):
    p = Engine(kind, """
        local s = listen():accept()
        local _, fds = s:receive_with_fds(byte_span.new(1), 1)
        local given = socket_class.new(fds[1])
        local method = kind == 'stream' and given.read_some or given.receive
        local reader = spawn(function() return method(given, byte_span.new(9)) end)
        this_fiber.yield()
        say 'waiting'
        say(reader:join())
    """)
    p.expect(b"listening")
    a, b = socket.socketpair(socket.AF_UNIX, KINDS[kind])
    with p.connect() as peer:
        peer.sendmsg([b"x"], [rights(b.fileno())])
        p.expect(b"waiting")
        assert fcntl.fcntl(b, fcntl.F_GETFL) & os.O_NONBLOCK == 0
        # Whoever comes first gets the message: the other goes on waiting.
        a.send(b"12345")
        p.expect(b"5")
        assert fcntl.fcntl(b, fcntl.F_GETFL) & os.O_NONBLOCK == 0
    p.end()


@for_kinds("stream", "seqpacket")
def a_peer_that_leaves_data_unread_resets(kind):
    p = Engine(kind, """
        local s = listen():accept()
        local send = kind == 'stream' and s.write_some or s.send
        send(s, byte_span.append 'unread')
        say 'sent'
        wait()
        local receive = kind == 'stream' and s.read_some or s.receive
        local _, e = pcall(receive, s, byte_span.new(9))
        say(e == generic_error.ECONNRESET, e.category)
        _, e = pcall(send, s, byte_span.append 'x')
        say(e == generic_error.EPIPE)
    """)
    p.expect(b"listening")
    peer = p.connect()
    p.expect(b"sent")
    peer.close()
    p.say()
    p.expect(b"true system", b"true")
    p.end()


# Two programs that accept from one listening socket: what the one takes, the other does not wait for.
@case
def connections_that_another_program_may_take():
    p = Engine("stream", """
        wait()
        local back = socket_class.new()
        back:connect(path.new('\\0' .. system.environment.NAME .. '_back'))
        local _, fds = back:receive_with_fds(byte_span.new(1), 1)
        local acceptor = acceptor_class.new(fds[1])
        while true do
            local s = acceptor:accept()
            local buffer = byte_span.new(9)
            local text = tostring(buffer:slice(1, s:read_some(buffer)))
            if text == 'end' then break end
            stream.write_all(s, 'engine')
        end
        say 'ended'
    """)
    name = "\0" + p.name
    back, shared = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    back.bind(name + "_back")
    back.listen()
    back.settimeout(WATCHDOG)
    shared.bind(name)
    shared.listen()
    p.say()
    peer, _ = back.accept()
    peer.sendmsg([b"x"], [rights(shared.fileno())])
    for _ in range(100):
        client = p.connect()
        client.settimeout(WATCHDOG)
        # Ours too, if we are in time.
        try:
            shared.setblocking(False)
            server, _ = shared.accept()
            server.send(b"test")
        except BlockingIOError:
            pass
        client.send(b"x")
        assert client.recv(9) in (b"engine", b"test")
        client.close()
    client = p.connect()
    client.send(b"end")
    p.expect(b"ended")
    p.end()


main()
