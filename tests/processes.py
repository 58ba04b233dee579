"""For tests that look at processes from outside: what /proc tells, and a program to talk with.

    with Program("main.lua", text) as program:
        pid = int(program.line())          # what the script wrote
        assert kinds_of_descriptors(pid) == …
        program.say("go on")
"""

import contextlib
import os
import re
import select
import signal
import subprocess
import time

from cases import engine, script

PATIENCE = 240  # seconds until a test gives up waiting: machines may be busy


class Program:
    """A running engine: lines to its standard input, lines from its standard output.

    Killed at the end of the block, unless it has ended. Options are those of subprocess.Popen.
    """

    def __init__(self, text, *arguments, files=None, **options):
        self.path = script(text)
        self.directory = os.path.dirname(self.path)
        for name, content in (files or {}).items():
            with open(os.path.join(self.directory, name), "w", encoding="utf-8") as out:
                out.write(content)
        settings = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        settings.update(options)
        self.process = subprocess.Popen([engine(), self.path, *arguments], **settings)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def line(self):
        """The next line, without its end; an assertion fails when there is none."""
        return self.raw_line().decode()

    def raw_line(self):
        text = b""
        while not text.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            assert ready, "no line came, but %r" % text
            byte = os.read(self.process.stdout.fileno(), 1)
            if not byte:
                raise AssertionError("ended after %r: %s" % (text, self.process.stderr.read()[-2000:].decode()))
            text += byte
        return text[:-1]

    def say(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def end(self):
        """Closes its input and waits: exit status, the rest of standard output, standard error."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out.decode(), err.decode()


# What most scripts here begin with: `say` and `hear` are the other end of Program's line and say.
CONVERSATION = """
local inbox = require 'inbox'
local stream = require 'stream'
local system = require 'system'

local function say(text)
    stream.write_all(system.out, tostring(text) .. '\\n')
end

local function hear()
    local byte, line = byte_span.new(1), {}
    while true do
        system.in_:read_some(byte)
        local c = tostring(byte)
        if c == '\\n' then
            return table.concat(line)
        end
        line[#line + 1] = c
    end
end
"""

# A worker that answers each message until its parent has let go of it.
ECHO = """
local inbox = require 'inbox'
local reply = inbox:receive()
reply:send 'ready'
while true do
    local ok, message = pcall(inbox.receive, inbox)
    if not ok then
        break
    end
    reply:send(message)
end
"""


def status(pid):
    """The fields of /proc/PID/status, or None when there is no such process."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as lines:
            return dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return None


def parent(pid):
    return int(status(pid)["PPid"])


def children(pid):
    """The pids of all children, zombies included."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = status(int(name))
            if fields and int(fields["PPid"]) == pid:
                found.append(int(name))
    return found


def resident(pid):
    """Bytes of memory in use."""
    return int(status(pid)["VmRSS"].split()[0]) * 1024


def anonymous(pid):
    """Bytes of memory that are in no file, shared ones in parts."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as lines:
        (kilobytes,) = [line.split()[1] for line in lines if line.startswith("Pss_Anon:")]
    return int(kilobytes) * 1024


def family(session):
    """The pids of all processes of a session, in order: a Program's with start_new_session=True has its pid."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(int(name)) == session:
                    found.append(int(name))
    return sorted(found)


def descriptors(pid):
    """Number to what it refers to."""
    found = {}
    for name in os.listdir("/proc/%d/fd" % pid):
        with contextlib.suppress(FileNotFoundError):
            found[int(name)] = os.readlink("/proc/%d/fd/%s" % (pid, name))
    return found


def wait_for_end(pid, patience=PATIENCE):
    """Waits until the process has ended; False when it has not in time."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = select.select([fd], [], [], patience)
        return bool(ready)
    finally:
        os.close(fd)


def wait_until(condition):
    """For what no descriptor tells of: asks again and again."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never became true"
        os.sched_yield()


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def memory_has(pid, needle):
    """Whether the bytes are anywhere in the memory of the process."""
    with open("/proc/%d/maps" % pid, encoding="ascii", errors="replace") as maps:
        regions = [line for line in maps if re.match(r"[0-9a-f]+-[0-9a-f]+ r", line)]
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for line in regions:
            if "[vvar" in line or "[vsyscall]" in line:
                continue
            begin, end = (int(x, 16) for x in line.split()[0].split("-"))
            if end - begin > 1 << 36:
                continue  # a sanitizer's shadow
            tail = b""
            while begin < end:
                size = min(end - begin, 1 << 20)
                try:
                    block = os.pread(memory.fileno(), size, begin)
                except OSError:
                    break
                if not block:
                    break
                if needle in tail + block:
                    return True
                tail = block[-len(needle):]
                begin += len(block)
    return False
