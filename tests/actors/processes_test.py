"""Actors seen from outside: who dies with whom, what they print, what they hold."""

import os
import resource
import signal
import socket

from cases import case, emilua, main, script
from processes import CONVERSATION, ECHO, Program, children, descriptors, kill, parent, status, wait_for_end, wait_until

# Starts an echo worker, says its pid once it runs, and ends as the next line tells.
PARENT = CONVERSATION + """
local worker = spawn_vm{module = './worker', subprocess = {stdout = 'share', stderr = 'share'}}
worker:send(inbox)
inbox:receive()
say(worker.child_pid)
local how = hear()
if how == 'detach' then
    worker:detach()
elseif how == 'close' then
    worker:close()
elseif how == 'error' then
    error 'as asked'
elseif how == 'exit' then
    system.exit(7)
end
"""

# Lives until it is killed, whatever becomes of its senders.
STUBBORN = ECHO + """
require('time').sleep(3600)
"""

# Starts an actor, and another one that it lets go, which do not listen to anybody.
SPINNERS = CONVERSATION + """
for _, detach in ipairs{false, true} do
    local worker = spawn_vm{module = './worker', subprocess = {stdout = 'share', stderr = 'share'}}
    worker:send(inbox)
    inbox:receive()
    local pid = worker.child_pid
    if detach then
        worker:detach()
    end
    say(pid)
end
hear()
"""

SPINNER = """
require('inbox'):receive():send(true)
while true do
end
"""

# Has an actor of its own, which waits.
NEST = """
local inbox = require 'inbox'
if _CONTEXT == 'worker' then
    local sender = inbox:receive()
    if type(sender) == 'string' then
        require('time').sleep(3600)
    end
    local child = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
    child:send 'wait'
    sender:send(true)
    require('time').sleep(3600)
end
"""

SURVIVOR = ECHO + """
require('stream').write_all(require('system').out, 'no senders any more\\n')
"""


def ends_with_its_parent(how, expected_status):
    with Program(PARENT, files={"worker.lua": STUBBORN}) as program:
        worker = int(program.line())
        program.say(how)
        code, _, _ = program.end()
        assert code == expected_status, code
        assert wait_for_end(worker)


# 30 §16.34
@case
def a_main_script_that_returns_takes_its_actor_along():
    ends_with_its_parent("return", 0)


@case
def a_main_script_that_fails_takes_its_actor_along():
    ends_with_its_parent("error", 1)


@case
def a_main_script_that_exits_takes_its_actor_along():
    ends_with_its_parent("exit", 7)


# 30 §16.35
@case
def closing_the_handle_does_not_save_the_actor():
    ends_with_its_parent("close", 0)


# 30 §16.34
@case
def a_detached_actor_survives_and_sees_that_its_sender_is_gone():
    with Program(PARENT, files={"worker.lua": SURVIVOR}) as program:
        worker = int(program.line())
        program.say("detach")
        program.process.stdin.close()
        assert program.process.wait(60) == 0
        assert program.line() == "no senders any more"
        assert wait_for_end(worker)


@case
def a_detached_actor_that_goes_on_outlives_its_program():
    with Program(PARENT, files={"worker.lua": STUBBORN}) as program:
        worker = int(program.line())
        program.say("detach")
        program.process.stdin.close()
        assert program.process.wait(60) == 0
        os.kill(worker, 0)
        assert status(worker)["State"][0] in "SR"
        kill(worker)
        assert wait_for_end(worker)


# 30 §16.36, §11.1
@case
def an_actor_is_a_child_of_the_helper_which_is_a_child_of_the_program():
    with Program(PARENT, files={"worker.lua": ECHO}) as program:
        worker = int(program.line())
        helper = parent(worker)
        assert parent(helper) == program.pid
        assert status(helper)["Name"] == "emilua-helper"
        program.say("return")
        assert program.end()[0] == 0
        assert wait_for_end(helper)


# 30 §11.2
@case
def the_death_of_the_helper_takes_its_actors_along():
    with Program(PARENT, files={"worker.lua": STUBBORN}) as program:
        worker = int(program.line())
        os.kill(parent(worker), signal.SIGKILL)
        assert wait_for_end(worker)
        program.say("return")
        assert program.end()[0] == 0


