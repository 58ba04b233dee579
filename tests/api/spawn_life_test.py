"""system.spawn and signals, seen from outside: what is left behind, terminals, ends of programs."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios

from cases import case, emilua, main, script
from processes import CONVERSATION, Program, children, descriptors, status, wait_for_end, wait_until

HEADER = CONVERSATION + """
local function sh(command, options)
    options = options or {}
    options.program = '/bin/sh'
    options.arguments = {'sh', '-c', command}
    options.environment = {PATH = '/bin:/usr/bin'}
    options.stderr = 'share'
    return system.spawn(options)
end
"""

TRAPPER = "trap \"echo got TERM; exit\" TERM; echo ready; while :; do sleep 0.01; done"


# --- children that nobody waits for ---------------------------------------------------------------


def ends_with_its_child(ending, expected):
    with Program(HEADER + "local child = sh([[%s]], {stdout = 'share'})\nhear()\n%s" % (TRAPPER, ending)) as p:
        assert p.line() == "ready"
        [child] = [c for c in children(p.pid) if status(c)["Name"] == "sh"]
        p.say("end")
        code, out, _ = p.end()
        assert (code, out) == (expected, "got TERM\n"), (code, out)
        assert wait_for_end(child)


# 80 §12.33
@case
def a_program_takes_its_children_along():
    ends_with_its_child("", 0)


@case
def so_does_one_that_exits_or_panics():
    ends_with_its_child("system.exit(3)", 3)
    ends_with_its_child("error 'x'", 1)


@case
def and_one_with_a_fiber_that_waits():
    ends_with_its_child("spawn(function() child:wait() end):detach() this_fiber.yield() system.exit(4)", 4)


# 80 §12.33
@case
def without_a_signal_the_engine_stays_until_the_child_ends():
    command = "echo ready; read x; grep PPid: /proc/$$/status"
    with Program(HEADER + "sh([[%s]], {stdin = 'share', stdout = 'share', signal_on_gcreaper = 0})" % command) as p:
        assert p.line() == "ready"
        assert p.process.poll() is None
        p.say("go on")
        code, out, err = p.end()
        assert (code, out, err) == (0, "PPid:\t%d\n" % p.pid, ""), (code, out, err)


@case
def thousands_of_children_leave_nothing():
    text = HEADER + """
    local function burst(n)
        for i = 1, n do
            local child = system.spawn{program = '/bin/true'}
            -- Some are waited for; others are left to the collector, and to the engine.
            if i % 4 ~= 0 then
                child:wait()
            end
            if i % 100 == 0 then
                child = nil
                collectgarbage()
            end
        end
        for _ = 1, 3 do
            collectgarbage()
        end
    end
    burst(200)
    say 'warm'
    hear()
    burst(tonumber(system.arguments[3]))
    say 'done'
    hear()
    """
    count = os.environ.get("EMILUA_SPAWNS", "2000")
    with Program(text, count) as p:
        def state():
            names = [(status(c) or {}).get("Name") for c in children(p.pid)]
            return len(descriptors(p.pid)), status(p.pid)["Threads"], names.count("true")
        assert p.line() == "warm"
        wait_until(lambda: not state()[2])
        before = state()
        p.say("go on")
        assert p.line() == "done"
        wait_until(lambda: not state()[2])
        assert state() == before, (before, state())
        p.say("end")
        assert p.end() == (0, "", "")


@case
def failures_leave_nothing():
    text = HEADER + """
    local path = require 'filesystem'.path.new '/nonexistent'
    for i = 1, 300 do
        assert(not pcall(system.spawn, {program = '/nonexistent'}))
        assert(not pcall(system.spawn, {program = '/bin/true', working_directory = path}))
    end
    say 'done'
    hear()
    """
    with Program(text) as p:
        assert p.line() == "done"
        assert len(children(p.pid)) == 1, children(p.pid)  # the helper
        assert len(descriptors(p.pid)) < 20, descriptors(p.pid)
        p.say("end")
        assert p.end() == (0, "", "")


@case
def pdeathsig_outlives_the_engine():
    text = HEADER + "say(sh('exec sleep 1000', {pdeathsig = 9}).pid) hear()"
    with Program(text) as p:
        child = int(p.line())
        os.kill(p.pid, signal.SIGKILL)
        assert wait_for_end(child)


@case
def the_last_signal_reaches_a_stopped_child_too():
    text = HEADER + """
    local child = sh('exec sleep 1000', {signal_on_gcreaper = system.signal.SIGKILL})
    child:kill(system.signal.SIGSTOP)
    """
    run = emilua(script(text))
    assert (run.returncode, run.stderr) == (0, ""), run


# --- terminals ------------------------------------------------------------------------------------

REPORT = ("import os; print(os.ttyname(0), os.tcgetpgrp(0) == os.getpgrp() == os.getpid(), "
          "os.getsid(0) == os.getpid())")


def read_all(terminal):
    data = b""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # EIO: the other side is gone
            return data.decode()
        if not more:
            return data.decode()
        data += more


# 80 §6
@case
def a_child_gets_a_terminal_of_its_own():
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    text = """
    local system, file, filesystem = require 'system', require 'file', require 'filesystem'
    local s = file.stream.new()
    s:open(filesystem.path.new(system.arguments[3]), file.open_flag.read_write)
    local tty = s:release()
    local child = system.spawn{program = system.arguments[4], arguments = {'python3', '-c', system.arguments[5]},
        stdin = tty, stdout = tty, stderr = tty, start_new_session = true, set_ctty = tty}
    tty:close()
    child:wait()
    print(child.exit_code)
    """
    run = emilua(script(text), name, os.path.realpath(sys.executable), REPORT)
    assert (run.returncode, run.stdout, run.stderr) == (0, "0\n", ""), run
    os.close(slave)
    assert read_all(master).split() == [name, "True", "True"]
    os.close(master)


def with_terminal(text, *arguments):
    """Runs the engine as leader of a session with a terminal of its own; what that shows."""
    master, slave = pty.openpty()

    def take_terminal():
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    command = [sys.argv[1], script(text), *arguments]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                          preexec_fn=take_terminal) as process:
        os.close(slave)
        shown = read_all(master)
        os.close(master)
        return process.wait(), shown.replace("\r\n", "\n")


FOREGROUND = """
local system, stream = require 'system', require 'stream'
local terminal = %s
local own = system.getpgrp()
assert(system.in_:isatty() and terminal:tcgetpgrp() == own)
local child = system.spawn{program = system.arguments[3], arguments = {'python3', '-c', system.arguments[4]},
    stdin = 'share', stdout = 'share', stderr = 'share', process_group = 0, foreground = %s}
