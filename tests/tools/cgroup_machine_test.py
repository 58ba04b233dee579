"""Limits of cgroups as a kernel enforces them: in a machine that is emulated, with a kernel of the distribution
that has the controllers in version 2. It boots once, runs a script, and what that has said is looked at here.

By hand, after `ci/bootstrap --machine`: bazel test --config=release //tests/tools:cgroup_machine_test
Another kernel: --test_env=EMILUA_KERNEL=/path/to/vmlinuz
"""

import functools
import glob
import gzip
import os
import pwd
import re
import shutil
import subprocess
import sys
import threading

from cases import case, engine, main, scratch, skip

QEMU = "qemu-system-x86_64"
BUSYBOX = "/bin/busybox"
CONFINE, ATTACK = (os.path.realpath(path) for path in sys.argv[2:4])
LUA = ["check.lua", "sandbox_cgroup_test.lua", "boxed_function.lua", "boxed_helper.lua", "boxed_worker.lua",
       "files.lua"]
PATIENCE = 600  # seconds; it takes twenty of them

# The first root of a machine cannot be left by pivot_root(2), which boxes need.
INIT = """#!/bin/busybox sh
export PATH=/bin
busybox mkdir /new
busybox mount -t tmpfs -o size=80%,mode=755 new /new
busybox cp -a /bin /tests /main.sh /box.lua /new
busybox mkdir -m 755 /new/dev /new/proc /new/sys
busybox mkdir -m 1777 /new/tmp
exec busybox switch_root /new /bin/busybox sh /main.sh
"""

MAIN = r"""
export PATH=/bin EMILUA_PATH=/tests/api EMILUA_MUST_WORK=1 TEST_TMPDIR=/tmp
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t cgroup2 cgroup2 /sys/fs/cgroup
for applet in cat chown cut grep ls mkdir sleep start-stop-daemon timeout; do busybox ln -s busybox /bin/$applet; done
mkdir /etc
echo nobody:x:99:99::/:/bin/sh > /etc/passwd
groups=/sys/fs/cgroup
api=/tests/api/sandbox_cgroup_test.lua

section() { echo "=== $*"; }
leaves() { ls $1 | grep emilua-box | grep -v supervisor; }
# A new cgroup, and the rest in it, alone; not for ever, as an attack that has its way would stay.
within() {
    mkdir -p $groups/$1
    timeout 100 busybox sh -c 'echo 0 > /sys/fs/cgroup/$0/cgroup.procs && exec "$@"' "$@"
}
attack() {
    within "$1" confine --limit $2 --promises 'stdio proc thread error' -- /bin/sandbox_attack $3 2>&1
    echo "status $?"
    leaves $groups/$1
}

section doctor
confine doctor

section api at the top
emilua $api
section left at the top
leaves $groups

echo '+memory +pids +cpu +io' > $groups/cgroup.subtree_control

section api in a cgroup
within mine /bin/emilua $api
section left in a cgroup
leaves $groups/mine
ls $groups/mine | grep -c supervisor

section api as nobody
mkdir $groups/delegated
for file in . cgroup.procs cgroup.subtree_control cgroup.threads; do chown 99:99 $groups/delegated/$file; done
within delegated start-stop-daemon -S -c nobody -x /bin/emilua -- $api
section left as nobody
leaves $groups/delegated

section attacks
attack processes pids=20 'fork_many 64'
attack threads pids=20 'start_threads 200'
attack memory memory=32M 'take_memory 64'
attack together memory=32M 'take_memory_together 16 4'

section strangers
within crowded sleep 1000 &
until grep -qs . $groups/crowded/cgroup.procs; do :; done
within crowded confine --limit pids=5 -- /bin/busybox true 2>&1
echo "status $?"
ls $groups/crowded | grep emilua

section killed
start() {
    : > /tmp/said
    emilua /box.lua > /tmp/said 2>&1 &
    until grep . /tmp/said; do :; done
    leaf=$groups/$(leaves $groups)
    helper=$(echo $leaf | cut -d- -f4)
    engine=$(cut -d' ' -f4 /proc/$helper/stat)
}
start
cat $leaf/pids.max
kill -9 $engine
until [ ! -e $leaf ]; do :; done
echo 'gone with the engine'
start
kill -9 $helper
until [ ! -e /proc/$engine ]; do :; done
[ -e $leaf ] && echo 'stays without the helper'
confine --limit pids=5 -- /bin/busybox true
echo "status $?"
[ -e $leaf ] || echo 'swept by the next start'
leaves $groups

section over
busybox poweroff -f
"""