# What a creator that is killed cannot do, its helper does: row 21 of 91
@case
def sigkill_of_a_program_ends_even_actors_that_do_not_listen():
    with Program(SPINNERS, files={"worker.lua": SPINNER}) as program:
        plain, detached = int(program.line()), int(program.line())
        helper = parent(plain)
        os.kill(program.pid, signal.SIGKILL)
        assert wait_for_end(plain)
        os.kill(detached, 0)
        assert status(detached)["State"][0] == "R"
        os.kill(helper, 0)
        kill(detached)
        assert wait_for_end(detached) and wait_for_end(helper)


IS_ROOT = os.geteuid() == 0  # others may have namespaces together with one of users only
NAMESPACES = {"uts": "uts", "ipc": "ipc", "pid": "pid", "user": "user", "net": "net", "mount": "mnt", "cgroup": "cgroup"}


def namespaces(pid):
    return {name: os.readlink("/proc/%d/ns/%s" % (pid, file)) for name, file in NAMESPACES.items()}


# 30 §2.1
@case
def each_namespace_is_the_actors_own_if_asked_for():
    own = namespaces(os.getpid())
    for chosen in [{name} for name in NAMESPACES] + [set(), set(NAMESPACES), {"user", "net"}]:
        if chosen and not IS_ROOT:
            chosen = chosen | {"user"}
        options = "".join("newns_%s = true, " % name for name in chosen)
        with Program(PARENT.replace("subprocess = {", "subprocess = {" + options), files={"worker.lua": STUBBORN}) as program:
            worker = int(program.line())
            found = namespaces(worker)
            assert {name for name in NAMESPACES if found[name] != own[name]} == chosen, (chosen, found, own)
            program.say("return")
            assert program.end()[0] == 0
            assert wait_for_end(worker)


# 30 §11.4
@case
def process_1_holds_nothing_and_reaps_orphans():
    options = "newns_pid = true, " if IS_ROOT else "newns_pid = true, newns_user = true, "
    with Program(PARENT.replace("subprocess = {", "subprocess = {" + options), files={"worker.lua": NEST}) as program:
        first = int(program.line())
        wait_until(lambda: descriptors(first) == {})
        (worker,) = children(first)
        assert status(worker)["NSpid"].split()[-1] == "2", status(worker)
        (helper,) = children(worker)
        def actors():  # each has a helper beside it
            return [pid for pid in children(helper) if (status(pid) or {}).get("Name") == "emilua-actor"]
        wait_until(lambda: len(actors()) == 1)
        (grandchild,) = actors()
        os.kill(helper, signal.SIGKILL)
        assert wait_for_end(grandchild)
        # The helper is a zombie of the worker, which did not ask for it; the grandchild is no more.
        wait_until(lambda: children(first) == [worker])
        kill(first)
        assert wait_for_end(worker) and wait_for_end(first)
        program.say("return")
        assert program.end()[0] == 0


# 30 §2.4
@case
def spawning_without_a_helper_raises_echild():
    text = CONVERSATION + """
        local generic = require 'generic_error'
        say 'ready'
        hear()
        for i = 1, 2 do
            local ok, e = pcall(spawn_vm, {module = './worker', subprocess = {}})
            say(not ok and e == generic.ECHILD)
        end
    """
    with Program(text, files={"worker.lua": ECHO}) as program:
        assert program.line() == "ready"
        (helper,) = children(program.pid)
        os.kill(helper, signal.SIGKILL)
        wait_until(lambda: status(helper) is None or status(helper)["State"].startswith("Z"))
        program.say("go")
        assert program.line() == "true"
        assert program.line() == "true"
        assert program.end()[0] == 0


