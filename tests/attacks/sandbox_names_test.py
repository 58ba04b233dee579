"""Every function of the engine that takes a path or an address is asked for a forbidden one: row 57 of 91.

The names come from the engine's own tables (//tests/meta:names), so that a new function is here by itself:
it fails the test until it is either in ATTEMPTS, with what it is asked for, or in NEITHER. Each attempt must
work outside; in a box it must be refused with one of the errors given, and leave nothing behind.
"""

import collections
import contextlib
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys

from cases import case, emilua, main, scratch
import sandbox_names as names

PROGRAM = "tests/attacks/sandbox_names.lua"
SECRET = "the secret of the test"
REFUSED = ("system 1", "system 13", "generic 1", "generic 13", "Operation not permitted", "Permission denied")
# In a root of the box's own there is nothing of that name.
ABSENT = ("system 2", "No such file or directory")
NOT_SHIPPED = "emilua.core 5"  # no module of the program's
NOT_SUPPORTED = "generic 95"
NO_HELPER = "generic 10"  # which would start processes

# An attempt of sandbox_names.lua, what it does to the outside, and how it is refused.
Attempt = collections.namedtuple("Attempt", "name effect refusals")


def attempt(name, effect, *refusals):
    return Attempt(name, effect, refusals or REFUSED)


def socket_attempts(kind):
    place = "class unix.%s_socket" % kind
    return {
        place + ".open": [attempt("open_" + kind, "said")],
        place + ".bind": [attempt("open_%s_bind" % kind, "made"), attempt("hand_%s_bind" % kind, "made")],
        place + ".connect": [attempt("open_%s_connect" % kind, kind), attempt("hand_%s_connect" % kind, kind)],
    }


def acceptor_attempts(kind):
    place = "class unix.%s_acceptor" % kind
    return {
        place + ".open": [attempt("accept_" + kind, "made")],
        place + ".bind": [attempt("accept_handed_" + kind, "made")],
    }


ATTEMPTS = {
    "globals.dofile": [attempt("dofile", "secret")],
    "globals.loadfile": [attempt("loadfile", "secret")],
    "globals.require": [attempt("require", "secret", NOT_SHIPPED)],
    "globals.spawn_vm": [attempt("spawn_thread", "secret", NOT_SHIPPED), attempt("spawn_process", "secret", NOT_SHIPPED)],
    "class sandbox.box.context": [attempt("spawn_boxed", "secret", NOT_SUPPORTED, NOT_SHIPPED)],
    "class sandbox.box.call": [attempt("call_boxed", "secret", NOT_SUPPORTED, NOT_SHIPPED)],
    "class sandbox.box.spawn": [attempt("spawn_boxed_program", "made", NOT_SUPPORTED, NO_HELPER)],
    "class file.stream.open": [attempt("read_stream", "secret"), attempt("make_stream", "made")],
    "class file.random_access.open": [attempt("read_random_access", "secret"), attempt("make_random_access", "made")],
    "class serial_port.open": [attempt("open_device", "said")],
    "module serial_port.ptypair": [attempt("make_pseudoterminal", "said")],
    "module filesystem.current_working_directory": [attempt("change_directory", "secret")],
    "module system.spawn": [attempt("spawn_program", "made")],
    "module system.kill": [attempt("kill", "killed")],
    "module system.getpgid": [attempt("process_group", "said")],
    "module system.getsid": [attempt("session", "said")],
    **socket_attempts("stream"), **socket_attempts("datagram"), **socket_attempts("seqpacket"),
    **acceptor_attempts("stream"), **acceptor_attempts("seqpacket"),
    "class unix.datagram_socket.send_to": [attempt("send_to", "datagram")],
    "class unix.datagram_socket.send_to_with_fds": [attempt("send_to_with_fds", "datagram")],
}


# 91 row 57
@case
def every_function_is_known_to_take_a_path_or_an_address_or_neither():
    known = set(ATTEMPTS) | names.neither()
    found = set(names.functions(os.path.abspath(sys.argv[2])))
    assert len(found) > 200, found
    unknown = sorted(found - known)
    assert not unknown, "neither in ATTEMPTS nor, in sandbox_names.py, in NEITHER: %s" % ", ".join(unknown)
    gone = sorted(known - found)
    assert not gone, "not in the engine: %s" % ", ".join(gone)


