"""The attacks of spec 91 against boxes: each is made unconfined, where it must work, then in the default
box, then in boxes with the smallest grants that could tempt it. There nothing must happen outside, and the
refusal must be the one that is written here: "ERRNO" or "CALL ERRNO", "SIGNAL", or confine's own status and
complaint. "done" is what is harmless: the attacker got its way in a world of its own.

What other tests show is listed by tests/bullets.py.
"""

import collections
import json
import os
import subprocess

from cases import case, engine, main, skip
import sandbox_scenes as scenes
from sandbox_scenes import ROOT, attempt

Attack = collections.namedtuple("Attack", "row name arguments scene box boxes outside root boxed_scene")
TABLE = []


def attack(row, name, arguments=(), scene=scenes.Scene, box="EPERM", boxes=(), outside="done", root=False,
           boxed_scene=None):
    """`boxes`: pairs of options and what is expected, or three of them: then with other arguments. `outside`
    may be the error of a kernel that has no such thing. `root`: it works only for root."""
    TABLE.append(Attack(row, name, list(arguments), scene, box, boxes, outside, root, boxed_scene or scene))


def promises(words, *options):
    return [*options, "--promises", words + " error"]


def allowing(*calls, **policy):
    return [{"syscalls": {"promises": "stdio proc rpath wpath cpath error", "allow": list(calls)}, **policy}]


READER = ["--profile=reader"]
GRANTED = ["--read", "{dir}/granted"]
WRITABLE = ["--read", "{dir}/granted", "--write", "{dir}/granted"]
BOUND = ["--bind", "{dir}/granted:/data:ro"]
# All that paths could be reached by: what Landlock rules, and what read-only mounts have to.
RULED = "stdio rpath wpath cpath dpath tmppath flock"
PATHS = RULED + " fattr chown"
# Processes are seen and can be signalled as far as nothing but Landlock keeps them apart.
NO_NAMESPACES = {"namespaces": [], "die_with_parent": False}


# Terminal.

def terminal():
    attack(1, "typing into the terminal", ["type"], scenes.Terminal,
           boxes=[(promises("stdio tty ioctl"), "EPERM"), ([{"new_session": False}], "EPERM")])
    # There is no virtual console here: the attempt gets as far as the terminal, which does not know it.
    attack(2, "pasting into the console", ["paste"], scenes.Terminal, outside="ENOTTY",
           boxes=[(promises("stdio tty ioctl"), "EPERM")])
    attack(3, "typing by a number with a bit above", ["type_by_a_large_number"], scenes.Terminal,
           boxes=[(promises("stdio tty ioctl"), "EPERM")])
    attack(3, "pasting by a number with a bit above", ["paste_by_a_large_number"], scenes.Terminal, outside="ENOTTY",
           boxes=[(promises("stdio tty ioctl"), "EPERM")])
    attack(4, "acquiring a terminal", ["acquire_terminal"], scenes.FreeTerminal,
           boxes=[(promises("stdio proc tty"), "ioctl EPERM")])


# Descriptors and the working directory.

