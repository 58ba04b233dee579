"""initexec: every option, every complaint; and containers of a root directory with busybox."""

import errno
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import tool_cases
from cases import case, engine, main, script, skip
from containers import Container, make_root
from kernel import without
from subordinate_ids import run_with_ids
from tool_cases import NOBODY, alone, directory, needs_root, refused, run_alone, tool, write

tool_cases.common((("--map=self", "--nss=user", "x"), "--ns"))

NOTHING = "local nothing"  # a script that leaves all as it is


@functools.lru_cache(maxsize=None)
def check_namespaces(uid):
    probe = subprocess.run(["unshare", "--user", "true"], user=uid, stderr=subprocess.PIPE, check=False)
    if probe.returncode != 0:
        skip("no user namespaces: %r" % probe.stderr)


def by_everybody(function):
    """A case for the user who runs the tests, and one for a user without rights if that is root."""
    def as_ourselves():
        check_namespaces(None)
        function(Container(engine()))

    def as_an_ordinary_user():
        needs_root()
        check_namespaces(65534)
        function(Container(engine(), user=65534))

    as_ourselves.__name__ = function.__name__
    as_an_ordinary_user.__name__ = function.__name__ + "_as_an_ordinary_user"
    case(as_ourselves)
    case(as_an_ordinary_user)


def socket_pair():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return ours, theirs


# --- the script ---------------------------------------------------------------------------------------


@case
def a_script_is_a_chunk_or_a_file_or_standard_input():
    assert tool("-e", "print 'from a chunk'").stdout == "from a chunk\n"
    assert tool(script("print 'from a file'")).stdout == "from a file\n"
    assert tool("-", input="print 'from outside'", stdin=None).stdout == "from outside\n"


@case
def a_script_has_the_table_of_calls_and_an_empty_environment():
    text = "print(type(C.mount), C.O_RDONLY, errexit, arg, os.getenv 'PATH', mode(6, 4, 4), pcall(require, 'inbox'))"
    run = tool("-e", text)
    assert run.stdout.startswith("function\t0\ttrue\tnil\tnil\t420\tfalse"), run


# 91 row 52
@case
def variables_of_the_caller_do_not_reach_the_script():
    place = directory()
    write(place + "/planted.lua", "print 'planted'")
    environment = {"LUA_PATH": place + "/?.lua", "LUA_CPATH": place + "/?.so", "LUA_INIT": "print 'init'",
                   "LD_PRELOAD": place + "/x.so", "LD_LIBRARY_PATH": place, "GCONV_PATH": place, "TMPDIR": "/no/such",
                   "LC_ALL": "no_such", "GLIBC_TUNABLES": "glibc.malloc.check=3", "PATH": os.environ["PATH"]}
    run = tool("-e", "print(pcall(require, 'planted')) print(os.getenv 'LUA_PATH', os.tmpname():match '^/tmp')",
               env=environment)
    assert run.returncode == 0 and run.stderr == "", run
    assert "module 'planted' not found" in run.stdout and place not in run.stdout, run
    assert run.stdout.endswith("nil\t/tmp\n"), run


# 91 row 54
@case
def long_command_lines_reach_the_program_whole():
    words = ["x" * 100_000] * 12
    run = tool("--pid1", "-e", NOTHING, "--", "sh", "-c", "echo $# ${#1}", "sh", *words)
    assert run.stdout == "12 100000\n", run


@case
def what_fails_in_a_script_is_one_line_and_nothing_runs_after_it():
    path = script("\nerror 'oops'")
    complaints = {
        "C.open('/no/such', C.O_RDONLY)": "script: open: No such file or directory\n",
        "local = 1": "script: (command line):1: ",
        "error {}": "script: (error object is a table value)",
        "C.nope()": "key not found",
        "C.setgroups{'x'}": "script: setgroups: ",
        "error 'a\\27[31mb'": "script: (command line):1: a [31mb",
        "local t = {} while true do t[#t + 1] = ('x'):rep(#t) end": "script: alloc: out of memory (1 MiB)",
        "": "script: empty script",
    }
    for text, complaint in complaints.items():
        refused(tool("-e", text, "--", "echo", "ran"), complaint, status=1)
    refused(tool(path, "--", "echo", "ran"), "script: ", "/main.lua:2: oops\n", status=1)
    refused(tool("-", "--", "echo", "ran", input="error 'x'", stdin=None), "script: stdin:1: x", status=1)


