"""Each feature of the kernel that boxes are made of, taken away: see row 58 of spec 91.

Whatever is missing, a strict box does what it promises or nothing has run, and it says which clause of the
policy could not be kept; with best effort it may do less, and then its report says where. No attack
succeeds in silence.
"""

import contextlib
import errno
import json
import subprocess

from cases import case, engine, main
from kernel import older_landlock
from sandbox_features import FEATURES, NEW, WHERE_NO_CLONE3, lacking, no_namespace
import sandbox_scenes as scenes
from sandbox_scenes import attempt

# Options, the scene, and an attack that those options are to keep out.
BOXES = [
    ([], scenes.Reading, ["read", "{dir}/secret"]),
    (["--read", "{dir}/granted"], scenes.Reading, ["read", "{dir}/secret"]),
    (["--read", "{dir}", "--write", "{dir}/granted"], scenes.Changing, ["make_set_uid", "{dir}/secret"]),
    (["--bind", "{dir}/granted:/data:ro"], scenes.DirectoryAsInput, ["read_from_input", "{dir}/secret"]),
    (["--net=connect:1"], scenes.TcpListener, ["connect_tcp", "{port}"]),
    (["--net=loopback"], scenes.TcpListener, ["connect_tcp", "{port}"]),
    (["--net=unix"], scenes.AbstractListener, ["connect_unix", "{service}"]),
    (["--promises", "stdio proc error"], scenes.Victim, ["kill", "{pid}"]),
    (["--hostname", "box", "--limit", "open_files=20"], scenes.Scene, ["open_descriptors", "100"]),
]


# Where only a mount namespace keeps files apart, a directory that is handed in leads to others: the report
# says so. With Landlock it does not.
HANDED_IN = scenes.DirectoryAsInput


def made(scene_class, in_child, arguments, options):
    scene = scene_class()
    if in_child:
        scene.in_child = in_child
    try:
        return attempt(scene, arguments, options)
    finally:
        scene.close()


def refusal(outcome):
    """confine's complaint, if it has run nothing."""
    # 126: the last step is to execute the program.
    text = str(outcome)
    return text[len("125 confine: "):] if text.startswith(("125 confine: ", "126 confine: ")) else None


def compromises(outcome):
    """The clauses that the report says are not enforced."""
    for line in outcome.stderr.splitlines():
        with contextlib.suppress(ValueError):
            return {clause["clause"] for clause in json.loads(line) if clause["level"] != "enforced" or "why" in clause}
    return None


def check(name, in_child, box):
    """confine's complaint, or None if the box has kept its promise."""
    options, scene, arguments = box
    if scene == HANDED_IN and "andlock" in name:
        return None
    strict = made(scene, in_child, arguments, options)
    complaint = refusal(strict)
    if complaint is not None:
        assert ": " in complaint and not strict.line, (name, options, complaint)
    else:
        assert strict.line.startswith("refused"), (name, options, str(strict))
    assert not strict.happened, (name, options, str(strict))
    if complaint is None:
        return None  # the plan is the same with best effort
    lax = made(scene, in_child, arguments, ["--best-effort", "--report=json", *options])
    if lax.happened or lax.line.startswith("done"):
        assert compromises(lax), (name, options, str(lax), lax.stderr)
    return complaint


# 91 row 58
@case
def with_every_feature_every_box_is_strict():
    for box in BOXES:
        assert check("nothing", None, box) is None, box


def add_case(name, in_child):
    def run():
        for box in BOXES:
            check(name, in_child, box)

    run.__name__ = "no attack succeeds in silence where " + name
    case(run)


for feature, function in FEATURES.items():
    add_case(feature, function)


