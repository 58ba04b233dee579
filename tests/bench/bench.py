#!/usr/bin/env python3
"""Measures the engine against its peers, alternately, in one run, and prints ratios.

    ci/bootstrap --bench && bazel run --config=release //tests/bench [-- spawn messages]

Absolute times mean little on a shared machine; ratios of the same run do. No test depends on them.
"""

import os
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
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


def verdict(what, value, unit, limit, at_least=False):
    met = value >= limit if at_least else value <= limit
    print("%-58s %8.3f %s  (at %s %s)%s" % (what, value, unit, "least" if at_least else "most", limit,
                                            "" if met else "  MISSED"))


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


def tool(name):
    return os.path.join(RUNFILES, "tools", name, name)


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


def seconds(command, core=None):
    """The numbers that a program prints; pinned to one core if that is given."""
    pin = (lambda: os.sched_setaffinity(0, {core})) if core is not None else None
    run = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True, preexec_fn=pin)
    return [float(number) for number in run.stdout.split()]


def medians(first, second, rounds=5, core=None):
    """The same of two programs, run in turns: the median of each number."""
    runs = [[], []]
    for _ in range(rounds):
        for command, numbers in zip((first, second), runs):
            numbers.append(seconds(command, core))
    return [[statistics.median(column) for column in zip(*numbers)] for numbers in runs]


def a_table(path, columns, size):
    """Rows of words and, in the middle one of the columns, numbers."""
    source = random.Random(1)
    rows = []
    for _ in range(20000):
        row = ["".join(source.choices("abcdefghij", k=source.randint(3, 12))) for _ in range(columns)]
        row[columns // 2] = str(source.randint(0, 99999))
        rows.append(" ".join(row))
    block = ("\n".join(rows) + "\n").encode()
    with open(path, "wb") as out:
        for _ in range(size // len(block) + 1):
            out.write(block)
    return columns // 2 + 1


def scanner(rounds=5):
    """Records and fields, against mawk; whole files, against cat."""
    mawk = shutil.which("mawk") or sys.exit("bench: no mawk: run ci/bootstrap")
    script, example = data("scanner.lua"), os.path.join(RUNFILES, "lua/examples/column_sum/main.lua")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "table")
        for columns in 5, 10, 20:
            column = a_table(path, columns, 100_000_000)
            program = "{ s += $%d } END { printf \"%%.0f\\n\", s }" % column
            theirs = [mawk, program, path]
            for ours, what in (([engine(), example, str(column), path], "summing one of %d columns" % columns),
                               ([engine(), script, "fields", path, str(column)], "the same, with all fields made")):
                assert output(ours) == output(theirs), (ours, theirs)
                first, second = alternately(ours, theirs, rounds)
                print("100 MB: emilua %.0f ms, mawk %.0f ms" % (first * 1e3, second * 1e3))
                verdict("  " + what + ": mawk's time in ours", second / first, "", 1.1, at_least=True)
        ours, theirs = [engine(), script, "filter", path, "1234"], [mawk, "/1234/ { n++ } END { print n }", path]
        assert output(ours) == output(theirs), (ours, theirs)
        first, second = alternately(ours, theirs, rounds)
        print("filtering 100 MB by a text: emilua %.2f GB/s, mawk %.2f GB/s" % (.1 / first, .1 / second))
        verdict("  or as fast as mawk, if that is less", .1 / first, "GB/s", round(min(1, .1 / second), 2), at_least=True)
        with open(path, "wb") as out:
            out.truncate(10**9)
        subprocess.run(["cat", path], check=True, stdout=subprocess.DEVNULL)
        whole_files(script, path, rounds)


def whole_files(script, path, rounds):
    """A file of 1 GB, against what does the same with it.

    cat keeps nothing: all goes through the same 128 KiB, which stay in the processor's cache. To have the file in
    memory takes as much new memory besides, which the system fills with zeros page by page: dd does that if told
    to copy one block. (Huge pages would halve it where the machine's memory is its own. A guest that gives free
    ones back to its host gets them anew, for several times the price; so that is left to the system's settings.)
    """
    streamed, kept = ([engine(), script, mode, path] for mode in ("pass", "read_all"))
    for ours, theirs, what in ((streamed, ["cat", path], "through a buffer: emilua %.0f ms, cat %.0f ms"),
                               (kept, ["dd", "if=" + path, "of=/dev/null", "bs=1GB", "count=1", "status=none"],
                                "to one buffer: emilua %.0f ms, dd %.0f ms")):
        first, second = alternately(ours, theirs, rounds)
        print("reading a file of 1 GB " + what % (first * 1e3, second * 1e3))
        verdict("  ratio", first / second, "", 1.1)
    first, second = alternately(kept, ["cat", path], rounds)
    print("  to one buffer, in times of a cat that keeps nothing: %.2f" % (first / second))


def scan(rounds=7):
    """The tool scan: a column's sum, against mawk."""
    mawk = shutil.which("mawk") or sys.exit("bench: no mawk: run ci/bootstrap")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "table")
        for columns in 5, 10, 20:
            column = a_table(path, columns, 100_000_000)
            theirs = [mawk, "{ s += $%d } END { printf \"%%.0f\\n\", s }" % column, path]
            for field, what in (("F", "as a string"), ("N", "as a number")):
                program = "s = (s or 0) + %s[%d] function END() emit(s) end" % (field, column)
                ours = [tool("scan"), "-F ", program, path]
                assert output(ours) == output(theirs), (ours, theirs)
                first, second = alternately(ours, theirs, rounds)
                print("100 MB: scan %.0f ms, mawk %.0f ms" % (first * 1e3, second * 1e3))
                verdict("  summing one of %d columns, %s: mawk's time in ours" % (columns, what), second / first, "", 1,
                        at_least=True)


