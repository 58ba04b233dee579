"""Files as others see them: modes, descriptors, the order of what fibers write, the end of a program."""

import os
import stat
import subprocess

from cases import case, engine, main, scratch, script

HEADER = """
local asio_error = require 'asio_error'
local file = require 'file'
local path = require('filesystem').path
local stream = require 'stream'
local system = require 'system'
local flags = file.open_flag

local function open(name, ...)
    local f = file.stream.new()
    f:open(path.new(system.environment.DIRECTORY) / name, bit.bor(...))
    return f
end
"""


def run(text, directory, umask=0o022):
    return subprocess.run([engine(), script(HEADER + text)], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                          text=True, check=False, env={**os.environ, "DIRECTORY": directory},
                          preexec_fn=lambda: os.umask(umask))


def check(result):
    assert (result.returncode, result.stdout, result.stderr) == (0, "", ""), result


def content(directory, name):
    with open(os.path.join(directory, name), "rb") as whole:
        return whole.read()


@case
def new_files_have_every_permission_that_the_umask_leaves():
    for umask in (0, 0o022, 0o027, 0o777):
        directory = scratch()
        check(run("""
            open('stream', flags.write_only, flags.create):close()
            local f = file.random_access.new()
            f:open(path.new(system.environment.DIRECTORY) / 'random',
                   bit.bor(flags.read_write, flags.create, flags.exclusive))
            f:close()
        """, directory, umask))
        for name in ("stream", "random"):
            mode = stat.S_IMODE(os.stat(os.path.join(directory, name)).st_mode)
            assert mode == 0o777 & ~umask, (name, oct(mode), oct(umask))


@case
def fibers_write_in_the_order_in_which_they_began():
    directory = scratch()
    check(run("""
        local f = open('log', flags.write_only, flags.create, flags.append)
        local fibers = {}
        for i = 1, 300 do
            fibers[i] = spawn(function() f:write_some(byte_span.append(('%04d\\n'):format(i))) end)
        end
        for i = 1, 300 do
            fibers[i]:join()
        end
    """, directory))
    assert content(directory, "log") == b"".join(b"%04d\n" % i for i in range(1, 301))


@case
def fibers_read_in_the_order_in_which_they_began():
    directory = scratch()
    with open(os.path.join(directory, "numbers"), "wb") as out:
        out.write(b"".join(b"%04d" % i for i in range(1, 301)))
    check(run("""
        local f = open('numbers', flags.read_only)
        local fibers = {}
        for i = 1, 300 do
            fibers[i] = spawn(function()
                local buffer = byte_span.new(4)
                f:read_some(buffer)
                return tonumber(tostring(buffer))
            end)
        end
        for i = 1, 300 do
            assert(fibers[i]:join() == i)
        end
    """, directory))


@case
def an_interrupted_write_is_done_whole_or_not_at_all():
    directory = scratch()
    check(run("""
        local f = open('blocks', flags.write_only, flags.create, flags.append)
        local written = 0
        for i = 1, 400 do
            local block = byte_span.append(('%04d'):format(i):rep(1024))
            local fiber = spawn(function() written = written + f:write_some(block) end)
            for _ = 1, i % 3 do
                this_fiber.yield()
            end
            if i % 5 == 0 then
                f:cancel()
            end
            fiber:interrupt()
            local done, e = pcall(fiber.join, fiber)
            assert(done or e == asio_error.basic.operation_aborted)
        end
        assert(f.size == written)
    """, directory))
    blocks = content(directory, "blocks")
    assert len(blocks) % 4096 == 0
    for begin in range(0, len(blocks), 4096):
        assert blocks[begin:begin + 4096] == blocks[begin:begin + 4] * 1024, begin


@case
def a_write_that_has_begun_when_the_program_ends_is_done_whole():
    for _ in range(20):
        directory = scratch()
        check(run("""
            local f = open('block', flags.write_only, flags.create)
            spawn(function() f:write_some(byte_span.append(('x'):rep(1024 * 1024))) end):detach()
            this_fiber.yield()
            system.exit(0)
        """, directory))
        assert len(content(directory, "block")) in (0, 1024 * 1024)


@case
def closing_and_collecting_files_that_are_being_read_hurts_nobody():
    directory = scratch()
    check(run("""
        for i = 1, 50 do
            local f = open(path.new('/proc/version'), flags.read_only)
            local buffer = byte_span.new(64)
            local fiber = spawn(function() return f:read_some(buffer) end)
            this_fiber.yield()
            if i % 2 == 0 then f:close() end
            f, buffer = nil, nil
            collectgarbage()
            local done, n = pcall(fiber.join, fiber)
            assert(done and n == 64 or n == asio_error.basic.operation_aborted, tostring(n))
        end
    """, directory))


main()
