"""jailattach: scripts and programs in containers that initexec has made; every option, every complaint."""

import os
import shutil
import signal
import subprocess
import sys

import tool_cases
from cases import case, engine, main, script, skip
from containers import BUSYBOX, Container, only_child
from tool_cases import NOBODY, alone, needs_root, refused, tool, write

INITEXEC, TRAP = (os.path.abspath(path) for path in sys.argv[2:4])

tool_cases.common((("--pdi=1",), "--pid"))


class Running:
    """A container whose program waits for the end of its input."""

    def __init__(self, more="", program=("sh", "-c", "echo ready; cat"), user=None, **options):
        self.box = Container(INITEXEC, more, user=user)
        self.root = self.box.root
        self.program = self.box.start(*program, **options)

    def __enter__(self):
        assert self.program.stdout.readline() == "ready\n", self.program.stderr.read()
        self.pid = only_child(self.program.pid)
        return self

    def __exit__(self, *_):
        self.program.communicate(timeout=60)

    def attach(self, *words, **options):
        return tool("--pid=%d" % self.pid, *words, **options)

    def file(self, *names):
        with open(os.path.join(self.root, *names), encoding="utf-8") as text:
            return text.read()


LIST_PROCESSES = """
for _, name in ipairs(list_directory(C.open('/proc', C.O_RDONLY))) do
    if name:match '^%d+$' then
        io.write(name, ' ', (C.read(C.open('/proc/' .. name .. '/comm', C.O_RDONLY), 100)))
    end
end
"""

EDIT = """
local old = C.read(C.open('/etc/motd', C.O_RDONLY), 1000)
local file = C.open('/etc/motd', bit.bor(C.O_WRONLY, C.O_TRUNC))
write_all(file, (old:gsub('welcome', 'edited')))
"""


# --- nothing of the image -----------------------------------------------------------------------------


def set_traps(root):
    """Whatever could be run, loaded or asked by somebody who trusts the image."""
    os.rename(root + "/bin", root + "/old")
    for name in ("bin/sh", "bin/busybox", "bin/ls", "usr/bin/env", "lib64/ld-linux-x86-64.so.2", "lib/libc.so.6",
                 "lib/x86_64-linux-gnu/libc.so.6", "lib/libnss_files.so.2"):
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(TRAP, path)
    write(root + "/etc/ld.so.preload", "/lib/libc.so.6\n")


@case
def a_script_lists_processes_and_edits_a_file_though_all_programs_are_traps():
    with Running() as box:
        set_traps(box.root)
        run = box.attach("-e", LIST_PROCESSES + EDIT)
        assert run.returncode == 0 and run.stderr == "", run
        assert run.stdout == "1 initexec\n2 cat\n3 jailattach\n", run
        assert box.file("etc", "motd") == "edited\n"
        assert not os.path.exists(box.root + "/trapped")
        # A program of the host does not run into them either; one of the image does.
        run = box.attach("--", BUSYBOX, "ls", "/bin")
        assert run.stdout.split() == ["busybox", "ls", "sh"], run
        assert not os.path.exists(box.root + "/trapped")
        run = box.attach("--from-image", "--", "ls")
        assert run.returncode == 66 and box.file("trapped") == "a trap was run\n", run


@case
def the_environment_of_the_container_is_not_read_nor_is_ours_passed():
    with Running(env={"PATH": "/bin", "SECRET": "inside"}) as box:
        ours = {"PATH": os.environ["PATH"], "OURS": "outside", "PASSED": "on", "TERM": "vt100"}
        run = box.attach("-e", "print(os.getenv 'SECRET', os.getenv 'OURS', os.getenv 'PATH')", env=ours)
        assert run.stdout == "nil\tnil\tnil\n", run
        run = box.attach("--env", "NEW=a=b", "--env=PASSED", "--env=UNSET", "--", BUSYBOX, "env", env=ours)
        assert sorted(run.stdout.splitlines()) == [
            "HOME=/", "NEW=a=b", "PASSED=on", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "TERM=vt100"], run


