"""Init scripts seen from outside: what their processes hold while they run, and afterwards."""

import json
import os
import select
import socket
import sys

from cases import case, emilua, main, scratch, script, skip
from processes import CONVERSATION, ECHO, PATIENCE, Program, descriptors, memory_has, wait_until

# Starts an echo worker whose script gets a named pipe; says the worker's pid and, once it runs, its
# first message. Then it passes lines on.
WITH_PIPE = CONVERSATION + """
local file, filesystem = require 'file', require 'filesystem'
local pipe = file.stream.new()
pipe:open(filesystem.path.new(%s), file.open_flag.%s)
local arg = pipe:release()
local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share', init = {script = %s, arg = arg}}}
arg:close()
worker:send(inbox)
say(worker.child_pid)
say(inbox:receive())
worker:send(hear())
say(inbox:receive())
"""


def named_pipe():
    path = os.path.join(scratch(), "pipe")
    os.mkfifo(path)
    return path


def program(pipe, flag, init_script):
    text = WITH_PIPE % (json.dumps(pipe), flag, json.dumps(init_script))
    return Program(text, files={"worker.lua": ECHO})


def next_bytes(fd):
    ready, _, _ = select.select([fd], [], [], PATIENCE)
    assert ready, "neither data nor its end came"
    return os.read(fd, 100)


# 40 §17.9
@case
def a_message_without_descriptor_brings_minus_one():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        socket.send_fds(ours, [b"with"], [ours.fileno()])
        ours.send(b"plain")
        run = emilua(script("""
            local init = {arg = require('system').in_:dup(), script = [[
                for i = 1, 2 do
                    local text, fd, errno = receive_with_fd(arg, 10)
                    io.stdout:write(text, ' ', fd > 2 and 'some' or fd, ' ', errno, '\\n')
                end
                C.execve('/bin/true')
            ]]}
            spawn_vm{module = '/absent', subprocess = {stdout = 'share', stderr = 'share', init = init}}:wait()
        """), stdin=theirs)
        assert run.stdout == "with some 0\nplain -1 0\n", run


# 40 §17.12
@case
def the_other_side_of_arg_sees_its_end_although_the_actor_lives():
    path = named_pipe()
    pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with program(path, "write_only", "C.write(arg, 'from the script') C.dup(arg)") as running:
        assert int(running.line()) > 0 and running.line() == "ready"
        assert next_bytes(pipe) == b"from the script"
        assert next_bytes(pipe) == b""
        running.say("alive")
        assert running.line() == "alive"
    os.close(pipe)


# 40 §17.13
@case
def descriptors_that_the_script_has_left_open_are_closed():
    path = named_pipe()
    pipe = os.open(path, os.O_RDWR)
    leave_open = "C.dup2(C.open('/etc/passwd', C.O_RDONLY), 100) C.read(arg, 1)"
    with program(path, "read_only", leave_open) as running:
        worker = int(running.line())
        wait_until(lambda: descriptors(worker).get(100) == "/etc/passwd")
        os.write(pipe, b"x")
        assert running.line() == "ready"
        held = descriptors(worker)
        assert {0, 1, 2, 3} <= held.keys() and 100 not in held, held
        # What else there is belongs to the engine, of which no file has a path.
        assert "/etc/passwd" not in held.values() and path not in held.values(), held
        running.say("alive")
        assert running.line() == "alive"
    os.close(pipe)


# 40 §17.47
@case
def secrets_that_the_script_has_read_are_in_no_memory_afterwards():
    path = named_pipe()
    pipe = os.open(path, os.O_RDWR)
    secret = os.urandom(32)
    read_secret = """
        kept = {C.read(arg, 32)}
        kept[2] = kept[1] .. kept[1]:reverse()
        kept[3] = kept[1]:gsub('.', '%0')
        C.read(arg, 1)
    """
    with program(path, "read_only", read_secret) as running:
        worker = int(running.line())
        os.write(pipe, secret)
        wait_until(lambda: memory_has(worker, secret))
        os.write(pipe, b"x")
        assert running.line() == "ready"
        for piece in (secret, secret[:16], secret[16:], secret[::-1]):
            assert not memory_has(worker, piece)
    os.close(pipe)


