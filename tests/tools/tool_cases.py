"""What every tool must show, and places where it is alone.

    from tool_cases import alone, nobody, refused, tool
    import tool_cases

    tool_cases.common(NAME, UNKNOWN)          # cases: start-up, help, complaints

The tool's name is that of its executable.
"""

import os
import shutil
import subprocess

from cases import case, emilua as tool, engine, scratch, skip

NOBODY = {"user": 65534, "group": 65534, "extra_groups": []}


def name():
    return os.path.basename(engine())


def directory():
    path = scratch()
    os.chmod(path, 0o755)
    return path


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, mode)
    return path


def refused(run, *parts, status=2):
    """Nothing on standard output, and one line of complaint with all of these parts."""
    assert run.returncode == status, run
    assert run.stdout == "", run
    assert run.stderr.startswith(name() + ": ") and run.stderr.count("\n") == 1, run.stderr
    for part in parts:
        assert part in run.stderr, (part, run.stderr)


def needs_root():
    if os.geteuid() != 0:
        skip("needs root, to become somebody else or to change the root directory")


def alone(others=()):
    """A directory with nothing but a copy of the tool, and of these, that any user can reach."""
    path = scratch(public=True)
    shutil.copy(engine(), path)
    for other in others:
        shutil.copy(other, path)
    return path


def socket_directory():
    """One with a short path, which a socket's address has room for."""
    return scratch(public=True)


def run_alone(root, *words, nobody=True, **options):
    """A program of that directory, which is its root directory; as nobody."""
    def enter():
        os.chroot(root)
        os.chdir("/")
        if nobody:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)

    settings = {"capture_output": True, "text": True, "timeout": 60, "check": False, "env": {}}
    settings.update(options)
    return subprocess.run(words, preexec_fn=enter, **settings)


def common(hint, options=()):
    """`hint`: (words with a typing error, what is meant). `options`: commands that have their own help."""

    @case
    def its_help_names_every_option_and_shows_two_examples():
        run = tool("--help")
        assert run.returncode == 0 and run.stderr == "", run
        assert run.stdout.startswith("Usage: " + name() + " "), run.stdout
        examples = run.stdout.split("\nExamples:\n")[1].splitlines()
        assert len(examples) >= 2 and all(line.startswith("  " + name()) for line in examples), examples
        for command in options:
            text = tool(command, "--help").stdout
            assert text.startswith("Usage: %s %s " % (name(), command)) and "\nExamples:\n" in text, text

    @case
    def its_version_is_one_line():
        run = tool("--version")
        assert run.stdout.startswith(name() + " ") and run.stdout.count("\n") == 1, run

    @case
    def an_unknown_option_is_told_with_the_nearest():
        refused(tool(*hint[0]), "unknown option", "did you mean %s?" % hint[1])

    @case
    def a_full_standard_output_is_told():
        with open("/dev/full", "w", encoding="utf-8") as full:
            run = subprocess.run([engine(), "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert run.returncode == 1, run
        assert run.stderr == name() + ": standard output: No space left on device\n", run

    @case
    def a_closed_standard_output_is_told():
        run = subprocess.run(["/bin/sh", "-c", 'exec "$0" --help >&-', engine()], stderr=subprocess.PIPE, text=True,
                             check=False)
        assert run.returncode == 1, run
        assert run.stderr == name() + ": standard output: Broken pipe\n", run

    # 91 row 55
    @case
    def a_set_uid_or_set_gid_copy_refuses_to_run():
        needs_root()
        if os.statvfs("/tmp").f_flag & os.ST_NOSUID:
            skip("/tmp is mounted nosuid")
        root = alone()
        copy = os.path.join(root, name())
        for mode in 0o4755, 0o2755:
            os.chmod(copy, mode)
            run = subprocess.run([copy, "--version"], capture_output=True, text=True, check=False, **NOBODY)
            refused(run, "refuses to run set-uid, set-gid or with file capabilities", status=1)

    @case
    def it_starts_in_an_empty_root_as_nobody():
        needs_root()
        root = alone()
        run = run_alone(root, "/" + name(), "--version")
        assert run.returncode == 0 and run.stdout.startswith(name() + " "), run