class World:
    """What there is to be had outside."""

    def __init__(self):
        self.directory = scratch(public=True)  # addresses are short
        self.closing = contextlib.ExitStack()
        os.mkdir(os.path.join(self.directory, "program"))
        self.program = shutil.copy(PROGRAM, os.path.join(self.directory, "program/main.lua"))
        self.write("secret", SECRET)
        self.write("chunk.lua", "return %r" % SECRET)
        self.write("program/module.lua", "secret = %r\nif _CONTEXT == 'worker' then\n"
                                 "    require('inbox'):receive().reply_to:send(secret)\nend\n" % SECRET)
        self.write("program/callee.lua", "return function() return %r end\n" % SECRET)
        self.listeners = {}
        for kind, number in (("stream", socket.SOCK_STREAM), ("datagram", socket.SOCK_DGRAM),
                             ("seqpacket", socket.SOCK_SEQPACKET)):
            listener = self.closing.enter_context(socket.socket(socket.AF_UNIX, number))
            listener.bind(os.path.join(self.directory, kind))
            if kind != "datagram":
                listener.listen(4)
            self.listeners[kind] = listener
        self.victim = subprocess.Popen(["sleep", "1000"])
        self.closing.callback(self.victim.wait)
        self.closing.callback(self.victim.kill)
        master, slave = os.openpty()
        self.closing.callback(os.close, master)
        self.closing.callback(os.close, slave)
        self.device = os.ttyname(slave)

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="utf-8") as out:
            out.write(text)

    def happened(self, effect, line):
        if effect == "secret":
            return SECRET in line
        if effect == "made":
            return os.path.lexists(os.path.join(self.directory, "made"))
        if effect == "killed":
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.victim.wait(1 if line.startswith("done") else 0)
            return self.victim.returncode is not None
        if effect == "said":
            return line.startswith("done")
        return bool(select.select([self.listeners[effect]], [], [], 0)[0])

    def run(self, where, name, modules=()):
        text = where if where == "outside" else json.dumps(where).replace("{dir}", self.directory)
        run = emilua(self.program, text, name, self.directory, str(self.victim.pid), self.device, " ".join(modules),
                     cwd="/")
        assert run.returncode == 0, run
        return run.stdout.rstrip("\n")


@contextlib.contextmanager
def world():
    made = World()
    try:
        yield made
    finally:
        made.closing.close()


# The default box, and one in which paths can be asked for.
BOXES = [{}, {"fs": {"read": ["/usr"]}}, {"fs": {"mounts": [{"type": "tmpfs", "target": "/t"}]}}]


def add_case(function, each):
    def run():
        with world() as outside:
            line = outside.run("outside", each.name)
            assert outside.happened(each.effect, line), "it does not work outside: " + line
        for policy in BOXES:
            with world() as around:
                line = around.run(policy, each.name)
                assert line.startswith("refused "), (policy, line)
                absent = ABSENT if "mounts" in policy.get("fs", {}) else ()
                assert line.endswith(tuple(each.refusals) + absent), (policy, line)
                assert not around.happened(each.effect, line), (policy, line)

    run.__name__ = "%s: %s" % (function, each.name.replace("_", " "))
    case(run)


for function, attempts in ATTEMPTS.items():
    for each in attempts:
        add_case(function, each)


@case
def a_box_has_no_function_that_is_not_listed():
    listed = set(names.functions(os.path.abspath(sys.argv[2])))
    modules = sorted({re.match(r"module ([\w.]+?)\.", name).group(1) for name in listed if name.startswith("module ")})
    with world() as around:
        found = around.run({}, "list", modules)
    assert found.startswith("done globals."), found
    extra = {name for name in found[len("done "):].split(";") if not names.is_stock(name)} - listed
    # Objects' methods are found by their classes, not here.
    assert not {name for name in extra if "__" not in name}, extra


main()