@case
def errexit_can_be_switched_off():
    run = tool("-e", "errexit = false; print(C.open('/no/such', C.O_RDONLY), C.ENOENT)", "--", "echo", "ran")
    assert run.stdout.split() == ["-1", "2", "2", "ran"] or run.stdout.split() == ["-1", "2", "ran"], run


@case
def a_script_can_execute_the_program_itself():
    run = tool("-e", "C.execve('/bin/echo', {'echo', 'by', 'the', 'script'})", "--", "false")
    assert (run.returncode, run.stdout) == (0, "by the script\n"), run


@case
def the_argument_is_a_descriptor_that_the_program_does_not_get():
    ours, theirs = socket_pair()
    ours.send(b"secret")
    number = theirs.fileno()
    run = tool("--arg-fd", str(number), "-e", "print(arg, (C.read(arg, 10)))", "--", "ls", "/proc/self/fd",
               pass_fds=[number])
    theirs.close()
    lines = run.stdout.split()
    assert lines[:2] == [str(number), "secret"] and lines[2:] == ["0", "1", "2", "3"], run


# --- the program --------------------------------------------------------------------------------------


@case
def statuses_are_passed_on_from_wherever_the_program_is():
    for options in (), ("--pid1",), ("--ns=user,pid", "--map=self"), ("--ns=user", "--map=self"):
        for text, status in (("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)):
            run = tool(*options, "-e", NOTHING, "--", "sh", "-c", text)
            # Without anybody in between, the program's end is that of the tool.
            end = run.returncode if run.returncode >= 0 else 128 - run.returncode
            assert end == status, (options, text, run)
        run = tool(*options, "-e", NOTHING)
        assert run.returncode == 0, (options, run)


@case
def programs_that_cannot_be_executed_are_told():
    for options in (), ("--pid1",), ("--ns=user,pid", "--map=self"):
        refused(tool(*options, "-e", NOTHING, "--", "/no/such"), "exec: /no/such: No such file or directory", status=127)
        refused(tool(*options, "-e", NOTHING, "--", "/etc/passwd"), "exec: /etc/passwd: Permission denied", status=126)
        refused(tool(*options, "-e", NOTHING, "--", "no-such-program"), "exec: no-such-program: ", status=127)


@case
def the_program_has_our_environment_and_what_files_add():
    path = write(directory() + "/env", "# comment\n\nNEW=a=b\nOLD=changed\n")
    run = tool("-e", NOTHING, "--env-file", path, "--", "sh", "-c", "echo $KEPT,$NEW,$OLD",
               env={"KEPT": "kept", "OLD": "old", "PATH": os.environ["PATH"]})
    assert run.stdout == "kept,a=b,changed\n", run
    for text in "NAME", "=x", "A=1\nB\0=2":
        write(path, text)
        refused(tool("-e", NOTHING, "--env-file", path, "--", "true"), "--env-file: %s:" % path, "NAME=VALUE expected",
                status=125)
    refused(tool("-e", NOTHING, "--env-file", "/no/such", "--", "true"), "--env-file: /no/such: No such file", status=125)


@case
def the_program_is_looked_for_in_the_path_that_it_will_have():
    place = directory()
    write(place + "/only-here", "#!/bin/sh\necho found\n", 0o755)
    path = write(directory() + "/env", "PATH=%s:/bin\n" % place)
    for options in (), ("--pid1",):
        run = tool(*options, "-e", NOTHING, "--env-file", path, "--", "only-here")
        assert (run.returncode, run.stdout) == (0, "found\n"), run


@case
def the_program_has_no_descriptors_but_the_standard_ones_and_those_kept():
    readable, writable = os.pipe()
    listing = ["--", "ls", "/proc/self/fd"]
    for options in (), ("--pid1",), ("--ns=user,pid", "--map=self", "--pid1=no"):
        run = tool(*options, "-e", "C.open('/', C.O_RDONLY)", *listing, pass_fds=[readable, writable])
        assert run.stdout.split() == ["0", "1", "2", "3"], (options, run)
        run = tool(*options, "-e", NOTHING, "--keep-fd=%d" % readable, *listing, pass_fds=[readable, writable])
        assert str(readable) in run.stdout.split() and len(run.stdout.split()) == 5, (options, run)
    run = tool("-e", "C.dup2(C.open('/etc/hostname', C.O_RDONLY), 9)", "--keep-fd=9", "--", "sh", "-c", "cat <&9")
    with open("/etc/hostname", encoding="utf-8") as file:
        assert run.stdout == file.read(), run
    refused(tool("-e", NOTHING, "--keep-fd=9", "--", "true"), "--keep-fd: 9: Bad file descriptor", status=125)
    os.close(readable)
    os.close(writable)


SIGWAIT = ("import os, signal, sys\n"
           "n = getattr(signal, 'SIG' + sys.argv[1])\n"
           "signal.pthread_sigmask(signal.SIG_BLOCK, {n})\n"
           "os.write(1, b'ready\\n')\n"
           "signal.sigwait({n})\n"
           "os._exit(9)\n")


@case
def signals_reach_the_program():
    for options in ("--pid1",), ("--ns=user,pid", "--map=self"), ("--ns=user", "--map=self"), ():
        for sent in "HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "WINCH":
            words = [engine(), *options, "-e", NOTHING, "--", sys.executable, "-c", SIGWAIT, sent]
            with subprocess.Popen(words, stdout=subprocess.PIPE) as child:
                assert child.stdout.readline() == b"ready\n"
                child.send_signal(getattr(signal, "SIG" + sent))
                assert child.wait(60) == 9, (options, sent)


@case
def a_script_that_hangs_can_be_ended():
    for options in (), ("--pid1",), ("--ns=user,pid", "--map=self"):
        words = [engine(), *options, "-e", "io.write 'ready\\n' io.flush() C.read(0, 1)", "--", "true"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            assert child.stdout.readline() == b"ready\n"
            child.send_signal(signal.SIGTERM)
            assert child.wait(60) in (143, -signal.SIGTERM), options


@case
def nothing_outlives_a_tool_that_is_killed():
    words = [engine(), "--ns=user,pid", "--map=self", "-e", NOTHING, "--", "sh", "-c", "echo ready; exec sleep 600"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"ready\n"
        child.kill()
        assert child.stdout.read() == b""  # the last one that could write is gone


# --- the policy ---------------------------------------------------------------------------------------

BUSYBOX = "/bin/busybox"
# A program that links dynamically, and starts others.
SHELL = {"fs": {"read": ["/usr", "/lib", "/lib64", "/etc/ld.so.cache"], "exec": ["/usr", "/lib", "/lib64"]},
         "env": {"PATH": "/usr/bin", "GRANTED": "yes"}}
MANNERS = ((), ("--pid1",), ("--ns=user,pid", "--map=self"), ("--ns=user,pid", "--map=self", "--pid1=no"))


def policy(fields, **more):
    return write(directory() + "/policy.json", json.dumps({**fields, **more}))


@case
def a_policy_is_in_force_in_the_program_and_not_in_the_script():
    path = policy(SHELL)
    for options in MANNERS:
        run = tool(*options, "--policy", path, "-e", "print(C.open('/etc/passwd', C.O_RDONLY) > 2)", "--", "sh", "-c",
                   "echo started; cat /etc/passwd 2>&1; exit 7")
        assert run.returncode == 7, (options, run)
        lines = run.stdout.splitlines()
        assert lines[:2] == ["true", "started"] and lines[2].endswith("Permission denied"), (options, run)
        # The same without it.
        run = tool(*options, "-e", NOTHING, "--", "sh", "-c", "cat /etc/passwd; exit 7")
        assert run.returncode == 7 and "root:" in run.stdout, (options, run)


@case
def its_paths_are_those_that_the_script_leaves():
    place = directory()
    os.mkdir(place + "/inside")
    write(place + "/inside/file", "the file\n")
    if not os.path.exists(BUSYBOX):
        skip("no static busybox: ci/bootstrap installs it")
    shutil.copy(BUSYBOX, place)
    write(place + "/other", "not granted")
    path = policy({"fs": {"read": ["/inside"]}})
    enter = "C.mount('%s', '%s', nil, bit.bor(C.MS_BIND, C.MS_REC)) C.chroot '%s' C.chdir '/'" % (place, place, place)
    options = ["--ns=user,mount", "--map=self", "--policy", path]
    run = tool(*options, "-e", enter, "--", "/busybox", "cat", "/inside/file")
    assert (run.returncode, run.stdout) == (0, "the file\n"), run
    run = tool(*options, "-e", enter, "--", "/busybox", "cat", "/other")
    assert run.returncode == 1 and "Permission denied" in run.stderr, run
    refused(tool(*options, "-e", NOTHING, "--", BUSYBOX, "true"), "--policy: fs.read[0]: ",
            " /inside: No such file or directory", status=125)


@case
def a_box_has_the_variables_of_its_policy_and_of_files():
    path = write(directory() + "/env", "ADDED=too\nGRANTED=changed\n")
    run = tool("--policy", policy(SHELL), "-e", NOTHING, "--", "env", env={"OURS": "secret", "PATH": "/nowhere"})
    assert sorted(run.stdout.split()) == ["GRANTED=yes", "PATH=/usr/bin"], run
    run = tool("--policy", policy(SHELL), "--env-file", path, "-e", NOTHING, "--", "env")
    assert sorted(run.stdout.split()) == ["ADDED=too", "GRANTED=changed", "PATH=/usr/bin"], run


@case
def a_program_that_may_execute_nothing_is_executed():
    if not os.path.exists(BUSYBOX):
        skip("no static busybox: ci/bootstrap installs it")
    path = policy({})
    for options in MANNERS:
        run = tool(*options, "--policy", path, "-e", NOTHING, "--", BUSYBOX, "sh", "-c", "echo ran; exit 7")
        assert (run.returncode, run.stdout) == (7, "ran\n"), (options, run)
        run = tool(*options, "--policy", path, "-e", NOTHING, "--", BUSYBOX, "sh", "-c", "exec " + BUSYBOX + " true")
        assert run.returncode != 0, (options, run)
        refused(tool(*options, "--policy", path, "-e", NOTHING, "--", "/bin/true"), "exec: /bin/true: Permission denied",
                "dynamic linker", status=126)
        refused(tool(*options, "--policy", path, "-e", NOTHING, "--", "/no/such"), "exec: /no/such: No such file",
                status=127)


@case
def kept_descriptors_enter_the_box_and_others_do_not():
    if not os.path.exists(BUSYBOX):
        skip("no static busybox: ci/bootstrap installs it")
    readable, writable = os.pipe()
    os.write(writable, b"through\n")
    os.close(writable)
    path = policy({}, limits={"open_files": 100})
    words = ["-e", "C.dup2(0, 77)", "--", BUSYBOX, "sh", "-c"]
    for options in MANNERS:
        run = tool(*options, "--policy", path, "--keep-fd=%d" % readable, *words, "read line <&%d; echo $line" % readable,
                   pass_fds=[readable])
        assert run.stdout == ("through\n" if options == () else "\n"), (options, run)
        run = tool(*options, "--policy", path, *words, "echo >&77")
        assert run.returncode != 0 and "Bad file descriptor" in run.stderr, (options, run)
    os.close(readable)
    refused(tool("--policy", path, "--keep-fd=100", "-e", "C.dup2(0, 100)", "--", BUSYBOX, "true"),
            "--keep-fd: 100: the policy's limits.open_files is not above it", status=125)


@case
def a_process_that_the_script_has_made_weak_is_boxed_all_the_same():
    for chunk in "C.cap_set_proc '='", "set_no_new_privs()", "C.setgroups{} C.setresgid(1, 1, 1) C.setresuid(1, 1, 1)":
        if "setresuid" in chunk and os.geteuid() != 0:
            continue
        run = tool("--policy", policy(SHELL), "-e", chunk, "--", "sh", "-c", "echo in; cat /etc/passwd")
        assert run.stdout == "in\n" and "Permission denied" in run.stderr, (chunk, run)


@case
def what_a_running_process_cannot_have_is_refused_before_the_script():
    path = directory() + "/ran"
    for fields, where in (({"fs": {"root": "empty"}}, "fs.root"), ({"hostname": "x"}, "hostname"), ({"cwd": "/usr"}, "cwd"),
                          ({"namespaces": ["net"]}, "namespaces"), ({"limits": {"wall_time": 1}}, "limits.wall_time"),
                          ({"fs": {"mounts": [{"type": "proc", "target": "/proc"}]}}, "fs.mounts")):
        refused(tool("--policy", policy(fields), "-e", "C.mkdir('%s', 0)" % path, "--", "true"), "--policy: ",
                "policy.json: %s: only a process that is still to be made can have it" % where, status=125)
    for text, message in (("{", "policy.json: "), ('{"fs": {"reed": []}}', "policy.json: fs.reed: ")):
        refused(tool("--policy", write(directory() + "/policy.json", text), "-e", "C.mkdir('%s', 0)" % path, "--", "true"),
                "--policy: ", message, status=125)
    refused(tool("--policy=/no/such", "-e", "C.mkdir('%s', 0)" % path, "--", "true"),
            "--policy: /no/such: No such file or directory", status=125)
    assert not os.path.exists(path)
    refused(tool("--policy=/no/such", "-e", NOTHING), "--policy is for a PROGRAM, which is missing")
    refused(tool("--report=json", "-e", NOTHING, "--", "true"), "--report is for a --policy, which is missing")
    refused(tool("--policy=x", "--report=text", "-e", NOTHING, "--", "true"), "--report: text: json expected")


@case
def a_kernel_that_cannot_is_refused_unless_less_will_do():
    for options in (), ("--pid1",):
        for call, error, clause in (("landlock_create_ruleset", errno.ENOSYS, "fs"), ("seccomp", errno.ENOSYS, "net")):
            settings = {"preexec_fn": lambda call=call, error=error: without(call, error)}
            refused(tool(*options, "--policy", policy(SHELL), "-e", NOTHING, "--", "echo", "ran", **settings),
                    "--policy: %s: cannot be enforced here" % clause, status=125)
            run = tool(*options, "--policy", policy(SHELL, mode="best_effort"), "--report=json", "-e", NOTHING, "--", "echo",
                       "ran", **settings)
            assert (run.returncode, run.stdout) == (0, "ran\n"), run
            levels = {entry["clause"]: entry["level"] for entry in json.loads(run.stderr)}
            assert levels[clause] == "off", levels
    run = tool("--policy", policy(SHELL), "--report=json", "-e", NOTHING, "--", "true")
    assert {entry["level"] for entry in json.loads(run.stderr)} == {"enforced"}, run


@case
def a_boxed_program_dies_with_whoever_looks_after_it():
    for options in ("--pid1",), ("--ns=user", "--map=self"):
        words = [engine(), *options, "--policy", policy(SHELL), "-e", NOTHING, "--", "sh", "-c", "echo ready; exec sleep 600"]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as child:
            assert child.stdout.readline() == b"ready\n"
            child.kill()
            assert child.stdout.read() == b"", options


@case
def signals_reach_a_boxed_program():
    for options in MANNERS:
        words = [engine(), *options, "--policy", policy(SHELL), "-e", NOTHING, "--", "sh", "-c",
                 "trap 'exit 9' TERM; echo ready; read x"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            assert child.stdout.readline() == b"ready\n", options
            child.send_signal(signal.SIGTERM)
            assert child.wait(60) == 9, options


# --- process 1 ----------------------------------------------------------------------------------------


@case
def the_first_process_stays_unless_told_otherwise():
    for option, expected in ((), "2\n"), (("--pid1=no",), "1\n"), (("--pid1",), "2\n"):
        run = tool("--ns=user,pid", "--map=self", *option, "-e", NOTHING, "--", "sh", "-c", "echo $$")
        assert run.stdout == expected, (option, run)


# As an image's ENTRYPOINT, where somebody else has made the namespace.
@case
def it_knows_that_it_is_process_1():
    run = subprocess.run(["unshare", "--user", "--map-root-user", "--pid", "--fork", engine(), "-e", NOTHING, "--", "sh",
                          "-c", "echo $$; exit 7"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (7, "2\n"), run


@case
def what_is_left_behind_is_killed_if_that_is_wanted():
    text = "(sh -c 'sleep 600 & sleep 600' & echo started)"
    for options in ("--pid1",), ("--ns=user,pid", "--map=self"):
        with subprocess.Popen([engine(), *options, "--kill-all-on-exit", "-e", NOTHING, "--", "sh", "-c", text],
                              stdout=subprocess.PIPE) as child:
            assert child.stdout.read() == b"started\n" and child.wait() == 0, options
    # Without it, a subreaper leaves them to whoever reaps them then.
    with subprocess.Popen([engine(), "--pid1", "-e", NOTHING, "--", "sh", "-c", "sleep 600 & echo $!"],
                          stdout=subprocess.PIPE) as child:
        left = int(child.stdout.readline())
        assert child.wait() == 0
        os.kill(left, signal.SIGKILL)  # it lives


@case
def orphans_come_to_a_process_that_stays():
    text = "sh -c 'sh -c \"echo \\$PPID; read x <&3; cut -d\\\" \\\" -f4 /proc/\\$\\$/stat\" & ' ; read y <&4"
    go, wait = os.pipe(), os.pipe()
    words = [engine(), "--pid1", "--keep-fd=3", "--keep-fd=4", "-e",
             "C.dup2(%d, 3) C.dup2(%d, 4)" % (go[0], wait[0]), "--", "sh", "-c", text]
    words[2:2] = ["--keep-fd=%d" % go[0], "--keep-fd=%d" % wait[0]]
    with subprocess.Popen(words, stdout=subprocess.PIPE, pass_fds=[go[0], wait[0]]) as child:
        child.stdout.readline()
        os.write(go[1], b"\n")
        assert int(child.stdout.readline()) == child.pid
        os.write(wait[1], b"\n")
        assert child.wait() == 0


# --- namespaces ---------------------------------------------------------------------------------------


@case
def each_kind_of_namespace_is_a_new_one():
    kinds = {"user": "user", "mount": "mnt", "pid": "pid", "net": "net", "ipc": "ipc", "uts": "uts", "cgroup": "cgroup",
             "time": "time"}
    for kind, name in kinds.items():
        listed = kind if kind == "user" else "user," + kind
        run = tool("--ns=" + listed, "--map=self", "-e", NOTHING, "--", "readlink", "/proc/self/ns/" + name)
        if kind == "pid":  # /proc is that of outside, and has nobody of inside under this name
            assert run.stdout == "" or run.stdout.strip() != os.readlink("/proc/self/ns/pid"), run
            continue
        assert run.returncode == 0 and run.stdout.strip() != os.readlink("/proc/self/ns/" + name), (kind, run)


@case
def a_map_of_oneself_makes_root_and_nobody_else():
    needs_root()
    place = alone()
    text = "cat /proc/self/uid_map /proc/self/gid_map; id -u; cat /proc/self/setgroups"
    run = subprocess.run([place + "/initexec", "--ns=user", "--map=self", "-e", NOTHING, "--", "sh", "-c", text],
                         capture_output=True, text=True, check=False, **NOBODY)
    assert run.stdout.split() == ["0", "65534", "1", "0", "65534", "1", "0", "deny"], run


@case
def without_a_map_the_script_and_the_outside_write_it():
    ours, theirs = socket_pair()
    number = theirs.fileno()
    text = "print(C.read(arg, 1)) C.setresuid(0, 0, 0)"
    with subprocess.Popen([engine(), "--ns=user", "--arg-fd=%d" % number, "--sync-fd=%d" % number, "-e", text, "--", "id",
                           "-u"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[number], text=True) as child:
        theirs.close()
        pid = int(ours.recv(100))
        assert os.readlink("/proc/%d/ns/user" % pid) != os.readlink("/proc/self/ns/user")
        with open("/proc/%d/uid_map" % pid, "w", encoding="ascii") as out:
            out.write("0 %d 1\n" % os.geteuid())
        ours.send(b".")
        ours.send(b"x")
        out, err = child.communicate(timeout=60)
        assert (child.returncode, out.split()) == (0, ["x", "0", "0"]), (out, err)


@case
def nothing_runs_before_the_outside_agrees():
    for options in (), ("--ns=user,pid", "--map=self"):
        ours, theirs = socket_pair()
        number = theirs.fileno()
        with subprocess.Popen([engine(), *options, "--sync-fd=%d" % number, "-e", "print 'ran'"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, pass_fds=[number], text=True) as child:
            theirs.close()
            assert int(ours.recv(100)) >= child.pid
            ours.close()
            out, err = child.communicate(timeout=60)
            assert (child.returncode, out) == (125, ""), (out, err)
            assert err == "initexec: --sync-fd: %d: closed without a byte\n" % number, err
    with open(os.devnull, encoding="ascii") as file:
        run = tool("--sync-fd=%d" % file.fileno(), "-e", NOTHING, pass_fds=[file.fileno()])
        refused(run, "--sync-fd: %d: Socket operation on non-socket" % file.fileno(), status=125)


def with_subordinate_ids(ranges, *words, uid=0):
    place = alone()
    return run_with_ids(ranges, place + "/initexec", "--ns=user", "--map=subid", "-e", NOTHING, "--", *words, uid=uid)


@case
def a_map_of_subordinate_ids_has_all_of_our_ranges():
    show = "cat /proc/self/uid_map /proc/self/gid_map"
    for uid, ranges in ((0, "root:700000:1000\n0:800000:10\nother:1:1\n"),
                        (4242, "made-up:700000:1000\n4242:800000:10\nother:1:1\n")):
        run = with_subordinate_ids(ranges, "sh", "-c", show, uid=uid)
        lines = [["0", str(uid), "1"], ["1", "700000", "1000"], ["1001", "800000", "10"]]
        assert [line.split() for line in run.stdout.splitlines()] == lines * 2, run


@case
def subordinate_ids_that_we_do_not_have_are_told():
    refused(with_subordinate_ids("other:1:1\n", "true"), "--map: /etc/subuid: no ids for user root", status=125)
    refused(with_subordinate_ids("root:1:x\n", "true"), "--map: /etc/subuid: line 1: not a range of ids", status=125)
    refused(with_subordinate_ids("root:1:0\n", "true"), "--map: /etc/subuid: line 1: not a range of ids", status=125)


# --- complaints ---------------------------------------------------------------------------------------


@case
def every_wrong_command_line_is_one_line_and_2():
    complaints = {
        (): "no script is given",
        ("--", "ls"): "no script is given",
        ("x", "ls"): "'ls': a -- before PROGRAM is missing",
        ("x", "--"): "no program is given after --",
        ("-e",): "-e: CHUNK is missing",
        ("--xyzzy", "x"): "unknown option --xyzzy",
        ("--ns=mnt", "x"): "--ns: mnt: no such namespace",
        ("--ns=pidd", "x"): "did you mean pid?",
        ("--ns=", "x"): "--ns: '': no such namespace",
        ("--map=all", "x"): "--map: all: self or subid expected",
        ("--map=self", "x"): "--map: --ns=user is missing",
        ("--arg-fd=99", "x"): "--arg-fd: 99: Bad file descriptor",
        ("--arg-fd=x", "x"): "--arg-fd: x: not a number",
        ("--sync-fd=99", "x"): "--sync-fd: 99: Bad file descriptor",
        ("--keep-fd=-1", "x"): "--keep-fd: -1: not a number",
        ("--keep-fd=3", "x"): "--keep-fd is for a PROGRAM, which is missing",
        ("--env-file=x", "x"): "--env-file is for a PROGRAM, which is missing",
        ("--pid1=yes", "x"): "--pid1: yes: no expected",
        ("--pid1=no", "--kill-all-on-exit", "x"): "--kill-all-on-exit and --pid1=no exclude each other",
        ("--kill-all-on-exit=1", "x"): "--kill-all-on-exit takes no value",
    }
    for words, part in complaints.items():
        refused(tool(*words), part)


@case
def a_script_that_cannot_be_read_is_told():
    refused(tool("/no/such"), "script: /no/such: No such file or directory", status=1)
    refused(tool("/"), "script: /: Is a directory", status=1)
    refused(tool("/dev/zero"), "script: /dev/zero: File too large", status=1)


@case
def namespaces_that_cannot_be_made_are_told():
    needs_root()
    place = alone()
    run = subprocess.run([place + "/initexec", "--ns=mount", "-e", "print 'ran'"], capture_output=True, text=True,
                         check=False, **NOBODY)
    refused(run, "--ns: clone: Operation not permitted without --ns=user", status=125)
    secret = write(place + "/secret.lua", "print 'ran'", 0o600)
    run = subprocess.run([place + "/initexec", secret], capture_output=True, text=True, check=False, **NOBODY)
    refused(run, "script: %s: Permission denied" % secret, status=1)


# --- containers ---------------------------------------------------------------------------------------


@by_everybody
def a_shell_inside_sees_the_container_and_nothing_else(box):
    with box.start("sh") as shell:
        out, err = shell.communicate("id -u\ncat /proc/sys/kernel/hostname\nls /\nps -o pid,comm\ncat /etc/motd\n"
                                     "ls /home /proc/1/root/home\necho $?\nexit 3\n", timeout=60)
    lines = out.splitlines()
    assert shell.returncode == 3 and lines[:2] == ["0", "container"], (out, err)
    assert lines[2:6] == ["bin", "etc", "proc", "tmp"], out
    processes = [line.split()[1] for line in lines[7:10]]
    assert processes == ["initexec", "sh", "ps"], out
    assert lines[10:] == ["welcome", "1"], out


@by_everybody
def statuses_of_a_container_are_passed_on(box):
    for text, status in (("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)):
        run = box.run("sh", "-c", text)
        assert run.returncode == status, (text, run)


@by_everybody
def signals_reach_the_program_in_a_container(box):
    for sent, number in (("TERM", 15), ("INT", 2), ("HUP", 1), ("USR1", 10)):
        text = "trap 'exit %d' %s; echo ready; while true; do sleep 0.01; done" % (40 + number, sent)
        with box.start("sh", "-c", text) as shell:
            assert shell.stdout.readline() == "ready\n"
            shell.send_signal(number)
            assert shell.wait(60) == 40 + number, sent


@by_everybody
def a_thousand_orphans_are_reaped(box):
    # Each is the child of a shell that has ended: process 1 has to reap it, or it stays a zombie.
    text = ("i=0; while [ $i -lt 1000 ]; do (true &); i=$((i + 1)); done\n"
            "while true; do set -- /proc/[0-9]*; [ $# -le 2 ] && break; done\n"
            "echo $i left $#")
    run = box.run("sh", "-c", text)
    assert (run.returncode, run.stdout) == (0, "1000 left 2\n"), run


@by_everybody
def a_daemon_dies_with_its_container(box):
    readable, writable = os.pipe()
    run = box.run("sh", "-c", "(sleep 600 &) ; exit 0", options=["--keep-fd=%d" % writable], pass_fds=[writable])
    os.close(writable)
    assert run.returncode == 0 and os.read(readable, 1) == b"", run
    os.close(readable)


@case
def alone_in_an_empty_root_as_nobody_it_runs_a_script_and_a_program():
    needs_root()
    if not os.path.exists("/bin/busybox"):
        skip("no static busybox: ci/bootstrap installs it")
    root = alone(["/bin/busybox"])
    run = run_alone(root, "/initexec", "-e", "C.mkdir('/x', 0)", "--", "/busybox", "true")
    assert run.returncode == 1 and run.stderr == "initexec: script: mkdir: Permission denied\n", run
    # Who has changed his root directory makes no user namespace; root makes others.
    run = run_alone(root, "/initexec", "--ns=pid,mount,net", "-e", "bring_up_loopback()", "--", "/busybox", "echo", "in",
                    nobody=False)
    assert (run.returncode, run.stdout) == (0, "in\n"), run
    run = run_alone(root, "/initexec", "--pid1", "-e", "print(require('jit').version_num)", "--", "/busybox", "echo", "in")
    assert run.returncode == 0 and run.stdout.split()[1:] == ["in"], run


main()
