"""What the tools say when the kernel refuses them something: faults that no command line can bring about alone."""

import collections
import contextlib
import errno
import json
import os
import resource
import shutil
import socket
import subprocess
import sys

from cases import case, main, scratch, skip
from containers import Container, only_child
from kernel import without

PATHS = {os.path.basename(path): os.path.abspath(path) for path in sys.argv[1:]}

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
CLOSE_RANGE_CLOEXEC = 4
SIGPIPE = 13

# What begins the line on standard error behind the tool's name; the call that fails, with `without`'s options.
Row = collections.namedtuple("Row", "tool status line words call options")


def row(tool, status, line, words, call, **options):
    return Row(tool, status, line, words, call, options)


def run(tool, words, **options):
    settings = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, "timeout": 60, "check": False}
    settings.update(options)
    return subprocess.run([PATHS[tool], *words], **settings)


def check(found, tool, status, line):
    assert found.returncode == status and found.stderr.count("\n") == 1, (line, found)
    assert found.stderr.startswith(tool + ": " + line), (line, found)


def check_row(each, **options):
    def fail():
        without(each.call, errno.ENOSPC, **each.options)

    check(run(each.tool, each.words, preexec_fn=fail, **options), each.tool, each.status,
          each.line + "No space left on device\n")


def run_in_bare_root(tool, words):
    """In a root directory that holds the tool and a busybox, and neither /proc nor /dev."""
    if os.geteuid() != 0:
        skip("needs root, to change the root directory")
    root = scratch(public=True)
    for path in PATHS[tool], "/bin/busybox":
        shutil.copy(path, root)

    def enter():
        os.chroot(root)
        os.chdir("/")

    return subprocess.run(["/" + tool, *words], preexec_fn=enter, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)


def pair(kind=socket.SOCK_SEQPACKET):
    return socket.socketpair(socket.AF_UNIX, kind)


# --- system calls ------------------------------------------------------------------------------------


@case
def standard_streams_that_cannot_be_made_are_told_by_all():
    for tool, status in (("confine", 125), ("emilua", 1), ("fdpass", 1), ("initexec", 1), ("jailattach", 1), ("luarun", 1),
                         ("scan", 2)):
        def fail():
            os.close(0)
            without("pipe2", errno.EMFILE)
        check(run(tool, ["--version"], stdin=None, preexec_fn=fail), tool, status, "standard streams: Too many open files\n")


@case
def calls_that_fail_are_named_by_confine():
    true = ["--", "/bin/busybox", "true"]
    for each in (
            row("confine", 125, "pipe: ", true, "pipe2"),
            row("confine", 125, "socketpair: ", true, "socketpair"),
            row("confine", 125, "namespaces: clone: ", true, "clone3"),
            row("confine", 125, "memory: ", true, "mmap", argument=(2, 1))):  # PROT_READ
        check_row(each)

    def fail(call, **options):
        return lambda: without(call, errno.ENOSPC, **options)

    late = run("confine", ["--limit", "wall_time=0.01", "--", "/bin/busybox", "sleep", "60"], preexec_fn=fail("waitid"))
    check(late, "confine", 125, "wait: No space left on device\n")
    terminal = run("confine", ["--pty", *true], preexec_fn=fail("rt_sigaction", first_argument=SIGPIPE))
    assert (terminal.returncode, terminal.stderr) == (0, "confine: --pty: No space left on device\n"), terminal


# Whoever is out of descriptors is not told that the program were at fault.
@case
def too_few_descriptors_are_told_by_confine_or_suffice():
    def with_descriptors(limit, *words, **options):
        return run("confine", words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)), **options)

    worked = set()
    for options in ([], ["--profile=reader"], ["--pty"]):
        for limit in range(3, 24):
            found = with_descriptors(limit, *options, "--", "/bin/busybox", "true")
            if found.returncode == 0:
                worked.add(limit)
            else:
                assert found.stderr.endswith(": Too many open files\n"), (limit, found)
                check(found, "confine", 125, "")
    assert {12, 23} <= worked, worked
    check(with_descriptors(3, "--", "busybox", "true", env={"PATH": "/bin"}), "confine", 125, "busybox: Too many open files\n")


