"""The standard streams, arguments and environment of a program."""

import os
import subprocess

from api.talk import Talk
from cases import case, emilua, engine, main, script

HEADER = """
local asio_error = require 'asio_error'
local generic_error = require 'generic_error'
local stream = require 'stream'
local system = require 'system'
local function say(text) stream.write_all(system.out, text .. '\\n') end
"""


def run(text, *arguments, **options):
    return emilua(script(HEADER + text), *arguments, **options)


def talk(text):
    return Talk(HEADER + text)


@case
def arguments_are_the_engine_the_script_and_the_rest():  # 80 §12.2
    path = script("for i, a in ipairs(require('system').arguments) do print(i, a) end")
    r = emilua(path, "--x", "", "a b", "--", "é")
    assert r.stdout == f"1\t{engine()}\n2\t{path}\n3\t--x\n4\t\n5\ta b\n6\t--\n7\té\n", r
    r = emilua(path, "--", "--", "x")
    assert r.stdout == f"1\t{engine()}\n2\t{path}\n3\t--\n4\tx\n", r
    r = emilua(path)
    assert r.stdout == f"1\t{engine()}\n2\t{path}\n", r


@case
def the_environment_is_that_of_the_start():
    text = "for k, v in pairs(require('system').environment) do print(k .. '=' .. v) end"
    r = emilua(script(text), env={"A": "1", "EMPTY": "", "WITH": "a=b=c", "LINE": "a b"})
    assert sorted(r.stdout.splitlines()) == ["A=1", "EMPTY=", "LINE=a b", "WITH=a=b=c"], r
    r = emilua(script("print(next(require('system').environment))"), env={})
    assert r.stdout == "nil\n", r


# The leader of a session without a terminal would take the first one that it opens.
@case
def an_opened_terminal_does_not_control_the_program():
    text = HEADER + """
        local file, path = require 'file', require('filesystem').path.new
        local terminal, control = file.stream.new(), file.stream.new()
        terminal:open(path(system.arguments[3]), file.open_flag.read_write)
        local ok, e = pcall(control.open, control, path '/dev/tty', file.open_flag.read_only)
        print(ok, e == generic_error.ENXIO)
    """
    controller, terminal = os.openpty()
    r = emilua(script(text), os.ttyname(terminal), start_new_session=True)
    assert (r.stdout, r.stderr) == ("false\ttrue\n", ""), r
    os.close(controller)
    os.close(terminal)


@case
def input_is_read_to_its_end():
    r = run("""
        local buffer = byte_span.new(4)
        local text = ''
        while true do
            local ok, n = pcall(system.in_.read_some, system.in_, buffer)
            if not ok then
                say(text .. ' ' .. tostring(n == asio_error.misc.eof))
                break
            end
            text = text .. tostring(buffer:slice(1, n))
        end
        say(tostring(select(2, pcall(system.in_.read_some, system.in_, buffer))))
    """, stdin=None, input="0123456789")
    assert (r.returncode, r.stdout, r.stderr) == (0, "0123456789 true\nEnd of file\n", ""), r


@case
def input_that_comes_slowly_is_read_as_it_comes():
    p = talk("""
        local buffer = byte_span.new(100)
        while true do
            local ok, n = pcall(system.in_.read_some, system.in_, buffer)
            if not ok then break end
            say('got ' .. tostring(buffer:slice(1, n)))
        end
        say('end')
    """)
    for word in (b"one", b"two", b"three"):
        p.send(word)
        p.expect(b"got " + word)
    p.close("stdin")
    p.expect(b"end")
    p.end()


@case
def other_fibers_run_while_one_waits_for_input():
    p = talk("""
        local reader = spawn(function()
            local buffer = byte_span.new(10)
            return tostring(buffer:slice(1, system.in_:read_some(buffer)))
        end)
        for i = 1, 3 do
            this_fiber.yield()
            say('turn ' .. i)
        end
        say(reader:join())
    """)
    for i in (b"1", b"2", b"3"):
        p.expect(b"turn " + i)
    p.send(b"input")
    p.expect(b"input")
    p.end()


