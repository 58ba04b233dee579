#!/usr/bin/env python3
"""Runs a test program that reports its cases line by line, and tells Bazel of each.

    run_cases.py [--as-nobody] PROGRAM [ARGUMENT...]

The program prints one line for each case on standard output, among whatever else:

    ok NAME
    not ok NAME: REASON
    skip NAME: REASON

and `done N` at the end, N being the number of cases. It fails if a case failed, if it ended without
that line or with another status than 0. With --as-nobody it runs, where we are root, as a user
without any right, in a copy of the current directory, which that user can read. With EMILUA_MUST_WORK set, a skipped case has failed: the
machine is one where everything can run.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from xml.sax.saxutils import quoteattr

LINE = re.compile(r"^(ok|not ok|skip) (.*?)(?:: (.*))?$")


NOBODY = 65534


def main(arguments):
    if arguments[0] == "--as-nobody":
        if os.getuid() == 0:
            with tempfile.TemporaryDirectory(dir="/tmp") as directory:
                return run(arguments[1:], **nobodys(directory))
        del arguments[0]
    return run(arguments)


def nobodys(directory):
    """What makes Popen start a program as nobody, with files of its own in the directory."""
    files, scratch = os.path.join(directory, "files"), os.path.join(directory, "scratch")
    shutil.copytree(".", files)
    os.mkdir(scratch)
    os.chown(scratch, NOBODY, NOBODY)
    os.chmod(directory, 0o755)
    environment = dict(os.environ, TEST_TMPDIR=scratch, TMPDIR=scratch, HOME=scratch)
    return {"cwd": files, "env": environment, "user": NOBODY, "group": NOBODY, "extra_groups": []}


def run(command, **options):
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, **options)
    cases = []
    done = None
    for raw in program.stdout:
        line = raw.decode(errors="replace").rstrip("\n")
        print(line, flush=True)
        found = LINE.match(line)
        if found:
            outcome, name, reason = found.groups()
            if outcome == "skip" and os.environ.get("EMILUA_MUST_WORK"):
                outcome, reason = "not ok", "skipped: " + (reason or "")
            cases.append((outcome, name, reason or ""))
        elif line.startswith("done "):
            done = int(line[len("done "):])
    status = program.wait()
    if done != len(cases) or not cases:
        cases.append(("not ok", "the program itself", "%d cases reported, %s announced" % (len(cases), done)))
    if status != 0 and not any(outcome == "not ok" for outcome, _, _ in cases):
        cases.append(("not ok", "the program itself", "exit status %d" % status))
    write_xml(cases)
    for outcome, name, reason in cases:
        if outcome == "not ok":
            print("FAILED %s: %s" % (name, reason))
    return any(outcome == "not ok" for outcome, _, _ in cases)


def write_xml(cases):
    path = os.environ.get("XML_OUTPUT_FILE")
    if not path:
        return
    suite = os.environ.get("TEST_TARGET", "cases").lstrip("/").replace("/", ".").replace(":", ".")
    with open(path, "w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite name=%s>\n' % quoteattr(suite))
        for outcome, name, reason in cases:
            out.write("<testcase classname=%s name=%s>" % (quoteattr(suite), quoteattr(name)))
            if outcome != "ok":
                tag = "failure" if outcome == "not ok" else "skipped"
                out.write("<%s message=%s/>" % (tag, quoteattr(reason)))
            out.write("</testcase>\n")
        out.write("</testsuite></testsuites>\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
