"""confine: every option, what it grants and what it does not, and every complaint."""

import json
import os
import re
import signal
import socket
import subprocess

from cases import case, emilua as confine, engine, main, scratch, skip

BUSYBOX = "/bin/busybox"


def boxed(*arguments, **options):
    """busybox, a static program, under these options: ('--read', '/x', '--', 'cat', '/x')."""
    if not os.path.exists(BUSYBOX):
        skip("no static busybox: ci/bootstrap installs it")
    split = arguments.index("--")
    return confine(*arguments[: split + 1], BUSYBOX, *arguments[split + 1 :], **options)


def shell(*arguments, **options):
    """A shell script as the last argument, with the system's programs."""
    return confine("--profile=reader", *arguments[:-1], "--", "/bin/sh", "-c", arguments[-1], **options)


def directory():
    # Not beneath /tmp, which profiles may grant.
    path = scratch()
    os.chmod(path, 0o755)
    return path


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def refused(run, *parts, status=125):
    assert run.returncode == status, run
    assert run.stderr.startswith("confine: ") and run.stderr.count("\n") == 1, run.stderr
    for part in parts:
        assert part in run.stderr, run.stderr


# --- what the box is --------------------------------------------------------------------------------


@case
def a_static_program_computes_on_its_standard_streams():
    run = boxed("--", "tr", "a-z", "A-Z", input="hello\n", stdin=None)
    assert (run.returncode, run.stdout, run.stderr) == (0, "HELLO\n", ""), run


@case
def nothing_of_the_host_is_there_by_default():
    for path in ["/etc/passwd", "/proc/self/root/etc", "/proc/self/fd/0", "/usr"]:
        assert subprocess.run([BUSYBOX, "ls", path], capture_output=True, check=False).returncode == 0
        run = boxed("--", "ls", path)
        assert run.returncode != 0 and run.stdout == "", run


@case
def the_environment_is_empty_but_for_what_is_given():
    env = {"SECRET": "hunter2", "PASSED": "on"}
    run = boxed("--env", "PASSED", "--env", "NEW=a=b", "--env", "UNSET", "--", "env", env=env)
    assert sorted(run.stdout.split()) == ["NEW=a=b", "PASSED=on"], run


@case
def descriptors_stay_outside():
    readable, writable = os.pipe()
    try:
        script = "ls /proc/self/fd; cat <&%d" % readable
        run = shell("--read", "/proc", script, pass_fds=[readable])
        assert set(run.stdout.split()) <= {"0", "1", "2", "3", "10"}, run.stdout
        assert run.returncode != 0, run
    finally:
        os.close(readable)
        os.close(writable)


@case
def process_1_shows_nothing_of_our_command_line():
    run = shell("--rootfs=empty", "--bind", "/usr:/usr:ro", "--symlink", "usr/bin:/bin", "--symlink",
                "usr/lib:/lib", "--symlink", "usr/lib64:/lib64", "--proc", "/proc", "--env",
                "TOKEN=swordfish", "tr '\\0' ' ' </proc/1/cmdline; cat /proc/1/environ; true")
    assert run.returncode == 0 and "swordfish" not in run.stdout and "reader" not in run.stdout, run


@case
def other_processes_cannot_be_seen_or_signalled():
    victim = subprocess.Popen(["sleep", "60"])
    try:
        run = shell("kill -9 %d" % victim.pid)
        assert run.returncode != 0 and victim.poll() is None, run
    finally:
        victim.kill()
        victim.wait()


@case
def nothing_can_be_gained():
    run = shell("--read", "/proc", "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status")
    values = dict(line.split(":", 1) for line in run.stdout.splitlines())
    assert {name: value.strip() for name, value in values.items()} == {
        "CapInh": "0" * 16, "CapPrm": "0" * 16, "CapEff": "0" * 16, "CapBnd": "0" * 16,
        "CapAmb": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}, run


