"""confine: whose ids a box has, and mounts by descriptors."""

import functools
import json
import os

from cases import case, emilua as confine, engine, main, scratch, skip
from subordinate_ids import HELPERS, USER, has_set_uid_programs, newer_helpers, public_copy, run_with_ids

BUSYBOX = "/bin/busybox"
RANGES = "root:700000:1000\nmade-up:700000:1000\n%d:800000:10\n" % USER
REMEDY = ("; what would help: ranges for this user in /etc/subuid and /etc/subgid, with newuidmap and newgidmap; "
          "or CAP_SETUID and CAP_SETGID")


@functools.lru_cache(maxsize=None)
def place():
    return public_copy(engine())


def mapped(*options, uid=USER, ranges=RANGES, **others):
    """confine, as the user, whom these ranges are given."""
    return run_with_ids(ranges, place() + "/confine", *options, uid=uid, **others)


def busybox(*words):
    if not os.path.exists(BUSYBOX):
        skip("no static busybox: ci/bootstrap installs it")
    return ["--", BUSYBOX, *words]


def policy(value):
    path = os.path.join(scratch(public=True), "policy")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out)
    os.chmod(path, 0o644)
    return path


def refused(run, said):
    assert (run.returncode, run.stdout, run.stderr) == (125, "", "confine: " + said + "\n"), run


def maps_of(run):
    """What was printed by `cat /proc/self/uid_map`."""
    assert run.returncode == 0, run
    return [tuple(int(number) for number in line.split()) for line in run.stdout.splitlines()]


SHOW_UIDS = "--read", "/proc", *busybox("cat", "/proc/self/uid_map")
SHOW_GIDS = "--read", "/proc", *busybox("cat", "/proc/self/gid_map")


# --- ids ----------------------------------------------------------------------------------------------


@case
def subordinate_ids_have_the_numbers_beside_our_own():
    for show in SHOW_UIDS, SHOW_GIDS:
        assert maps_of(mapped("--user-map=subid", "--uid=0", "--gid=0", *show)) == [
            (0, USER, 1), (1, 700000, 1000), (1001, 800000, 10)]
        assert sorted(maps_of(mapped("--user-map=subid", *show, ranges="made-up:700000:9000\n"))) == [
            (0, 700000, USER), (USER, USER, 1), (USER + 1, 700000 + USER, 9000 - USER)]
        # Root needs nobody's help.
        assert maps_of(mapped("--user-map=subid", *show, uid=0)) == [(0, 0, 1), (1, 700000, 1000)]
    for uid in 0, USER:
        assert maps_of(mapped("--user-map=self", *SHOW_UIDS, uid=uid)) == [(uid, uid, 1)]


@case
def ranges_may_be_listed():
    listed = "0:%d:1,5:700100:10" % USER
    assert maps_of(mapped("--user-map=" + listed, *SHOW_UIDS)) == [(0, USER, 1), (5, 700100, 10)]
    assert maps_of(mapped("--user-map=0:90000:65536", *SHOW_GIDS, uid=0)) == [(0, 90000, 65536)]
    different = policy({"user": {"map": {"uid": [{"inside": 3, "outside": USER, "count": 1}],
                                         "gid": [{"inside": 4, "outside": 700000, "count": 2},
                                                 {"inside": 9, "outside": USER, "count": 1}]}}})
    assert maps_of(mapped("--policy", different, *SHOW_UIDS)) == [(3, USER, 1)]
    assert maps_of(mapped("--policy", different, *SHOW_GIDS)) == [(4, 700000, 2), (9, USER, 1)]


def identity(*options, **others):
    run = mapped(*options, "--promises", "stdio rpath error", *busybox("id"), **others)
    assert run.returncode == 0, run
    return run.stdout.strip()


@case
def the_box_is_its_caller_or_who_the_policy_says():
    assert identity("--user-map=subid", "--uid=0", "--gid=0") == "uid=0 gid=0"
    assert identity("--user-map=subid") == "uid=%d gid=%d" % (USER, USER)
    groups = policy({"user": {"uid": 0, "gid": 0, "groups": [7, 8], "map": "subid"}})
    for uid in 0, USER:
        assert identity("--policy", groups, uid=uid) == "uid=0 gid=0 groups=7,8"
    assert identity("--user-map=0:%d:1,5:700100:10" % USER) == "uid=0 gid=0"
    # Somebody else of the list; and for whom the list has no place, its first.
    assert identity("--user-map=0:%d:1,5:700100:10" % USER, "--uid=6", "--gid=7") == "uid=6 gid=7"
    assert identity("--user-map=3:700000:10") == "uid=3 gid=3"
    assert identity("--user-map=3:90000:10", uid=0) == "uid=3 gid=3"
    assert identity("--user-map=3:90000:10", "--uid=5", uid=0) == "uid=5 gid=3"


@case
def what_it_makes_belongs_to_who_it_is_outside():
    for options, owner in (("--user-map=0:90000:10", 90000), ("--user-map=0:90000:10,10:0:1", 0)):
        shared = scratch(public=True)
        os.chmod(shared, 0o777)
        run = mapped(options, "--write", shared, *busybox("mkdir", shared + "/made"), uid=0)
        assert run.returncode == 0, run
        made = os.stat(shared + "/made")
        assert (made.st_uid, made.st_gid) == (owner, owner), made


