#!/usr/bin/env python3
"""Measures the engine against its peers, alternately, in one run, and prints ratios.

    ci/bootstrap --bench && bazel run --config=release //tests/bench

Absolute times mean little on a shared machine; ratios of the same run do. No test depends on them.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time

# `bazel run` starts us where it was called; our files lie in the runfiles.
HERE = os.path.dirname(os.path.abspath(__file__))
RUNFILES = os.path.join(os.path.abspath(sys.argv[0]) + ".runfiles", "emilua")


def engine():
    return os.path.join(RUNFILES, sys.argv[1])


def wall(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def alternately(first, second, runs):
    """Median seconds of two commands, run in turns."""
    times = [], []
    for _ in range(runs):
        for command, seconds in zip((first, second), times):
            seconds.append(wall(command))
    return [statistics.median(seconds) for seconds in times]


def verdict(what, value, unit, limit):
    print("%-58s %8.3f %s  (at most %s)%s" % (what, value, unit, limit, "" if value <= limit else "  MISSED"))


def start_up(runs=300):
    luajit = shutil.which("luajit")
    if luajit is None:
        sys.exit("bench: no luajit: run ci/bootstrap --bench")
    empty = "/dev/null"
    ours, theirs = alternately([engine(), empty], [luajit, empty], runs)
    print("start of an empty script: emilua %.2f ms, luajit %.2f ms" % (ours * 1e3, theirs * 1e3))
    verdict("  ratio", ours / theirs, "", 2)


def spawn():
    script = os.path.join(RUNFILES, "tests/bench/spawn.lua")
    for mode, what in (("plain", "spawn of a subprocess actor to its first message"),
                       ("boxed", "the same, with Landlock denying every path"),
                       ("big", "the same as the first, parent holding 1 GiB")):
        out = subprocess.run([engine(), script, mode], check=True, capture_output=True, text=True).stdout
        verdict(what, float(out), "ms", 1)


if __name__ == "__main__":
    start_up()
    spawn()