def descriptors():
    attack(6, "descriptors that were left open", ["inherited_descriptors"], scenes.Descriptors, box="fcntl EBADF",
           boxes=[(READER, "fcntl EBADF"), (["--net"], "fcntl EBADF")])
    attack(7, "a descriptor's link as the working directory", ["read_by_climbing", "{dir}/secret"],
           scenes.DescriptorOfDirectory,
           boxes=[(["--cwd", "/proc/self/fd/{fd}", *BOUND, "--proc", "/proc"], "EACCES"),
                  (["--cwd", "/proc/self/fd/{fd}", *GRANTED], "EACCES")])
    attack(7, "climbing out of the working directory", ["read_by_climbing", "{dir}/secret"], scenes.Reading,
           boxes=[(["--cwd", "{dir}/granted", *GRANTED], "EACCES"), (["--cwd", "/data", *BOUND], "ENOENT")])
    attack(7, "climbing out through /proc/self/cwd", ["read_through", "/proc/self/cwd", "{dir}/secret"],
           scenes.Reading,
           boxes=[(["--read", "/proc", *GRANTED], "EACCES"), (["--cwd", "/data", "--proc", "/proc", *BOUND], "ENOENT")])
    attack(7, "climbing out through /proc/self/root", ["read_through", "/proc/self/root", "{dir}/secret"],
           scenes.Reading, boxes=[(["--read", "/proc"], "EACCES"), (["--proc", "/proc", *BOUND], "ENOENT")])
    for name, arguments, scene in (
            ("reading from a received directory", "read_from_received", scenes.ReceivedDirectory),
            ("entering a received directory", "enter_received", scenes.ReceivedDirectory),
            ("reading from a directory that is standard input", "read_from_input", scenes.DirectoryAsInput)):
        attack(8, name, [arguments, "{dir}/secret"], scene,
               boxes=[(GRANTED, "EACCES"), (BOUND, "EACCES"), (["--tmpfs", "/tmp"], "EACCES"),
                      (["--rootfs=empty", *promises(PATHS)], "EACCES")])
    attack(8, "opening standard input once more, for writing", ["reopen_input_for_writing", "changed"],
           scenes.InputToChange,
           boxes=[(["--read", "/proc", *WRITABLE], "EACCES"), (["--proc", "/proc", "--tmpfs", "/tmp"], "EACCES")])
    attack(9, "writing over the file that runs", ["overwrite_own_file", "{attack}"], scenes.OwnFile,
           boxes=[(["--read", "/proc", "--exec", "{dir}", "--exec", "{bin}", *promises(RULED + " exec prot_exec proc")],
                   "open EACCES"),
                  (["--proc", "/proc", "--tmpfs", "/tmp", "--bind", "{bin}:{bin}:ro", "--bind", "{dir}:{dir}:ro",
                    *promises(PATHS + " exec prot_exec proc")], "open EROFS")])
    attack(9, "reading the file of process 1", ["read", "/proc/1/exe"], scenes.FirstProcess, root=True,
           boxed_scene=scenes.Scene, boxes=[(["--proc", "/proc"], "EACCES"), (["--read", "/proc"], "EACCES")])


# Paths and mounts.