@case
def it_runs_in_a_session_of_its_own():
    run = shell("--read", "/proc", "cut -d' ' -f1,5,6 /proc/self/stat; cat /proc/sys/kernel/hostname")
    assert run.returncode == 0, run
    assert run.stdout.split()[2] != str(os.getsid(0)), run


# --- files -----------------------------------------------------------------------------------------


@case
def read_grants_reading_and_no_more():
    here = directory()
    inside = write(here + "/in", "inside")
    outside = write(here + "x", "outside")  # the same prefix, not beneath
    run = shell("--read", here, "cat %s" % inside)
    assert run.stdout == "inside", run
    for script in ["cat %s" % outside, "echo x >%s" % inside, "rm %s" % inside, "touch %s/new" % here]:
        run = shell("--read", here, script)
        assert run.returncode != 0, (script, run)
    assert open(inside, encoding="utf-8").read() == "inside" and os.listdir(here) == ["in"]


@case
def write_grants_changing_and_not_reading():
    here = directory()
    run = shell("--write", here, "cd %s && echo new >made && mkdir d && mv made d/moved" % here)
    assert run.returncode == 0 and os.listdir(here + "/d") == ["moved"], run
    run = shell("--write", here, "cat %s/d/moved" % here)
    assert run.returncode != 0 and run.stdout == "", run


@case
def exec_grants_executing():
    here = directory()
    program = here + "/tool"
    write(program, "#!/bin/sh\necho ran\n")
    os.chmod(program, 0o755)
    assert shell("--read", here, program).returncode == 126
    assert shell("--exec", here, program).stdout == "ran\n"


@case
def a_program_that_may_run_nothing_is_started_all_the_same():
    run = boxed("--", "sh", "-c", "echo one; exec %s echo two" % BUSYBOX)
    assert run.stdout == "one\n" and run.returncode != 0, run
    run = boxed("--read", "/bin", "--read", "/usr", "--", "sh", "-c", "exec %s echo two" % BUSYBOX)
    assert run.stdout == "" and run.returncode != 0, run


@case
def relative_paths_begin_where_we_are():
    here = directory()
    write(here + "/file", "text")
    run = shell("--read", "./file", "cat %s/file" % here, cwd=here)
    assert run.stdout == "text", run
    run = shell("--read", ".", "--cwd", ".", "cat file; pwd", cwd=here)
    assert run.stdout == "text%s\n" % here, run


@case
def an_empty_root_holds_what_is_mounted():
    here = directory()
    write(here + "/file", "text")
    run = boxed("--rootfs=empty", "--bind", here + ":/data:ro", "--bind", here + ":/mine", "--dir", "/a/b", "--symlink",
                "data/file:/link", "--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev",
                "--", "sh", "-c",
                "read x </link; echo $x; echo >/data/no; echo >/mine/yes; echo >/tmp/yes; echo >/no; echo >/dev/null && "
                "cd /proc && echo [0-9]*")
    assert re.fullmatch(r"text\n1 \d+\n", run.stdout), run
    assert sorted(os.listdir(here)) == ["file", "yes"], run
    assert run.stderr.count("ead-only") == 2, run.stderr


@case
def mounts_stay_inside():
    before = open("/proc/self/mountinfo", encoding="utf-8").read()
    run = boxed("--tmpfs", "/tmp", "--bind", "/usr:/usr:ro", "--", "true")
    assert run.returncode == 0, run
    assert open("/proc/self/mountinfo", encoding="utf-8").read() == before


@case
def links_in_a_bind_target_lead_nowhere():
    here, away = directory(), directory()
    os.symlink(away, here + "/link")
    run = boxed("--bind", here + ":/data", "--dir", "/data/link/made", "--", "true")
    refused(run, "fs.mounts[1]")
    assert os.listdir(away) == []


# --- network ---------------------------------------------------------------------------------------


