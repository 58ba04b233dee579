"""Attacks on how a box is set up: links that are swapped meanwhile or lie in wait, what whoever starts it
has inherited, and words that are meant to be options."""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys

from cases import case, emilua as confine, main, scratch
from processes import CONVERSATION
from sandbox_scenes import ATTACK, SECRET, write

EMILUA = os.path.realpath(sys.argv[3])
TIMES = 60
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def boxed(*arguments, **options):
    """confine OPTIONS -- ATTACK …, an attacker that says what became of it and ends."""
    split = arguments.index("--")
    # What was done is told and then waited for: a pipe's end is enough.
    program = subprocess.Popen([sys.argv[1], *arguments[: split + 1], ATTACK, *arguments[split + 1 :]],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               **options)
    try:
        line = program.stdout.readline().rstrip("\n")
        if line.startswith("done"):
            program.kill()
        return line or program.stderr.read().rstrip("\n")
    finally:
        program.kill()
        program.communicate()


class Tree:
    """`tree/link`, which is a directory or a link to `outside`, where the secret is."""

    def __init__(self):
        self.path = scratch()
        for name in "tree", "tree/link", "outside":
            os.mkdir(self.at(name))
        write(self.at("tree/link/file"), "inside")
        write(self.at("outside/file"), SECRET)
        os.symlink(self.at("outside"), self.at("tree/other"))

    def at(self, name):
        return os.path.join(self.path, name)

    def exchange(self):
        libc = ctypes.CDLL(None, use_errno=True)
        done = libc.renameat2(AT_FDCWD, self.at("tree/link").encode(), AT_FDCWD, self.at("tree/other").encode(),
                              RENAME_EXCHANGE)
        assert done == 0, os.strerror(ctypes.get_errno())

    def untouched(self):
        with open(self.at("outside/file"), encoding="utf-8") as kept:
            return os.listdir(self.at("outside")) == ["file"] and kept.read() == SECRET


class Swapping:
    """A process that exchanges the two for as long as the block lasts."""

    def __init__(self, tree):
        self.pid = os.fork()
        if self.pid == 0:
            while True:
                tree.exchange()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


# --- links --------------------------------------------------------------------------------------------


# 91 row 10
@case
def a_path_leads_through_a_link_for_whoever_just_follows_it():
    tree = Tree()
    tree.exchange()
    os.mkdir(tree.at("tree/link/made"))
    assert not tree.untouched()


# 91 row 10
@case
def a_parent_of_a_target_that_is_swapped_leads_nowhere():
    tree = Tree()
    with Swapping(tree):
        for options in (["--dir", "/data/link/made"], ["--tmpfs", "/data/link/mounted"],
                        ["--symlink", "x:/data/link/x"], ["--bind", "/usr:/data/link/usr"]):
            for _ in range(TIMES):
                said = boxed("--bind", tree.at("tree") + ":/data", *options, "--", "say", "ran")
                assert said in ("done ran", "") or "fs.mounts[1]" in said, said
                assert tree.untouched(), options


# 91 row 10
@case
def a_source_that_is_swapped_is_one_or_the_other_and_read_only():
    tree = Tree()
    with Swapping(tree):
        for _ in range(TIMES):
            said = boxed("--bind", tree.at("tree/link") + ":/data:ro", "--promises",
                         "stdio rpath wpath cpath error", "--", "write", "/data/file", "changed")
            assert said == "refused open EROFS", said
        assert tree.untouched()


# 91 row 10
@case
def a_source_by_descriptor_is_that_or_nothing():
    tree = Tree()
    source = os.open(tree.at("tree/link"), os.O_PATH | os.O_DIRECTORY)
    policy = write(tree.at("policy"), json.dumps(
        {"fs": {"mounts": [{"type": "bind", "source": {"fd": source}, "target": "/data", "readonly": True}]}}))
    arguments = ["--policy", policy, "--", "read", "/data/file"]
    assert boxed(*arguments, pass_fds=[source]) == "done inside"
    # What is found by the name that it had is another directory.
    os.rename(tree.at("tree/link"), tree.at("tree/away"))
    os.rename(tree.at("outside"), tree.at("tree/link"))
    said = boxed(*arguments, pass_fds=[source])
    assert said == "done inside" or "fs.mounts[0]" in said, said
    os.close(source)


# 91 row 11
@case
def links_that_lie_in_wait_are_not_followed():
    tree = Tree()
    os.unlink(tree.at("tree/other"))
    image = tree.at("tree")
    os.symlink(tree.at("outside"), image + "/dev")
    os.symlink("../outside", image + "/proc")
    os.symlink(tree.at("outside/file"), image + "/note")
    mounts = [["--dev", "/data/dev"], ["--proc", "/data/proc"], ["--tmpfs", "/data/dev/shm"],
              ["--dir", "/data/proc/made"], ["--bind", "/usr:/data/dev/usr"], ["--symlink", "x:/data/dev/x"]]
    for options in mounts:
        said = boxed("--bind", image + ":/data", *options, "--", "say", "ran")
        assert said.startswith("confine: fs.mounts[1]: "), (options, said)
        assert said.endswith((": Too many levels of symbolic links", ": Not a directory", ": File exists")), said
        assert tree.untouched(), options
    policy = write(tree.at("policy"), json.dumps({"fs": {"mounts": [
        {"type": "bind", "source": image, "target": "/data"},
        {"type": "file", "target": "/data/note", "content": "owned"}]}}))
    said = boxed("--policy", policy, "--", "say", "ran")
    assert said.startswith("confine: fs.mounts[1]: ") and tree.untouched(), said