# 30 §16.43
@case
def the_status_of_an_actor_is_not_that_of_the_program():
    path = script("""
        local inbox = require 'inbox'
        for _, how in ipairs{'exit', 'error'} do
            local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
            worker:send{how = how, reply_to = inbox}
            pcall(inbox.receive, inbox)
        end
        print 'done'
    """)
    with open(os.path.join(os.path.dirname(path), "worker.lua"), "w", encoding="utf-8") as out:
        out.write("""
            local order = require('inbox'):receive()
            if order.how == 'error' then error 'panic in the worker' end
            require('system').exit(7)
        """)
    run = emilua(path)
    assert run.returncode == 0 and run.stdout == "done\n", run
    assert run.stderr.count("panicked: ") == 1 and "panic in the worker" in run.stderr, run


# 30 §16.44
@case
def the_program_ends_although_its_actor_waits():
    path = script("""
        local worker = spawn_vm{module = './worker', subprocess = {}}
        worker:send 'something'
    """)
    with open(os.path.join(os.path.dirname(path), "worker.lua"), "w", encoding="utf-8") as out:
        out.write("local inbox = require 'inbox' while true do inbox:receive() end")
    run = emilua(path)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", ""), run


# 30 §11.3
@case
def shared_streams_are_those_of_the_program():
    path = script("""
        local worker = spawn_vm{module = './worker', subprocess = {stdin = 'share', stdout = 'share', stderr = 'share'}}
        while pcall(worker.kill, worker, 0) do this_fiber.yield() end
    """)
    with open(os.path.join(os.path.dirname(path), "worker.lua"), "w", encoding="utf-8") as out:
        out.write("""
            local stream, system = require 'stream', require 'system'
            local buffer = byte_span.new(5)
            stream.read_all(system.in_, buffer)
            print('read ' .. tostring(buffer))
            stream.write_all(system.err, 'to standard error\\n')
        """)
    run = emilua(path, stdin=None, input="hello")
    assert (run.returncode, run.stdout, run.stderr) == (0, "read hello\n", "to standard error\n"), run


def standard_error_of(subprocess_options, module="./worker", worker="require('inbox'):receive()"):
    """What an actor that must end by itself leaves on the shared standard error."""
    path = script("""
        local inbox = require 'inbox'
        local worker = spawn_vm{module = '%s', subprocess = {stderr = 'share', %s}}
        pcall(worker.send, worker, {reply_to = inbox})
        local ok, e = pcall(inbox.receive, inbox)
        while pcall(worker.kill, worker, 0) do this_fiber.yield() end
        print(ok, not ok and e.code)
    """ % (module, subprocess_options))
    with open(os.path.join(os.path.dirname(path), "worker.lua"), "w", encoding="utf-8") as out:
        out.write(worker)
    run = emilua(path)
    assert run.returncode == 0 and run.stdout == "false\t16\n", run
    return run.stderr


# 40 §17.17
@case
def a_failing_script_is_reported_with_its_priority():
    text = standard_error_of("init = {script = \"error 'oops'\"}")
    assert text.startswith("<3>ipc_actor/init/script: ") and text.endswith(": oops\n"), text
    assert text.count("\n") == 1, text


@case
def a_script_that_is_no_lua_is_reported():
    text = standard_error_of("init = {script = 'this is no Lua'}")
    assert text.startswith("<3>ipc_actor/init/script: ") and text.count("\n") == 1, text


# 40 §3
@case
def a_failing_call_of_a_script_is_reported():
    text = standard_error_of("init = {script = \"C.open('/absent', C.O_RDONLY)\"}")
    assert text.startswith("<3>ipc_actor/init: ") and text.endswith("No such file or directory\n"), text
    assert text.count("\n") == 1, text


# 40 §3
@case
def a_list_that_is_none_is_fatal_whatever_errexit_says():
    text = standard_error_of("init = {script = \"errexit = false; C.setgroups{'x'}\"}")
    assert text.startswith("<3>ipc_actor/init/setgroups: "), text


# 40 §2
@case
def a_script_out_of_memory_is_reported():
    text = standard_error_of("init = {script = \"local s = ('x'):rep(2^21)\"}")
    assert text.startswith("<3>ipc_actor/init/alloc: ") and text.count("\n") == 1, text


# 30 §2.4
@case
def a_module_that_is_missing_in_the_child_is_one_line():
    text = standard_error_of("", module="/nowhere/at/all.lua")
    assert text.count("\n") == 1 and "/nowhere/at/all.lua" in text and "No such file" in text, text


