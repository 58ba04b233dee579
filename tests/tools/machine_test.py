"""The engine where it has other ids than ours, and where there is nothing but itself."""

import os
import shutil
import subprocess

from cases import case, engine, main, scratch, skip


def needs_root():
    if os.getuid() != 0:
        skip("needs root, to become somebody else")


def readable_engine():
    """A copy that others can reach."""
    directory = scratch(public=True)
    return directory, shutil.copy(engine(), directory)


# 00 decision 21
@case
def an_unreadable_script_is_one_line():
    needs_root()
    directory, tool = readable_engine()
    path = os.path.join(directory, "secret.lua")
    with open(path, "w", encoding="utf-8") as out:
        out.write("print 'ran'")
    os.chmod(path, 0)
    run = subprocess.run([tool, path], user=65534, group=65534, extra_groups=[], capture_output=True, text=True,
                         timeout=60, check=False)
    assert run.returncode == 1 and run.stdout == "", run
    assert run.stderr == "emilua: %s: Permission denied\n" % path, run


@case
def an_unreadable_file_is_told_by_the_example():
    needs_root()
    directory, tool = readable_engine()
    for name in "main.lua", "stats.lua":
        shutil.copy("lua/examples/isolated_stats/" + name, directory)
        os.chmod(os.path.join(directory, name), 0o644)
    path = os.path.join(directory, "secret.txt")
    with open(path, "w", encoding="utf-8") as out:
        out.write("secret")
    os.chmod(path, 0)
    run = subprocess.run([tool, os.path.join(directory, "main.lua"), path], user=65534, group=65534, extra_groups=[],
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1 and run.stdout == "", run
    assert run.stderr == "isolated_stats: %s: Permission denied\n" % path, run


# 91 row 55
@case
def a_set_uid_copy_refuses_to_run():
    needs_root()
    directory, tool = readable_engine()
    os.chmod(tool, 0o4755)
    run = subprocess.run([tool, "-e", "print 'ran'"], user=65534, group=65534, extra_groups=[], capture_output=True,
                         text=True, timeout=60, check=False)
    if os.statvfs("/tmp").f_flag & os.ST_NOSUID:
        skip("/tmp is mounted nosuid")
    assert run.returncode == 2 and run.stdout == "", run
    assert "set-uid" in run.stderr and run.stderr.count("\n") == 1, run


@case
def an_ordinary_user_has_actors_too():
    needs_root()
    directory, tool = readable_engine()
    for name, text in (("main.lua", "local inbox = require 'inbox' "
                        "spawn_vm{module = './worker', subprocess = {init = {script = 'set_no_new_privs()'}}}:send(inbox) "
                        "print(inbox:receive())"), ("worker.lua", "require('inbox'):receive():send 'from the actor'")):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
            out.write(text)
    run = subprocess.run([tool, os.path.join(directory, "main.lua")], user=65534, group=65534, extra_groups=[],
                         capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "from the actor\n", ""), run


# 00 decision 12
def in_empty_root(files, *arguments):
    root = scratch()
    shutil.copy(engine(), os.path.join(root, "emilua"))
    for name, content in files.items():
        with open(os.path.join(root, name), "wb") as out:
            out.write(content)

    def enter():
        os.chroot(root)
        os.chdir("/")

    if os.getuid() == 0:
        run = subprocess.run(["/emilua", *arguments], preexec_fn=enter, env={}, capture_output=True, timeout=60,
                             check=False)
    else:
        run = subprocess.run(["unshare", "-r", "chroot", root, "/emilua", *arguments], capture_output=True, timeout=60,
                             check=False)
    return run


@case
def the_engine_runs_in_an_empty_root():
    run = in_empty_root({}, "-e", "print 'alone'")
    assert (run.returncode, run.stdout, run.stderr) == (0, b"alone\n", b""), run


@case
def the_example_runs_in_an_empty_root_with_its_actor():
    files = {"data.txt": b"three words here\nand a line without end"}
    for name in "main.lua", "stats.lua":
        with open("lua/examples/isolated_stats/" + name, "rb") as source:
            files[name] = source.read()
    run = in_empty_root(files, "/main.lua", "/data.txt")
    assert (run.returncode, run.stderr) == (0, b""), run
    assert run.stdout == b"1 lines, 8 words, 39 bytes; longest line: 22 bytes\n", run
    run = in_empty_root(files, "/main.lua", "/missing.txt")
    assert run.returncode == 1 and run.stdout == b"", run
    assert run.stderr == b"isolated_stats: /missing.txt: No such file or directory\n", run


main()
