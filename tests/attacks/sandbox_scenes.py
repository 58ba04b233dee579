"""What attacks are made on, and how one attempt is made: tests/attacks/sandbox_attack.h says what the
attacking program prints.

A scene is made anew for each attempt. Its `values` fill in the attack's arguments and confine's options
("{dir}/secret"); afterwards it says whether the attack has happened, by looking from outside.
"""

import array
import contextlib
import fcntl
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios

from cases import engine, scratch
from processes import PATIENCE, kill, wait_until

TIOCGSID = 0x5429  # which Python does not name
SECRET = "the secret of the test"
ATTACK = os.path.realpath(sys.argv[2])
ROOT = os.geteuid() == 0
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


class Scene:
    """A directory: in it `secret`, and `granted`, a directory with `file`."""

    stdin = subprocess.DEVNULL
    wrapper = ()  # a command that runs the rest of its arguments
    environment = None
    descriptors = ()
    public = False

    def __init__(self):
        self.directory = scratch(public=self.public)
        os.chmod(self.directory, 0o755)
        os.mkdir(self.path("granted"))
        write(self.path("secret"), SECRET)
        write(self.path("granted/file"), "file")
        self.program = ATTACK
        self.working_directory = self.path("granted")
        self.values = {"dir": self.directory, "attack": ATTACK, "bin": os.path.dirname(ATTACK)}
        self.closing = contextlib.ExitStack()

    def path(self, name):
        return os.path.join(self.directory, name)

    def in_child(self):
        """Called between fork and exec."""

    def happened(self, line):
        """While the attacker lives."""
        return line.startswith("done")

    def remains(self, expected):
        """When it has been killed."""
        return expected

    def close(self):
        self.closing.close()


class Outcome:
    def __init__(self, line, status, stderr, happened):
        self.line, self.status, self.stderr, self.happened = line, status, stderr, happened

    def __str__(self):
        """"done TEXT", "refused CALL ERRNO", "SIGNAL", or "STATUS MESSAGE"."""
        if self.line:
            return self.line
        if self.status < 0:
            return signal.Signals(-self.status).name
        if self.status > 128:
            return signal.Signals(self.status - 128).name
        return "%d %s" % (self.status, self.stderr.strip())


def attempt(scene, arguments, options=None):
    """One run of the attacker: unconfined, or by confine with these options, of which a dict is a policy."""
    command = [scene.program, *(each.format(**scene.values) for each in arguments)]
    if options is not None:
        command = [engine(), *_options(scene, options), "--", *command]
    program = subprocess.Popen([*scene.wrapper, *command], stdin=scene.stdin, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=scene.environment, cwd=scene.working_directory,
                               pass_fds=scene.descriptors, preexec_fn=scene.in_child)
    try:
        line = _line(program.stdout)
        report = _line(program.stderr) if options and "--report=json" in options else ""
        happened = scene.happened(line)
        if line.startswith("done"):
            program.kill()
        _, stderr = program.communicate(timeout=PATIENCE)
    finally:
        program.kill()
        program.wait()
    happened = scene.remains(happened)
    return Outcome(line, program.returncode, report + stderr.decode(errors="replace"), happened)


def _options(scene, options):
    filled = []
    for each in options:
        if isinstance(each, dict):
            text = json.dumps(each)
            for name, value in scene.values.items():
                text = text.replace("{%s}" % name, value)
            filled += ["--policy", write(scene.path("policy"), text)]
        else:
            filled.append(each.format(**scene.values))
    return filled


def _line(stream):
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([stream], [], [], PATIENCE)
        assert ready, "no line came, but %r" % text
        byte = os.read(stream.fileno(), 1)
        if not byte:
            break
        text += byte
    return text.decode(errors="replace").rstrip("\n")


# --- files ------------------------------------------------------------------------------------------


class Reading(Scene):
    """It has happened if the attacker has the secret."""

    def happened(self, line):
        return SECRET in line


