"""file.stream over named pipes, which a Lua test cannot make: waiting, end, interruption, closing."""

import os
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

local function say(text) stream.write_all(system.out, text .. '\\n') end

local function open(how, name)
    local f = file.stream.new()
    f:open(path.new(system.environment[name or 'FIFO']), how)
    return f
end

local function read(f, size)
    local buffer = byte_span.new(size or 100)
    return tostring(buffer:slice(1, f:read_some(buffer)))
end

local function name_of(e)
    if e == asio_error.basic.operation_aborted then return 'aborted ' .. tostring(e.category) end
    return tostring(e)
end
"""


class Fifo(Talk):
    """The engine, running `text` beside two pipes with names."""

    def __init__(self, text):
        directory = scratch()
        self.fifo, other = os.path.join(directory, "fifo"), os.path.join(directory, "other")
        os.mkfifo(self.fifo)
        os.mkfifo(other)
        super().__init__(HEADER + text, stdin=subprocess.DEVNULL, env={"FIFO": self.fifo, "OTHER_FIFO": other})

    def writer(self):
        return os.open(self.fifo, os.O_WRONLY)

    def reader(self):
        return os.open(self.fifo, os.O_RDONLY)


@case
def what_is_written_at_one_end_is_read_at_the_other():
    p = Fifo("""
        local f = open(flags.read_only)
        say(read(f))
        say(read(f, 2))
        say(read(f))
        say(tostring(select(2, pcall(f.read_some, f, byte_span.new(1)))))
        say(tostring(select(2, pcall(f.read_some, f, byte_span.new(1)))))
    """)
    w = p.writer()
    os.write(w, b"first")
    p.expect(b"first")
    os.write(w, b"second")
    p.expect(b"se", b"cond")
    os.close(w)
    p.expect(b"End of file", b"End of file")
    p.end()


@case
def a_reader_that_waits_gets_the_end():  # 50 §11.38
    p = Fifo("""
        local f = open(flags.read_only)
        local reader = spawn(function() return select(2, pcall(read, f)) end)
        this_fiber.yield()
        say('waits')
        say(tostring(reader:join()))
    """)
    w = p.writer()
    p.expect(b"waits")
    os.close(w)
    p.expect(b"End of file")
    p.end()


@case
def a_reader_whose_object_is_closed_is_aborted():  # 50 §11.38
    p = Fifo("""
        local f = open(flags.read_write)
        local a = spawn(function() return select(2, pcall(read, f)) end)
        local b = spawn(function() return select(2, pcall(read, f)) end)
        this_fiber.yield()
        f:close()
        say(name_of(a:join()))
        say(name_of(b:join()))
        say(tostring(f.is_open))
    """)
    p.expect(b"aborted system", b"aborted system", b"false")
    p.end()


@case
def cancel_aborts_all_and_the_object_goes_on():
    p = Fifo("""
        local f = open(flags.read_write)
        local a = spawn(function() return select(2, pcall(read, f)) end)
        local b = spawn(function() return select(2, pcall(read, f)) end)
        this_fiber.yield()
        f:cancel()
        say(name_of(a:join()))
        say(name_of(b:join()))
        stream.write_all(f, 'still works')
        say(read(f))
    """)
    p.expect(b"aborted system", b"aborted system", b"still works")
    p.end()


@case
def release_aborts_and_the_descriptor_goes_on():
    p = Fifo("""
        local f = open(flags.read_write)
        local a = spawn(function() return select(2, pcall(read, f)) end)
        this_fiber.yield()
        local fd = f:release()
        say(name_of(a:join()))
        local g = file.stream.new(fd)
        stream.write_all(g, 'moved')
        say(read(g))
        f:assign(g:release())
        stream.write_all(f, 'moved back')
        say(read(f))
    """)
    p.expect(b"aborted system", b"moved", b"moved back")
    p.end()


@case
def an_interrupted_reader_leaves_the_bytes_to_others():  # 50 §11.43
    p = Fifo("""
        local f = open(flags.read_write)
        local a = spawn(function() return read(f) end)
        local b = spawn(function() return read(f) end)
        this_fiber.yield()
        a:interrupt()
        a:join()
        say(tostring(a.interruption_caught))
        stream.write_all(f, 'for b')
        say(b:join())
    """)
    p.expect(b"true", b"for b")
    p.end()


@case
def a_result_that_is_there_wins_over_an_interruption():  # 10 §5.3.3
    p = Fifo("""
        local f = open(flags.read_write)
        stream.write_all(f, 'there')
        local reached
        local a = spawn(function()
            local text = read(f)
            reached = text
            this_fiber.yield()
        end)
        this_fiber.yield()
        a:interrupt()
        a:join()
        say(tostring(a.interruption_caught) .. ' ' .. tostring(reached))
    """)
    # Either the read was cancelled with no effect, or its result arrived: never lost bytes.
    line = p.process.stdout.readline()
    assert line == b"true there\n", line
    p.end()


@case
def an_interrupted_read_never_loses_bytes():
    p = Fifo("""
        local f = open(flags.read_write)
        local got, interrupted = '', 0
        for i = 1, 300 do
            local a = spawn(function() got = got .. read(f, 1) end)
            this_fiber.yield()
            local w = spawn(function() stream.write_all(f, string.char(97 + i % 26)) end)
            for _ = 1, i % 4 do this_fiber.yield() end
            a:interrupt()
            w:join()
            a:join()
            if a.interruption_caught then
                interrupted = interrupted + 1
                got = got .. read(f, 1)
            end
        end
        local expected = {}
        for i = 1, 300 do expected[i] = string.char(97 + i % 26) end
        say(tostring(got == table.concat(expected)) .. ' ' .. tostring(interrupted > 0))
    """)
    p.expect(b"true true")
    p.end()


@case
def a_writer_waits_until_there_is_room():
    p = Fifo("""
        local f = open(flags.write_only)
        local finished = false
        local writer = spawn(function()
            local n = stream.write_all(f, ('x'):rep(1000000))
            finished = true
            return n
        end)
        for _ = 1, 1000 do this_fiber.yield() end
        say('finished: ' .. tostring(finished))
        say(tostring(writer:join()))
        f:close()
    """)
    r = p.reader()
    p.expect(b"finished: false")
    total = 0
    while True:
        piece = os.read(r, 65536)
        if not piece:
            break
        assert piece == b"x" * len(piece)
        total += len(piece)
    os.close(r)
    assert total == 1000000, total
    p.expect(b"1000000")
    p.end()


@case
def a_writer_without_readers_gets_EPIPE():
    p = Fifo("""
        local f = open(flags.write_only)
        local writer = spawn(function() return select(2, pcall(stream.write_all, f, ('x'):rep(1000000))) end)
        this_fiber.yield()
        say('writes')
        local e = writer:join()
        say(tostring(e == generic_error.EPIPE) .. ' ' .. tostring(e.category))
        say(tostring(select(2, pcall(f.write_some, f, byte_span.append('x'))) == generic_error.EPIPE))
    """)
    r = p.reader()
    p.expect(b"writes")
    os.close(r)
    p.expect(b"true system", b"true")
    p.end()


@case
def reading_and_writing_are_independent():
    p = Fifo("""
        local f = open(flags.read_write)
        local reader = spawn(function()
            local buffer = byte_span.new(200000)
            stream.read_all(f, buffer)
            return tostring(buffer)
        end)
        local writer = spawn(function() return stream.write_all(f, ('0123456789'):rep(20000)) end)
        say(tostring(writer:join()))
        say(tostring(reader:join() == ('0123456789'):rep(20000)))
    """)
    p.expect(b"200000", b"true")
    p.end()


@case
def waiting_readers_are_served_in_order():
    p = Fifo("""
        local f = open(flags.read_write)
        local order = {}
        local fibers = {}
        for i = 1, 5 do
            fibers[i] = spawn(function()
                local byte = read(f, 1)
                order[#order + 1] = i .. byte
            end)
        end
        this_fiber.yield()
        stream.write_all(f, 'abcde')
        for i = 1, 5 do fibers[i]:join() end
        say(table.concat(order, ' '))
    """)
    p.expect(b"1a 2b 3c 4d 5e")
    p.end()


@case
def a_blocked_reader_keeps_the_program_and_exit_ends_it():
    p = Fifo("""
        local f = open(flags.read_write)
        spawn(function() read(f) say('never') end):detach()
        this_fiber.yield()
        say('exits')
        system.exit(6)
    """)
    p.expect(b"exits")
    p.end(6)


@case
def a_read_outlives_the_main_fiber():
    p = Fifo("""
        local f = open(flags.read_only)
        spawn(function() say(read(f)) end):detach()
        say('main ends')
    """)
    w = p.writer()
    p.expect(b"main ends")
    os.write(w, b"later")
    p.expect(b"later")
    os.close(w)
    p.end()


@case
def a_panic_while_a_read_waits_ends_the_program():
    p = Fifo("""
        local f = open(flags.read_write)
        spawn(function() read(f) end):detach()
        this_fiber.yield()
        error('panic', 0)
    """)
    out, err = p.process.communicate()
    assert p.process.returncode == 1 and out == b"" and b"panicked: 'panic'" in err, (out, err)


@case
def a_collected_stream_with_a_pending_read_is_safe():
    p = Fifo("""
        for _ = 1, 20 do
            spawn(function()
                local f = open(flags.read_write)
                read(f)
            end):detach()
        end
        this_fiber.yield()
        collectgarbage()
        collectgarbage()
        say('collected')
        local f = open(flags.read_write)
        stream.write_all(f, ('x'):rep(20))
        for _ = 1, 10 do collectgarbage() this_fiber.yield() end
        say('written')
        system.exit(0)
    """)
    p.expect(b"collected", b"written")
    p.end()


# Two readers of one pipe are told that it is ready, but there is a byte for one of them only. The main
# fiber, woken before both, acts between the news and the second attempt of the reader that gets nothing.
BETWEEN = """
    local f, other = open(flags.read_write), open(flags.read_write, 'OTHER_FIFO')
    local a = spawn(function() return read(f, 1) end)
    local b = spawn(function() return read(f, 1) end)
    this_fiber.yield()
    spawn(function() other:write_some(byte_span.new(1)) end):detach()
    spawn(function() f:write_some(byte_span.append('x')) end):detach()
    read(other, 1)
    ACT
    local result = {}
    for _, fiber in ipairs{a, b} do
        local ok, value = pcall(fiber.join, fiber)
        result[#result + 1] = ok and (fiber.interruption_caught and 'interrupted' or value) or name_of(value)
    end
    say(table.concat(result, ' '))
"""


@case
def an_interruption_between_readiness_and_the_read_is_not_lost():
    p = Fifo(BETWEEN.replace("ACT", "b:interrupt()"))
    p.expect(b"x interrupted")
    p.end()


@case
def objects_that_go_away_between_readiness_and_the_read_abort_it():
    for act in ("f:close()", "f:cancel()", "f:release():close()"):
        p = Fifo(BETWEEN.replace("ACT", act))
        line = p.process.stdout.readline()
        assert line in (b"x aborted system\n", b"aborted system aborted system\n"), (act, line)
        p.end()


@case
def an_exit_between_readiness_and_the_read_ends_the_program():
    p = Fifo(BETWEEN.replace("ACT", "system.exit(3)"))
    p.end(3)


@case
def a_panic_between_readiness_and_the_read_ends_the_program():
    p = Fifo(BETWEEN.replace("ACT", "error('now', 0)"))
    _, err = p.process.communicate()
    assert p.process.returncode == 1 and b"panicked: 'now'" in err, (p.process.returncode, err)


@case
def seek_and_resize_on_a_pipe_are_errors_of_the_system():
    p = Fifo("""
        local f = open(flags.read_write)
        say(tostring(select(2, pcall(f.seek, f, 0, 'set')) == generic_error.ESPIPE))
        say(tostring(select(2, pcall(f.resize, f, 0)) == generic_error.EINVAL))
    """)
    p.expect(b"true", b"true")
    p.end()


main()
