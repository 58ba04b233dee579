"""For tests on kernels that lack something: a process in which a system call fails.

    run = emilua(path, preexec_fn=lambda: without("pidfd_open", errno.ENOSYS))
"""

import ctypes
import platform
import struct

# By machine; calls since 2019 have one number everywhere.
_NUMBERS = {
    "x86_64": {
        "clone": 56, "epoll_create1": 291, "eventfd2": 290, "execveat": 322, "memfd_create": 319, "pipe2": 293,
        "prctl": 157, "preadv2": 327, "pwritev2": 328, "signalfd4": 289, "socketpair": 53, "timerfd_create": 283,
        "waitid": 247,
    },
    "aarch64": {
        "clone": 220, "epoll_create1": 20, "eventfd2": 19, "execveat": 281, "memfd_create": 279, "pipe2": 59,
        "prctl": 167, "preadv2": 286, "pwritev2": 287, "signalfd4": 74, "socketpair": 199, "timerfd_create": 85,
        "waitid": 95,
    },
}
_EVERYWHERE = {
    "pidfd_send_signal": 424, "pidfd_open": 434, "clone3": 435, "close_range": 436, "epoll_pwait2": 441,
    "mount_setattr": 442, "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_PR_SET_NO_NEW_PRIVS = 38
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # ld [k]; jeq #k; jset #k; ret #k


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def _instruction(code, operand, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, operand)


def number(call):
    return _EVERYWHERE.get(call) or _NUMBERS[platform.machine()][call]


def without(call, error, first_argument=None, flags=None):
    """From now on the call fails in this process and its descendants: always, or only with this first
    argument, or only with any of these flags in it."""
    machine = platform.machine()
    test = b""
    if first_argument is not None:
        test = _instruction(_LOAD, 16) + _instruction(_EQUAL, first_argument, 0, 1)
    elif flags is not None:
        test = _instruction(_LOAD, 16) + _instruction(_ANY_BIT, flags, 0, 1)
    refuse = test + _instruction(_RETURN, _ERRNO | error)
    count = len(refuse) // 8
    text = (_instruction(_LOAD, 4) + _instruction(_EQUAL, _AUDIT_ARCH[machine], 0, count + 2) + _instruction(_LOAD, 0)
            + _instruction(_EQUAL, number(call), 0, count) + refuse + _instruction(_RETURN, _ALLOW))
    program = _Program(len(text) // 8, text)
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0), (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program))):
        if libc.prctl(*arguments, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
