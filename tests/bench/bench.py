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
    empty = "/dev/null"
    ours, theirs = alternately([engine(), empty], [luajit(), empty], runs)
    print("start of an empty script: emilua %.2f ms, luajit %.2f ms" % (ours * 1e3, theirs * 1e3))
    verdict("  ratio", ours / theirs, "", 2)


def luajit():
    path = shutil.which("luajit")
    if path is None:
        sys.exit("bench: no luajit: run ci/bootstrap --bench")
    return path


def data(name):
    return os.path.join(RUNFILES, "tests/bench", name)


def output(command):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout


def peak_memory(command):
    """Bytes that the program had in memory at most."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit("bench: %s: exit status %d" % (command, process.returncode))
    return usage.ru_maxrss * 1024


def fibers(rounds=5):
    """Steps of fibers, against luajit's coroutines: coroutine.resume and yield, once each."""
    script = data("fibers.lua")
    kinds = "spawn_join", "yield", "lock_unlock", "hand_off"
    pairs, steps = [], {kind: [] for kind in kinds}
    for _ in range(rounds):
        pairs.append(float(output([luajit(), script, "pair"])))
        for kind in kinds:
            steps[kind].append(float(output([engine(), script, kind])))
    pair = statistics.median(pairs)
    step = {kind: statistics.median(seconds) for kind, seconds in steps.items()}
    print("a pair of coroutine.resume and coroutine.yield: luajit %.3f us" % (pair * 1e6))
    verdict("spawn and join of a fiber", step["spawn_join"] * 1e6, "us", 1.5)
    verdict("switch by this_fiber.yield, in such pairs", step["yield"] / pair, "", 5)
    verdict("uncontended lock and unlock, in such pairs", step["lock_unlock"] / pair, "", 3)
    verdict("hand-off by a condition variable, in such pairs", step["hand_off"] / pair, "", 8)
    none, some, many = (peak_memory([engine(), script, "park", str(n)]) for n in (0, 100000, 1000000))
    verdict("memory of a parked fiber, of 100,000", (some - none) / 100000, "bytes", 1536)
    verdict("memory of a process with 1,000,000 idle fibers", many / 2**30, "GiB", 2)


def json(rounds=3):
    """Decoding and encoding, against lua-cjson."""
    script = data("json.lua")
    for kind in "numbers", "strings", "records":
        runs = [[[float(seconds) for seconds in output([program, script, kind]).split()]
                 for program in (engine(), luajit())] for _ in range(rounds)]
        for index, what in enumerate(("decoding", "encoding")):
            ours, theirs = (statistics.median(run[program][index] for run in runs) for program in (0, 1))
            print("%s 10 MB of %s: emilua %.1f ms, lua-cjson %.1f ms" % (what, kind, ours * 1e3, theirs * 1e3))
            verdict("  ratio", ours / theirs, "", 1)


def spawn():
    script = data("spawn.lua")
    for mode, what in (("plain", "spawn of a subprocess actor to its first message"),
                       ("boxed", "the same, with Landlock denying every path"),
                       ("big", "the same as the first, parent holding 1 GiB")):
        verdict(what, float(output([engine(), script, mode])), "ms", 1)


if __name__ == "__main__":
    start_up()
    fibers()
    json()
    spawn()
