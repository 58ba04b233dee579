"""Features of the kernel that boxes are made of, each with a function for a child that is to lack it."""

import errno

from kernel import without

NEW = {"mount": 0x00020000, "cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000, "user": 0x10000000,
       "pid": 0x20000000, "net": 0x40000000}
CLONE_VM = 0x100
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS = 1, 4, 28, 38
WHERE_NO_CLONE3 = ("clone3", errno.ENOSYS, {})


def lacking(*refusals):
    """A function for the child, after which these calls fail: of each its name, errno and the condition."""
    def in_child():
        for call, error, condition in refusals:
            without(call, error, **condition)
    return in_child


def no_namespace(*kinds):
    flags = 0
    for kind in kinds:
        flags |= NEW[kind]
    return lacking(("clone", errno.EPERM, {"flags": flags}), ("unshare", errno.EPERM, {"flags": flags}), WHERE_NO_CLONE3)


# What boxes are made by; of those that need a privilege both answers are met.
CALLS = [
    "capset", "clone3", "fsconfig", "fsmount", "fsopen", "landlock_add_rule", "landlock_create_ruleset",
    "landlock_restrict_self", "mount", "mount_setattr", "move_mount", "open_tree", "openat2", "pidfd_send_signal",
    "pivot_root", "prctl", "prlimit64", "seccomp", "sethostname", "setrlimit", "setsid", "socketpair", "umount2",
]
REFUSED = ["capset", "clone3", "landlock_create_ruleset", "mount", "pivot_root", "seccomp", "setsid"]
FEATURES = {
    **{"%s answers ENOSYS" % call: lacking((call, errno.ENOSYS, {})) for call in CALLS},
    **{"%s answers EPERM" % call: lacking((call, errno.EPERM, {})) for call in REFUSED},
    "Landlock is switched off": lacking(("landlock_create_ruleset", errno.EOPNOTSUPP, {})),
    **{"no %s namespace" % kind: no_namespace(kind) for kind in NEW},
    "no namespace": no_namespace(*NEW),
    # Actors then make their network namespaces themselves; programs do not start.
    "clone shares no memory": lacking(("clone", errno.EPERM, {"flags": CLONE_VM})),
    "neither Landlock nor a mount namespace":
        lacking(("landlock_create_ruleset", errno.ENOSYS, {}), ("clone", errno.EPERM, {"flags": NEW["mount"]}),
                WHERE_NO_CLONE3),
    "neither filters nor a pid namespace":
        lacking(("seccomp", errno.ENOSYS, {}), ("clone", errno.EPERM, {"flags": NEW["pid"]}), WHERE_NO_CLONE3),
    **{"prctl %d fails" % option: lacking(("prctl", errno.EPERM, {"first_argument": option}))
       for option in (PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS)},
}
