"""The examples that make containers: empty_root and busybox_container, for root and for an ordinary user."""

import contextlib
import functools
import os
import shutil
import signal
import subprocess

from cases import case, emilua, engine, main, scratch, skip
from processes import children, status, wait_for_end, wait_until

NOBODY = 65534
MADE_UP, FIRST, COUNT = 4242, 700000, 1000  # a user and its subordinate ids


@functools.lru_cache(maxsize=None)
def place():
    """A directory that everybody can read, with the engine, the examples and a root directory for busybox."""
    directory = scratch(public=True)
    shutil.copy(engine(), os.path.join(directory, "emilua"))
    shutil.copytree("lua/examples", os.path.join(directory, "examples"))
    for name in "bin", "etc", "proc", "tmp":
        os.makedirs(os.path.join(directory, "root", name))
    busybox = shutil.which("busybox")
    if busybox:
        shutil.copy(busybox, os.path.join(directory, "root", "bin"))
        for name in "cat", "chown", "hostname", "id", "ls", "mount", "ps", "rm", "sh":
            os.symlink("busybox", os.path.join(directory, "root", "bin", name))
    with open(os.path.join(directory, "root", "etc", "file"), "w", encoding="ascii") as out:
        out.write("of the host\n")
    subprocess.run(["chmod", "-R", "a+rwX", directory], check=True)
    return directory


def command(example, *arguments):
    return [os.path.join(place(), "emilua"), os.path.join(place(), "examples", example, "main.lua"), *arguments]


# Where nobody may make a user namespace, neither may our programs.
@functools.lru_cache(maxsize=None)
def check_namespaces(uid):
    probe = subprocess.run(["unshare", "--user", "true"], user=uid, stderr=subprocess.PIPE, check=False)
    if probe.returncode != 0:
        skip("no user namespaces: %r" % probe.stderr)


def by_everybody(function):
    """A case for the user who runs the tests, and one for a user without rights if that is root."""
    def as_ourselves():
        check_namespaces(None)
        function({})

    def as_an_ordinary_user():
        if os.getuid() != 0:
            skip("needs root, to become somebody else")
        check_namespaces(NOBODY)
        function({"user": NOBODY, "group": NOBODY, "extra_groups": []})

    as_ourselves.__name__ = function.__name__
    as_an_ordinary_user.__name__ = function.__name__ + "_as_an_ordinary_user"
    case(as_ourselves)
    case(as_an_ordinary_user)


def needs_busybox():
    if not os.path.exists(os.path.join(place(), "root", "bin", "busybox")):
        skip("busybox is not installed")


def run(example, *arguments, **options):
    script = command(example)[1]
    return emilua(script, *arguments, executable=os.path.join(place(), "emilua"), **options)