@case
def a_box_of_other_ids_has_its_own_files_too():
    tree = policy({"user": {"map": [{"inside": 0, "outside": 90000, "count": 10}]},
                   "fs": {"mounts": [{"type": "tmpfs", "target": "/tmp"}, {"type": "proc", "target": "/proc"},
                                     {"type": "dev", "target": "/dev"},
                                     {"type": "file", "target": "/etc/x", "content": "text"},
                                     {"type": "bind", "source": "/usr", "target": "/usr", "readonly": True}]},
                   "hostname": "box", "net": {"loopback": True}, "oom_score_adj": 5})
    run = mapped("--policy", tree, *busybox("stat", "-c", "%u %n", "/tmp", "/etc/x", "/proc/self"), uid=0)
    assert (run.returncode, run.stderr) == (0, ""), run
    assert run.stdout.split("\n")[:2] == ["0 /tmp", "0 /etc/x"], run
    run = mapped("--policy", tree, *busybox("touch", "/tmp/made"), uid=0)
    assert run.returncode == 0, run


@case
def capabilities_that_are_kept_reach_as_far_as_the_map():
    keep = {"capabilities": ["cap_setuid"], "syscalls": "stdio rpath exec proc id error", "fs": {"exec": [BUSYBOX]}}
    for uid, user in ((USER, {"uid": 0, "gid": 0, "map": "subid"}),
                      (0, {"uid": 1, "map": [{"inside": 0, "outside": 90000, "count": 10}]})):
        run = mapped("--policy", policy({**keep, "user": user}), *busybox("id", "-u"), uid=uid)
        assert (run.returncode, run.stdout) == (0, "%d\n" % user["uid"]), run


@case
def root_that_becomes_somebody_else_without_a_namespace_loses_its_capabilities():
    alone = policy({"namespaces": ["pid", "net", "ipc", "mount"], "user": {"uid": USER, "gid": USER},
                    "fs": {"read": ["/proc"]}})
    run = mapped("--policy", alone, *busybox("grep", "^[UC][ia][dp]", "/proc/self/status"), uid=0)
    assert run.returncode == 0, run
    lines = dict(line.split(":\t") for line in run.stdout.splitlines())
    assert lines.pop("Uid").split() == [str(USER)] * 4, run
    assert lines and set(lines.values()) == {"0" * 16}, run


# --- what cannot be had -------------------------------------------------------------------------------


@case
def without_ranges_it_is_refused():
    why = "user.map: cannot be enforced here (%s)" + REMEDY
    show = busybox("true")
    refused(mapped("--user-map=subid", *show, ranges="other:1:1\n"),
            why % "/etc/subuid: no ids for user made-up")
    refused(mapped("--user-map=subid", *show, ranges="other:1:1\n", uid=0),
            why % "/etc/subuid: no ids for user root")
    refused(mapped("--user-map=subid", *show, ranges="made-up:700000\nmade-up:7:x\n"),
            why % "/etc/subuid: line 2: not a range of ids")
    refused(mapped("--user-map=0:0:1", *show), why % "an ordinary user may not map 0")
    refused(mapped("--user-map=0:700990:20", *show), why % "an ordinary user may not map 700990-701009")
    refused(mapped("--user-map=0:%d:2" % USER, *show),
            why % ("an ordinary user may not map %d-%d" % (USER, USER + 1)))


@case
def without_newuidmap_it_is_refused():
    why = "user.map: cannot be enforced here (%s)" + REMEDY
    refused(mapped("--user-map=subid", *busybox("true"), over=[(HELPERS[1], "/dev/null")]),
            why % (HELPERS[1] + ": Permission denied"))
    refused(mapped("--user-map=subid", *busybox("true"), no_new_privs=True),
            why % (HELPERS[0] + ": no_new_privs keeps it from its rights"))
    # Who maps himself, and root, need none.
    run = mapped("--user-map=7:%d:1" % USER, *SHOW_UIDS, over=[(HELPERS[0], "/dev/null")])
    assert maps_of(run) == [(7, USER, 1)]
    run = mapped("--user-map=subid", *SHOW_UIDS, over=[(HELPERS[0], "/dev/null")], uid=0)
    assert maps_of(run) == [(0, 0, 1), (1, 700000, 1000)]


@case
def what_newuidmap_says_is_told_and_nothing_runs():
    # What nobody can map twice.
    run = mapped("--user-map=subid", "--uid=0", *busybox("echo", "ran"), ranges="made-up:%d:10\n" % USER)
    refused(run, "user.map: /usr/bin/newuidmap: newuidmap: write to uid_map failed: Invalid argument")


@case
def best_effort_leaves_the_caller_alone_in_it():
    run = mapped("--user-map=subid", "--best-effort", "--report=json", *SHOW_UIDS, ranges="")
    assert maps_of(run) == [(USER, USER, 1)]
    [clause] = [c for c in json.loads(run.stderr) if c["clause"] == "user.map"]
    assert clause["level"] == "off" and clause["why"] == "/etc/subuid: no ids for user made-up", clause


