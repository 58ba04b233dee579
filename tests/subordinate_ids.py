"""Users and subordinate ids that a test makes up: in a mount namespace, whose /etc says so.

    from subordinate_ids import USER, run_with_ids

    run = run_with_ids("made-up:700000:1000\n", "/tmp/x/confine", "--user-map=subid", …, uid=USER)
"""

import os
import shutil
import stat
import subprocess

from cases import scratch, skip

USER = 4242  # made-up
HELPERS = "/usr/bin/newuidmap", "/usr/bin/newgidmap"


def _write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, 0o644)
    return path


def public_copy(*programs):
    """A directory with copies of these, that any user can reach."""
    place = scratch(public=True)
    for program in programs:
        shutil.copy(program, place)
    return place


def with_ids(ranges, *words, uid=0, over=(), no_new_privs=False):
    """A command that runs this one, in its own place, with these lines in /etc/subuid and /etc/subgid. `over`: pairs
    of a file, and of another one that it is to be."""
    if os.geteuid() != 0:
        skip("needs root, to become somebody else")
    for path in (*HELPERS, "/etc/subuid", "/etc/subgid"):
        if not os.path.exists(path):
            skip("there is no %s: ci/bootstrap installs uidmap" % path)
    place = scratch(public=True)
    with open("/etc/passwd", encoding="utf-8") as known:
        users = known.read() + "made-up:x:%d:%d::/:/bin/sh\n" % (USER, USER)
    mounts = [(_write(os.path.join(place, name), text), "/etc/" + name)
              for name, text in (("passwd", users), ("subuid", ranges), ("subgid", ranges))]
    mounts += [(new, old) for old, new in over]
    script = "".join("mount --bind %s %s && " % pair for pair in mounts)
    become = "exec setpriv --reuid=%d --regid=%d --clear-groups %s -- \"$@\"" % (
        uid, uid, "--no-new-privs" if no_new_privs else "")
    return ["unshare", "--mount", "--propagation=private", "sh", "-c", script + become, "sh", *words]


def run_with_ids(ranges, *words, uid=0, over=(), no_new_privs=False, **options):
    """Runs it to its end. Other options are those of subprocess.run."""
    settings = {"capture_output": True, "text": True, "timeout": 60, "check": False, "stdin": subprocess.DEVNULL,
                "cwd": "/"}
    settings.update(options)
    return subprocess.run(with_ids(ranges, *words, uid=uid, over=over, no_new_privs=no_new_privs), **settings)


def newer_helpers():
    """For `over`: newuidmap and newgidmap that understand "fd:3", and nothing else; and a list of what they
    were asked for."""
    place = scratch(public=True)
    asked = _write(os.path.join(place, "asked"), "")
    os.chmod(asked, 0o666)
    over = []
    for helper in HELPERS:
        name = os.path.basename(helper)
        real = os.path.join(place, "real-" + name)
        shutil.copy(helper, real)
        os.chown(real, 0, 0)
        os.chmod(real, 0o4755)
        script = _write(os.path.join(place, name),
                        '#!/bin/sh\n[ "$1" = fd:3 ] || exit 7\n'
                        'number=$(basename "$(readlink /proc/self/fd/3)") || exit 8\n'
                        'echo "%s $*" >> %s\nshift\nexec %s "$number" "$@"\n' % (name, asked, real))
        os.chmod(script, 0o755)
        over.append((helper, script))
    return over, asked


def has_set_uid_programs():
    """Whether copies of newuidmap work: they need a file system that lets them."""
    return not os.statvfs("/tmp").f_flag & os.ST_NOSUID and bool(os.stat(HELPERS[0]).st_mode & stat.S_ISUID)