# It has ended when its helper has.
BOX = """
local filesystem, sandbox = require 'filesystem', require 'sandbox'
local stream, system = require 'stream', require 'system'
local child = sandbox.new{limits = {cgroup = {pids_max = 5}}}:spawn{
    program = filesystem.path.new '/bin/busybox', arguments = {'busybox', 'sleep', '1000'}}
stream.write_all(system.out, 'ready\\n')
child:wait()
"""


def kernel():
    home = os.environ.get("XDG_CACHE_HOME", pwd.getpwuid(os.getuid()).pw_dir + "/.cache")
    places = [os.environ.get("EMILUA_KERNEL", ""), home + "/emilua/machine/boot/vmlinuz-*", "/boot/vmlinuz-*"]
    found = [path for place in places for path in sorted(glob.glob(place)) if os.access(path, os.R_OK)]
    if not found:
        skip("no kernel to boot: ci/bootstrap --machine fetches one")
    return found[-1] if not places[0] else found[0]


def archive(root):
    """The files beneath as an initramfs."""
    names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
    cpio = subprocess.run([BUSYBOX, "cpio", "-o", "-H", "newc"], cwd=root, input=names, capture_output=True, check=True)
    path = os.path.join(scratch(), "initramfs")
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(cpio.stdout)
    return path


def files():
    root = scratch()
    for name in "bin", "tests/api":
        os.makedirs(os.path.join(root, name))
    for program in BUSYBOX, engine(), CONFINE, ATTACK:
        shutil.copy(program, os.path.join(root, "bin", os.path.basename(program)))
    for name in LUA:
        shutil.copy("tests/api/" + name, os.path.join(root, "tests/api"))
    for name, text in ("init", INIT), ("main.sh", MAIN), ("box.lua", BOX):
        with open(os.path.join(root, name), "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(os.path.join(root, name), 0o755)
    return root


@functools.lru_cache(maxsize=None)
def boot():
    """Everything that the machine says until it is switched off."""
    # Landlock of this kernel is one that boxes refuse to rely on; they do without.
    command = [QEMU, "-accel", "tcg", "-m", "768", "-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio",
               "-kernel", kernel(), "-initrd", archive(files()),
               "-append", "console=ttyS0 loglevel=1 panic=-1 lsm=yama"]
    machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    killer = threading.Timer(PATIENCE, machine.kill)
    killer.start()
    text = b""
    for line in machine.stdout:
        text += line
        sys.stderr.buffer.write(line)
        sys.stderr.flush()
    killer.cancel()
    machine.wait()
    return text.decode(errors="replace").replace("\r", "")


def sections():
    """What was said after each line that begins with ===, by its name."""
    if shutil.which(QEMU) is None:
        skip("no %s: ci/bootstrap --machine installs it" % QEMU)
    found = dict(re.findall(r"=== (.*)\n((?:(?!=== ).*\n)*)", boot()))
    assert "over" in found, "it did not come to its end: see its output"
    return found


def all_is_well(name):
    lines = sections()[name].splitlines()
    cases = [line for line in lines if re.match("(ok|not ok|skip) ", line)]
    assert len(cases) > 10 and lines[-1] == "done %d" % len(cases), lines
    assert all(line.startswith("ok ") for line in cases), lines


@case
def the_machine_has_the_controllers():
    assert "cgroup: works: memory pids cpu io\n" in sections()["doctor"], sections()["doctor"]


@case
def boxes_have_their_limits_at_the_top_where_nobody_is_in_the_way():
    all_is_well("api at the top")
    assert sections()["left at the top"] == ""


@case
def boxes_have_their_limits_in_a_cgroup_that_the_engine_has_to_leave():
    all_is_well("api in a cgroup")
    # And the one that it has moved to is all there is.
    assert sections()["left in a cgroup"] == "1\n", sections()["left in a cgroup"]


@case
def boxes_have_their_limits_in_a_cgroup_that_is_delegated():
    all_is_well("api as nobody")
    assert sections()["left as nobody"] == "", sections()["left as nobody"]


# 91 row 50
@case
def bombs_end_with_their_box():
    said = sections()["attacks"].splitlines()
    assert said == ["refused fork EAGAIN", "status 1", "refused pthread_create EAGAIN", "status 1", "status 137",
                    "refused mmap ENOMEM", "status 1"], said


@case
def programs_of_others_are_not_moved_out_of_the_way():
    said = sections()["strangers"]
    assert said.startswith("confine: limits.cgroup: ") and said.endswith("\nstatus 125\n"), said


@case
def what_a_killed_supervisor_leaves_is_swept_by_the_next_start():
    said = sections()["killed"].splitlines()
    assert said == ["ready", "5", "gone with the engine", "ready", "stays without the helper", "status 0",
                    "swept by the next start"], said


main()