class ReceivedDirectory(Reading):
    """Standard input is a socket from which a directory can be received."""

    def __init__(self):
        super().__init__()
        ours, self.stdin = socket.socketpair()
        directory = os.open(self.path("granted"), os.O_RDONLY | os.O_DIRECTORY)
        ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [directory]))])
        os.close(directory)
        self.closing.callback(ours.close)
        self.closing.callback(self.stdin.close)


class DirectoryAsInput(Reading):
    def __init__(self):
        super().__init__()
        self.stdin = os.open(self.path("granted"), os.O_RDONLY | os.O_DIRECTORY)
        self.closing.callback(os.close, self.stdin)


class DescriptorOfDirectory(Reading):
    """A descriptor of the directory is left open for whoever starts the box."""

    def __init__(self):
        super().__init__()
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        self.descriptors = (descriptor,)
        self.values["fd"] = str(descriptor)
        self.closing.callback(os.close, descriptor)


class Changing(Scene):
    """It has happened if anything in the directory has changed, but for what is granted."""

    def __init__(self):
        super().__init__()
        self.before = self.state()

    def state(self):
        found = {}
        for name in os.listdir(self.directory):
            path = self.path(name)
            status = os.lstat(path)
            content = open(path, "rb").read() if os.path.isfile(path) else b""
            found[name] = (status.st_mode, status.st_nlink, content)
        found.pop("policy", None)
        found.pop("granted")
        return found

    def happened(self, line):
        return self.state() != self.before


class InputToChange(Changing):
    """Standard input is the secret, opened for reading."""

    def __init__(self):
        super().__init__()
        self.stdin = os.open(self.path("secret"), os.O_RDONLY)
        self.closing.callback(os.close, self.stdin)


class Planting(Scene):
    """It has happened if `granted` holds anything that it should not."""

    def happened(self, line):
        return os.listdir(self.path("granted")) != ["file"]


class OwnFile(Changing):
    """The attacker is a file in the directory."""

    def __init__(self):
        super().__init__()
        self.program = shutil.copy(ATTACK, self.path("victim"))
        os.chmod(self.program, 0o755)
        self.before = self.state()


class SetUidFile(Reading):
    """A program that its owner, root, lets others run as root."""

    wrapper = AS_NOBODY
    public = True

    def __init__(self):
        super().__init__()
        os.chmod(shutil.copy(ATTACK, self.path("granted/tool")), 0o4755)
        shutil.copy(ATTACK, self.path("granted/attack"))
        self.program = self.path("granted/attack")

    def happened(self, line):
        return line.startswith("done")


class Device(Scene):
    def __init__(self):
        super().__init__()
        os.mknod(self.path("granted/zero"), 0o666 | 0o020000, os.makedev(1, 5))


class Kernel(Scene):
    """A setting of the kernel that does nobody harm."""

    SETTING = "/proc/sys/fs/lease-break-time"

    def __init__(self):
        super().__init__()
        with open(self.SETTING, encoding="ascii") as setting:
            self.before = setting.read()
        self.values.update(setting=self.SETTING, other=str(int(self.before) + 1))

    def happened(self, line):
        with open(self.SETTING, encoding="ascii") as setting:
            changed = setting.read() != self.before
        if changed:
            write(self.SETTING, self.before)
        return changed


class MountPoint(Scene):
    def happened(self, line):
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            mounted = self.directory in mounts.read()
        if mounted:
            subprocess.run(["umount", "--lazy", self.path("granted")], check=True)
        return mounted


class Submount(Scene):
    """`granted/sub` is a file system of its own, in a mount namespace of its own."""

    def __init__(self):
        super().__init__()
        os.mkdir(self.path("granted/sub"))
        os.mkdir(self.path("naive"))
        script = 'mount -t tmpfs sub "$0/granted/sub" && : >"$0/granted/sub/file" && exec "$@"'
        self.wrapper = [*unshare(), "sh", "-c", script, self.directory]


class ReadOnlyMount(Scene):
    def __init__(self):
        super().__init__()
        script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
        self.wrapper = [*unshare(), "sh", "-c", script, self.path("granted")]


