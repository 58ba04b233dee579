"""What an actor's process has of its parent's: no descriptor, no secret, and no process left behind."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile

from cases import case, main
from processes import (CONVERSATION, ECHO, Program, children, descriptors, memory_has, parent, resident, status,
                       wait_for_end, wait_until)

PROBE = os.path.abspath(sys.argv[2])

ONE_WORKER = CONVERSATION + """
local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
worker:send(inbox)
say(inbox:receive())
say(worker.child_pid)
hear()
"""


def inheritable():
    """Descriptors of every kind that a careless caller could leave open, at numbers up to 1023."""
    made = [os.pipe()[0], os.open("/", os.O_PATH), os.open("/", os.O_RDONLY), os.open("/etc/passwd", os.O_RDONLY),
            os.memfd_create("secret"), os.pidfd_open(os.getpid()), select.epoll().fileno()]
    listener = socket.create_server(("127.0.0.1", 0))
    made.append(listener.detach())
    made.append(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).detach())
    made.append(os.dup2(made[0], 1023))
    return [os.dup(fd) if fd < 100 else fd for fd in made]


def with_inheritable(body):
    made = inheritable()
    for fd in made:
        os.set_inheritable(fd, True)
    try:
        body(made)
    finally:
        for fd in made:
            os.close(fd)


def helper_holds_only_its_own(pid, sockets):
    held = [what for fd, what in descriptors(pid).items() if fd > 2]
    own = sorted(what for what in held if not what.startswith("socket:"))
    assert own == ["anon_inode:[eventpoll]", "anon_inode:[pidfd]", "anon_inode:[signalfd]"], held
    assert len(held) - len(own) == sockets, held


# 91 row 6, 30 §16.36
@case
def an_actor_has_none_of_the_descriptors_its_program_was_started_with():
    def body(made):
        with Program(ONE_WORKER, files={"worker.lua": ECHO}, pass_fds=made) as program:
            assert program.line() == "ready"
            worker = int(program.line())
            held = descriptors(program.pid)
            assert all(fd in held for fd in made), "the attack is not real: %s" % held
            # The program's socket and the worker's lifeline.
            helper_holds_only_its_own(parent(worker), sockets=2)
            own = descriptors(worker)
            assert own[2] == held[2] and own[0] != held[0] and own[1] != held[1], own
            assert own[3].startswith("socket:"), own
            # Its own helper's socket and the address in our message; the rest is the reactor.
            rest = sorted(what for fd, what in own.items() if fd > 3 and not what.startswith("socket:"))
            assert rest == ["anon_inode:[eventfd]", "anon_inode:[eventpoll]", "anon_inode:[timerfd]"], own
            sockets = [fd for fd, what in own.items() if fd > 3 and what.startswith("socket:")]
            assert len(sockets) == 2, own
            (own_helper,) = [pid for pid in children(parent(worker)) if pid != worker]
            # Once it has closed what the helper has that it is a clone of.
            wait_until(lambda: len(descriptors(own_helper)) == len(descriptors(parent(worker))) - 1)
            helper_holds_only_its_own(own_helper, sockets=1)
            program.say("end")
            assert program.end()[0] == 0
    with_inheritable(body)


# 91 row 6, 40 §17.10
@case
def a_program_that_replaces_an_actor_has_only_the_standard_streams():
    text = CONVERSATION + """
        local worker = spawn_vm{module = './worker', subprocess = {stdout = 'share', stderr = 'share', init = {
            arg = system.in_.dup(),
            script = ("C.open('/', C.O_RDONLY + C.O_CLOEXEC); C.execve(%q, {'probe', 'descriptors'}, {})"):format(
                system.arguments[3]),
        }}}
        hear()
    """
    def body(made):
        direct = subprocess.run([PROBE, "descriptors"], pass_fds=made, capture_output=True, text=True, check=True)
        assert sorted(int(fd) for fd in direct.stdout.split()) == sorted(made), direct
        with Program(text, PROBE, files={"worker.lua": ECHO}, pass_fds=made) as program:
            assert program.line().split() == []
            program.say("end")
            assert program.end()[0] == 0
    with_inheritable(body)


@case
def an_actor_cannot_reach_inherited_descriptors_by_path():
    worker = """
        local file, filesystem, inbox = require 'file', require 'filesystem', require 'inbox'
        local order = inbox:receive()
        local found = {}
        for fd = 4, 1023 do
            local opened = file.stream.new()
            local ok, e = pcall(opened.open, opened, filesystem.path.new('/dev/fd/' .. fd), file.open_flag.read_only)
            -- What the runtime has itself cannot be opened by path either: sockets and the like.
            if ok then
                found[#found + 1] = fd
                opened:close()
            end
        end
        order.reply_to:send(table.concat(found, ' '))
    """
    text = CONVERSATION + """
        local file, filesystem = require 'file', require 'filesystem'
        local fd = system.arguments[3]
        local opened, buffer = file.stream.new(), byte_span.new(6)
        opened:open(filesystem.path.new('/dev/fd/' .. fd), file.open_flag.read_only)
        stream.read_all(opened, buffer)
        say(buffer)
        local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
        worker:send{reply_to = inbox}
        say(inbox:receive())
    """
    with tempfile.NamedTemporaryFile() as secret:
        secret.write(b"secret")
        secret.flush()
        fd = os.open(secret.name, os.O_RDONLY)
        os.set_inheritable(fd, True)
        with Program(text, str(fd), files={"worker.lua": worker}, pass_fds=[fd]) as program:
            assert program.line() == "secret"
            # Each of ours is open only while it is tried: the numbers of the runtime's own are sockets.
            assert program.line() == ""
            assert program.end()[0] == 0
        os.close(fd)


# --- secrets ------------------------------------------------------------------------------------------

def secret(label):
    """32 bytes that are nowhere else; made of parts, so that this process need not be looked at."""
    return (label + "-" + os.urandom(16).hex())[:32]


# Each place of a secret, for each kind of child. The worker starts when the test says so.
KEEPER = CONVERSATION + """
local packet = byte_span.new(100)
local kind, in_heap = tostring(packet:slice(1, system.in_:read_some(packet))):match '^(%S+) (%S+)$'
local worker = spawn_vm{module = './worker', subprocess = {
    stderr = 'share', newns_user = kind == 'newns_pid', newns_pid = kind == 'newns_pid',
    init = {
        arg = system.in_.dup(),
        script = [[
            local key = C.read(arg, 100)
            local copy = {key .. '', [key] = key:rep(3)}
            C.write(arg, #key .. ' bytes of it')
            C.read(arg, 100)
        ]],
    },
}}
worker:send(inbox)
say(worker.child_pid)
say(inbox:receive())
inbox:receive()
say(in_heap)  -- so that it has been there all the time
"""


def secrets_stay_with_the_parent(kind):
    """Starts an actor of this kind and looks into all processes that it brings with it."""
    places = {name: secret(name).encode() for name in ("environment", "argument", "heap", "script")}
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with Program(KEEPER, places["argument"], stdin=theirs, files={"worker.lua": ECHO},
                 env=dict(os.environ, SECRET=places["environment"])) as program:
        theirs.close()
        ours.send(b"%s %s" % (kind.encode(), places["heap"]))
        child = int(program.line())
        ours.send(places["script"])
        assert ours.recv(100) == b"32 bytes of it"
        # The same search finds each where it is.
        for name in ("environment", "argument", "heap"):
            assert memory_has(program.pid, places[name]), name
        assert memory_has(child, places["script"])
        for name in ("environment", "argument"):
            assert not memory_has(child, places[name]), name
        ours.send(b"go on")
        assert program.line() == "ready"
        family = [child]
        for pid in family:
            family.extend(children(pid))
        first_process = status(child)["NSpid"].split()[-1] == "1"
        # A pid 1 has the actor for its child; and each actor has a helper.
        assert first_process == (kind == "newns_pid") and len(family) == (3 if first_process else 2), family
        for pid in (parent(child), *family):
            for name, needle in places.items():
                assert not memory_has(pid, needle), (name, status(pid))
            for shown in ("environ", "cmdline"):
                with open("/proc/%d/%s" % (pid, shown), "rb") as text:
                    assert text.read().strip(b"\0") == b"", (shown, status(pid))
    ours.close()


# 30 §11.1, 40 §17.47
@case
def neither_what_the_parent_has_nor_what_an_init_script_has_read_is_in_an_actor():
    secrets_stay_with_the_parent("plain")


# 30 §11.4
@case
def nor_in_an_actor_with_a_first_process_of_its_own_or_in_that():
    secrets_stay_with_the_parent("newns_pid")


# 40 §2
@case
def the_text_of_an_init_script_is_not_in_the_actor():
    needle = secret("text")
    text = CONVERSATION + """
        local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share', init = {
            script = '-- ' .. hear(),
        }}}
        worker:send(inbox)
        say(inbox:receive())
        say(worker.child_pid)
        hear()
    """
    with Program(text, files={"worker.lua": ECHO}) as program:
        program.say(needle)
        assert program.line() == "ready"
        worker = int(program.line())
        assert memory_has(program.pid, needle.encode()), "the search finds nothing"
        assert not memory_has(worker, needle.encode())
        assert not memory_has(parent(worker), needle.encode())
        program.say("end")
        assert program.end()[0] == 0


# --- what is left behind --------------------------------------------------------------------------------

SPAWNER = CONVERSATION + """
while true do
    local n = tonumber(hear())
    if not n then
        break
    end
    for i = 1, n do
        local worker = spawn_vm{module = './worker', subprocess = {
            stderr = 'share', stdin = i % 2 == 0 and system.in_.dup() or nil,
            init = i % 3 == 0 and {script = '--', arg = system.out.dup()} or nil,
        }}
        worker:send(inbox)
        assert(inbox:receive() == 'ready')
        if i % 4 == 0 then
            worker:close()
        else
            worker:kill()
        end
        assert(not pcall(inbox.receive, inbox))
    end
    collectgarbage()
    collectgarbage()
    say 'done'