# 91 row 10
@case
def a_source_by_descriptor_is_never_what_its_name_leads_to_meanwhile():
    tree = Tree()
    source = os.open(tree.at("tree/link"), os.O_PATH | os.O_DIRECTORY)
    policy = write(tree.at("policy"), json.dumps(
        {"fs": {"mounts": [{"type": "bind", "source": {"fd": source}, "target": "/data", "readonly": True}]}}))
    with Swapping(tree):
        for _ in range(TIMES):
            said = boxed("--policy", policy, "--", "read", "/data/file", pass_fds=[source])
            assert said == "done inside" or "fs.mounts[0]" in said, said
    os.close(source)


# 91 row 11
@case
def a_device_that_is_something_else_is_not_used():
    """/dev/null of the host, replaced in a mount namespace of its own, is what the box would bind."""
    tree = Tree()
    script = 'mount --bind "$0" /dev/null && exec "$@"'
    wrapper = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "sh", "-c", script,
               tree.at("outside/file")]
    run = subprocess.run([*wrapper, sys.argv[1], "--dev", "/dev", "--promises", "stdio rpath wpath cpath error", "--",
                          ATTACK, "write", "/dev/null", "changed"], capture_output=True, text=True, timeout=60,
                         check=False)
    assert run.returncode == 125 and run.stderr.startswith("confine: fs.mounts[0]: bind /dev/null"), run
    assert run.stderr.endswith(": No such device\n"), run
    assert tree.untouched()


# --- what is inherited ------------------------------------------------------------------------------


# 91 row 22
@case
def statuses_are_right_whatever_was_inherited():
    def spoil():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
        os.umask(0o777)

    run = confine("--", ATTACK, "read", "/etc/passwd", preexec_fn=spoil)
    assert (run.returncode, run.stdout) == (1, "refused openat EPERM\n"), run


# 91 row 52
@case
def variables_are_not_for_the_box_nor_for_whoever_makes_it():
    hostile = {name: "/hostile" for name in
               ("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "GCONV_PATH", "LOCPATH", "TMPDIR", "MALLOC_TRACE")}
    run = confine("--", ATTACK, "environment", env=hostile)
    assert (run.returncode, run.stdout, run.stderr) == (1, "refused getenv ENOENT\n", ""), run


# --- the command line -------------------------------------------------------------------------------


# 91 row 51
@case
def values_that_look_like_options_are_values():
    for arguments, part in (
            (["--read", "--best-effort", "--", ATTACK], "--best-effort: No such file or directory"),
            (["--read=--net", "--", ATTACK, "say", "x"], "--net: No such file or directory"),
            (["--hostname", "--net", "--explain", "--", "-x"], "-x: No such file or directory"),
            (["--", "--version"], "--version: No such file or directory"),
            (["--", "-x"], "-x: No such file or directory")):
        run = confine(*arguments, cwd="/")
        assert run.returncode in (125, 127) and part in run.stderr and run.stdout == "", (arguments, run)
    # Behind the program everything is the program's.
    assert boxed("--", "say", "--help") == "done --help"


# 91 row 53
@case
def a_policy_is_read_strictly_and_within_limits():
    tree = Tree()
    for text, part in (
            ('{"fs": {"reed": []}}', "fs.reed: unknown field"),
            ('{"net": 1}', "net: "),
            ('{"limits": {"open_files": -1}}', "limits.open_files: "),
            ('{"limits": {"open_files": 1e400}}', "--policy"),
            ("[" * 100000, "--policy"),
            ('{"env": {"A": "%s"}}' % ("x" * (1 << 20)), "--policy"),
            ('{} trailing', "--policy"), ("", "--policy"), ('{"env": {"A": "\\u0000"}}', "env")):
        policy = write(tree.at("policy"), text)
        run = confine("--policy", policy, "--", ATTACK, "say", "ran")
        assert run.returncode == 125 and part in run.stderr and run.stdout == "", (text[:50], run)


# 91 row 54
@case
def long_arguments_arrive_or_are_refused():
    assert len(boxed("--", "say", "x" * 4000)) == 4005
    try:
        run = confine("--", ATTACK, "say", "x" * (200 << 10))
    except OSError as error:  # by the kernel, which gives confine itself no such argument
        assert error.strerror == "Argument list too long"
    else:
        assert run.returncode in (125, 126), run
    many = ["y" * 1000] * 1000
    assert boxed("--", "say", "x", *many) == "done x"


# 91 row 5
@case
def escape_sequences_of_an_actor_are_shown_not_sent():
    program = CONVERSATION + """
        local sandbox = require 'sandbox'
        if _CONTEXT == 'worker' then
            error('\\27]0;owned\\7')
        end
        local box = sandbox.new()
        local worker = spawn_vm(box:context('.', {subprocess = {stderr = 'share'}}))
        box:handshake()
        worker:wait()
    """
    tree = Tree()
    path = write(tree.at("main.lua"), program)
    run = subprocess.run([EMILUA, path], capture_output=True, text=True, check=False)
    assert "\\x1b]0;owned\\x07" in run.stderr and "\x1b" not in run.stderr, run


main()
