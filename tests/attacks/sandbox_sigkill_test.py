"""The supervisor of a box is killed at every moment of setting one up: before and after each system call
that it or the box's processes make, from the first clone until the program is executed or the actor runs.
No process, mount, file or cgroup is left.
"""

import concurrent.futures
import ctypes
import json
import os
import subprocess
import sys

from cases import a_file, case, engine, main, scratch, script, skip

ATTACK, KILLER, EMILUA = (os.path.realpath(path) for path in sys.argv[2:5])
MOST = 3000  # moments
AT_A_TIME = 8  # boxes that know nothing of each other


TEMPORARY = "/tmp", "/dev/shm", "/run"  # where files could be left


def leave_others():
    """Mounts of our own, and nothing in TEMPORARY: what other tests do at the same time is not ours.

    Returns what this process lacks for it, or None.
    """
    if os.getuid() != 0:
        return "needs root, for mounts of its own"
    clone_newns, ms_rec, ms_private = 0x20000, 0x4000, 0x40000
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.unshare(clone_newns) == 0 and libc.mount(None, b"/", None, ms_rec | ms_private, None) == 0
    for place in TEMPORARY:
        done = done and libc.mount(b"none", place.encode(), b"tmpfs", 0, None) == 0
    return None if done else "needs to make mounts of its own, as root: " + os.strerror(ctypes.get_errno())


def outside():
    """What could be left: mounts and files. No policy here makes a cgroup: //lib/actor:spawn_helper_test."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        return [mounts.read()] + [os.listdir(place) for place in TEMPORARY]


def killed_at_every_moment(mark, command, most=MOST):
    """Returns how many moments there were."""
    def kill_at(moment):
        return subprocess.run([KILLER, mark, str(moment), *command], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)

    if MISSING:
        skip(MISSING)
    before = outside()
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        for first in range(1, most, AT_A_TIME):
            for moment, run in enumerate(pool.map(kill_at, range(first, first + AT_A_TIME)), first):
                assert run.returncode == 0, (moment, run)
                if run.stdout.endswith("over\n"):
                    assert outside() == before
                    return moment
            assert outside() == before, first
    raise AssertionError("it was not over after %d moments" % most)


def confine(*options):
    here = scratch()
    os.mkdir(here + "/granted")
    options = [a_file(json.dumps(each)) if isinstance(each, dict) else each.format(dir=here) for each in options]
    moments = killed_at_every_moment("clone", [engine(), *options, "--", ATTACK, "say", "x"])
    assert os.listdir(here + "/granted") == []
    return moments


# 91 row 21
@case
def of_a_box_that_grants_nothing():
    assert confine() > 60


# 91 row 21
@case
def of_a_box_with_all_namespaces_and_mounts():
    moments = confine("--bind", "/usr:/usr:ro", "--bind", "{dir}/granted:/mine", "--proc", "/proc", "--dev", "/dev",
                      "--tmpfs", "/tmp", "--dir", "/a/b", "--symlink", "x:/y", "--hostname", "box", "--net=loopback",
                      "--limit", "open_files=64")
    assert moments > 200, moments


# 91 row 21
@case
def of_a_box_of_landlock_and_a_filter_only():
    assert confine("--policy", {"namespaces": [], "fs": {"read": ["/usr"]}}) > 60


# 91 row 21
@case
def of_a_box_that_may_write_to_a_directory_of_the_hosts():
    assert confine("--read", "/usr", "--write", "{dir}/granted") > 100


# The mark is followed by a box's whole life: made, entered, told its work, left.
ACTOR = """
local filesystem = require 'filesystem'
local inbox = require 'inbox'
local sandbox = require 'sandbox'
local system = require 'system'

if _CONTEXT == 'worker' then
    inbox:receive():send 'here'
    return
end

local json = require 'json'
local box = sandbox.new(json.decode(system.arguments[3]))
local options = box:context('.', {subprocess = {stderr = 'share'}})
filesystem.umask(tonumber('0123', 8))
local worker = spawn_vm(options)
box:handshake()
worker:send(inbox)
assert(inbox:receive() == 'here')
"""


# The same for a program, which would stay.
PROGRAM = """
local filesystem = require 'filesystem'
local json = require 'json'
local sandbox = require 'sandbox'
local system = require 'system'

local box = sandbox.new(json.decode(system.arguments[3]))
filesystem.umask(tonumber('0123', 8))
local program = box:spawn{program = filesystem.path.new(system.arguments[4]), arguments = {'attack', 'say', 'x'}}
program:kill(system.signal.SIGKILL)
program:wait()
"""


def program(text, policy, *arguments):
    return killed_at_every_moment("umask", [EMILUA, script(text), json.dumps(policy), *arguments])


# 91 row 21
@case
def of_an_actors_box():
    assert program(ACTOR, {}) > 100


# 91 row 21
@case
def of_a_programs_box_that_the_helper_makes():
    assert program(PROGRAM, {}, ATTACK) > 100


MISSING = leave_others()
main()