end
"""


@case
def three_hundred_actors_leave_no_process_descriptor_or_memory():
    with Program(SPAWNER, files={"worker.lua": ECHO}) as program:
        def settled():
            (helper,) = children(program.pid)
            wait_until(lambda: not children(helper))
            # The last of those whose handle was closed are noticed by their pidfds.
            wait_until(lambda: "anon_inode:[pidfd]" not in descriptors(program.pid).values())
            return len(descriptors(program.pid)), len(descriptors(helper)), resident(program.pid)
        program.say("20")
        assert program.line() == "done"
        before = settled()
        program.say("300")
        assert program.line() == "done"
        after = settled()
        assert after[:2] == before[:2], (before, after, descriptors(program.pid))
        assert after[2] - before[2] < 4 << 20, (before, after)
        program.say("end")
        assert program.end()[0] == 0


@case
def actors_that_end_leave_no_zombies():
    with Program(ONE_WORKER, files={"worker.lua": "require('inbox'):receive():send 'ready'"}) as program:
        assert program.line() == "ready"
        worker = int(program.line())
        wait_until(lambda: status(worker) is None)
        program.say("end")
        assert program.end()[0] == 0


def nothing_is_left_after(sent, text, files, lines):
    """Kills the program; its output ends only when no process holds it any more."""
    with Program(text, files=files) as program:
        for _ in range(lines):
            program.line()
        processes = [program.pid]
        for pid in processes:
            processes.extend(children(pid))
        os.kill(program.pid, sent)
        program.process.wait()
        for pid in processes:
            assert wait_for_end(pid, 30), (pid, status(pid))
        assert program.process.stderr.read() is not None
    return len(processes)


# 91 row 21
@case
def sigkill_of_a_program_that_only_waits_leaves_no_process():
    # The program and its helper.
    assert nothing_is_left_after(signal.SIGKILL, CONVERSATION + "say 'up' hear()", {}, 1) == 2


@case
def sigkill_of_a_program_leaves_none_of_its_idle_actors():
    text = CONVERSATION + """
        local workers = {}
        for i = 1, 5 do
            workers[i] = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
            workers[i]:send(inbox)
            say(inbox:receive())
        end
        hear()
    """
    # Each actor has a helper of its own.
    assert nothing_is_left_after(signal.SIGKILL, text, {"worker.lua": ECHO}, 5) == 12


@case
def sigkill_of_a_program_leaves_none_of_its_actors_actors():
    nest = """
        local inbox = require 'inbox'
        local depth = ...
        local order = inbox:receive()
        if order.depth > 0 then
            local child = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
            child:send{depth = order.depth - 1, reply_to = order.reply_to}
            pcall(inbox.receive, inbox)
        else
            order.reply_to:send 'deepest'
            pcall(inbox.receive, inbox)
        end
    """
    text = CONVERSATION + """
        local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
        worker:send{depth = 4, reply_to = inbox}
        say(inbox:receive())
        hear()
    """
    assert nothing_is_left_after(signal.SIGKILL, text, {"worker.lua": nest}, 1) == 12


# 30 §11.4: they are not killed, but lose their senders
@case
def a_program_that_ends_leaves_none_of_its_actors_actors():
    text = CONVERSATION + """
        local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
        worker:send{reply_to = inbox}
        say(inbox:receive())
        hear()
    """
    worker = """
        local inbox = require 'inbox'
        local order = inbox:receive()
        if order.leaf then
            order.reply_to:send(require('system').getpid())
        else
            local child = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
            child:send{leaf = true, reply_to = order.reply_to}
        end
        pcall(inbox.receive, inbox)
    """
    with Program(text, files={"worker.lua": worker}) as program:
        grandchild = int(program.line())
        wait_until(lambda: status(grandchild) is not None)
        program.say("end")
        assert program.end()[0] == 0
        assert wait_for_end(grandchild, 30), "the actor's actor outlives everybody"


main()