def paths():
    attack(12, "writing beneath a read-only bind mount",
           ["bind_naively", "{dir}/granted", "{dir}/naive", "{dir}/naive/sub/file", "x"], scenes.Submount,
           boxes=[([*BOUND, *promises(PATHS)], "EROFS", ["write", "/data/sub/file", "x"]),
                  ([*BOUND, "--tmpfs", "/tmp"], "EROFS", ["write", "/data/sub/file", "x"])])
    for name in "mount", "mount_by_descriptors":
        attack(13, name.replace("_", " "), [name, "{dir}/granted"], scenes.MountPoint, root=True,
               boxes=[(promises("stdio rpath mount", *GRANTED), "EPERM"), (promises("stdio rpath mount", *BOUND), "EPERM", [name, "/data"]),
                      ([{"capabilities": ["cap_sys_admin"], "syscalls": "stdio rpath mount error",
                         "fs": {"read": ["{dir}"]}}], "EPERM")])
    attack(13, "making a read-only mount writable", ["remount_writable", "{dir}/granted"], scenes.ReadOnlyMount,
           boxes=[(promises("stdio rpath mount", *GRANTED), "EPERM")])
    attack(14, "set-uid programs and devices on mounts", ["mount_flags", "{dir}"], scenes.Flags, box="EPERM",
           boxes=[(BOUND, "done ro nosuid nodev", ["mount_flags", "/data"]),
                  (BOUND, "done ro nosuid nodev", ["mount_flags", "/"]),
                  (["--tmpfs", "/tmp"], "done nosuid nodev", ["mount_flags", "/tmp"]),
                  (["--proc", "/proc"], "nosuid nodev noexec", ["mount_flags", "/proc"]),
                  (["--dev", "/dev"], "nosuid nodev noexec", ["mount_flags", "/dev"])])
    attack(14, "a device in a bind mount", ["read", "{dir}/granted/zero"], scenes.Device, root=True,
           boxes=[(BOUND, "EACCES", ["read", "/data/zero"])])
    attack(14, "a set-uid program", ["execute", "{dir}/granted/tool", "become_root"], scenes.SetUidFile, root=True,
           boxes=[(["--exec", "{dir}/granted", *promises("stdio rpath exec prot_exec proc id")], "setuid EINVAL"),
                  (["--bind", "{dir}:{dir}", *promises("stdio rpath exec prot_exec proc id")], "setuid EINVAL")])
    attack(15, "moving a file out of its tree", ["rename", "{dir}/granted/file", "{dir}/moved"], scenes.Changing,
           boxes=[(WRITABLE, "EXDEV"), (promises(RULED, *WRITABLE), "EACCES")])
    attack(15, "moving a file into the tree", ["rename", "{dir}/secret", "{dir}/granted/secret"], scenes.Changing,
           boxes=[(WRITABLE, "EXDEV"), (promises(RULED, *WRITABLE), "EACCES")])
    attack(15, "a second name in the granted tree", ["make_link", "{dir}/secret", "{dir}/granted/link"],
           scenes.Planting, boxes=[(WRITABLE, "EXDEV")])
    attack(15, "the parent of the granted tree", ["read", "{dir}/granted/../secret"], scenes.Reading,
           boxes=[(WRITABLE, "EACCES")])
    writing = ["--read", "{dir}", "--write", "{dir}/granted"]
    for name, arguments in {
            "emptying a file": ["truncate", "{dir}/secret"],
            "writing to a file": ["write", "{dir}/secret", "changed"],
            "making a file": ["create", "{dir}/made"],
            "making a directory": ["make_directory", "{dir}/made"],
            "making a symbolic link": ["make_symlink", "{dir}/made"],
            "removing a file": ["remove", "{dir}/secret"],
            "a file without a name that gets one": ["make_unnamed", "{dir}", "{dir}/made"]}.items():
        attack(16, name, arguments, scenes.Changing, boxes=[(promises(RULED, *writing), "EACCES"), (writing, "EROFS")])
    attack(16, "changing the mode of a file", ["make_set_uid", "{dir}/secret"], scenes.Changing,
           boxes=[(WRITABLE, "EROFS"), (writing, "EROFS"), (["--write", "{dir}/granted"], "EROFS"),
                  # A policy whose rules are all about one device, such as the profile reader.
                  (READER, "EPERM"), (promises(RULED, *writing), "EPERM"),
                  (promises(PATHS, "--read", "{dir}"), "EROFS"),
                  ([{"namespaces": ["user", "pid"], "fs": {"write": ["{dir}/granted"]}}], "EPERM")])
    attack(16, "a file without a name from the granted tree", ["make_unnamed", "{dir}/granted", "{dir}/made"],
           scenes.Changing, boxes=[([*WRITABLE, "--read", "/proc"], "EROFS"),
                                    (promises(RULED, *WRITABLE, "--read", "/proc"), "EACCES")])
    attack(16, "an operation of a device's own", ["ask_device", "/dev/urandom"],
           boxes=[(["--read", "/dev/urandom"], "ioctl EPERM"),
                  (promises("stdio rpath ioctl", "--read", "/dev/urandom"), "ioctl EACCES"),
                  ([*promises("stdio rpath ioctl"), "--bind", "/dev/urandom:/random:ro"], "open EACCES",
                   ["ask_device", "/random"])])
    for name in "environ", "root/{dir}/secret", "cwd/secret", "fd/{descriptor}":
        attack(17, "reading %s of a process" % name.partition("/")[0], ["read", "/proc/{pid}/" + name], scenes.Victim,
               boxes=[(["--read", "/proc"], "EACCES"), (["--proc", "/proc"], "ENOENT")])
    attack(17, "reading the memory file of a process", ["read_memory_file", "{pid}", "{address}", "{size}"],
           scenes.Victim, boxes=[(["--read", "/proc"], "EACCES"), (["--proc", "/proc"], "ENOENT")])
    attack(17, "changing a setting of the kernel", ["write", "{setting}", "{other}"], scenes.Kernel, root=True,
           boxes=[(promises(RULED, "--read", "/proc"), "EACCES"), (["--proc", "/proc", "--tmpfs", "/tmp"], "EROFS"),
                  (promises(PATHS, "--proc", "/proc"), "EROFS")])
    attack(17, "what the kernel does with dumps", ["open_for_writing", "/proc/sys/kernel/core_pattern"], root=True,
           boxes=[(["--proc", "/proc", "--tmpfs", "/tmp"], "EROFS")])
    attack(18, "making a whiteout", ["make_whiteout", "{dir}/granted/gone"], scenes.Planting,
           boxes=[(promises(PATHS, *WRITABLE), "EPERM")])
    attack(18, "leaving a whiteout behind", ["rename_leaving_whiteout", "{dir}/granted/file", "{dir}/granted/gone"],
           scenes.Planting, boxes=[(WRITABLE, "EPERM")])


