"""Attacks by a program that initexec has put into a box: each works without --policy, in the same namespaces
and by the same script, and is refused with it; and what is granted still works.
"""

import json
import os
import socket
import subprocess
import sys

from cases import case, engine, main, scratch
from processes import PATIENCE

ATTACK = os.path.realpath(sys.argv[2])
PLACE = scratch()
# In its place, as the child of one that stays, and in namespaces of its own.
MANNERS = ((), ("--pid1",), ("--ns=user,mount,ipc", "--map=self"), ("--ns=user,mount,pid", "--map=self"))


def file(name, text="text"):
    path = os.path.join(PLACE, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def attempt(attack, policy, options=(), chunk="local nothing", stdin=subprocess.DEVNULL):
    """What the attacker says of itself, or how it has ended."""
    box = [] if policy is None else ["--policy", file("policy.json", json.dumps(policy))]
    with subprocess.Popen([engine(), *options, *box, "-e", chunk, "--", ATTACK, *attack], stdin=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        line = program.stdout.readline().rstrip("\n")
        if line.startswith("done"):
            program.terminate()  # it stays to be looked at
        _, stderr = program.communicate(timeout=PATIENCE)
        if line:
            return line
        return "%d %s" % (program.returncode, stderr)


def denied(attack, answer, policy=None, outside="done", **settings):
    for manner in MANNERS:
        line = attempt(attack, None, manner, **settings)
        assert line.startswith(outside), (manner, "without the box", line)
        line = attempt(attack, policy or {}, manner, **settings)
        assert line.startswith(answer), (manner, line)


@case
def what_is_not_granted_cannot_be_read():
    secret = file("secret", "the secret")
    denied(["read", secret], "refused openat EPERM")
    elsewhere = {"fs": {"read": ["/usr"]}}
    denied(["read", secret], "refused openat EACCES", elsewhere)
    denied(["read_through", "/proc/self/cwd", secret], "refused openat EACCES", elsewhere)
    for manner in MANNERS:
        assert attempt(["read", secret], {"fs": {"read": [PLACE]}}, manner) == "done the secret"


@case
def what_is_not_granted_cannot_be_made():
    readable = {"fs": {"read": [PLACE]}, "syscalls": "stdio rpath wpath cpath error"}
    for manner in MANNERS:
        path = os.path.join(PLACE, "made")
        assert attempt(["create", path], None, manner).startswith("done")
        os.unlink(path)
        assert attempt(["create", path], readable, manner) == "refused open EACCES"
        assert not os.path.exists(path)


@case
def sockets_reach_nobody():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        denied(["connect_tcp", port], "refused socket EPERM")
        other = {"net": {"connect": [1]}}
        denied(["connect_tcp", port], "refused connect EACCES", other)
        denied(["send_udp", port], "refused socket EPERM", other)
        for manner in MANNERS:
            line = attempt(["connect_tcp", port], {"net": {"connect": [int(port)]}}, manner)
            assert line.startswith("done"), (manner, line)


@case
def no_other_program_is_executed():
    denied(["execute_again", ATTACK, "say", "again"], "refused execveat EPERM",
           {"fs": {"read": [os.path.dirname(ATTACK)]}})
    # Not by the descriptor that the first one was executed by, either.
    denied(["execute_any_descriptor", ATTACK, "say", "again"], "refused execveat EPERM", outside="refused execveat EBADF")


@case
def nobody_outside_is_traced_or_killed():
    for manner in MANNERS[:2]:  # a user namespace is a lock of its own
        for attack, refusal in ("trace", "refused ptrace EPERM"), ("kill", "refused kill EPERM"):
            with subprocess.Popen(["sleep", "600"]) as victim:
                try:
                    assert attempt([attack, str(victim.pid)], {}, manner).startswith(refusal), manner
                    assert victim.poll() is None
                    assert attempt([attack, str(victim.pid)], None, manner).startswith("done"), manner
                finally:
                    victim.kill()


@case
def namespaces_give_no_way_out():
    denied(["nest"], "refused unshare EPERM")
    # Not even with what makes processes.
    denied(["nest"], "refused unshare EPERM", {"syscalls": "stdio proc thread error"})


# A script may leave what it likes: the box knows nothing of it.
@case
def descriptors_of_the_script_stay_with_the_script():
    secret = file("secret", "the secret")
    chunk = "C.dup2(C.open('%s', C.O_RDONLY), 77)" % secret
    for manner in MANNERS:
        assert "77" not in attempt(["inherited_descriptors"], {"syscalls": "stdio rpath error"}, manner, chunk=chunk)


main()
