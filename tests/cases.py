"""For test programs in Python: named cases, and the engine to run.

    from cases import case, emilua, main, skip

    @case
    def prints_its_version():
        run = emilua("--version")
        assert run.returncode == 0 and run.stdout.startswith("emilua "), run

    main()

The first argument of the program is the path of the engine. See run_cases.py for what is printed.
"""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

_cases = []


class Skip(Exception):
    pass


def skip(reason):
    raise Skip(reason)


def case(function):
    _cases.append(function)
    return function


def engine():
    """The absolute path of the executable under test."""
    return os.path.abspath(sys.argv[1])


# What LeakSanitizer says at the end of a process that may open nothing, /proc included.
_SANITIZER_NOISE = re.compile(r"^==\d+==Can't open /proc/\d+/task for reading\.\n", re.M)


def emilua(*arguments, **options):
    """Runs the engine to its end; text is captured. Other options are those of subprocess.run."""
    settings = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, "timeout": 60}
    settings.update(options)
    run = subprocess.run([engine(), *arguments], check=False, **settings)
    if isinstance(run.stderr, str):
        run.stderr = _SANITIZER_NOISE.sub("", run.stderr)
    return run


def scratch(public=False):
    """The path of a new directory, removed at the end. One that is public, other users can reach.

    Others are not beneath /tmp, which policies may grant.
    """
    path = os.path.realpath(tempfile.mkdtemp(dir="/tmp" if public else os.environ.get("TEST_TMPDIR", "/var/tmp")))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    if public:
        os.chmod(path, 0o755)
    return path


def a_file(content, name="file"):
    """The path of a file with these bytes or this text, in a directory of its own."""
    path = os.path.join(scratch(), name)
    with open(path, "wb") as out:
        out.write(content.encode() if isinstance(content, str) else content)
    return path


def script(text, name="main.lua"):
    return a_file(text, name)


def main():
    failed = False
    for function in _cases:
        name = function.__name__.replace("_", " ")
        try:
            function()
            print("ok " + name)
        except Skip as reason:
            print("skip %s: %s" % (name, reason))
        except Exception as error:  # also AssertionError
            failed = True
            traceback.print_exc()
            print("not ok %s: %s" % (name, " ".join(str(error).split())[:300] or type(error).__name__))
        sys.stdout.flush()
    print("done %d" % len(_cases))
    sys.exit(failed)