@case
def read_all_waits_for_all():
    p = talk("""
        local buffer = byte_span.new(6)
        spawn(function() say('reading') end):detach()
        say(stream.read_all(system.in_, buffer) .. ' ' .. tostring(buffer))
    """)
    p.expect(b"reading")
    for byte in (b"a", b"bc", b"d", b"ef"):
        p.send(byte)
    p.expect(b"6 abcdef")
    p.end()


@case
def an_interrupted_read_leaves_the_input_alone():  # 50 §11.43, 80 §3
    p = talk("""
        local f = spawn(function() system.in_:read_some(byte_span.new(10)) end)
        this_fiber.yield()
        f:interrupt()
        f:join()
        say(tostring(f.interruption_caught))
        local buffer = byte_span.new(10)
        say(tostring(buffer:slice(1, system.in_:read_some(buffer))))
    """)
    p.expect(b"true")
    p.send(b"kept")
    p.expect(b"kept")
    p.end()


@case
def readers_are_served_in_order():
    p = talk("""
        local fibers = {}
        for i = 1, 3 do
            fibers[i] = spawn(function()
                local buffer = byte_span.new(1)
                system.in_:read_some(buffer)
                say(i .. ' ' .. tostring(buffer))
            end)
        end
        this_fiber.yield()
        say('all wait')
        for i = 1, 3 do fibers[i]:join() end
    """)
    p.expect(b"all wait")
    for i, byte in enumerate((b"a", b"b", b"c")):
        p.send(byte)
        p.expect(b"%d " % (i + 1) + byte)
    p.end()


@case
def interrupting_one_reader_leaves_the_other_waiting():
    p = talk("""
        local function read()
            local buffer = byte_span.new(10)
            return tostring(buffer:slice(1, system.in_:read_some(buffer)))
        end
        local a, b = spawn(read), spawn(read)
        this_fiber.yield()
        a:interrupt()
        a:join()
        say(tostring(a.interruption_caught) .. ' ' .. tostring(b.joinable))
        say(b:join())
    """)
    p.expect(b"true true")
    p.send(b"for b")
    p.expect(b"for b")
    p.end()


@case
def a_read_begun_with_interruption_disabled_runs_to_its_end():
    p = talk("""
        local f = spawn(function()
            this_fiber.disable_interruption()
            local buffer = byte_span.new(10)
            local n = system.in_:read_some(buffer)
            return tostring(buffer:slice(1, n))
        end)
        this_fiber.yield()
        f:interrupt()
        this_fiber.yield()
        say('waits')
        say(f:join())
    """)
    p.expect(b"waits")
    p.send(b"data")
    p.expect(b"data")
    p.end()


@case
def output_and_error_are_written():
    r = run("""
        stream.write_all(system.out, 'to out\\n')
        stream.write_all(system.err, 'to err\\n')
        assert(system.out:write_some(byte_span.append('bytes\\0\\n')) == 7)
    """)
    assert (r.returncode, r.stdout, r.stderr) == (0, "to out\nbytes\0\n", "to err\n"), r