CONNECT = """
import errno, fcntl, socket, struct
def attempt():
    with socket.socket() as client:
        print(errno.errorcode[client.connect_ex(("127.0.0.1", 1))], flush=True)
attempt()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
attempt()
"""

NEW_NETWORK = """
    local status = io.open('/proc/self/status'):read('*a')
    local uid, gid = status:match 'Uid:%%s*%%d+%%s+(%%d+)', status:match 'Gid:%%s*%%d+%%s+(%%d+)'
    C.unshare(bit.bor(C.CLONE_NEWUSER, C.CLONE_NEWNET))
    local function put(path, text) write_all(C.open(path, C.O_WRONLY), text) end
    put('/proc/self/setgroups', 'deny')
    put('/proc/self/gid_map', '0 ' .. gid .. ' 1')
    put('/proc/self/uid_map', '0 ' .. uid .. ' 1')
    C.execve(%s, {'python3', '-c', %s})
"""


# 40 §17.24
@case
def a_new_network_reaches_nothing_until_its_loopback_is_up():
    probe = emilua(script("""
        local worker = spawn_vm{module = '/absent', subprocess = {init = {
            script = 'C.unshare(bit.bor(C.CLONE_NEWUSER, C.CLONE_NEWNET)) C.execve("/bin/true")'}}}
        print(worker:wait().exit_code)
    """))
    if probe.stdout != "0\n":
        skip("no user namespaces: %r" % (probe,))
    init_script = NEW_NETWORK % (json.dumps(sys.executable), json.dumps(CONNECT))
    run = emilua(script("""
        local worker = spawn_vm{module = '/absent', subprocess = {
            stdout = 'share', stderr = 'share', init = {script = %s}}}
        worker:wait()
    """ % json.dumps(init_script)))
    assert run.stdout == "ENETUNREACH\nECONNREFUSED\n", run


# Makes the terminal its standard input, without O_NOCTTY, and says whether it controls us now.
TAKE_TERMINAL = "exec <>%s; if true </dev/tty; then echo taken; else echo not taken; fi 2>/dev/null"


# 40 §17.38
@case
def an_actor_cannot_take_a_terminal_though_its_script_has_made_a_session():
    controller, terminal = os.openpty()
    command = json.dumps(TAKE_TERMINAL % os.ttyname(terminal))
    # The leader of the session, process 1, can.
    taken = emilua(script("""
        spawn_vm{module = '.', subprocess = {newns_pid = true, newns_user = true, stdout = 'share', stderr = 'share', init = {script = [[
            C.setsid()
            C.execve('/bin/sh', {'sh', '-c', %s})
        ]]}}}:wait()
    """ % command))
    assert (taken.stdout, taken.stderr) == ("taken\n", ""), taken
    refused = emilua(script("""
        local inbox, system = require 'inbox', require 'system'
        if _CONTEXT == 'worker' then
            local shell = {program = '/bin/sh', arguments = {'sh', '-c', %s}, stdout = 'share', stderr = 'share'}
            system.spawn(shell):wait()
            inbox:receive():send{pid = system.getpid(), session = system.getsid(0)}
            return
        end
        local actor = spawn_vm{module = '.', subprocess = {newns_pid = true, newns_user = true, stdout = 'share', stderr = 'share',
                                                           init = {script = 'C.setsid()'}}}
        actor:send(inbox)
        local seen = inbox:receive()
        print(seen.pid, seen.session)
    """ % command))
    assert (refused.stdout, refused.stderr) == ("not taken\n2\t1\n", ""), refused
    os.close(controller)
    os.close(terminal)


main()