@case
def with_best_effort_confine_goes_on_with_less():
    words = ["--net=connect:1", "--report=json", "--", "/bin/busybox", "echo", "ran"]

    def without_landlock():
        without("landlock_create_ruleset", errno.ENOSYS)

    check(run("confine", words, preexec_fn=without_landlock), "confine", 125,
          "net.ports: cannot be enforced here (Landlock of this kernel does not rule ports); "
          "what would help: Linux 6.7 or later\n")
    found = run("confine", ["--best-effort", *words], preexec_fn=without_landlock)
    assert (found.returncode, found.stdout) == (0, "ran\n"), found
    level = {clause["clause"]: clause["level"] for clause in json.loads(found.stderr)}
    assert level["net.ports"] == "off" and level["syscalls"] == "enforced", found


@case
def a_terminal_that_cannot_be_made_is_told_by_confine():
    found = run_in_bare_root("confine", ["--pty", "--status-fd=1", "--", "/busybox", "true"])
    check(found, "confine", 125, "--pty: No such file or directory\n")
    assert '"clause":"terminal","reason":"--pty: No such file or directory"' in found.stdout, found


@case
def a_directory_that_is_gone_is_told_by_confine():
    place = scratch() + "/gone"
    os.mkdir(place)

    def leave():
        os.chdir(place)
        os.rmdir(place)

    check(run("confine", ["--read", "x", "--", "true"], preexec_fn=leave), "confine", 125,
          "--read: x: the current directory is unknown\n")


@case
def calls_that_fail_are_named_by_fdpass():
    place = scratch(public=True) + "/socket"
    for each in (
            row("fdpass", 1, "socket: unix: ", ["send", "--to=@nobody", "0"], "socket"),
            row("fdpass", 1, "socket: credentials: ", ["recv", "--listen=" + place, "--type=datagram"], "setsockopt"),
            row("fdpass", 1, "socket: type: ", ["recv", "--from=" + place], "getsockopt"),
            row("fdpass", 1, "listen: " + place + ": ", ["recv", "--listen=" + place], "listen"),
            row("fdpass", 1, "poll: recv: message: ", ["recv", "--from=fd:0"], "poll"),
            row("fdpass", 1, "pair: socket pair: ", ["pair", "--", "true", ":::", "true"], "socketpair"),
            row("fdpass", 1, "pair: true: ", ["pair", "--", "true", ":::", "true"], "clone"),
            row("fdpass", 1, "recv: descriptors: ", ["recv", "--from=fd:0", "--", "true"], "dup3")):
        ours, theirs = pair()
        with ours, theirs, contextlib.ExitStack() as closing:
            socket.send_fds(ours, [b"x"], [0])
            if "--from=" + place in each.words:
                listener = closing.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
                listener.bind(place)
                listener.listen()
                closing.callback(os.unlink, place)
            check_row(each, stdin=theirs)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place)
    found = run("fdpass", ["pair", "--", "true", ":::", "true"], preexec_fn=lambda: without("dup3", errno.ENOSPC))
    assert found.returncode == 1 and "fdpass: pair: descriptor 3: No space left on device\n" in found.stderr, found


@case
def visitors_that_cannot_be_let_in_are_told_by_fdpass():
    place = scratch(public=True) + "/socket"
    for call, line in ("getsockopt", "peer: credentials: "), ("accept4", "accept: %s: " % place):
        with subprocess.Popen([PATHS["fdpass"], "recv", "--listen=" + place], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, preexec_fn=lambda: without(call, errno.ENOSPC)) as receiver:
            run("fdpass", ["send", "--to=" + place, "--timeout=60", "0"])
            told = receiver.communicate(timeout=60)[1]
        assert (receiver.returncode, told) == (1, "fdpass: " + line + "No space left on device\n"), told


@case
def too_few_descriptors_are_told_by_fdpass():
    ours, theirs = pair()
    with ours, theirs:
        found = run("fdpass", ["recv", "--from=fd:0"], stdin=theirs,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)))
    check(found, "fdpass", 1, "dup: fd:0: Too many open files\n")