# Processes.

def processes():
    memory = ["{pid}", "{address}", "{size}"]
    for name, arguments, call in (
            ("tracing a process", ["trace", "{pid}"], "ptrace"),
            ("reading the memory of a process", ["read_memory", *memory], "process_vm_readv"),
            ("writing to the memory of a process", ["write_memory", *memory], "process_vm_writev"),
            ("taking a descriptor of a process", ["take_descriptor", "{pid}", "{descriptor}"], "pidfd_getfd")):
        attack(19, name, arguments, scenes.Victim,
               boxes=[(READER, "EPERM" if call != "pidfd_getfd" else "pidfd_open ESRCH"),
                      (allowing(call), "ESRCH"),
                      (allowing(call, **NO_NAMESPACES), "EPERM")])
    attack(19, "tracing process 1", ["trace", "{pid}"], scenes.Victim,
           boxes=[(allowing("ptrace"), "EPERM", ["trace", "1"])])
    for name, arguments in (("killing a process", ["kill", "{pid}"]),
                            ("killing a process by a descriptor", ["kill_by_descriptor", "{pid}"])):
        attack(20, name, arguments, scenes.Victim,
               boxes=[(promises("stdio proc"), "ESRCH"),
                      ([{"syscalls": "stdio proc error", **NO_NAMESPACES}], "EPERM")])
    attack(20, "signals to everybody", ["signal_everybody"],
           boxes=[(promises("stdio proc"), "ESRCH")])
    attack(20, "slowing a process down", ["slow_down", "{pid}"], scenes.Victim,
           boxes=[(promises("stdio proc sched"), "ESRCH")])
    attack(20, "limiting a process", ["limit", "{pid}"], scenes.LimitedVictim,
           boxes=[(promises("stdio proc"), "EPERM"), (allowing("prlimit64"), "ESRCH")])
    attack(21, "outliving whoever started it", ["outlive", "{token}"], scenes.Orphan, boxed_scene=scenes.BoxedOrphan,
           boxes=[(promises("stdio proc"), "done"), (READER, "done")])
    attack(22, "a state that was inherited", ["inherited_state"], scenes.BadState, box="done",
           boxes=[(READER, "done")])


# System calls.