# 91 row 37
@case
def only_the_standard_streams_come_along():
    readable, writable = os.pipe()
    listing = ("local fd = C.open('/proc/self/fd', C.O_RDONLY) local names = list_directory(fd) table.sort(names) "
               "print(fd, table.concat(names, ' '))")
    with Running() as box:
        run = box.attach("-e", listing, pass_fds=[readable, writable])
        assert run.stdout == "3\t0 1 2 3\n", run
        run = box.attach("--", BUSYBOX, "ls", "/proc/self/fd", pass_fds=[readable, writable])
        assert run.stdout.split() == ["0", "1", "2", "3"], run


# --- where it is --------------------------------------------------------------------------------------


@case
def all_namespaces_of_the_container_are_joined_at_once():
    with Running() as box:
        for name in "user", "mnt", "pid", "net", "ipc", "uts", "cgroup":
            run = box.attach("--", BUSYBOX, "readlink", "/proc/self/ns/" + name)
            assert run.stdout.strip() == os.readlink("/proc/%d/ns/%s" % (box.pid, name)), (name, run)
        run = box.attach("--", BUSYBOX, "sh", "-c", "echo $PPID; hostname; cat /etc/motd; id -u")
        assert run.stdout.split() == ["0", "container", "welcome", "0"], run


@case
def a_process_is_named_by_its_descriptor_too():
    with Running() as box:
        fd = os.pidfd_open(box.pid)
        run = tool("--pidfd=fd:%d" % fd, "-e", "print((C.read(C.open('/etc/motd', 0), 100)))", pass_fds=[fd])
        assert run.stdout == "welcome\n\n", run
    refused(tool("--pidfd=fd:%d" % fd, "-e", "x = 1", pass_fds=[fd]), "--pidfd: fd:%d: " % fd, status=125)
    os.close(fd)


@case
def namespaces_are_named_one_by_one_too():
    with Running() as box:
        place = "/proc/%d/ns/" % box.pid
        run = tool("--ns=uts:" + place + "uts", "--ns=user:" + place + "user", "--", BUSYBOX, "hostname")
        assert run.stdout == "container\n", run
        run = tool("--ns=mount:" + place + "mnt", "--ns=user:" + place + "user", "-e",
                   "print((C.read(C.open('/etc/motd', 0), 100)))")
        assert run.stdout == "welcome\n\n", run
        refused(tool("--ns=net:" + place + "uts", "-e", "x = 1"), "--ns: net: Invalid argument", status=125)
        refused(tool("--ns=net:/no/such", "-e", "x = 1"), "/no/such: No such file or directory", status=125)


@case
def the_root_is_that_of_the_namespace_or_that_of_the_process():
    inner = "mkdir -p /tmp/inner; cp /bin/busybox /tmp/inner; exec chroot /tmp/inner /busybox sh -c 'echo ready; read x'"
    with Running(program=("busybox", "sh", "-c", inner), env={"PATH": "/bin"}) as box:
        run = tool("--pid=%d" % only_child(box.pid), "--", BUSYBOX, "ls", "/")
        assert "etc" in run.stdout.split(), run
        run = tool("--pid=%d" % only_child(box.pid), "--root", "--", BUSYBOX, "ls", "/")
        assert run.stdout.split() == ["busybox"], run


@case
def it_begins_in_the_root_directory_or_where_it_is_told():
    with Running() as box:
        assert box.attach("--", BUSYBOX, "pwd").stdout == "/\n"
        assert box.attach("--cwd=/etc", "--", BUSYBOX, "pwd").stdout == "/etc\n"
        refused(box.attach("--cwd=/no/such", "--", BUSYBOX, "pwd"), "--cwd: /no/such: No such file or directory",
                status=125)


@case
def the_control_group_comes_along_if_asked_for():
    needs_root()
    place = "/sys/fs/cgroup/pids"
    if not os.path.isdir(place):
        place = "/sys/fs/cgroup"
    group = os.path.join(place, "emilua-test-%d" % os.getpid())
    try:
        os.mkdir(group)
    except OSError as reason:
        skip("no control group can be made: %s" % reason)
    try:
        with Running() as box:
            write(group + "/cgroup.procs", str(box.pid))
            show = ["--", BUSYBOX, "cat", "/proc/self/cgroup"]
            assert os.path.basename(group) not in box.attach(*show).stdout
            run = box.attach("--cgroup", *show)
            assert os.path.basename(group) in run.stdout, run
    finally:
        os.rmdir(group)