local pid = child.pid
child:wait()
assert(child.exit_code == 0)
assert(terminal:tcgetpgrp() == pid)
-- We are in the background now, where a write would be stopped otherwise.
system.signal.ignore(system.signal.SIGTTOU)
terminal:tcsetpgrp(own)
assert(terminal:tcgetpgrp() == own)
stream.write_all(system.out, 'back\\n')
"""


@case
def a_job_comes_to_the_foreground():
    for expression in "'stdin'", "'stdout'", "'stderr'", "system.out:dup()":
        text = FOREGROUND % ("system.in_", expression)
        code, shown = with_terminal(text, os.path.realpath(sys.executable), REPORT)
        lines = shown.splitlines()
        assert code == 0 and lines[0].endswith(" True False") and lines[1:] == ["back"], (code, shown)


@case
def each_stream_knows_the_foreground_group():
    for name in "system.out", "system.err":
        code, shown = with_terminal(FOREGROUND % (name, "'stdin'"), os.path.realpath(sys.executable), REPORT)
        assert code == 0 and shown.endswith("back\n"), (code, shown)


@case
def setsid_makes_a_session_once():
    run = emilua(script("""
        local system = require 'system'
        local sid = system.setsid()
        assert(sid == system.getpid() and sid == system.getsid(0) and sid == system.getpgrp())
        local ok, e = pcall(system.setsid)
        assert(e == require 'generic_error'.EPERM)
    """))
    assert (run.returncode, run.stderr) == (0, ""), run


# --- signals --------------------------------------------------------------------------------------


@case
def a_set_without_waiters_keeps_nothing_running():  # 80 §5
    run = emilua(script("forever = require 'system'.signal.set.new(15)"))
    assert (run.returncode, run.stderr) == (0, ""), run


@case
def a_waiter_keeps_the_program_running():
    text = HEADER + """
    local set = system.signal.set.new(system.signal.SIGTERM)
    say 'ready'
    print(set:wait())
    """
    with Program(text) as p:
        assert p.line() == "ready"
        os.kill(p.pid, signal.SIGTERM)
        assert p.end() == (0, "15\n", "")


@case
def a_program_without_sets_dies_of_its_signals():
    for name in "SIGTERM", "SIGINT", "SIGABRT", "SIGUSR1", "SIGKILL":
        run = emilua(script("local s = require 'system'.signal s.raise(s.%s)" % name))
        assert run.returncode == -getattr(signal, name), run


@case
def after_the_last_set_a_signal_ends_the_program_again():
    run = emilua(script("""
        local s = require 'system'.signal
        local set = s.set.new(s.SIGTERM)
        s.raise(s.SIGTERM)
        set:clear()
        s.raise(s.SIGTERM)
    """))
    assert run.returncode == -signal.SIGTERM, run


@case
def sigpipe_with_its_default_ends_the_program():  # 80 §12.23
    run = emilua(script("local s = require 'system'.signal s.default(s.SIGPIPE) s.raise(s.SIGPIPE)"))
    assert run.returncode == -signal.SIGPIPE, run


# 80 §5
@case
def inherited_dispositions_and_masks_are_reset():
    def spoil():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM})

    run = emilua(script("local s = require 'system'.signal s.raise(s.SIGUSR1)"), preexec_fn=spoil)
    assert run.returncode == -signal.SIGUSR1, run


@case
def a_signal_does_not_disturb_what_the_engine_does():
    text = HEADER + """
    local set = system.signal.set.new(system.signal.SIGUSR1)
    local got = 0
    local counter = spawn(function() while true do set:wait() got = got + 1 end end)
    say 'ready'
    local bytes = {}
    for line = 1, 200 do
        bytes[line] = hear()
    end
    counter:interrupt()
    counter:join()
    print(#bytes, got > 0)
    """
    with Program(text) as p:
        assert p.line() == "ready"
        for i in range(200):
            os.kill(p.pid, signal.SIGUSR1)
            p.say(str(i))
        assert p.end() == (0, "200\ttrue\n", "")


main()