def calls():
    # This kernel may have no x32: it is killed all the same.
    attack(23, "numbers of x32", ["x32"], outside="ENOSYS", box="SIGSYS",
           boxes=[(promises("stdio proc id prctl"), "SIGSYS")])
    attack(24, "the gate of 32 bits", ["gate_of_32_bits"], box="SIGSYS", boxes=[(READER, "SIGSYS")])
    attack(25, "clone with its flags behind a pointer", ["clone_behind_pointer"], box="ENOSYS",
           boxes=[(promises("stdio proc thread"), "ENOSYS"), (READER, "ENOSYS")])
    attack(25, "vfork without the C library", ["vfork_in_place"], boxes=[(GRANTED, "EPERM"), (["--net"], "EPERM")])
    attack(26, "a call that is newer than the policy", ["newer_call"], box="ENOSYS", boxes=[(READER, "ENOSYS")])
    attack(27, "reading by a ring", ["read_by_ring", "{dir}/secret"], scenes.Reading,
           boxes=[(promises("stdio rpath", *GRANTED), "io_uring_setup EPERM"), (promises("stdio io_uring"), "openat ENOENT"),
                  (promises("stdio rpath io_uring", *GRANTED), "openat EACCES"),
                  (promises("stdio rpath io_uring", *BOUND), "openat ENOENT")])
    attack(27, "connecting by a ring", ["connect_by_ring", "{port}"], scenes.TcpListener,
           boxes=[(promises("stdio io_uring"), "connect EACCES"),
                  (promises("stdio inet io_uring", "--net=connect:1"), "connect EACCES")])
    attack(29, "executing once more", ["execute_again", "{attack}", "say", "again"],
           boxes=[(promises("stdio rpath", "--read", "{bin}"), "execveat EPERM")])
    attack(29, "executing any descriptor", ["execute_any_descriptor", "{attack}", "say", "again"], outside="EBADF",
           boxes=[(GRANTED, "EPERM")])
    attack(29, "executing memory", ["execute_memory", "program", "say", "from memory"], scenes.Input,
           boxes=[(promises("stdio rpath prot_exec", "--read", "/"), "execveat EPERM")])
    attack(29, "mapping code that can be written", ["map_code"], boxes=[(promises("stdio rpath"), "mmap EPERM")])
    attack(29, "making code of data", ["make_code_of_data"], boxes=[(promises("stdio rpath"), "mprotect EPERM")])
    everything = promises("stdio proc thread id sched prctl ioctl shm fsnotify")
    for name, arguments, options in (
            ("programs in the kernel", ["make_bpf_map"], {"root": True}),
            ("waiting in the kernel", ["watch_faults"], {}),
            ("keys", ["add_key", "{dir}"], {}),
            ("measuring others", ["measure"], {}),
            ("the kernel's log", ["read_kernel_log"], {"root": True}),
            ("quotas", ["change_quota"], {}),
            ("another kernel", ["replace_kernel"], {"outside": "ENOSYS"}),
            ("a module of the kernel", ["load_module"], {"outside": "ENOSYS"}),
            ("the time zone", ["set_time_zone"], {"root": True}),
            ("another root", ["change_root", "{dir}"], {"root": True}),
            ("opening by handle", ["read_by_handle", "{dir}/secret", "{dir}"], {"root": True, "scene": scenes.Reading})):
        more = [(promises("stdio rpath proc", "--read", "{dir}"), "EPERM")]
        attack(30, name, arguments, boxes=[(everything, "EPERM"), *more], **options)
    attack(30, "making a device", ["make_device", "{dir}/granted/device"], scenes.Planting, root=True,
           boxes=[(promises(PATHS, *WRITABLE), "EPERM")])
    attack(35, "a user namespace within", ["nest"], boxes=[(READER, "EPERM"), (everything, "EPERM")])
    attack(35, "a child in a user namespace", ["nest_by_clone"], boxes=[(READER, "EPERM"), (everything, "EPERM")])
    attack(36, "dropping groups that deny", ["drop_groups"], root=True, boxes=[(promises("stdio id"), "EPERM")])
    attack(36, "becoming root", ["become_root"], root=True, box="EPERM",
           boxes=[([*promises("stdio id"), "--uid", "7"], "EINVAL")])
    attack(36, "becoming another user", ["become_another"], root=True, boxes=[(promises("stdio id"), "EINVAL")])
    attack(35, "joining the namespaces of a process", ["join", "{pid}"], scenes.JoinedVictim, root=True,
           boxes=[(allowing("setns"), "pidfd_open ESRCH"), (READER, "pidfd_open ESRCH")])


# Network.