# --- who it is ----------------------------------------------------------------------------------------


@case
def the_user_is_root_inside_or_the_one_who_is_named():
    with Running() as box:
        show = ["--", BUSYBOX, "sh", "-c", "id -u; id -g; id -G"]
        assert box.attach(*show).stdout.split() == ["0", "0", "0"]
        refused(box.attach("--user=1000", *show), "--user: gid 1000: Invalid argument", status=125)
    needs_root()
    with subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "sh", "-c", "echo ready; read x"], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as box:
        box.stdout.readline()
        where = "--pid=%d" % only_child(box.pid)
        for option, expected in ("--user=1000", ["1000", "1000", "1000"]), ("--user=1000:7", ["1000", "7", "7"]):
            run = tool(where, option, "--", BUSYBOX, "sh", "-c", "id -u; id -g; id -G")
            assert run.stdout.split() == expected, run
        run = tool(where, "--user=65534", "-e", "print(pcall(C.setresuid, 0, 0, 0))")
        refused(run, "script: setresuid: Operation not permitted", status=1)
        box.communicate("\n")


@case
def capabilities_are_dropped_before_the_script_if_that_is_wanted():
    with Running() as box:
        show = ["-e", "print((C.read(C.open('/proc/self/status', 0), 4000)))"]
        run = box.attach("--no-caps", *show)
        lines = dict(line.split(":\t", 1) for line in run.stdout.splitlines() if ":\t" in line)
        assert {name: lines[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {
            name: "0" * 16 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}, run
        assert lines["NoNewPrivs"] == "1", run
        refused(box.attach("--no-caps", "-e", "C.mount('none', '/tmp', 'tmpfs', 0)"),
                "script: mount: Operation not permitted", status=1)
        run = box.attach("-e", "C.mount('none', '/tmp', 'tmpfs', 0)")
        assert run.returncode == 0, run


@case
def an_ordinary_user_attaches_to_his_own_container_and_to_no_other():
    needs_root()
    place = alone()
    with Running(user=65534) as box:
        def attach(pid, *words):
            return subprocess.run([place + "/jailattach", "--pid=%d" % pid, *words], capture_output=True, text=True,
                                  check=False, **NOBODY)

        run = attach(box.pid, "-e", LIST_PROCESSES + EDIT, "--", BUSYBOX, "id", "-u")
        assert run.returncode == 0 and run.stdout.endswith("\n0\n") and box.file("etc", "motd") == "edited\n", run
        with Running() as other:
            run = attach(other.pid, "-e", "print 'in'")
            assert run.returncode == 125 and run.stdout == "", run
            assert "Permission denied" in run.stderr or "not permitted" in run.stderr, run


# --- scripts and programs -----------------------------------------------------------------------------


@case
def a_script_comes_from_a_file_of_the_host_or_from_standard_input():
    path = script("print 'from a file'")
    with Running() as box:
        assert box.attach("--script", path).stdout == "from a file\n"
        assert box.attach("--script=-", input="print 'from outside'", stdin=None).stdout == "from outside\n"
        write(path, "\nerror 'oops'")
        refused(box.attach("--script", path), "script: ", "/main.lua:2: oops\n", status=1)
        refused(box.attach("--script", "/no/such"), "script: /no/such: No such file or directory", status=1)
        refused(box.attach("-e", ""), "script: empty script", status=1)
        refused(box.attach("-e", "C.open('/no/such', 0)", "--", BUSYBOX, "echo", "ran"),
                "script: open: No such file or directory", status=1)
        run = box.attach("-e", "local t = {} for i = 1, 300000 do t[i] = {} end print(#t)")
        assert run.stdout == "300000\n", run
        refused(box.attach("-e", "local s = ('x'):rep(1e6) for i = 1, 100 do s = s .. 'x' end"),
                "script: alloc: out of memory (64 MiB)", status=1)


@case
def a_script_has_the_pure_modules_and_finds_none_in_the_container():
    text = """
        local json, regex = require 'json', require 'regex'
        assert(require 'byte_span' == byte_span)
        local text = json.encode{motd = C.read(C.open('/etc/motd', C.O_RDONLY), 100)}
        assert(not regex.search(regex.new{pattern = 'wel(c)ome', grammar = 'extended'}, text).empty)
        print(json.decode(text).motd, #byte_span.append(text))
        print(pcall(json.decode, '{'))
        print(pcall(require, 'planted'))
    """
    with Running() as box:
        os.makedirs(box.root + "/usr/local/share/lua/5.1")
        for place in "/planted.lua", "/usr/local/share/lua/5.1/planted.lua":
            write(box.root + place, "print 'of the image'")
        run = box.attach("-e", text, env={"LUA_PATH": "/?.lua"})
        assert run.returncode == 0 and run.stderr == "", run
        lines = run.stdout.splitlines()
        assert lines[0] == "welcome" and lines[2].startswith("false\t"), run
        assert "of the image" not in run.stdout and "module 'planted' not found" in run.stdout, run
        refused(box.attach("-e", "require('json').decode '{'"), "script: ", status=1)


@case
def what_modules_say_of_files_they_say_of_those_in_the_container():
    text = """
        local filesystem, stream, asio_error = require 'filesystem', require 'stream', require 'asio_error'
        local path = filesystem.path.new('/etc') / 'motd'
        local fd = C.open(tostring(path), C.O_RDONLY)
        local file = {}
        function file:read_some(buffer)
            local text, n = C.read(fd, #buffer)
            if #text == 0 then error(asio_error.misc.eof) end
            buffer:copy(text)
            return #text
        end
        local scanner = stream.scanner.new{stream = file, record_separator = '\\n'}
        local line = tostring(scanner:get_line())
        print(format('{:>9}|{}|{}', line, path.filename, tostring(filesystem.current_working_directory())))
        print(select(2, pcall(scanner.get_line, scanner)) == asio_error.misc.eof)
        for _, name in ipairs{'system', 'file', 'time'} do assert(not pcall(require, name), name) end
    """
    with Running() as box:
        run = box.attach("-e", text, cwd="/usr")
        assert (run.returncode, run.stdout) == (0, "  welcome|motd|/\ntrue\n"), run


# 91 row 9
@case
def a_program_runs_after_the_script_from_a_copy_that_nobody_can_write():
    with Running() as box:
        run = box.attach("-e", "print 'first'", "--", BUSYBOX, "readlink", "/proc/self/exe")
        assert run.stdout.splitlines()[0] == "first" and "/memfd:" in run.stdout, run
        run = box.attach("--", BUSYBOX, "sh", "-c", "echo x >/proc/self/exe")
        assert run.returncode != 0, run
        with open(BUSYBOX, "rb") as program:
            run = box.attach("--program-fd=%d" % program.fileno(), "--", "echo", "by descriptor",
                             pass_fds=[program.fileno()])
        assert run.stdout == "by descriptor\n", run


@case
def what_would_load_the_containers_libraries_is_refused():
    with Running() as box:
        refused(box.attach("--", sys.executable), "not static: its libraries would be the container's (--from-image executes what is there)",
                status=126)
        path = write(script("") + ".sh", "#!/bin/sh\n", 0o755)
        refused(box.attach("--", path), "no ELF program: its interpreter would be the container's", status=126)
        refused(box.attach("--", "no-such-program"), "exec: no-such-program: No such file or directory", status=127)
        refused(box.attach("--", "/etc/passwd"), "exec: /etc/passwd: Permission denied", status=126)
        refused(box.attach("--from-image", "--", "no-such-program"), "exec: no-such-program: ", status=127)
        assert box.attach("--from-image", "--", "echo", "of the image").stdout == "of the image\n"
        with open(script("text"), "rb") as text:
            refused(box.attach("--program-fd=%d" % text.fileno(), "--", "x", pass_fds=[text.fileno()]),
                    "exec: x: no ELF program", status=126)
        readable, writable = os.pipe()
        refused(box.attach("--program-fd=%d" % readable, "--", "x", pass_fds=[readable]),
                "exec: --program-fd %d: Illegal seek" % readable, status=126)
        os.close(readable)
        os.close(writable)


@case
def statuses_and_signals_are_passed_on():
    with Running() as box:
        for text, status in (("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)):
            assert box.attach("--", BUSYBOX, "sh", "-c", text).returncode == status, text
        for sent in "TERM", "INT", "HUP", "USR1":
            text = "trap 'exit 9' %s; echo ready; while true; do sleep 0.01; done" % sent
            with subprocess.Popen([engine(), "--pid=%d" % box.pid, "--", BUSYBOX, "sh", "-c", text],
                                  stdout=subprocess.PIPE) as child:
                assert child.stdout.readline() == b"ready\n"
                child.send_signal(getattr(signal, "SIG" + sent))
                assert child.wait(60) == 9, sent


@case
def nothing_stays_inside_when_the_tool_is_killed():
    with Running() as box:
        with subprocess.Popen([engine(), "--pid=%d" % box.pid, "--user=0", "--", BUSYBOX, "sh", "-c",
                               "echo ready; exec sleep 600"], stdout=subprocess.PIPE) as child:
            assert child.stdout.readline() == b"ready\n"
            child.kill()
            assert child.stdout.read() == b""


# --- complaints ---------------------------------------------------------------------------------------


@case
def every_wrong_command_line_is_one_line_and_2():
    complaints = {
        (): "--pid, --pidfd or --ns is missing",
        ("--pid=1",): "nothing to run: --script, -e or a PROGRAM is missing",
        ("--pid=x", "-e", ""): "--pid: x: not a number",
        ("--pid=99999999999", "-e", ""): "--pid: 99999999999: more than",
        ("--pidfd=3", "-e", ""): "--pidfd: 3: fd:N expected",
        ("--pidfd=fd:99", "-e", ""): "--pidfd: 99: Bad file descriptor",
        ("--pid=1", "--pidfd=fd:0"): "--pid and --pidfd exclude each other",
        ("--pid=1", "--ns=net:/x"): "--pid and --ns exclude each other",
        ("--ns=net",): "--ns: net: TYPE:PATH expected",
        ("--ns=nett:/x",): "--ns: nett: no such namespace; did you mean net?",
        ("--ns=net:/x", "--root", "-e", ""): "--root and --cgroup are those of a --pid or --pidfd",
        ("--jail=www",): "--jail: www: jails need FreeBSD",
        ("--pid=1", "--script=x", "-e", ""): "--script and -e exclude each other",
        ("--pid=1", "--user=root", "-e", ""): "--user: root: not a number",
        ("--pid=1", "--user=1:2:3", "-e", ""): "UID or UID:GID expected",
        ("--pid=1", "--program-fd=99", "--", "x"): "--program-fd: 99: Bad file descriptor",
        ("--pid=1", "--program-fd=0", "--from-image", "--", "x"): "--program-fd and --from-image exclude each other",
        ("--pid=1", "--from-image", "-e", ""): "--program-fd and --from-image are for a PROGRAM, which is missing",
        ("--pid=1", "--env==x", "--", "x"): "--env: =x: NAME or NAME=VALUE expected",
        ("--pid=1", "ls"): "'ls': a -- before PROGRAM is missing",
        ("--pid=1", "--"): "no program is given after --",
        ("--pid=1", "--no-caps=1", "--", "x"): "--no-caps takes no value",
        ("--pid",): "--pid: N is missing",
    }
    for words, part in complaints.items():
        refused(tool(*words), part)


# 91 row 37
@case
def processes_that_are_no_containers_are_refused():
    refused(tool("--pid=%d" % os.getpid(), "-e", "print 'ran on the host'"), "is in no other namespaces than we are: no container\n",
            status=125)
    refused(tool("--pid=2147483646", "-e", "x = 1"), "--pid: 2147483646: No such process", status=125)
    with open("/dev/null", encoding="ascii") as file:
        refused(tool("--pidfd=fd:%d" % file.fileno(), "-e", "x = 1", pass_fds=[file.fileno()]),
                "no descriptor of a process that can be seen from here", status=125)


@case
def with_nothing_but_a_proc_beside_it_it_visits_a_container():
    needs_root()
    root = alone()
    os.mkdir(root + "/proc")
    with Running() as box:
        enter = 'mount --bind /proc "$0/proc" && exec /usr/sbin/chroot "$0" /jailattach --pid=$1 -e "$2"'
        run = subprocess.run(["unshare", "--mount", "--propagation=private", "sh", "-c", enter, root, str(box.pid),
                              LIST_PROCESSES], capture_output=True, text=True, check=False)
        assert run.stdout == "1 initexec\n2 cat\n3 jailattach\n", run


main()