def unshare():
    return ["unshare", "--mount", *([] if ROOT else ["--user", "--map-root-user"])]


class Flags(Scene):
    """It has happened if there is a mount on which set-uid programs or devices work."""

    def happened(self, line):
        return line.startswith("done") and not {"nosuid", "nodev"} <= set(line.split())


# --- what the attacker has from whoever started it --------------------------------------------------


class Terminal(Scene):
    """Standard input is the terminal of the session; it has happened if something has been typed."""

    controlling = True

    def __init__(self):
        super().__init__()
        self.master, self.stdin = os.openpty()
        self.closing.callback(os.close, self.master)
        self.closing.callback(os.close, self.stdin)

    def in_child(self):
        if self.controlling:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def happened(self, line):
        # It is echoed.
        return bool(select.select([self.master], [], [], 0)[0]) and b"x" in os.read(self.master, 100)


class FreeTerminal(Terminal):
    """It belongs to no session; it has happened if it does now."""

    controlling = False

    def happened(self, line):
        try:
            fcntl.ioctl(self.master, TIOCGSID, b"0000")
        except OSError:
            return False
        return True


class Descriptors(Scene):
    """Of all kinds, open in whoever starts the box."""

    def __init__(self):
        super().__init__()
        epoll, listener = select.epoll(), socket.create_server(("127.0.0.1", 0))
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
        opened = [os.open("/", os.O_PATH | os.O_DIRECTORY), epoll.fileno(), listener.fileno(), netlink.fileno(),
                  os.memfd_create("memory")]
        self.closing.callback(os.close, opened[0])
        self.closing.callback(os.close, opened[-1])
        for each in (epoll, listener, netlink):
            self.closing.callback(each.close)
        high = [fcntl.fcntl(each, fcntl.F_DUPFD, 1000) for each in opened]
        for each in high:
            self.closing.callback(os.close, each)
        self.descriptors = tuple(opened + high)


class Environment(Scene):
    NAMES = ["LD_PRELOAD", "LD_LIBRARY_PATH", "GCONV_PATH", "LUA_INIT", "LUA_PATH", "TMPDIR", "LANG"]

    def __init__(self):
        super().__init__()
        self.environment = {name: "/hostile" for name in self.NAMES}

    def happened(self, line):
        return any(name in line for name in self.NAMES)


class FirstProcess(Scene):
    """The attacker is process 1 of a pid namespace."""

    def __init__(self):
        super().__init__()
        self.wrapper = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


class BadState(Scene):
    """Signals blocked and ignored, and little of anything."""

    def in_child(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
        resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 1 << 20))

    def happened(self, line):
        return "blocked" in line or "ignored" in line


# --- other processes --------------------------------------------------------------------------------


class Victim(Scene):
    """A process of the same user, with the secret in its memory, its environment and a file."""

    TEXT = """
import ctypes, os, sys, time
text = ctypes.create_string_buffer(sys.argv[1].encode())
fd = os.open(sys.argv[2], os.O_RDONLY)
print(os.getpid(), ctypes.addressof(text), fd, flush=True)
sys.stdin.read(1)
print(text.value.decode(), os.getpriority(os.PRIO_PROCESS, 0), flush=True)
"""

    def __init__(self):
        super().__init__()
        # Not this process's child alone, but one that is told apart by nothing.
        self.victim = subprocess.Popen(["/usr/bin/python3", "-c", self.TEXT, SECRET, self.path("secret")],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                       env={"SECRET": SECRET}, cwd=self.directory)
        self.closing.callback(self.victim.wait)
        self.closing.callback(self.victim.kill)
        self.closing.callback(self.victim.stdin.close)
        self.closing.callback(self.victim.stdout.close)
        pid, address, descriptor = self.victim.stdout.readline().split()
        self.unharmed = "%s %d\n" % (SECRET, os.getpriority(os.PRIO_PROCESS, int(pid)))
        self.values.update(pid=pid, address=address, size=str(len(SECRET)), descriptor=descriptor)

    def happened(self, line):
        """It has been read, killed, traced, slowed down or changed."""
        if SECRET in line or self.victim.poll() is not None:
            return True
        if line.startswith("done"):
            with open("/proc/%s/status" % self.values["pid"], encoding="utf-8") as status:
                if "TracerPid:\t0\n" not in status.read():
                    return True
        try:
            self.victim.stdin.write("\n")
            self.victim.stdin.flush()
        except BrokenPipeError:
            return True
        return self.victim.stdout.readline() != self.unharmed