@contextlib.contextmanager
def running(example, *arguments, **options):
    """The program with its standard streams as pipes; it is killed in the end."""
    with subprocess.Popen(command(example, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options) as program:
        try:
            yield program
        finally:
            program.kill()


def first_process(program):
    """Of the container: the child of the program's helper."""
    helpers = []
    wait_until(lambda: helpers.extend(children(program.pid)) or helpers)
    found = []
    wait_until(lambda: found.extend(children(helpers[0])) or found)
    return found[0]


# A user who is not mapped may not make a user namespace.
@case
def refused_namespaces_are_told_in_one_line():
    check_namespaces(None)
    for example, argument in ("empty_root", "1"), ("busybox_container", root()):
        result = subprocess.run(["unshare", "--user", *command(example, argument)], capture_output=True, text=True,
                                timeout=60, check=False)
        assert (result.returncode, result.stdout) == (1, ""), result
        assert result.stderr == example + ": no such namespaces here: Operation not permitted\n", result


# --- empty_root -------------------------------------------------------------------------------------


@by_everybody
def empty_root_computes_and_sees_nothing(user):
    result = run("empty_root", "2^10 + 1", **user)
    assert (result.returncode, result.stderr) == (0, ""), result
    assert result.stdout == (
        "process 2, of user 65534, with 0 environment variables\n"
        "/etc/passwd: No such file or directory\n"
        "/proc/self/status: No such file or directory\n"
        "/dev/null: No such file or directory\n"
        "/new: Read-only file system\n"
        "2^10 + 1 = 1025\n"), result


@by_everybody
def empty_root_is_empty_from_outside_too(user):
    with running("empty_root", "require 'inbox':receive()", **user) as program:
        first, worker = first_process(program), []
        # The script has ended once there is a second process.
        wait_until(lambda: worker.extend(children(first)) or worker)
        for pid in first, worker[0]:
            assert os.listdir("/proc/%d/root/" % pid) == []
            fields = status(pid)
            assert fields["NoNewPrivs"] == "1" and int(fields["CapPrm"], 16) == 0, fields
            with open("/proc/%d/net/dev" % pid, encoding="ascii") as lines:
                names = [line.split(":")[0].strip() for line in lines if ":" in line]
            assert "eth0" not in names and "lo" in names, names
            with open("/proc/%d/net/fib_trie" % pid, encoding="ascii") as routes:
                assert "127.0.0.1" in routes.read()
            for name in "user", "mnt", "pid", "net", "ipc", "uts":
                assert os.readlink("/proc/%d/ns/%s" % (pid, name)) != os.readlink("/proc/self/ns/" + name), name
            with open("/proc/%d/mountinfo" % pid, encoding="ascii") as mounts:
                assert len(mounts.readlines()) == 1
        program.kill()
        assert wait_for_end(first) and wait_for_end(worker[0])


@case
def empty_root_tells_what_is_wrong_in_one_line():
    check_namespaces(None)
    for expression, message in (
            ("2 +", "expression:1: unexpected symbol near '<eof>'"),
            ("nothing.here", "expression:1: attempt to index global 'nothing' (a nil value)"),
            ("error('of its own', 0)", "of its own"),
            ("(function() while true do end end)()", "ended by signal %d" % signal.SIGXCPU)):
        result = run("empty_root", expression)
        assert (result.returncode, result.stdout, result.stderr) == (1, "", "empty_root: %s\n" % message), result
    result = run("empty_root")
    assert (result.returncode, result.stdout, result.stderr) == (2, "", "usage: emilua main.lua EXPRESSION\n"), result


# --- busybox_container ------------------------------------------------------------------------------


def root():
    return os.path.join(place(), "root")


def shell(text, *arguments, options=(), **user):
    needs_busybox()
    return run("busybox_container", *options, root(), "PATH=/bin", "-c", text, *arguments, **user)


@by_everybody
def busybox_container_ends_as_its_shell_does(user):
    for code in 0, 7, 255:
        result = shell("exit %d" % code, **user)
        assert (result.returncode, result.stdout, result.stderr) == (code, "", ""), result
    # Within, the shell tells of signals; process 1 itself can only be killed from outside.
    assert shell("sh -c 'kill -9 $$'; exit $?", **user).returncode == 128 + 9
    with running("busybox_container", root(), "-c", "echo ready; read line", **user) as program:
        assert program.stdout.readline() == b"ready\n"
        os.kill(first_process(program), signal.SIGKILL)
        assert program.wait(60) == 128 + 9
        assert program.stderr.read() == b""


@by_everybody
def busybox_container_passes_arguments_variables_and_streams_on(user):
    result = shell('echo "$0|$1|$2|$3|$A|$B|$HOME"; cat; echo problem >&2', "zero", "", "two words\n", "C=c", **user)
    assert result.stdout == "zero||two words\n|C=c|||\n", result
    needs_busybox()
    result = run("busybox_container", root(), "PATH=/bin", "A=a = b", "B=", "-c",
                 'echo "$A|$B|${B-unset}|${C-unset}"; cat; echo problem >&2', input="typed", stdin=None, **user)
    assert (result.stdout, result.stderr) == ("a = b|||unset\ntyped", "problem\n"), result


@by_everybody
def busybox_container_has_names_and_processes_of_its_own(user):
    result = shell("hostname; id; echo $$; ps -o pid,args | cat; cat /proc/net/dev", **user)
    name, ids, own, _, first, *rest = result.stdout.splitlines()
    assert (name, ids, own) == ("busybox", "uid=0 gid=0", "1"), result
    assert first.split()[0] == "1" and "sh -c hostname" in first, result
    assert not any("emilua" in line for line in rest), result
    assert any(line.strip().startswith("lo:") for line in rest) and "eth0" not in result.stdout, result


# Although every one of them is writable for everybody.
@by_everybody
def busybox_container_cannot_write_the_files_of_its_root(user):
    result = shell("""
        echo x > /etc/file; echo x > /etc/new; rm /etc/file; chown 0 /etc/file
        mount -o remount,rw /; mount -t tmpfs none /etc
        echo mine > /tmp/file && cat /tmp/file /etc/file
    """, **user)
    assert result.stdout == "mine\nof the host\n", result
    assert result.stderr.count("Read-only file system") == 4, result
    assert result.stderr.count("permission denied (are you root?)") == 2, result
    assert os.listdir(os.path.join(root(), "etc")) == ["file"]
    assert os.listdir(os.path.join(root(), "tmp")) == os.listdir(os.path.join(root(), "proc")) == []


@by_everybody
def busybox_container_leaves_the_mounts_of_the_host_alone(user):
    needs_busybox()
    with running("busybox_container", root(), "PATH=/bin", "-c", "cat /proc/mounts; echo x > /tmp/new; echo ready; read x",
                 **user) as program:
        inside = [line.split()[1] for line in iter(program.stdout.readline, b"ready\n")]
        assert inside == [b"/", b"/proc", b"/tmp"], inside
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            assert root() not in mounts.read()
        assert os.listdir(os.path.join(root(), "tmp")) == []
        guest = first_process(program)
        fields = status(guest)
        assert fields["NoNewPrivs"] == "1" and fields["CapEff"] == fields["CapAmb"] == "00000000000000eb", fields
        # What started it is not to be outlived.
        program.kill()
        assert wait_for_end(guest)


@by_everybody
def busybox_container_tells_what_is_wrong_in_one_line(user):
    needs_busybox()
    bare = scratch(public=True)
    os.chmod(bare, 0o777)
    nowhere = os.path.join(bare, "nowhere")
    for directory, message in (
            (nowhere, nowhere + ": No such file or directory"),
            ("", ": No such file or directory"),
            (os.path.join(root(), "etc", "file"), os.path.join(root(), "etc", "file") + "/proc: Not a directory"),
            (bare, bare + "/proc: No such file or directory")):
        result = run("busybox_container", directory, "-c", "exit 0", **user)
        assert (result.returncode, result.stdout, result.stderr) == (1, "", "busybox_container: %s\n" % message), result
    for name in "proc", "tmp":
        os.mkdir(os.path.join(bare, name))
    result = run("busybox_container", bare, **user)
    assert result.returncode == 1, result
    assert result.stderr == "busybox_container: %s/bin/busybox: No such file or directory\n" % bare, result


@case
def busybox_container_wants_a_root_directory():
    check_namespaces(None)
    for arguments in (), ("--subuid=1:2",), ("--subuid", root()), ("--subuid=x", root()), ("--subuid=1:-2", root()):
        result = run("busybox_container", *arguments)
        assert (result.returncode, result.stdout) == (2, "") and result.stderr.startswith("usage: "), result
    result = run("busybox_container", "--subuid=1:2", root(), env={"PATH": "/nonexistent"})
    assert (result.returncode, result.stdout) == (1, ""), result
    assert result.stderr == "busybox_container: newuidmap: No such file or directory\n", result
    result = run("busybox_container", root(), "x" * 65536)
    assert result.stderr == "busybox_container: the arguments are longer than 65536 bytes\n", result
    assert result.returncode == 1, result


def as_made_up_user(*arguments):
    """Runs a command as a user that only its mount namespace knows."""
    if os.getuid() != 0:
        skip("needs root, to make a user up")
    if not shutil.which("newuidmap") or not os.path.exists("/etc/subuid"):
        skip("newuidmap is not installed")
    directory = scratch(public=True)
    with open("/etc/passwd", encoding="utf-8") as known:
        users = known.read()
    ranges = "made-up:%d:%d\n" % (FIRST, COUNT)
    mounts = ""
    for name, text in (("passwd", users + "made-up:x:%d:%d::/:/bin/sh\n" % (MADE_UP, MADE_UP)), ("subuid", ranges),
                       ("subgid", ranges)):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
            out.write(text)
        mounts += "mount --bind %s/%s /etc/%s && " % (directory, name, name)
    become = 'exec setpriv --reuid=%d --regid=%d --clear-groups "$@"' % (MADE_UP, MADE_UP)
    return subprocess.run(["unshare", "--mount", "--propagation=private", "sh", "-c", mounts + become, "sh", *arguments],
                          capture_output=True, text=True, timeout=60, check=False)


# 40 §10
@case
def busybox_container_with_a_range_of_ids():
    needs_busybox()
    check_namespaces(NOBODY)
    text = """
        echo x > /tmp/file; chown 1:%d /tmp/file; ls -ln /tmp/file; chown %d:0 /tmp/file; cat /proc/self/uid_map
    """ % (COUNT, COUNT + 1)
    result = as_made_up_user(*command("busybox_container", "--subuid=%d:%d" % (FIRST, COUNT), root(), "PATH=/bin", "-c",
                                      text))
    assert result.stderr == "chown: /tmp/file: Invalid argument\n", result
    listing, *maps = result.stdout.splitlines()
    assert listing.split()[2:4] == ["1", str(COUNT)], result
    assert [line.split() for line in maps] == [["0", str(MADE_UP), "1"], ["1", str(FIRST), str(COUNT)]], result
    result = as_made_up_user(*command("busybox_container", "--subuid=%d:%d" % (FIRST, COUNT + 1), root(), "-c", "exit 0"))
    assert (result.returncode, result.stdout) == (1, ""), result
    assert result.stderr.startswith("newuidmap: uid range ") and result.stderr.count("\n") == 1, result


main()