@case
def an_older_landlock_rules_less_and_that_is_said():
    for abi in range(1, 8):
        for box in BOXES:
            with older_landlock(abi) as in_child:
                outcome = made(box[1], in_child, box[2], box[0])
            complaint = refusal(outcome)
            assert not outcome.happened and (complaint or outcome.line.startswith("refused")), (abi, box, str(outcome))
            if box[0] == ["--net=connect:1"] and abi < 4:
                assert complaint.startswith("net.ports: cannot be enforced here (Landlock of this kernel does not "
                                            "rule ports); what would help: Linux 6.7"), complaint
            elif box[0] == ["--read", "{dir}/granted"] and abi < 3:
                assert complaint.startswith("fs: can be enforced here only in part (truncation is not ruled"), complaint


# --- what is said -----------------------------------------------------------------------------------


def says(in_child, options, expected):
    outcome = made(scenes.Reading, in_child, ["read", "{dir}/secret"], options)
    complaint = refusal(outcome)
    assert complaint and complaint.startswith(expected), (complaint, str(outcome))
    assert not outcome.line and not outcome.happened


@case
def the_clause_and_what_would_help_are_named():
    no_mounts = ("clone", errno.EPERM, {"flags": NEW["mount"]})
    says(lacking(("landlock_create_ruleset", errno.ENOSYS, {}), no_mounts, WHERE_NO_CLONE3), ["--read", "{dir}/granted"],
         "fs: cannot be enforced here (no Landlock: Function not implemented); what would help: Linux 5.13 or later")
    says(lacking(("landlock_create_ruleset", errno.EOPNOTSUPP, {}), no_mounts, WHERE_NO_CLONE3),
         ["--read", "{dir}/granted"],
         "fs: cannot be enforced here (no Landlock: Operation not supported); what would help: add landlock to")
    says(lacking(("seccomp", errno.ENOSYS, {})), [],
         "syscalls: cannot be enforced here (no filters of system calls: Function not implemented); what would help: a")
    says(lacking(no_mounts, WHERE_NO_CLONE3), ["--tmpfs", "/tmp"],
         "fs.mounts: cannot be enforced here (no namespace: Operation not permitted); what would help: allow user")
    says(no_namespace("net"), ["--net=loopback"],
         "net.loopback: cannot be enforced here (no namespace: Operation not permitted); what would help: allow user")
    says(no_namespace("uts"), ["--hostname", "box"], "hostname: cannot be enforced here (no namespace: Operation not")
    says(no_namespace("pid"), ["--promises", "stdio proc"],
         "die_with_parent: can be enforced here only in part (what the box starts outlives it without a pid namespace)")
    says(lacking(("pivot_root", errno.ENOSYS, {})), ["--tmpfs", "/tmp"],
         "fs.root: pivot_root, detach the host's tree: Function not implemented")
    says(lacking(("landlock_restrict_self", errno.EPERM, {})), ["--read", "{dir}/granted"],
         "fs: Landlock: enforce: Operation not permitted")


@case
def a_user_who_may_make_no_user_namespace_is_told_of_the_sysctl():
    # The limit is set in a user namespace of its own, for whoever is in it; and there nobody is root.
    here = 'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
    wrapper = ["unshare", "--user", "--map-root-user", "sh", "-c", here, "sh"]

    def boxed(*options):
        command = [*wrapper, engine(), *options, "--", scenes.ATTACK, "say", "ran"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout) == (125, ""), run
        return run.stderr

    expected = "fs.mounts: cannot be enforced here (no namespace: Operation not permitted); what would help: allow user"
    assert boxed("--tmpfs", "/tmp").startswith("confine: " + expected)
    # Such a root has not even the right to have no groups, which his box would then keep.
    assert boxed("--read", "/usr") == (
        "confine: user.groups: no supplementary groups: Operation not permitted; what would help: "
        "start it as another user, or as root with CAP_SETGID, CAP_SETUID and CAP_SETPCAP\n")
    doctor = subprocess.run([*wrapper, engine(), "doctor"], capture_output=True, text=True,
                            check=False)
    assert "user.max_" in doctor.stdout, doctor


main()