@case
def much_output_goes_through_a_slow_pipe_whole():
    text = "".join(f"{i:07d}\n" for i in range(100000))
    path = script(HEADER + """
        local lines = {}
        for i = 0, 99999 do lines[#lines + 1] = ('%07d\\n'):format(i) end
        local turns = 0
        local done = false
        local counter = spawn(function()
            while not done do turns = turns + 1 this_fiber.yield() end
        end)
        assert(stream.write_all(system.out, table.concat(lines)) == 800000)
        done = true
        counter:join()
        stream.write_all(system.err, turns > 1 and 'others ran' or 'others waited')
    """)
    with subprocess.Popen([engine(), path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as p:
        got = b""
        while True:
            piece = p.stdout.read(5000)
            if not piece:
                break
            got += piece
        assert p.stderr.read() == b"others ran" and p.wait(60) == 0
    assert got.decode() == text


@case
def writing_to_a_broken_pipe_is_EPIPE():  # 80 §12.23 with decision 9
    p = talk("""
        system.in_:read_some(byte_span.new(1))
        local ok, e = pcall(stream.write_all, system.out, 'nobody reads this')
        stream.write_all(system.err, tostring(ok) .. ' ' .. tostring(e == generic_error.EPIPE) .. ' '
            .. tostring(e.category))
    """)
    p.close("stdout")
    _, err = p.process.communicate(b"x")
    assert (p.process.returncode, err) == (0, b"false true system"), (p.process.returncode, err)


def without_descriptors(redirections, text):
    command = ["sh", "-c", 'exec "$0" "$1" ' + redirections, engine(), script(HEADER + text)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=15)


@case
def a_descriptor_that_is_closed_at_the_start_becomes_nothing_else():
    # Neither the engine's own sockets nor files that the program opens: EBADF, or as if it were /dev/null.
    r = without_descriptors("<&-", """
        local ok, e = pcall(system.in_.read_some, system.in_, byte_span.new(1))
        say(tostring(not ok and (e == generic_error.EBADF or e == asio_error.misc.eof)))
        say(tostring(spawn(function() return 'alive' end):join()))
    """)
    assert (r.returncode, r.stdout, r.stderr) == (0, "true\nalive\n", ""), r
    r = without_descriptors(">&-", """
        local file, path = require 'file', require('filesystem').path
        local f = file.stream.new()
        f:open(path.new('/dev/zero'), file.open_flag.read_only)
        local fd = f:release()
        stream.write_all(system.err, tostring(tonumber(tostring(fd):match('%d+')) > 2))
    """)
    assert (r.returncode, r.stderr) == (0, "true"), r


@case
def a_full_device_is_ENOSPC():
    with open("/dev/full", "w", encoding="utf-8") as full:
        r = run("""
            local ok, e = pcall(stream.write_all, system.out, 'x')
            stream.write_all(system.err, tostring(e == generic_error.ENOSPC))
        """, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (r.returncode, r.stderr) == (0, "true"), r


@case
def print_to_a_full_device_is_a_failure():
    with open("/dev/full", "w", encoding="utf-8") as full:
        r = run("print('lost')", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert r.returncode == 1 and "No space left on device" in r.stderr, r


@case
def a_regular_file_as_input():
    path = script("x" * 100000, name="input")
    with open(path, "rb") as file:
        r = run("""
            local buffer = byte_span.new(100000)
            say(tostring(stream.read_all(system.in_, buffer)))
            say(tostring(select(2, pcall(system.in_.read_some, system.in_, buffer))))
        """, stdin=file)
    assert (r.returncode, r.stdout) == (0, "100000\nEnd of file\n"), r


@case
def a_regular_file_as_output_is_appended_to():
    path = os.path.join(os.path.dirname(script("")), "output")
    with open(path, "wb") as file:
        file.write(b"before\n")
        file.flush()
        r = run("for i = 1, 100 do say(i) end", capture_output=False, stdout=file, stderr=subprocess.PIPE)
    assert r.returncode == 0, r
    with open(path, encoding="utf-8") as file:
        assert file.read() == "before\n" + "".join(f"{i}\n" for i in range(1, 101))


@case
def a_dup_works_and_closing_it_leaves_the_stream_alone():  # 80 §12.9
    r = run("""
        local file = require 'file'
        local copy = file.stream.new(system.out:dup())
        stream.write_all(copy, 'through the copy\\n')
        copy:close()
        say('still open')
        local fd = system.in_:dup()
        local input = file.stream.new(fd)
        local buffer = byte_span.new(3)
        stream.read_all(input, buffer)
        say(tostring(buffer))
        say(tostring(system.in_:isatty()) .. ' ' .. tostring(system.out:isatty()))
    """, stdin=None, input="abc")
    assert (r.returncode, r.stdout) == (0, "through the copy\nstill open\nabc\nfalse false\n"), r


@case
def the_descriptors_stay_blocking_for_others():
    reader, writer = os.pipe()
    os.write(writer, b"x")
    r = run("system.in_:read_some(byte_span.new(1)) system.out:write_some(byte_span.append('y'))", stdin=reader,
            capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    assert r.returncode == 0, r
    # A note more than a rule: the engine may switch the mode (80 §3), but then the shell suffers.
    assert os.get_blocking(reader) and os.get_blocking(writer)
    os.close(reader)
    os.close(writer)


main()