@case
def the_wrong_datagrams_are_ignored_by_fdpass():
    place = scratch(public=True) + "/socket"
    with subprocess.Popen([PATHS["fdpass"], "recv", "--listen=" + place, "--type=datagram", "--peer-pid=1", "--timeout=60"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as receiver:
        sent = run("fdpass", ["send", "--to=" + place, "--type=datagram", "--timeout=60", "0"])
        assert sent.returncode == 0, sent
        told = receiver.stderr.readline()
        receiver.terminate()
    assert told.startswith("fdpass: --peer-pid: 1: the peer's is ") and told.endswith(": ignored\n"), told


@case
def a_socket_without_another_side_is_told_by_fdpass():
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as alone:
        found = run("fdpass", ["recv", "--from=fd:0"], stdin=alone)
    check(found, "fdpass", 1, "recv: message: Transport endpoint is not connected\n")


@case
def what_initexec_looks_for_in_proc_is_told():
    if os.geteuid() != 0:
        skip("needs root, to mount")
    hide = "mount -t tmpfs none /proc && exec \"$0\" \"$@\""
    for options, status, line in (
            (["--pid1", "--kill-all-on-exit"], 1, "--kill-all-on-exit: /proc/self/task/"),
            (["--ns=user", "--map=self"], 125, "--map: /proc: No such file or directory\n")):
        words = [PATHS["initexec"], *options, "-e", "local nothing", "--", "true"]
        found = subprocess.run(["unshare", "--mount", "sh", "-c", hide, *words], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=60, check=False)
        check(found, "initexec", status, line)


@case
def calls_that_fail_are_named_by_initexec():
    nothing = ["-e", "local nothing"]
    true = [*nothing, "--", "true"]
    policy = scratch() + "/policy"
    with open(policy, "w", encoding="ascii") as out:
        out.write("{}")
    boxed = ["--policy", policy, *nothing, "--", "/bin/busybox", "true"]
    for each in (
            row("initexec", 125, "pipe: ", ["--ns=user", *true], "pipe2"),
            row("initexec", 125, "descriptors: ", true, "close_range"),
            row("initexec", 125, "descriptors: ", true, "close_range", argument=(2, CLOSE_RANGE_CLOEXEC)),
            row("initexec", 125, "--pid1: PR_SET_CHILD_SUBREAPER: ", ["--pid1", *true], "prctl",
                first_argument=PR_SET_CHILD_SUBREAPER),
            row("initexec", 125, "PR_SET_PDEATHSIG: ", ["--ns=user", *true], "prctl", first_argument=PR_SET_PDEATHSIG),
            row("initexec", 125, "--ns: clone: ", ["--ns=user", *true], "clone3"),
            row("initexec", 125, "--policy: clone: ", ["--pid1", *boxed], "clone3"),
            row("initexec", 125, "--policy: descriptors: ", boxed, "dup3"),
            row("initexec", 125, "--policy: memory: ", boxed, "mmap", argument=(2, 1))):  # PROT_READ
        check_row(each)
    with open("/dev/null", "rb") as file:
        fd = file.fileno()
        found = run("initexec", ["--sync-fd=%d" % fd, *nothing], pass_fds=[fd])
    check(found, "initexec", 125, "--sync-fd: %d: Socket operation on non-socket\n" % fd)


@case
def standard_input_that_cannot_be_read_is_told():
    for tool, status, line, words in (
            ("emilua", 1, "standard input: Is a directory\n", ["-"]),
            ("initexec", 1, "script: standard input: Is a directory\n", ["-"]),
            ("jailattach", 1, "script: standard input: Is a directory\n", ["--ns=net:/proc/self/ns/net", "--script=-"]),
            ("scan", 2, "read: -: Is a directory\n", ["emit()"])):
        directory = os.open("/", os.O_RDONLY)
        try:
            check(run(tool, words, stdin=directory), tool, status, line)
        finally:
            os.close(directory)


@contextlib.contextmanager
def container():
    """The process of one that waits, as the host numbers it."""
    box = Container(PATHS["initexec"])
    program = box.start("sh", "-c", "echo ready; cat")
    try:
        assert program.stdout.readline() == "ready\n", program.stderr.read()
        yield only_child(program.pid)
    finally:
        program.communicate(timeout=60)


@case
def calls_that_fail_are_named_by_jailattach():
    with container() as pid:
        words = ["--pid=%d" % pid, "-e", "local nothing"]
        program = ["--pid=%d" % pid, "--", "/bin/busybox", "true"]
        for each in (
                row("jailattach", 125, "PR_SET_DUMPABLE: ", words, "prctl", first_argument=PR_SET_DUMPABLE),
                row("jailattach", 125, "pipe: ", words, "pipe2"),
                row("jailattach", 125, "setns: the process's namespaces: ", words, "setns"),
                row("jailattach", 125, "fork: ", words, "clone"),
                row("jailattach", 125, "setsid: ", words, "setsid"),
                row("jailattach", 125, "gid 0: ", words, "setresgid"),
                row("jailattach", 125, "uid 0: ", words, "setresuid"),
                row("jailattach", 125, "--user: setgroups: ", [*words[:1], "--user=0", *words[1:]], "setgroups"),
                row("jailattach", 125, "--user: gid 0: ", [*words[:1], "--user=0", *words[1:]], "setresgid"),
                row("jailattach", 125, "--user: uid 0: ", [*words[:1], "--user=0", *words[1:]], "setresuid"),
                row("jailattach", 125, "--no-caps: ", [*words[:1], "--no-caps", *words[1:]], "prctl",
                    first_argument=PR_SET_NO_NEW_PRIVS),
                row("jailattach", 125, "--no-caps: ", [*words[:1], "--no-caps", *words[1:]], "capset"),
                row("jailattach", 125, "--root: ", [*words[:1], "--root", *words[1:]], "chroot"),
                row("jailattach", 125, "PR_SET_PDEATHSIG: ", words, "prctl", first_argument=PR_SET_PDEATHSIG),
                row("jailattach", 125, "descriptors: ", words, "close_range"),
                row("jailattach", 125, "descriptors: ", program, "close_range", argument=(2, CLOSE_RANGE_CLOEXEC)),
                row("jailattach", 126, "exec: /bin/busybox: ", program, "execveat")):
            check_row(each)


@case
def control_groups_that_cannot_be_joined_are_told_by_jailattach():
    if os.geteuid() != 0:
        skip("needs root, to mount")
    groups = scratch() + "/cgroup"
    with container() as pid:
        for text, line in (("0::/../elsewhere\n", "--cgroup: /../elsewhere: outside of our own\n"),
                           ("0::/here\n", "--cgroup: no control groups are mounted here\n"),
                           ("1:full:/\n", "--cgroup: No space left on device\n")):
            with open(groups, "w", encoding="ascii") as out:
                out.write(text)
            # What the tool sees of the process and of the machine.
            enter = ("mount --bind \"$1\" /proc/$2/cgroup && mount -t tmpfs none /sys/fs/cgroup && "
                     "mkdir /sys/fs/cgroup/full && ln -s /dev/full /sys/fs/cgroup/full/cgroup.procs && "
                     "exec \"$0\" --pid=$2 --cgroup -e 'local nothing'")
            found = subprocess.run(["unshare", "--mount", "sh", "-c", enter, PATHS["jailattach"], groups, str(pid)],
                                   capture_output=True, text=True, timeout=60, check=False)
            check(found, "jailattach", 125, line)


@case
def actors_that_cannot_be_are_told_by_the_engine():
    found = run("emilua", ["-e", "print 'ran'"], preexec_fn=lambda: without("socketpair", errno.ENOSPC))
    assert found.stdout == "ran\n", found
    assert found.stderr == "emilua: subprocess actors are not available: socketpair: No space left on device\n", found


# --- memory ------------------------------------------------------------------------------------------


def told_as_memory_grows(tool, words, **options):
    """All that the tool says, from an address space that cannot hold it up to one in which it works."""
    told, limit = set(), 1 << 20
    while limit < 1 << 30:
        limit += (32 << 10) if limit < 4 << 20 else (256 << 10)
        try:
            found = run(tool, words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)), **options)
        except OSError:  # not even that can be executed
            continue
        if found.returncode == 0:
            return told
        told.add(found.stderr)
    raise AssertionError((tool, told))


@case
def too_little_memory_is_told():
    record, policy = scratch() + "/record", scratch() + "/policy"
    with open(record, "w", encoding="ascii") as out:
        out.write("x" * 3_000_000)
    with open(policy, "w", encoding="ascii") as out:
        json.dump({"env": {"A": "x" * 900_000}}, out)
    for tool, words, lines in (
            ("confine", ["--explain", "--policy", policy, "--", "/bin/busybox"], ["memory: Cannot allocate memory\n"]),
            ("luarun", ["-e", "x = 1"], ["memory: Cannot allocate memory\n"]),
            ("scan", ["emit(F[1])", record], ["out of memory\n", record + ": record 0: out of memory\n"]),
            ("scan", ["--csv", "--fields=1", record], [record + ": record 1: out of memory\n"])):
        told = told_as_memory_grows(tool, words)
        for line in lines:
            assert "%s: %s" % (tool, line) in told, (line, told)


main()
