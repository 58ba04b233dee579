"""Containers made by initexec out of a root directory with busybox, for the tests of the tools.

    box = Container(initexec)                      # the path of the tool
    box.run("sh", "-c", "echo hello")              # to its end
    with box.start("sh") as program: …
"""

import os
import shutil
import subprocess

from cases import scratch, skip

BUSYBOX = "/bin/busybox"
APPLETS = ("cat", "chroot", "echo", "id", "kill", "ls", "mount", "ps", "sh", "sleep", "touch", "true")
NAMESPACES = "user,mount,pid,ipc,uts"

# By pivot_root onto itself: what was mounted before lies beneath, and is detached.
SCRIPT = """
C.mount(nil, '/', nil, bit.bor(C.MS_REC, C.MS_PRIVATE))
C.mount('%(root)s', '%(root)s', nil, bit.bor(C.MS_BIND, C.MS_REC))
C.mount('none', '%(root)s/proc', 'proc', 0)
C.chdir '%(root)s'
C.pivot_root('.', '.')
C.umount2('.', C.MNT_DETACH)
C.chdir '/'
C.sethostname 'container'
%(more)s
"""


def needs_busybox():
    if not os.path.exists(BUSYBOX):
        skip("no static busybox: ci/bootstrap installs it")


def make_root():
    """A directory that everybody can use, and that is removed in the end."""
    needs_busybox()
    root = scratch(public=True)
    for name in "bin", "etc", "proc", "tmp":
        os.makedirs(os.path.join(root, name))
    shutil.copy(BUSYBOX, os.path.join(root, "bin"))
    for name in APPLETS:
        os.symlink("busybox", os.path.join(root, "bin", name))
    with open(os.path.join(root, "etc", "motd"), "w", encoding="ascii") as out:
        out.write("welcome\n")
    subprocess.run(["chmod", "-R", "a+rwX", root], check=True)
    return root


def only_child(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as numbers:
        (child,) = numbers.read().split()
    return int(child)


class Container:
    def __init__(self, initexec, more="", namespaces=NAMESPACES, user=None):
        self.root = make_root()
        self.user = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        # Where that user can execute it.
        place = scratch(public=True)
        self.tool = shutil.copy(initexec, place)
        self.script = os.path.join(place, "container.lua")
        with open(self.script, "w", encoding="ascii") as out:
            out.write(SCRIPT % {"root": self.root, "more": more})
        self.options = ["--ns=" + namespaces, "--map=self"]

    def command(self, *program, options=()):
        return [self.tool, *self.options, *options, self.script, "--", *program]

    def run(self, *program, options=(), **settings):
        given = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, "timeout": 120, "check": False,
                 "env": {"PATH": "/bin"}}
        given.update(self.user)
        given.update(settings)
        return subprocess.run(self.command(*program, options=options), **given)

    def first_process(self, running):
        """As the host numbers it, once it is there: the one child of the tool."""
        return only_child(running.pid)

    def start(self, *program, options=(), **settings):
        given = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True,
                 "env": {"PATH": "/bin"}}
        given.update(self.user)
        given.update(settings)
        return subprocess.Popen(self.command(*program, options=options), **given)