class JoinedVictim(Victim):
    """It has happened if the attacker says so."""

    def happened(self, line):
        return line.startswith("done")


class LimitedVictim(Victim):
    def happened(self, line):
        return resource.prlimit(self.victim.pid, resource.RLIMIT_CORE) == (0, 0)

    def __init__(self):
        super().__init__()
        resource.prlimit(self.victim.pid, resource.RLIMIT_CORE, (4096, 4096))


class Orphan(Scene):
    """It has happened if a process is left when the attacker has been killed."""

    def __init__(self):
        super().__init__()
        self.values["token"] = self.directory

    def left(self):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open("/proc/%s/cmdline" % name, "rb") as line:
                words = line.read().split(b"\0")
                if b"outlive" in words and self.directory.encode() in words and b"--" not in words:
                    yield int(name)

    def happened(self, line):
        return line.startswith("done")

    def remains(self, expected):
        # The kernel takes its time to kill a whole namespace.
        if self.confined:
            wait_until(lambda: not list(self.left()))
        left = list(self.left())
        for pid in left:
            kill(pid)
        return bool(left)

    confined = False


class BoxedOrphan(Orphan):
    confined = True


# --- sockets ----------------------------------------------------------------------------------------


class Listener(Scene):
    """A service of the host; it has happened if somebody has called."""

    family, kind, name = socket.AF_UNIX, socket.SOCK_STREAM, "service"
    public = True  # in /tmp: addresses are short

    def __init__(self):
        super().__init__()
        self.socket = socket.socket(self.family, self.kind)
        self.closing.callback(self.socket.close)
        self.socket.bind(self.address())
        if self.kind == socket.SOCK_STREAM:
            self.socket.listen(8)
        if self.family == socket.AF_INET:
            self.values["port"] = str(self.socket.getsockname()[1])

    def address(self):
        if self.family == socket.AF_INET:
            return ("127.0.0.1", 0)
        if self.name.startswith("@"):
            name = "%s%s" % (self.name, os.path.basename(self.directory))
            self.values["service"] = name
            return "\0" + name[1:]
        self.values["service"] = self.path(self.name)
        return self.path(self.name)

    def happened(self, line):
        return bool(select.select([self.socket], [], [], 0)[0])


class DatagramListener(Listener):
    kind = socket.SOCK_DGRAM


class AbstractListener(Listener):
    name = "@"


class AbstractDatagramListener(Listener):
    kind, name = socket.SOCK_DGRAM, "@"


class TcpListener(Listener):
    family = socket.AF_INET


class UdpListener(Listener):
    family, kind = socket.AF_INET, socket.SOCK_DGRAM


class HandedSocket(DatagramListener):
    """Standard input is a datagram socket without an address."""

    def __init__(self):
        super().__init__()
        self.stdin = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.closing.callback(self.stdin.close)


class HandedSocketAbstract(HandedSocket):
    name = "@"


class Ports(Scene):
    """It has happened if somebody listens at the port that the attacker names."""

    def __init__(self):
        super().__init__()
        with socket.create_server(("127.0.0.1", 0)) as unused:
            self.values["port"] = str(unused.getsockname()[1])

    @staticmethod
    def listening():
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table]
        return {str(int(row[1].split(":")[1], 16)) for row in rows if row[3] == "0A"}

    def happened(self, line):
        return line.startswith("done") and line.split()[1] in self.listening()


class Input(Scene):
    """Standard input is the attacker's own file."""

    def __init__(self):
        super().__init__()
        self.stdin = open(ATTACK, "rb")
        self.closing.callback(self.stdin.close)