def luarun(runs=300):
    ours, theirs = alternately([tool("luarun"), "/dev/null"], [luajit(), "/dev/null"], runs)
    print("start of an empty script: luarun %.2f ms, luajit %.2f ms" % (ours * 1e3, theirs * 1e3))
    verdict("  ratio", ours / theirs, "", 1.1)


def spawn():
    script = data("spawn.lua")

    def milliseconds(*arguments):
        return seconds([engine(), script, *arguments])

    verdict("spawn of an actor of the same thread to its first message", milliseconds("local")[0] * 1e3, "us", 100)
    bwrap = None  # of a parent that is small: system.spawn copies the page tables of a large one
    for gibibytes, parent in (("0", ""), ("1", ", parent holding 1 GiB")):
        verdict("spawn of a subprocess actor to its first message" + parent, milliseconds("plain", gibibytes)[0], "ms",
                0.6)
        verdict("the same, with Landlock denying every path", milliseconds("boxed", gibibytes)[0], "ms", 1)
        ours, theirs = milliseconds("namespaces", gibibytes)
        bwrap = bwrap or theirs
        verdict("the same, in five namespaces", ours, "ms", 1.5)
        verdict("  ratio to bwrap's %.2f ms" % bwrap, ours / bwrap, "", 0.5)


def boxes():
    """Actors and programs in boxes, against a plain subprocess actor and bubblewrap."""
    plain, default, no_net, filtered, bwrap, program = seconds([engine(), data("boxes.lua")])
    print("subprocess actor to its first message: %.2f ms; bwrap, all unshared: %.2f ms" % (plain, bwrap))
    verdict("the same in the default box: an empty root, all namespaces", default, "ms", 1.5)
    print("  to the plain one: %.2f; to bwrap: %.2f" % (default / plain, default / bwrap))
    print("the same without a network namespace: %.2f ms, %.2f of the plain one" % (no_net, no_net / plain))
    verdict("the same with Landlock and the filter only", filtered, "ms", 0.6)
    print("  to the plain one: %.2f" % (filtered / plain))
    verdict("box:spawn of `true` from start to end, to bwrap's", program / bwrap, "", 1)


def messages():
    """Messages there and back, against what the system takes for the same without values and fibers."""
    script, packets, post = data("ping_pong.lua"), data("seqpacket_ping_pong"), data("post_ping_pong")
    cores = sorted(os.sched_getaffinity(0))
    for core, where in ((cores[0], "on one core"), (None, "on all cores")):
        for mode, what in (("process", "messages"), ("descriptor", "messages with a descriptor")):
            (ours,), (theirs,) = medians([engine(), script, mode], [packets, mode], core=core)
            print("%s between processes, %s: emilua %.2f us, C %.2f us" % (what, where, ours * 1e6, theirs * 1e6))
            verdict("  round trips a second, to those of C", theirs / ours, "", 0.6, at_least=True)
    ours, pair = seconds([engine(), script, "thread"])
    print("messages between actors of one thread: %.2f us" % (ours * 1e6))
    verdict("  in pairs of coroutine.resume and yield", ours / pair, "", 30)
    (ours,), (bare, theirs) = medians([engine(), script, "two_threads"], [post])
    print("messages between two threads: emilua %.2f us, Asio's post %.2f us, between loops that wait for nothing else "
          "%.2f us" % (ours * 1e6, theirs * 1e6, bare * 1e6))
    verdict("  round trips a second, to those of post", theirs / ours, "", 0.6, at_least=True)
    verdict("  to those of post between loops that wait for nothing else", bare / ours, "", 0.6, at_least=True)
    (payload,), (fresh, kept) = medians([engine(), data("payload.lua")], [data("copy")])
    print("64 MiB in four messages: emilua %.1f ms, memcpy %.1f ms, to new memory %.1f ms"
          % (payload * 1e3, kept * 1e3, fresh * 1e3))
    verdict("  speed, to that of memcpy", kept / payload, "", 0.5, at_least=True)
    verdict("  speed, to that of memcpy to new memory", fresh / payload, "", 0.5, at_least=True)


