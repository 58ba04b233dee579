"""Attacks with ids: in boxes whose maps have those of others, of root and of an ordinary user. Each attempt that
must fail is made with an id that the box has, too, where it must work."""

import functools
import json
import os
import subprocess

from cases import case, engine, main, scratch
from sandbox_scenes import ATTACK, SECRET, write
from subordinate_ids import USER, public_copy, run_with_ids, with_ids

RANGES = "root:700000:100\nmade-up:700000:100\n"
# The caller is 0 in the box, and 1 to 100 are his subordinate ids.
OURS, THEIRS = 100, 101
KEPT = ["cap_setuid", "cap_setgid", "cap_chown", "cap_fowner", "cap_dac_override", "cap_dac_read_search"]


@functools.lru_cache(maxsize=None)
def place():
    return public_copy(engine(), ATTACK)


def attempt(policy, *words, uid, **options):
    """What became of it in a box: "done …", "refused CALL ERRNO", or confine's complaint."""
    path = write(os.path.join(scratch(public=True), "policy"), json.dumps(
        {"user": {"uid": 0, "gid": 0, "map": "subid"}, **policy}))
    command = with_ids(RANGES, place() + "/confine", "--policy", path, "--",
                       os.path.join(place(), os.path.basename(ATTACK)), *(str(word) for word in words), uid=uid)
    # It stays when it has had its way.
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               **options)
    try:
        return program.stdout.readline().strip() or program.stderr.read().strip()
    finally:
        program.kill()
        program.communicate()


def shared_directory(owner):
    path = scratch(public=True)
    os.chmod(path, 0o777)
    secret = write(os.path.join(path, "secret"), SECRET)
    os.chmod(secret, 0o600)
    os.chown(secret, owner, owner)
    return path, secret


# 91 row 36
@case
def nobody_becomes_an_id_that_the_map_does_not_have():
    keeping = {"capabilities": KEPT, "syscalls": "stdio id error"}
    for uid in 0, USER:
        for name, call in (("become_user", "setresuid"), ("become_group", "setresgid"), ("join_group", "setgroups")):
            assert attempt(keeping, name, OURS, uid=uid) == "done", (name, uid)
            for theirs in THEIRS, USER, 700000, 65534, 4294967294:
                assert attempt(keeping, name, theirs, uid=uid) == "refused %s EINVAL" % call, (name, uid, theirs)
            # Without capabilities a map is nothing to be used.
            assert attempt({"syscalls": "stdio id error"}, name, OURS, uid=uid) == "refused %s EPERM" % call, (name, uid)
            assert attempt({}, name, OURS, uid=uid) == "refused %s EPERM" % call, (name, uid)


# 91 row 36
@case
def capabilities_reach_no_files_of_ids_that_the_map_does_not_have():
    for uid in 0, USER:
        for owner, read, given in ((700005, "done " + SECRET, "done"), (12345, "refused openat EACCES", "refused chown EPERM")):
            path, secret = shared_directory(owner)
            policy = {"capabilities": KEPT, "syscalls": "stdio rpath chown error",
                      "fs": {"mounts": [{"type": "bind", "source": path, "target": "/data"}]}}
            assert attempt(policy, "read", "/data/secret", uid=uid) == read, (uid, owner)
            assert attempt(policy, "give_away", "/data/secret", OURS, uid=uid) == given, (uid, owner)
            assert attempt(policy, "give_away", "/data/secret", THEIRS, uid=uid) in (
                "refused chown EPERM", "refused chown EINVAL"), (uid, owner)
            assert os.stat(secret).st_uid in (owner, 700000 + OURS - 1), (uid, owner)


# 91 row 36
@case
def newuidmap_is_not_looked_for():
    hostile = scratch(public=True)
    os.chmod(hostile, 0o777)
    for name in "newuidmap", "newgidmap":
        script = write(os.path.join(hostile, name), "#!/bin/sh\n: > %s/ran\n" % hostile)
        os.chmod(script, 0o755)
    run = run_with_ids(RANGES, place() + "/confine", "--user-map=subid", "--uid=0", "--",
                       os.path.join(place(), os.path.basename(ATTACK)), "become_root", uid=USER, cwd=hostile,
                       env={"PATH": hostile + ":/usr/bin:/bin", "LD_PRELOAD": hostile + "/x"})
    assert run.stdout == "refused setuid EPERM\n", run
    assert sorted(os.listdir(hostile)) == ["newgidmap", "newuidmap"]


# 91 row 36
@case
def what_the_host_listed_is_all_that_there_is():
    policy = {"user": {"uid": 5, "map": [{"inside": 5, "outside": 90000, "count": 2}]},
              "capabilities": KEPT, "syscalls": "stdio id error"}
    assert attempt(policy, "become_user", 6, uid=0) == "done"
    for theirs in 0, 4, 7, 90000:
        assert attempt(policy, "become_user", theirs, uid=0) == "refused setresuid EINVAL", theirs
    # Nor is a capability over any of them left to whoever keeps none.
    assert attempt({**policy, "capabilities": []}, "become_user", 6, uid=0) == "refused setresuid EPERM"


main()