def connect(port):
    """A Python program that connects to a port of the loopback interface."""
    return ["/usr/bin/python3", "-c", "import socket; socket.create_connection(('127.0.0.1', %d), 5)" % port]


@case
def the_network_is_there_if_it_is_granted():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as other:
        port, forbidden = server.getsockname()[1], other.getsockname()[1]
        grants = [(["--net"], True, True), ([], False, False),
                  (["--net=connect:%d" % port], True, False), (["--net=loopback"], False, False)]
        for options, first, second in grants:
            for number, expected in [(port, first), (forbidden, second)]:
                run = confine("--profile=reader", "--read", "/etc", *options, "--", *connect(number))
                assert (run.returncode == 0) == expected, (options, number, run)


@case
def a_rule_for_tcp_is_not_evaded_by_other_sockets():
    attempts = {
        "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "udp by a family whose upper half the kernel ignores":
            "ctypes.CDLL(None).syscall(41, ctypes.c_long((1 << 32) | 2), 2, 0) == -1 and os.close(-1)",
        "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
        "mptcp": "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)",
        "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "packet": "socket.socket(17, socket.SOCK_RAW)",
        "unix": "socket.socket(socket.AF_UNIX)",
        "fast open": "socket.socket().sendto(b'x', 0x20000000, ('127.0.0.1', 1))",
        "bind": "socket.socket().bind(('127.0.0.1', 0))",
    }
    for name, attempt in attempts.items():
        program = "import ctypes, os, socket\ntry: %s\nexcept OSError: print('refused')" % attempt
        run = confine("--profile=reader", "--net=connect:1", "--", "/usr/bin/python3", "-c", program)
        assert run.stdout == "refused\n", (name, run)


@case
def a_loopback_of_its_own_can_be_up():
    program = ("import socket; s = socket.create_server(('127.0.0.1', 0)); "
               "socket.create_connection(s.getsockname()); print('up')")
    run = confine("--profile=reader", "--net=loopback", "--", "/usr/bin/python3", "-c", program)
    assert run.stdout == "up\n", run


# --- limits, ids, names ----------------------------------------------------------------------------


@case
def limits_hold():
    run = shell("--limit", "open_files=20", "--limit", "address_space=512M", "ulimit -n; ulimit -v")
    assert run.stdout.split() == ["20", str(512 * 1024)], run
    here = directory()
    run = shell("--limit", "file_size=4K", "--write", here, "head -c 10000 /dev/zero >%s/big" % here)
    assert os.path.getsize(here + "/big") == 4096, run


@case
def limits_of_the_box_as_a_whole_hold_or_are_refused():
    controllers = [item for item in json.loads(confine("doctor", "--json").stdout) if item["mechanism"] == "cgroup"]
    run = boxed("--limit", "pids=3", "--limit", "memory=64M", "--promises", "stdio proc error", "--", "sh", "-c",
                "(:; :) & (:; :) & (:; :) & (:; :) & wait")
    if "pids" in controllers[0]["state"] and "memory" in controllers[0]["state"]:
        assert "can't fork" in run.stderr, run
    else:
        refused(run, "limits.cgroup: ", "what would help: ")


@case
def a_program_that_takes_too_long_is_killed():
    run = boxed("--limit", "wall_time=0.2", "--", "sleep", "60")
    refused(run, "took longer than limits.wall_time", status=124)


@case
def ids_and_host_name_are_the_boxs():
    run = shell("--uid", "7", "--gid", "8", "--hostname", "box", "id -u; id -g; uname -n")
    assert run.stdout.split() == ["7", "8", "box"], run


@case
def promises_replace_what_would_be_derived():
    assert boxed("--promises", "stdio", "--", "echo", "x").stdout == "x\n"
    assert boxed("--promises", "stdio", "--", "cat", "/x").returncode == 128 + signal.SIGSYS
    assert boxed("--promises", "stdio error", "--", "cat", "/x").returncode == 1


# --- ends ------------------------------------------------------------------------------------------