def network():
    for name, scene in (("connect_unix", scenes.AbstractListener), ("send_unix", scenes.AbstractDatagramListener)):
        attack(38, "an abstract address: " + name, [name, "{service}"], scene,
               boxes=[(["--net=unix"], "ECONNREFUSED"), (["--net=loopback"], "EAFNOSUPPORT"), (READER, "EPERM"),
                      ([{"net": {"unix": True}, "namespaces": ["user", "pid", "ipc"]}], "EPERM")])
    for name, scene in (("connect_unix", scenes.Listener), ("connect_unix_datagram", scenes.DatagramListener),
                        ("send_unix", scenes.DatagramListener)):
        attack(39, "a path of a service: " + name, [name, "{service}"], scene,
               boxes=[(["--read", "{dir}", "--write", "{dir}"], "EPERM"), (["--net=unix"], "ENOENT"),
                      (["--net=unix", *BOUND], "ENOENT"), (["--net=loopback", "--read", "{dir}"], "EAFNOSUPPORT")])
    for name in "send_unix_on_input", "connect_input":
        attack(39, "a socket that was handed over: " + name, [name, "{service}"], scenes.HandedSocket,
               boxes=[(["--read", "{dir}"], "EPERM")])
    attack(39, "a message on a socket that was handed over", ["send_message_on_input", "{service}"],
           scenes.HandedSocket, box="ENOENT", boxes=[(BOUND, "ENOENT")])
    attack(38, "an abstract address on a socket that was handed over", ["send_message_on_input", "{service}"],
           scenes.HandedSocketAbstract, boxes=[(GRANTED, "EPERM")])
    attack(40, "datagrams where TCP is ruled", ["send_udp", "{port}"], scenes.UdpListener,
           boxes=[(["--net=connect:{port}"], "socket EPERM"), (["--net=bind:{port}"], "socket EPERM"),
                  (["--net=loopback"], "done")])
    elsewhere = [(["--net=loopback"], "connect ECONNREFUSED"), (["--net=connect:1"], "connect EACCES"),
                 (["--net=bind:{port}"], "connect EACCES"), (["--net=unix"], "EPERM"), (READER, "EPERM")]
    attack(41, "a service of the host", ["connect_tcp", "{port}"], scenes.TcpListener, boxes=elsewhere)
    attack(43, "a service by an address of IPv4 in IPv6", ["connect_tcp_mapped", "{port}"], scenes.TcpListener,
           boxes=elsewhere)
    attack(43, "a service by the address that is none", ["connect_tcp_unspecified", "{port}"], scenes.TcpListener,
           boxes=elsewhere)
    attack(41, "connecting without connect", ["send_fast_open", "{port}"], scenes.TcpListener,
           boxes=[(["--net=connect:1"], "sendto EPERM"), (["--net=connect:{port}"], "sendto EPERM")])
    attack(41, "being a service of the host", ["listen_tcp", "{port}"], scenes.Ports,
           boxes=[(["--net=connect:{port}"], "EACCES"), (["--net=bind:1"], "EACCES"), (["--net=loopback"], "done")])
    attack(41, "being a service at any port", ["listen_unbound"], scenes.Ports,
           boxes=[(["--net=connect:1"], "listen EPERM"), (["--net=loopback"], "done")])
    for name, options in (("raw", {"root": True}), ("packet", {"root": True}), ("vsock", {}),
                          ("alg", {"outside": "EAFNOSUPPORT"})):
        attack(42, "a socket of the family or type " + name, ["open_" + name],
               boxes=[(["--net"], "EPERM"), (["--net=loopback,unix"], "EPERM"), (["--net=connect:1"], "EPERM")], **options)
    attack(42, "a socket to the kernel", ["open_netlink"],
           boxes=[(["--net"], "EAFNOSUPPORT"), (["--net=loopback"], "EAFNOSUPPORT"), (["--net=unix"], "EPERM")])
    attack(44, "an empty list of ports", ["connect_tcp", "{port}"], scenes.TcpListener,
           boxes=[([{"net": {"connect": [], "bind": []}}], "EPERM"), ([{"net": {}}], "EPERM")])
    attack(44, "an empty list of paths", ["read", "{dir}/secret"], scenes.Reading,
           boxes=[([{"fs": {"read": [], "write": [], "exec": []}}], "EPERM"),
                  ([{"fs": {"read": []}, "syscalls": "stdio rpath error"}], "ENOENT")])


# Resources; each attacker asks for more than its limit.

def controllers():
    """Of cgroups that a box can have."""
    doctor = json.loads(subprocess.run([engine(), "doctor", "--json"], capture_output=True, check=True).stdout)
    [cgroup] = [item for item in doctor if item["mechanism"] == "cgroup"]
    return cgroup["state"].split(": ")[-1].split() if cgroup["state"].startswith("works") else []


