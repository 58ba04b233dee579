#!/usr/bin/env python3
"""Writes start_order.ld, which puts next to each other the functions that a new actor runs.

    bazel build --config=release --config=ci --spawn_strategy=local --linkopt=-Wl,-Map=/tmp/map //tools/emilua
    tools/emilua/start_order.py bazel-bin/tools/emilua/emilua /tmp/map > tools/emilua/start_order.ld

A clone of the helper has no page of the program's text: it faults for each 64 KiB of which it runs
something. The functions of an actor's start are 150 of 4,200 KiB; strewn over them all, they cost
more than thirty faults, and lying together less than ten. An order that is out of date does no harm:
what it does not name, and what it names in vain, lies where the linker puts it.

The program's helper is traced, step by step, while it makes actors of each kind.
"""
import bisect
import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile

MAIN = """
local inbox, sandbox = require 'inbox', require 'sandbox'
local stream, system = require 'stream', require 'system'
local boxes = {sandbox.new{namespaces = {}}, sandbox.new()}
local function greet(actor)
    actor:send(inbox)
    inbox:receive()
    actor:kill()
    actor:wait()
end
local function round()
    greet(spawn_vm{module = './worker', subprocess = {stderr = 'share'}})
    for _, box in ipairs(boxes) do
        local actor = spawn_vm(box:context('./worker', {subprocess = {stderr = 'share'}}))
        box:handshake(600)
        greet(actor)
    end
end
round()
stream.write_all(system.out, 'ready\\n')
stream.scanner.new{stream = system.in_}:get_line()
round()
"""

WORKER = """
local inbox = require 'inbox'
inbox:receive():send(true)
pcall(inbox.receive, inbox)
"""

PTRACE_CONT, PTRACE_SINGLESTEP, PTRACE_GETREGS, PTRACE_SEIZE = 7, 9, 12, 0x4206
TRACE_FORKS = 2 | 4 | 8
EVENT_STOP = 128
WALL = 0x40000000
RIP = 16  # in user_regs_struct

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def steps_of_children(helper, go_on):
    """The addresses of the instructions that the children of `helper` run, in the order of their first time."""
    if libc.ptrace(PTRACE_SEIZE, helper, None, TRACE_FORKS) == -1:
        raise OSError(ctypes.get_errno(), "ptrace")
    go_on()
    registers, seen = (ctypes.c_ulonglong * 27)(), {}
    while True:
        pid, status = os.waitpid(-1, WALL)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if pid == helper:
                return seen
            continue
        number, event = os.WSTOPSIG(status), status >> 16
        own = event or number == signal.SIGTRAP
        if pid != helper and own and event != EVENT_STOP:
            libc.ptrace(PTRACE_GETREGS, pid, None, registers)
            seen.setdefault(registers[RIP])
        libc.ptrace(PTRACE_CONT if pid == helper else PTRACE_SINGLESTEP, pid, None, 0 if own else number)


def trace(engine):
    with tempfile.TemporaryDirectory() as directory:
        for name, text in (("main.lua", MAIN), ("worker.lua", WORKER)):
            with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
                out.write(text)
        with subprocess.Popen([engine, os.path.join(directory, "main.lua")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as program:
            program.stdout.readline()
            with open("/proc/%d/task/%d/children" % (program.pid, program.pid), encoding="ascii") as children:
                helper = int(children.read())
            with open("/proc/%d/maps" % helper, encoding="utf-8") as maps:
                base = int(next(line for line in maps if os.path.realpath(engine) in line).split("-")[0], 16)

            def go_on():
                program.stdin.write(b"\n")
                program.stdin.close()

            return [address - base for address in steps_of_children(helper, go_on)]


def input_sections(link_map):
    """(address, size, name, file) of all of .text, from a linker's map."""
    with open(link_map, encoding="utf-8") as lines:
        text = lines.read()
    # Both of its output sections, if it is in order already.
    found = re.findall(r"^ (\.text\S*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$", text, re.MULTILINE)
    return sorted((int(address, 16), int(size, 16), name, file) for name, address, size, file in found
                  if int(address, 16) and int(size, 16))


def pattern(name, file):
    if re.match(r"\.text\.(unlikely\.|startup\.|hot\.)?_Z", name):
        return "*(%s)" % name
    # A C library's object, all of whose functions are in one section.
    member = re.match(r"(?:.*/)?([^/]+\.a)\((.*)\)$", file)
    return "*%s:%s(%s)" % (*member.groups(), name) if member else "*%s(%s)" % (os.path.basename(file), name)


def main(engine, link_map):
    sections = input_sections(link_map)
    begins = [section[0] for section in sections]
    order = {}
    for address in trace(engine):
        begin, size, name, file = sections[bisect.bisect_right(begins, address) - 1]
        # LuaJIT is one object, or lies together by itself.
        if begin <= address < begin + size and "libluajit" not in file:
            order.setdefault(pattern(name, file))
    print("/* Written by start_order.py: see there. */\nSECTIONS\n{\n  .text.start :\n  {")
    for line in order:
        print("    " + line)
    print("  }\n}\nINSERT BEFORE .text;")


if __name__ == "__main__":
    main(*sys.argv[1:])
