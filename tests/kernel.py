"""For tests on kernels that lack something: a process in which a system call fails.

    run = emilua(path, preexec_fn=lambda: without("pidfd_open", errno.ENOSYS))

    with older_landlock(3) as in_child:
        run = emilua(path, preexec_fn=in_child)
"""

import contextlib
import ctypes
import fcntl
import platform
import select
import socket
import struct
import threading

# By machine; calls since 2019 have one number everywhere.
_NUMBERS = {
    "x86_64": {
        "accept4": 288, "capset": 126, "chroot": 161, "clone": 56, "dup3": 292, "epoll_create1": 291,
        "eventfd2": 290, "execveat": 322, "getsockopt": 55, "listen": 50, "memfd_create": 319, "mmap": 9,
        "mount": 165, "pipe2": 293, "pivot_root": 155, "poll": 7, "prctl": 157, "preadv2": 327,
        "prlimit64": 302, "pwritev2": 328, "rt_sigaction": 13, "seccomp": 317, "setgroups": 116,
        "sethostname": 170, "setns": 308, "setresgid": 119, "setresuid": 117, "setrlimit": 160, "setsid": 112,
        "setsockopt": 54, "signalfd4": 289, "socket": 41, "socketpair": 53, "timerfd_create": 283,
        "umount2": 166, "unshare": 272, "waitid": 247,
    },
    "aarch64": {
        "accept4": 242, "capset": 91, "chroot": 51, "clone": 220, "dup3": 24, "epoll_create1": 20,
        "eventfd2": 19, "execveat": 281, "getsockopt": 209, "listen": 201, "memfd_create": 279, "mmap": 222,
        "mount": 40, "pipe2": 59, "pivot_root": 41, "poll": 73, "prctl": 167, "preadv2": 286, "prlimit64": 261,
        "pwritev2": 287, "rt_sigaction": 134, "seccomp": 277, "setgroups": 159, "sethostname": 161,
        "setns": 268, "setresgid": 149, "setresuid": 147, "setrlimit": 164, "setsid": 157, "setsockopt": 208,
        "signalfd4": 74, "socket": 198, "socketpair": 199, "timerfd_create": 85, "umount2": 39,
        "unshare": 97, "waitid": 95,
    },
}
_EVERYWHERE = {
    "pidfd_send_signal": 424, "pidfd_open": 434, "clone3": 435, "close_range": 436, "epoll_pwait2": 441,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "openat2": 437,
    "mount_setattr": 442, "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_NEW_LISTENER = 1, 8
_NOTIF_RECV, _NOTIF_SEND = 0xC0502100, 0xC0182101
_NOTIF_SIZE = 80
_ALLOW, _ERRNO, _NOTIFY = 0x7FFF0000, 0x00050000, 0x7FC00000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # ld [k]; jeq #k; jset #k; ret #k


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def _instruction(code, operand, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, operand)


def number(call):
    return _EVERYWHERE.get(call) or _NUMBERS[platform.machine()][call]


def without(call, error, first_argument=None, flags=None, argument=None):
    """From now on the call fails in this process and its descendants: always, or only with this first
    argument, or only with any of these flags in it, or only if this argument, (its index, value), is so."""
    test = b""
    if first_argument is not None:
        argument = (0, first_argument)
    if argument is not None:
        test = _instruction(_LOAD, 16 + 8 * argument[0]) + _instruction(_EQUAL, argument[1], 0, 1)
    elif flags is not None:
        test = _instruction(_LOAD, 16) + _instruction(_ANY_BIT, flags, 0, 1)
    program = _program(call, test + _instruction(_RETURN, _ERRNO | error))
    libc = _no_new_privs()
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _program(call, answer):
    """A filter that permits every other call."""
    count = len(answer) // 8
    text = (_instruction(_LOAD, 4) + _instruction(_EQUAL, _AUDIT_ARCH[platform.machine()], 0, count + 2)
            + _instruction(_LOAD, 0) + _instruction(_EQUAL, number(call), 0, count) + answer
            + _instruction(_RETURN, _ALLOW))
    return _Program(len(text) // 8, text)


def _no_new_privs():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    return libc


@contextlib.contextmanager
def older_landlock(abi):
    """A function for the child: from then on its kernel says that it has this ABI of Landlock."""
    ours, theirs = socket.socketpair()
    version_is_asked = _instruction(_LOAD, 32) + _instruction(_EQUAL, 1, 0, 1) + _instruction(_RETURN, _NOTIFY)
    program = _program("landlock_create_ruleset", version_is_asked)

    def in_child():
        libc = _no_new_privs()
        listener = libc.syscall(number("seccomp"), _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_NEW_LISTENER,
                                ctypes.byref(program))
        if listener < 0:
            raise OSError(ctypes.get_errno(), "seccomp")
        socket.send_fds(theirs, [b"x"], [listener])

    answering = threading.Thread(target=_answer, args=(ours, abi))
    answering.start()
    try:
        yield in_child
    finally:
        theirs.close()
        answering.join()
        ours.close()


def _answer(source, value):
    """Answers all who ask, until there is nobody who could."""
    _, listeners, _, _ = socket.recv_fds(source, 1, 1)
    if not listeners:
        return
    with open(listeners[0], "rb", buffering=0) as listener:
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while not poll.poll()[0][1] & select.POLLHUP:
            asked = fcntl.ioctl(listener, _NOTIF_RECV, bytes(_NOTIF_SIZE))
            with contextlib.suppress(FileNotFoundError):  # it has been killed meanwhile
                fcntl.ioctl(listener, _NOTIF_SEND, asked[:8] + struct.pack("qiI", value, 0, 0))