CONTROLLERS = controllers()


def resources():
    def limit(text, words="stdio proc thread"):
        return promises(words, "--limit", text)

    def whole(controller, most, expected):
        """Of all processes together, if there is a cgroup to be had: //tests/tools:cgroup_machine_test has one."""
        here = controller in CONTROLLERS
        return limit("%s=%s" % (controller, most)), expected if here else "125 confine: limits.cgroup: cannot be enforced"

    tmpfs = {"fs": {"mounts": [{"type": "tmpfs", "target": "/t", "size": 1 << 20, "mode": 0o777}]}}
    # The kernel counts no processes of root's.
    many = "125 confine: limits.processes: cannot be enforced here" if ROOT else "EAGAIN"
    attack(50, "many processes", ["fork_many", "64"],
           boxes=[(GRANTED, "EPERM"), (limit("processes=20"), many), whole("pids", "20", "EAGAIN")])
    attack(50, "many threads", ["start_threads", "200"],
           boxes=[(limit("address_space=64M"), "EAGAIN"), whole("pids", "20", "EAGAIN")])
    attack(50, "much memory", ["take_memory", "64"], box=None,
           boxes=[(limit("address_space=32M"), "ENOMEM"), (limit("data=32M"), "ENOMEM"),
                  whole("memory", "32M", "SIGKILL")])
    attack(50, "much memory of many processes", ["take_memory_together", "16", "4"],
           boxes=[(GRANTED, "EPERM"), whole("memory", "32M", "ENOMEM")])
    attack(50, "many descriptors", ["open_descriptors", "900"], box=None, boxes=[(limit("open_files=100"), "EMFILE")])
    attack(50, "many pipes", ["make_pipes", "400"], box=None, boxes=[(limit("open_files=100"), "EMFILE")])
    attack(50, "large files", ["fill", "{dir}/granted", "4"], scenes.Planting,
           boxes=[([tmpfs], "ENOSPC", ["fill", "/t", "4"])])
    attack(50, "a file that is too large", ["fill", "{dir}/granted", "4"],
           boxes=[([*WRITABLE, "--limit", "file_size=1M"], "SIGXFSZ")])
    attack(50, "many files", ["make_files", "{dir}/granted", "4000"], scenes.Planting,
           boxes=[([tmpfs], "ENOSPC", ["make_files", "/t", "4000"])])


for part in terminal, descriptors, paths, processes, calls, network, resources:
    part()


def matches(outcome, expected):
    text = str(outcome)
    if expected[0].isdigit():
        return text.startswith(expected)
    if expected.startswith("SIG"):
        return text == expected
    if expected.startswith("E"):
        return text.startswith("refused ") and text.endswith(" " + expected)
    if expected == "done":
        return text.startswith("done")
    return expected in text


def try_one(each, arguments, options, expected, happens):
    scene = (each.scene if options is None else each.boxed_scene)()
    # What is root's alone may be refused to another before anybody asks for the box.
    good = [expected, "EACCES", "EPERM"] if each.root and not ROOT else [expected]
    try:
        outcome = attempt(scene, arguments, options)
        assert any(matches(outcome, one) for one in good), "%s: '%s', not '%s'" % (options, outcome, expected)
        assert outcome.happened == happens, "%s: %s: it has %shappened" % (
            options, outcome, "" if outcome.happened else "not ")
    finally:
        scene.close()


def add_case(each):
    def run():
        if each.root and not ROOT and each.scene in (scenes.SetUidFile, scenes.Device, scenes.Kernel):
            return  # it cannot even be prepared
        if not each.root or ROOT:
            try_one(each, each.arguments, None, each.outside, each.outside == "done")
        if each.box:  # the default one has no limits
            try_one(each, each.arguments, [], each.box, False)
        for options, expected, *arguments in each.boxes:
            try_one(each, arguments[0] if arguments else each.arguments, options, expected, False)

    run.__name__ = "row %d: %s" % (each.row, each.name)
    case(run)


for each in TABLE:
    add_case(each)

main()
