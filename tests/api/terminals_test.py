"""serial_port in a session of its own, and which terminal becomes whose (50 §8)."""

import os
import pty
import subprocess
import termios

from cases import case, engine, main, script

HEADER = """
local generic_error = require 'generic_error'
local serial_port = require 'serial_port'
local stream = require 'stream'
local system = require 'system'

local function contents(name)
    local file, path = require 'file', require('filesystem').path
    local f, buffer = file.stream.new(), byte_span.new(4096)
    f:open(path.new(name), file.open_flag.read_only)
    return tostring(buffer:slice(1, f:read_some(buffer)))
end

-- The number of the process's controlling terminal, 0 for none.
local function terminal()
    return tonumber(contents('/proc/self/stat'):match('.*%) %S %d+ %d+ %d+ (%d+)'))
end
"""


def run(text, stdin=subprocess.DEVNULL, setsid=("setsid", "--wait"), environment=None):
    return subprocess.run([*setsid, engine(), script(HEADER + text)], stdin=stdin, capture_output=True, timeout=60,
                          text=True, check=False, env={**os.environ, **(environment or {})})


def check(result):
    assert (result.returncode, result.stdout, result.stderr) == (0, "ok\n", ""), result


@case
def opening_a_terminal_does_not_make_it_the_controlling_one():
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    check(run("""
        local file, path = require 'file', require('filesystem').path
        assert(terminal() == 0)
        local port = serial_port.new()
        port:open(system.environment.TERMINAL)
        assert(port:isatty() and terminal() == 0)
        for _, class in ipairs{file.stream, file.random_access} do
            local f = class.new()
            f:open(path.new(system.environment.TERMINAL), file.open_flag.read_write)
            assert(terminal() == 0)
        end
        local pair, fd = serial_port.ptypair()
        assert(terminal() == 0)
        print('ok')
    """, environment={"TERMINAL": name}))
    os.close(master)
    os.close(slave)


@case
def opening_leaves_the_settings_of_the_line_alone():
    master, slave = pty.openpty()
    settings = termios.tcgetattr(slave)
    settings[0] |= termios.IXOFF
    settings[3] &= ~(termios.ECHO | termios.ICANON)
    settings[4] = settings[5] = termios.B2400
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    before = termios.tcgetattr(slave)
    check(run("""
        local port = serial_port.new()
        port:open(system.environment.TERMINAL)
        assert(port.baud_rate == 2400 and port.flow_control == 'software')
        stream.write_all(port, 'x')
        port:close()
        print('ok')
    """, environment={"TERMINAL": os.ttyname(slave)}))
    assert termios.tcgetattr(slave) == before
    assert os.read(master, 10) == b"x"
    os.close(master)
    os.close(slave)


@case
def the_foreground_process_group_is_read_and_set():
    master, slave = pty.openpty()
    check(run("""
        local port = serial_port.new()
        port:open('/dev/tty')
        assert(port:isatty() and terminal() ~= 0)
        assert(port:tcgetpgrp() == system.getpgrp())
        port:tcsetpgrp(system.getpgrp())
        assert(port:tcgetpgrp() == system.getpgrp())
        for group, name in pairs{[-1] = 'EINVAL', [2^31 - 1] = 'ESRCH'} do
            local done, e = pcall(port.tcsetpgrp, port, group)
            assert(not done and e == generic_error[name] and tostring(e.category) == 'system', tostring(e))
        end
        print('ok')
    """, stdin=slave, setsid=("setsid", "--ctty", "--wait")))
    os.close(master)
    os.close(slave)


@case
def the_port_sees_what_a_program_does_to_its_terminal():
    check(run("""
        local port, fd = serial_port.ptypair()
        local child = system.spawn{
            program = '/bin/sh',
            -- Opened again, the terminal is in blocking mode.
            arguments = {'sh', '-c', [[
                exec </proc/self/fd/0 && stty 1200 -echo && echo ready && read line && echo "got $line"
            ]]},
            environment = {PATH = '/usr/bin:/bin'},
            stdin = fd, stdout = fd, stderr = 'share',
        }
        fd:close()
        local function line()
            local got, byte = {}, byte_span.new(1)
            repeat
                port:read_some(byte)
                got[#got + 1] = tostring(byte)
            until got[#got] == '\\n'
            return table.concat(got)
        end
        assert(line() == 'ready\\r\\n')
        assert(port.baud_rate == 1200)
        stream.write_all(port, 'it\\n')
        assert(line() == 'got it\\r\\n')
        child:wait()
        local done, e = pcall(port.read_some, port, byte_span.new(1))
        assert(not done and e == generic_error.EIO and tostring(e.category) == 'system')
        print('ok')
    """))


main()