def kilobytes(pid, field):
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


def name(pid):
    with open("/proc/%d/comm" % pid, encoding="ascii") as line:
        return line.read().strip()


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as numbers:
        return [int(number) for number in numbers.read().split()]


def idle():
    """Memory of actors that wait for a message."""

    def running(mode, count, look):
        command = [engine(), data("idle.lua"), mode, str(count)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            found = look(process.pid)
            process.stdin.close()
            return found

    few, many = (running("thread", count, lambda pid: kilobytes(pid, "Rss")) for count in (10, 1010))
    verdict("memory of an idle actor of the same process, of 1,000", (many - few) / 1000, "KiB", 100)

    def of_actors(pid):
        (helper,) = children(pid)
        # Beside each actor there is its own helper.
        return [statistics.mean(kilobytes(one, "Pss") for one in children(helper) if name(one) == wanted)
                for wanted in ("emilua-actor", "emilua-helper")]

    actor, helper = running("process", 100, of_actors)
    verdict("memory (PSS) of an idle subprocess actor, of 100", actor, "KiB", 400)
    print("  and of its own helper: %.0f KiB" % helper)


# What bwrap does with the options below.
CONTAINER = """
C.mount('%(root)s', '%(root)s', nil, C.MS_BIND)
C.mount('none', '%(root)s/proc', 'proc', bit.bor(C.MS_NOSUID, C.MS_NODEV, C.MS_NOEXEC))
C.chdir '%(root)s'
C.pivot_root('.', '.')
C.umount2('.', C.MNT_DETACH)
C.chdir '/'
C.sethostname 'box'
set_no_new_privs()
"""


def initexec(runs=300):
    """A container of a root directory, until its program begins, against bwrap."""
    bwrap = shutil.which("bwrap") or sys.exit("bench: no bwrap: run ci/bootstrap --bench")

    def start(command):
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        seconds, nanoseconds = struct.unpack("qq", subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return seconds * 10**9 + nanoseconds - before

    with tempfile.TemporaryDirectory() as root:
        os.mkdir(os.path.join(root, "proc"))
        shutil.copy(data("started"), root)
        script = os.path.join(root, "container.lua")
        with open(script, "w", encoding="utf-8") as out:
            out.write(CONTAINER % {"root": root})
        ours = [os.path.join(RUNFILES, "tools/initexec/initexec"), "--ns=user,mount,pid,ipc,uts", "--map=self", script,
                "--", "/started"]
        theirs = [bwrap, "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--uid", "0", "--gid", "0",
                  "--hostname", "box", "--bind", root, "/", "--proc", "/proc", "--", "/started"]
        times = [[start(command) for command in (ours, theirs)] for _ in range(runs)]
    first, second = (statistics.median(column) / 1e6 for column in zip(*times))
    print("a container until its program begins: initexec %.2f ms, bwrap %.2f ms" % (first, second))
    verdict("  ratio", first / second, "", 0.5)


def confine(runs=300):
    """A program in a box with everything of its own, from start to end, against bwrap; and what the filter costs."""
    bwrap = shutil.which("bwrap") or sys.exit("bench: no bwrap: run ci/bootstrap --bench")
    ours = [os.path.join(RUNFILES, "tools/confine/confine"), "--rootfs=empty", "--bind=/usr:/usr:ro",
            "--symlink=usr/lib:/lib", "--symlink=usr/lib64:/lib64", "--proc=/proc", "--dev=/dev", "--", "/usr/bin/true"]
    theirs = [bwrap, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
    first, second = alternately(ours, theirs, runs)
    print("`true` with everything unshared: confine %.2f ms, bwrap %.2f ms" % (first * 1e3, second * 1e3))
    verdict("  ratio", first / second, "", 0.5)
    none, one, box = seconds([data("filtered_call")])
    print("getppid: %.0f ns, under a filter of one rule %.0f ns, under that of a box %.0f ns" % (none, one, box))
    verdict("  the box's to the one rule's", box / one, "", 1.3)


if __name__ == "__main__":
    for part in (start_up, fibers, json, scanner, scan, luarun, spawn, boxes, messages, idle, initexec, confine):
        if part.__name__ in sys.argv[2:] or len(sys.argv) == 2:
            part()