@case
def a_newuidmap_that_understands_descriptors_gets_no_number():
    if not has_set_uid_programs():
        skip("no set-uid programs in /tmp")
    over, asked = newer_helpers()
    assert maps_of(mapped("--user-map=0:%d:1,1:700000:5" % USER, *SHOW_UIDS, over=over)) == [(0, USER, 1), (1, 700000, 5)]
    with open(asked, encoding="utf-8") as lines:
        for line in lines:
            assert line in ("newuidmap fd:3 0 4242 1 1 700000 5\n", "newgidmap fd:3 0 4242 1 1 700000 5\n"), line


@case
def the_plan_says_what_is_mapped():
    run = mapped("--user-map=subid", "--uid=0", "--gid=0", "--explain", *busybox("true"))
    assert "wait for the maps of uids and gids 0 %d 1, 1 700000 1000, 1001 800000 10 " % USER in run.stdout, run.stdout
    assert "\nuser.map: enforced, by newuidmap and newgidmap\n" in run.stdout, run.stdout


@case
def wrong_maps_are_complaints():
    for text, part in (("x", "self, subid or INSIDE:OUTSIDE:COUNT,... expected"), ("1:2", "INSIDE:OUTSIDE:COUNT"),
                       ("1:2:x", "not a number"), ("0:1:0", "user.map[0]: not a range of ids"),
                       ("0:1:2,1:9:1", "user.map[1]: shares ids with another range")):
        run = confine("--user-map=" + text, "--", "true")
        assert run.returncode == 125 and run.stderr.startswith("confine: ") and part in run.stderr, run


# --- mounts by descriptors ----------------------------------------------------------------------------


def from_descriptor(fd, kind, target, **more):
    return {"type": kind, "source": {"fd": fd}, "target": target, **more}


@case
def mounts_come_from_descriptors():
    directory = scratch()
    with open(directory + "/file", "w", encoding="utf-8") as out:
        out.write("of the directory\n")
    held, text = os.open(directory, os.O_PATH | os.O_DIRECTORY), os.open(directory + "/file", os.O_RDONLY)
    mounts = policy({"fs": {"mounts": [from_descriptor(held, "bind", "/data", readonly=True),
                                       from_descriptor(text, "file", "/copy", mode=0o400),
                                       from_descriptor(held, "bind", "/again", readonly=True)]}})
    run = confine("--policy", mounts, *busybox("cat", "/data/file", "/copy", "/again/file"), pass_fds=[held, text])
    assert (run.returncode, run.stdout) == (0, "of the directory\n" * 3), run
    run = confine("--policy", mounts, "--explain", *busybox("true"), pass_fds=[held, text])
    assert "bind descriptor %d at /data" % held in run.stdout, run.stdout
    assert "file /copy from descriptor %d, mode 0400" % text in run.stdout, run.stdout
    os.close(held)
    os.close(text)


@case
def standard_input_is_a_source_as_well():
    mounts = policy({"fs": {"mounts": [from_descriptor(0, "file", "/copy")]}})
    with open(policy("text"), encoding="utf-8") as text:
        run = confine("--policy", mounts, *busybox("cat", "/copy", "-"), stdin=text)
    assert (run.returncode, run.stdout) == (0, '"text"' * 2), run


@case
def a_descriptor_that_is_not_open_is_none_of_ours():
    for number in 3, 5, 9, 77:
        run = confine("--policy", policy({"fs": {"mounts": [from_descriptor(number, "bind", "/data")]}}),
                      *busybox("true"))
        refused(run, "fs.mounts[0].source: %d is not an open descriptor" % number)


# 91 row 6
@case
def a_source_is_not_left_open_in_the_box():
    directory = os.open(scratch(), os.O_RDONLY | os.O_DIRECTORY)
    fds = [30, 31, 200]
    for fd in fds:
        os.dup2(directory, fd)
    mounts = [from_descriptor(fd, "bind", "/data/%d" % fd) for fd in fds]
    for more in {}, {"close_fds": False}:
        given = policy({"fs": {"mounts": [*mounts, {"type": "proc", "target": "/proc"}]},
                        "syscalls": "stdio rpath error", **more})
        run = confine("--policy", given, *busybox("sh", "-c", "echo /proc/self/fd/*"), pass_fds=fds)
        assert run.returncode == 0, run
        # 3 is the directory that is being read.
        assert {os.path.basename(path) for path in run.stdout.split()} <= set("0123"), (more, run)
    for fd in directory, *fds:
        os.close(fd)


@case
def a_source_and_the_programs_own_number_do_not_meet():
    text = os.open(policy("text"), os.O_RDONLY)
    for limit in range(10, 16):
        given = policy({"fs": {"mounts": [from_descriptor(text, "file", "/copy")]}, "limits": {"open_files": limit}})
        run = confine("--policy", given, *busybox("cat", "/copy"), pass_fds=[text])
        assert (run.returncode, run.stdout) == (0, '"text"'), run
    os.close(text)


main()