@case
def a_module_that_is_no_lua_is_one_line():
    text = standard_error_of("", worker="local x = = 1")
    assert text.count("\n") == 1 and "worker.lua:1:" in text, text


@case
def control_characters_in_a_report_are_made_visible():
    text = standard_error_of("", worker="error '\\27]0;title\\7\\27[31m'")
    assert "\x1b" not in text and "\x07" not in text and "\\x1b]0;title" in text, repr(text)


# 40 §4, §17.9, §17.12: the other end of `arg` is ours
@case
def a_script_and_the_host_exchange_descriptors():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    text = CONVERSATION + """
        local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share', init = {
            arg = system.in_.dup(),
            script = [[
                local text, fd, errno = receive_with_fd(arg, 100)
                assert(text == 'take this' and fd >= 4 and errno == 0)
                local inside = C.read(fd, 100)
                assert(send_with_fd(arg, inside, fd) == #inside)
                text, fd, errno = receive_with_fd(arg, 100)
                assert(text == 'nothing with it' and fd == -1 and errno == 0)
            ]],
        }}}
        worker:send(inbox)
        say(inbox:receive())
        say(worker.child_pid)
    """
    with Program(text, stdin=theirs, files={"worker.lua": ECHO}) as program:
        theirs.close()
        reader, writer = os.pipe()
        os.write(writer, b"through the pipe")
        socket.send_fds(ours, [b"take this"], [reader])
        data, fds, _, _ = socket.recv_fds(ours, 100, 4)
        assert data == b"through the pipe" and len(fds) == 1, (data, fds)
        assert os.path.sameopenfile(fds[0], reader)
        ours.send(b"nothing with it")
        assert program.line() == "ready"
        worker = int(program.line())
        for fd in (reader, writer, *fds):
            os.close(fd)
        program.process.wait(60)
        assert wait_for_end(worker)
    ours.close()


# 40 §17.12, §17.13
@case
def what_a_script_had_open_is_closed_in_the_actor():
    text = CONVERSATION + """
        local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share', init = {
            arg = system.in_.dup(),
            script = [[
                for i = 1, 20 do C.open('/dev/null', C.O_RDONLY) end
                for i = 1, 20 do C.dup(arg) end
                C.dup(3)
                local f = io.open('/dev/zero')
            ]],
        }}}
        worker:send(inbox)
        say(inbox:receive())
        say(worker.child_pid)
        hear()
    """
    with Program(text, files={"worker.lua": ECHO}) as program:
        assert program.line() == "ready"
        held = descriptors(int(program.line()))
        # The sockets: its own helper's, and the address in our message.
        others = sorted(what.split("[")[0] for fd, what in held.items() if fd > 3)
        assert others == ["anon_inode:"] * 3 + ["socket:"] * 2, held
        program.say("end")
        assert program.end()[0] == 0


# 30 §2.4
@case
def spawning_without_descriptors_to_spare_raises_emfile():
    text = CONVERSATION + """
        local generic = require 'generic_error'
        spawn_vm{module = './worker', subprocess = {}}:kill()
        collectgarbage()
        local taken = {}
        while true do
            local ok, descriptor = pcall(system.in_.dup)
            if not ok then
                break
            end
            taken[#taken + 1] = descriptor
        end
        local results = {}
        repeat
            local ok, worker = pcall(spawn_vm, {module = './worker', subprocess = {}})
            if ok then
                worker:kill()
            else
                results[#results + 1] = tostring(worker == generic.EMFILE or worker)
            end
            table.remove(taken):close()
        until ok
        for _, descriptor in ipairs(taken) do
            descriptor:close()
        end
        say(table.concat(results, ', '))
        local worker = spawn_vm{module = './worker', subprocess = {}}
        worker:send(inbox)
        say(inbox:receive())
    """
    with Program(text, files={"worker.lua": ECHO},
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))) as program:
        outcomes = program.line().split(", ")
        assert program.line() == "ready"
        assert program.end()[0] == 0
        assert len(outcomes) >= 3 and set(outcomes) == {"true"}, outcomes


main()