@case
def the_programs_status_is_ours():
    for status in [0, 7, 255]:
        assert boxed("--", "sh", "-c", "exit %d" % status).returncode == status
    assert shell("kill -TERM $$").returncode == 128 + signal.SIGTERM


def sleeper(*options):
    if not os.path.exists(BUSYBOX):
        skip("no static busybox: ci/bootstrap installs it")
    program = subprocess.Popen([engine(), *options, "--", BUSYBOX, "sh", "-c", "echo up; read line"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "up\n"
    return program


@case
def signals_are_passed_on():
    for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]:
        with sleeper("--promises", "stdio proc error") as program:
            program.send_signal(number)
            assert program.wait(30) == 128 + number


@case
def the_program_ends_when_we_are_killed():
    with sleeper("--promises", "stdio proc error") as program:
        program.kill()
        # Its output ends only when nobody holds it any more.
        assert program.stdout.read() == ""


@case
def a_missing_program_is_127_and_a_bad_one_126():
    refused(confine("--", "/no/such/program"), "/no/such/program: No such file or directory", status=127)
    refused(confine("--", "no-such-program"), "no-such-program: No such file or directory", status=127)
    refused(confine("--", "/etc/passwd"), "/etc/passwd: Permission denied", status=126)
    refused(confine("--", "/usr"), "/usr: Permission denied", status=126)


@case
def a_dynamic_program_without_its_linker_is_told_so():
    refused(confine("--", "/usr/bin/env"), "dynamic linker /lib64/ld-linux", "; --profile=reader grants what most programs need\n", status=126)


@case
def a_step_that_fails_is_named_with_its_clause():
    refused(boxed("--read", "/no/such/path", "--", "true"),
            "fs.read[0]: Landlock: allow read_file read_dir beneath /no/such/path: No such file or directory")
    refused(boxed("--bind", "/no/such/path:/x", "--", "true"), "fs.mounts[0]: bind /no/such/path at /x")
    refused(boxed("--cwd", "/no/such/path", "--", "true"), "cwd: chdir /no/such/path")


# --- what is told ----------------------------------------------------------------------------------


@case
def explain_prints_the_plan_and_runs_nothing():
    here = directory()
    run = confine("--explain", "--write", here, "--", "/bin/touch", here + "/made")
    assert run.returncode == 0 and os.listdir(here) == [], run
    assert "beneath %s" % here in run.stdout and "fs: enforced, by Landlock" in run.stdout, run
    plan = json.loads(confine("--explain", "--json", "--", "/bin/true").stdout)
    assert "pid" in plan["namespaces"] and plan["steps"][-1]["clause"] == "syscalls", plan


@case
def report_and_status_are_json():
    readable, writable = os.pipe()
    run = boxed("--report=json", "--status-fd", str(writable), "--", "sh", "-c", "exit 3",
                pass_fds=[writable])
    os.close(writable)
    with os.fdopen(readable, encoding="utf-8") as pipe:
        started, exited = [json.loads(line) for line in pipe]
    assert started["event"] == "started" and started["pid"] > 0
    assert exited == {"event": "exited", "code": 3}
    clauses = {clause["clause"]: clause["level"] for clause in json.loads(run.stderr)}
    assert clauses["net"] == "enforced" and clauses["syscalls"] == "enforced", clauses


@case
def a_refusal_is_an_event_too():
    readable, writable = os.pipe()
    boxed("--status-fd", str(writable), "--read", "/no/such/path", "--", "true", pass_fds=[writable])
    os.close(writable)
    with os.fdopen(readable, encoding="utf-8") as pipe:
        event = json.loads(pipe.read())
    assert event["event"] == "refused" and event["clause"] == "fs.read[0]", event


@case
def doctor_tells_what_works():
    run = confine("doctor")
    assert run.returncode == 0 and "pid namespace: works" in run.stdout, run
    found = {item["mechanism"]: item["works"] for item in json.loads(confine("doctor", "--json").stdout)}
    assert found["Landlock"] is True and len(found) == 11, found


@case
def help_fits_and_names_every_option():
    run = confine("--help")
    assert run.returncode == 0 and run.stderr == "", run
    assert max(map(len, run.stdout.splitlines())) <= 84
    assert confine("--version").stdout == "confine 0.1.0\n"


@case
def a_policy_comes_from_a_file():
    here = directory()
    policy = write(here + "/policy", json.dumps({"syscalls": "stdio", "env": {"A": "b"}}))
    assert boxed("--policy", policy, "--", "env").stdout == "A=b\n"
    assert boxed("--policy", policy, "--env", "C=d", "--", "env").stdout == "A=b\nC=d\n"


@case
def of_several_policies_the_box_has_what_all_grant():
    here = directory()
    for name in ["/a", "/b"]:
        write(here + name, "text")
    both = {"fs": {"read": [here], "exec": ["/usr"]}, "env": {"A": "b", "C": "d"}}
    one = {"fs": {"read": [here + "/a", "/usr"], "write": [here], "exec": ["/usr"]}, "env": {"A": "b"}}
    policies = []
    for name, policy in [("/both", both), ("/one", one)]:
        policies += ["--policy", write(here + name, json.dumps(policy))]
    assert boxed(*policies, "--", "cat", here + "/a").stdout == "text"
    assert boxed(*policies, "--", "cat", here + "/b").returncode == 1
    assert boxed(*policies, "--", "touch", here + "/c").returncode == 1
    assert boxed(*policies, "--", "env").stdout == "A=b\n"
    clash = write(here + "/clash", json.dumps({"fs": {"mounts": [{"type": "proc", "target": "/proc"}]}}))
    refused(boxed(*policies, "--policy", clash, "--", "env"), "--policy: %s: fs.root: " % clash)


@case
def profiles_are_starting_points():
    assert boxed("--profile=pure", "--", "echo", "x").stdout == "x\n"
    here = directory()
    write(here + "/main.c", "int main(void) { return 7; }")
    run = confine("--profile=build", "--read", here, "--write", here, "--cwd", here, "--", "/bin/sh", "-c",
                  "gcc main.c -o main")
    assert run.returncode == 0 and os.path.exists(here + "/main"), run
    run = confine("--profile=net-client", "--", "/bin/sh", "-c", "cat /etc/resolv.conf >/dev/null; ls /root")
    assert run.returncode != 0, run


# --- complaints ------------------------------------------------------------------------------------


# 91 row 51, 53
@case
def every_wrong_option_is_one_line_and_125():
    here = directory()
    bad = write(here + "/bad", '{"fs": {"raed": []}}')
    complaints = {
        ("--raed=/x",): "unknown option --raed; did you mean --read?",
        ("--xyzzy",): "unknown option --xyzzy",
        ("--explain=1",): "--explain takes no value",
        ("--read",): "--read: P is missing",
        ("--read=", "--", "x"): "--read: '': a path is missing",
        ("--read", "/a/../b", "--", "x"): "fs.read[0]: '/a/../b' contains '..'",
        ("ls",): "'ls': a -- before PROGRAM is missing",
        (): "no program is given",
        ("--",): "no program is given after --",
        ("doctor", "--", "ls"): "doctor runs no program",
        ("--policy", "/no/such", "--", "x"): "--policy: /no/such: No such file or directory",
        ("--policy", bad, "--", "x"): "--policy: %s: fs.raed: unknown field" % bad,
        ("--profile", "moon", "--", "x"): "--profile: moon: no such profile; there are pure, reader, net-client, build",
        ("--profile=pure", "--policy", bad, "--", "x"): "--profile and --policy exclude each other",
        ("--net=fly", "--", "x"): "--net: fly: connect:PORT, bind:PORT, loopback or unix expected",
        ("--net=connect:x", "--", "x"): "--net: x: not a number",
        ("--net=connect:70000", "--", "x"): "--net: 70000: more than 65535",
        ("--promises", "fly", "--", "x"): "--promises: fly: unknown promise 'fly'",
        ("--limit", "open_fiels=3", "--", "x"): "--limit: open_fiels=3: no such limit; did you mean open_files?",
        ("--limit", "open_files", "--", "x"): "--limit: open_files: NAME=VALUE expected",
        ("--limit", "open_files=3X", "--", "x"): "--limit: 3X: not a number",
        ("--limit", "data=99999999999T", "--", "x"): "--limit: 99999999999: more than 16777215",
        ("--limit", "wall_time=x", "--", "x"): "--limit: x: not a number of seconds",
        ("--limit", "wall_time=-1", "--", "x"): "--limit: -1: not a number of seconds",
        ("--env", "=x", "--", "x"): "--env: =x: NAME or NAME=VALUE expected",
        ("--rootfs", "moon", "--", "x"): "--rootfs: moon: host or empty expected",
        ("--bind", "/x", "--", "x"): "--bind: /x: SRC:DST or SRC:DST:ro expected",
        ("--symlink", "x", "--", "x"): "--symlink: x: TEXT:DST expected",
        ("--uid", "-1", "--", "x"): "--uid: -1: not a number",
        ("--status-fd", "99", "--", "x"): "--status-fd: 99: Bad file descriptor",
        ("--report", "xml", "--", "x"): "--report: xml: json expected",
        ("--hostname", "x" * 65, "--", "x"): "hostname: 1 to 64 bytes expected",
    }
    for arguments, part in complaints.items():
        refused(confine(*arguments), part)


@case
def a_full_standard_output_is_an_error():
    with open("/dev/full", "w", encoding="utf-8") as full:
        run = subprocess.run([engine(), "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert run.returncode != 0 and run.stderr != b"", run


@case
def a_policy_that_says_something_twice_is_refused():
    here = directory()
    twice = write(here + "/twice", '{"fs": {"read": ["/usr"], "write": [], "read": ["/"]}}')
    refused(confine("--policy", twice, "--", "x"), "--policy: %s: fs.read: given twice\n" % twice)


# What is named may come from anybody.
@case
def control_characters_of_names_are_made_visible():
    name = "/no/\x1b]0;title\x07\nconfine: such"
    shown = "/no/\\x1b]0;title\\x07\\x0aconfine: such"
    refused(confine("--", name), "confine: %s: No such file or directory\n" % shown, status=127)
    refused(boxed("--read", name, "--", "true"), "beneath %s: No such file or directory\n" % shown)
    refused(confine("--policy", name, "--", "x"), "--policy: %s: No such file or directory\n" % shown)
    refused(confine("--xyzzy\x1b\n", "--", "x"), "unknown option --xyzzy\\x1b\\x0a ")


# 91 row 55
@case
def a_set_uid_copy_refuses_to_run():
    if os.geteuid() != 0:
        skip("needs root, to make a set-uid file of another user")
    copy = directory() + "/confine"
    with open(engine(), "rb") as source, open(copy, "wb") as out:
        out.write(source.read())
    os.chmod(copy, 0o4755)
    run = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", copy, "--version"],
                         capture_output=True, text=True, check=False)
    refused(run, "refuses to run set-uid, set-gid or with file capabilities")


@case
def an_ordinary_user_has_the_same_boxes():
    if os.geteuid() != 0:
        skip("is what the other cases are then")
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    run = subprocess.run([*user, engine(), "--profile=reader", "--", "/usr/bin/id", "-u"],
                         capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "65534\n"), run
    run = subprocess.run([*user, engine(), "--", BUSYBOX, "cat", "/etc/passwd"],
                         capture_output=True, text=True, check=False)
    assert run.returncode == 1 and run.stdout == "", run


main()
