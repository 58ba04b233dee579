"""Opening a FIFO stopped the whole VM, and every other one on its thread, until its other end was opened; so
did a file of which somebody held a lease."""

import fcntl
import os
import signal
import socket
import subprocess

from api.talk import Talk
from cases import case, main, scratch

HEADER = """
local asio_error = require 'asio_error'
local file = require 'file'
local generic_error = require 'generic_error'
local path = require('filesystem').path
local stream = require 'stream'
local system = require 'system'
local flags = file.open_flag
local where = path.new(system.environment.WHERE)

local function say(text) stream.write_all(system.out, text .. '\\n') end

-- A fiber that opens it, and the object.
local function opening(how, class)
    local f = (class or file.stream).new()
    local fiber = spawn(function()
        f:open(where, how)
        return f
    end)
    this_fiber.yield()
    return fiber, f
end

local function read(f)
    local buffer = byte_span.new(100)
    return tostring(buffer:slice(1, f:read_some(buffer)))
end
"""


class At(Talk):
    """The engine, running `text` with that path in WHERE."""

    def __init__(self, where, text):
        super().__init__(HEADER + text, stdin=subprocess.DEVNULL, env={"WHERE": where})


def fifo():
    path = os.path.join(scratch(), "fifo")
    os.mkfifo(path)
    return path


@case
def opening_for_writing_waits_for_a_reader_and_the_others_go_on():
    for how in ("file.stream", "file.random_access"):
        path = fifo()
        talk = At(path, """
            local fiber, f = opening(flags.write_only, %s)
            say('goes on')
            say(tostring(f.is_open))
            fiber:join()
            say(tostring(f.is_open))
            local pipe = file.stream.new(f:release())
            stream.write_all(pipe, 'text')
        """ % how)
        talk.expect(b"goes on", b"false")
        with open(path, "rb") as reader:
            talk.expect(b"true")
            assert reader.read() == b"text"
        talk.end()


@case
def opening_for_reading_does_not_wait_but_reading_waits_for_a_writer():
    path = fifo()
    talk = At(path, """
        local f = file.stream.new()
        f:open(where, flags.read_only)
        local reader = spawn(function() return read(f) end)
        this_fiber.yield()
        say('goes on')
        say(reader:join())
        say(tostring(select(2, pcall(read, f))))
    """)
    talk.expect(b"goes on")
    with open(path, "wb") as writer:
        writer.write(b"text")
    talk.expect(b"text", b"End of file")
    talk.end()


@case
def a_writer_that_says_nothing_ends_the_wait():
    path = fifo()
    talk = At(path, """
        local f = file.stream.new()
        f:open(where, flags.read_only)
        local reader = spawn(function() return select(2, pcall(read, f)) end)
        this_fiber.yield()
        say('waits')
        say(tostring(reader:join()))
    """)
    talk.expect(b"waits")
    os.close(os.open(path, os.O_WRONLY))
    talk.expect(b"End of file")
    talk.end()


@case
def the_descriptor_waits_as_others_do_for_whoever_gets_it():
    path = fifo()
    talk = At(path, """
        local f = file.stream.new()
        f:open(where, bit.bor(flags.read_write, flags.append))
        local fd = f:release()
        say(tostring(fd):match('%d+'))
        read(file.stream.new(fd))
    """)
    fd = int(talk.raw_line())
    with open("/proc/%d/fdinfo/%d" % (talk.pid, fd), encoding="ascii") as info:
        (how,) = [int(line.split()[1], 8) for line in info if line.startswith("flags:")]
    assert how & os.O_NONBLOCK == 0 and how & os.O_APPEND, oct(how)
    talk.process.kill()
    talk.process.communicate()
    talk.watchdog.cancel()


@case
def whoever_waits_for_a_reader_can_be_interrupted():
    talk = At(fifo(), """
        local fiber, f = opening(flags.write_only)
        fiber:interrupt()
        fiber:join()
        say(tostring(fiber.interruption_caught))
        say(tostring(f.is_open))
    """)
    talk.expect(b"true", b"false")
    talk.end()


@case
def closing_the_object_ends_the_wait():
    talk = At(fifo(), """
        local fiber, f = opening(flags.write_only)
        f:close()
        local ok, e = pcall(fiber.join, fiber)
        say(tostring(not ok and e == asio_error.basic.operation_aborted))
        f:open(path.new('/dev/null'), flags.write_only)
        say(tostring(f.is_open))
    """)
    talk.expect(b"true", b"true")
    talk.end()


@case
def an_object_that_was_opened_otherwise_meanwhile_stays_so():
    path = fifo()
    talk = At(path, """
        local fiber, f = opening(flags.write_only)
        f:open(path.new('/dev/zero'), flags.read_only)
        say('open')
        local ok, e = pcall(fiber.join, fiber)
        say(tostring(not ok and e == asio_error.misc.already_open))
        say(tostring(read(f) == ('\\0'):rep(100)))
    """)
    talk.expect(b"open")
    with open(path, "rb") as reader:
        talk.expect(b"true", b"true")
        assert reader.read() == b""  # nobody has it open any more
    talk.end()


@case
def the_end_of_the_program_ends_the_wait():
    talk = At(fifo(), """
        opening(flags.write_only):detach()
        say('waits')
        system.exit(6)
    """)
    talk.expect(b"waits")
    talk.end(6)


@case
def where_a_fiber_may_not_suspend_opening_what_would_wait_is_an_error():
    talk = At(fifo(), """
        local f = file.stream.new()
        this_fiber.forbid_suspend()
        local ok, e = pcall(f.open, f, where, flags.write_only)
        f:open(where, flags.read_only)
        this_fiber.allow_suspend()
        say(tostring(e))
        say(tostring(f.is_open))
    """)
    talk.expect(b"Suspension is forbidden here", b"true")
    talk.end()


@case
def what_has_no_reader_and_is_no_fifo_is_still_enxio():
    path = os.path.join(scratch(), "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(os.path.dirname(path), os.O_DIRECTORY)
        listener.bind("/proc/self/fd/%d/socket" % here)  # an address is short
        os.close(here)
        talk = At(path, """
            local f = file.stream.new()
            say(tostring(select(2, pcall(f.open, f, where, flags.write_only)) == generic_error.ENXIO))
        """)
        talk.expect(b"true")
        talk.end()


@case
def a_lease_is_waited_for_by_its_fiber_alone():
    path = os.path.join(scratch(), "file")
    signal.signal(signal.SIGIO, signal.SIG_IGN)  # how the holder is asked
    holder = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    talk = At(path, """
        local fiber = opening(flags.write_only)
        say('goes on')
        stream.write_all(fiber:join(), 'text')
    """)
    talk.expect(b"goes on")
    fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    talk.end()
    assert os.read(holder, 100) == b"text"
    os.close(holder)


main()
