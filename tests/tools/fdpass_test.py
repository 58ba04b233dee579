"""fdpass: every form of a descriptor, every way to pass it, every complaint; and real peers."""

import array
import json
import os
import signal
import socket
import subprocess
import sys
import threading

import tool_cases
from cases import case, engine, main, skip
from tool_cases import NOBODY, alone, directory, needs_root, refused, run_alone, socket_directory, tool, write

tool_cases.common((("recv", "--lisen=x"), "--listen"), ["send", "recv", "pair"])

TYPES = {"seqpacket": socket.SOCK_SEQPACKET, "stream": socket.SOCK_STREAM, "datagram": socket.SOCK_DGRAM}


def pair(send, recv, **options):
    """What `fdpass recv` says of what `fdpass send` has sent, and how both ended."""
    return tool("pair", "--", engine(), "send", "--to=fd:3", *send, ":::", engine(), "recv", "--from=fd:3", *recv,
                **options)


def received(*send, count=None):
    run = pair(send, ["--json"] + (["--count=%d" % count] if count else []))
    assert run.returncode == 0, run
    return json.loads(run.stdout)


def socket_pair(kind):
    ours, theirs = socket.socketpair(socket.AF_UNIX, TYPES[kind])
    os.set_inheritable(theirs.fileno(), True)
    return ours, theirs


def given(theirs, *words, **options):
    """The tool with this socket; %d in the words is its number."""
    run = tool(*[word.replace("%d", str(theirs.fileno())) for word in words], pass_fds=[theirs.fileno()], **options)
    theirs.close()
    return run


# --- forms of descriptors -----------------------------------------------------------------------------


@case
def a_number_is_a_descriptor_of_ours():
    path = write(directory() + "/text", "hello")
    with open(path, encoding="ascii") as file:
        run = pair(["0"], ["--", "cat", "/dev/fd/3"], stdin=file)
    assert (run.returncode, run.stdout) == (0, "hello"), run


@case
def files_are_opened_for_reading_or_for_both():
    path = write(directory() + "/text", "hello")
    assert pair(["open:r:" + path], ["--", "cat", "/dev/fd/3"]).stdout == "hello"
    found = received("open:r:" + path, "open:rw:" + path)["descriptors"]
    assert found == [{"type": "regular", "flags": ["read_only"]}, {"type": "regular", "flags": ["read_write"]}], found
    run = pair(["open:rw:" + path], ["--", "sh", "-c", "echo HE >&3"])
    with open(path, encoding="ascii") as file:
        assert run.returncode == 0 and file.read() == "HE\nlo", run


@case
def memory_holds_the_text_and_cannot_be_changed():
    script = "cat /dev/fd/3; echo x >/dev/fd/3"
    run = pair(["memfd:a text"], ["--", "sh", "-c", script])
    assert run.stdout == "a text" and run.returncode != 0, run
    assert pair(["memfd:"], ["--", "cat", "/dev/fd/3"]).stdout == ""


@case
def listening_sockets_of_both_families_and_of_the_local_one():
    place = socket_directory() + "/socket"
    found = received("tcp-listen:127.0.0.1:0", "tcp-listen:[::1]:0", "tcp-listen::0", "unix-listen:" + place,
                     "unix-listen:@fdpass-test-%d" % os.getpid())["descriptors"]
    assert [item["domain"] for item in found] == ["inet", "inet6", "inet6", "unix", "unix"], found
    assert all(item["listening"] and item["socket_type"] == "stream" for item in found), found


@case
def a_process_descriptor_signals_its_process():
    victim = subprocess.Popen(["sleep", "600"])
    script = "import signal; signal.pidfd_send_signal(3, signal.SIGTERM)"
    run = pair(["pidfd:%d" % victim.pid], ["--", sys.executable, "-c", script])
    if run.returncode != 0:
        victim.kill()
    assert victim.wait() == -signal.SIGTERM, run


@case
def a_description_for_people_has_a_line_for_each_descriptor():
    run = pair(["--data=say \"it\"", "0", "unix-listen:@fdpass-people-%d" % os.getpid()], [], stdin=subprocess.PIPE)
    lines = run.stdout.splitlines()
    assert lines[0].startswith("peer: pid ") and ("uid %d" % os.geteuid()) in lines[0], run
    assert lines[1:] == ['data: "say \\"it\\""', "3: pipe, read_only",
                         "4: socket, read_write, unix, stream, listening"], run


# --- messages -----------------------------------------------------------------------------------------


@case
def every_type_of_socket_carries_data_and_descriptors():
    for kind in TYPES:
        ours, theirs = socket_pair(kind)
        run = given(theirs, "send", "--to=fd:%d", "--data=text é", "--type=" + kind, "memfd:x")
        data, fds, _, _ = socket.recv_fds(ours, 100, 10)
        assert run.returncode == 0 and data.decode() == "text é" and os.pread(fds[0], 10, 0) == b"x", (kind, run)
        os.close(fds[0])
        ours, theirs = socket_pair(kind)
        socket.send_fds(ours, [b"back"], [0, 1])
        run = given(theirs, "recv", "--from=fd:%d", "--json")
        message = json.loads(run.stdout)
        assert message["data"] == "back" and len(message["descriptors"]) == 2, run


@case
def the_data_is_a_dot_unless_given():
    assert received("0")["data"] == "."


@case
def data_that_is_no_text_is_shown_in_hexadecimal():
    ours, theirs = socket_pair("seqpacket")
    socket.send_fds(ours, [b"\xff\x00"], [0])
    run = given(theirs, "recv", "--from=fd:%d", "--json")
    assert json.loads(run.stdout)["data_hex"] == "ff00", run
    ours, theirs = socket_pair("seqpacket")
    socket.send_fds(ours, [b"\x1b[31m\n"], [0])
    run = given(theirs, "recv", "--from=fd:%d")
    assert 'data: "\\u001b[31m\\u000a"\n' in run.stdout, run


@case
def descriptors_beyond_the_count_are_closed():
    readable, writable = os.pipe()
    ours, theirs = socket_pair("seqpacket")
    socket.send_fds(ours, [b"x"], [0, writable])
    os.close(writable)
    child = subprocess.Popen([engine(), "recv", "--from=fd:%d" % theirs.fileno(), "--count=1", "--", "sh", "-c",
                              "echo $LISTEN_FDS; ls /proc/self/fd; read wait"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, pass_fds=[theirs.fileno()])
    theirs.close()
    # The end of file of the pipe: nobody has its writing end any more, though the program lives.
    assert os.read(readable, 1) == b""
    assert child.poll() is None
    out, _ = child.communicate(b"\n", timeout=60)
    assert out.split()[:5] == [b"1", b"0", b"1", b"2", b"3"] and len(out.split()) <= 6, out
    os.close(readable)


@case
def a_count_gathers_messages():
    ours, theirs = socket_pair("seqpacket")
    for text in b"a", b"b", b"c":
        socket.send_fds(ours, [text], [0])
    message = json.loads(given(theirs, "recv", "--from=fd:%d", "--count=2", "--json").stdout)
    assert message["data"] == "ab" and len(message["descriptors"]) == 2, message
    ours, theirs = socket_pair("seqpacket")
    ours.send(b"only text")
    run = given(theirs, "recv", "--from=fd:%d", "--count=0", "--", "sh", "-c", "echo $LISTEN_FDS.")
    assert run.stdout == "0.\n", run


@case
def as_many_as_the_kernel_carries_and_no_more():
    found = received(*["0"] * 253)
    assert len(found["descriptors"]) == 253
    refused(tool("send", "--to=fd:0", *["0"] * 254, stdin=None), "more than 253 FDs (see fdpass send --help)")


@case
def a_stream_carries_more_data_than_its_buffer():
    ours, theirs = socket_pair("stream")
    text = "x" * 120_000  # 91 row 54: as much as one argument can be
    got = []

    def drain():
        data, fds, _, _ = socket.recv_fds(ours, 1 << 16, 10)
        got.append(fds)
        while data:
            got.append(data)
            data = ours.recv(1 << 16)

    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    reader = threading.Thread(target=drain)
    reader.start()
    run = given(theirs, "send", "--to=fd:%d", "--type=stream", "--data", text, "0")
    reader.join()
    assert run.returncode == 0 and len(got[0]) == 1 and b"".join(got[1:]).decode() == text, run


# --- the program --------------------------------------------------------------------------------------


@case
def a_program_finds_its_descriptors_as_in_socket_activation():
    script = "echo $LISTEN_FDS $((LISTEN_PID == $$)) $LISTEN_FDNAMES ${FDPASS_DATA-unset}"
    run = pair(["0", "0", "0"], ["--name=http", "--name", "log", "--", "sh", "-c", script])
    assert run.stdout == "3 1 http:log:unknown unset\n", run


@case
def the_message_and_the_peer_are_variables_if_asked_for():
    script = "echo $FDPASS_DATA $((FDPASS_PEER_PID > 1)) $FDPASS_PEER_UID $FDPASS_PEER_GID"
    run = pair(["--data=a  b", "0"], ["--env", "--", "sh", "-c", script])
    assert run.stdout == "a b 1 %d %d\n" % (os.geteuid(), os.getegid()), run
    ours, theirs = socket_pair("seqpacket")
    socket.send_fds(ours, [b"a\0b"], [0])
    refused(given(theirs, "recv", "--from=fd:%d", "--env", "--", "true"), "--env: FDPASS_DATA: the message has a NUL byte", status=1)


@case
def a_program_has_nothing_else():
    readable, writable = os.pipe()
    run = pair(["0"], ["--", "ls", "/proc/self/fd"], pass_fds=[readable, writable])
    assert run.stdout.split() == ["0", "1", "2", "3", "4"], run  # 4: of the directory
    run = tool("pair", "--", "ls", "/proc/self/fd", ":::", "true", pass_fds=[readable, writable])
    assert run.stdout.split() == ["0", "1", "2", "3", "4"], run


@case
def statuses_are_passed_on():
    for script, status in (("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)):
        run = tool("pair", "--", "sh", "-c", script, ":::", "true")
        assert run.returncode == status, (script, run)
        run = tool("pair", "--", "true", ":::", "sh", "-c", script)
        assert run.returncode == status, (script, run)
    refused(pair(["0"], ["--", "/no/such"]), "exec: /no/such: No such file or directory", status=127)
    refused(pair(["0"], ["--", "/etc/passwd"]), "exec: /etc/passwd: Permission denied", status=126)


@case
def signals_reach_both_programs_of_a_pair():
    program = ("import os, signal\n"
               "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIG%s})\n"
               "os.write(1, b'ready\\n')\n"
               "signal.sigwait({signal.SIG%s})\n"
               "os.write(1, b'ended\\n')\n"
               "os._exit(3)\n")
    for sent in "HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "WINCH":
        words = [engine(), "pair"]
        for part in "--", ":::":
            words += [part, sys.executable, "-c", program % (sent, sent)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as child:
            assert [child.stdout.readline() for _ in range(2)] == [b"ready\n"] * 2, sent
            child.send_signal(getattr(signal, "SIG" + sent))
            assert child.stdout.read() == b"ended\n" * 2 and child.wait() == 3, sent


@case
def it_stops_with_its_programs_and_goes_on_with_them():
    script = "kill -TSTP $PPID; read line; echo $line"
    with subprocess.Popen([engine(), "pair", "--", "sh", "-c", script, ":::", "true"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as child:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), status
        os.kill(child.pid, signal.SIGCONT)
        out, _ = child.communicate(b"on\n", timeout=60)
        assert child.returncode == 0 and out == b"on\n", out


# --- listening and connecting -------------------------------------------------------------------------


def exchange(where, kind, *more):
    """recv --listen, and send, that wait for each other."""
    server = subprocess.Popen([engine(), "recv", "--listen", where, "--type", kind, "--timeout=50", "--json", *more],
                              stdout=subprocess.PIPE, text=True)
    run = tool("send", "--to", where, "--type=" + kind, "--timeout=50", "--data=over", "0")
    out, _ = server.communicate(timeout=60)
    assert (run.returncode, server.returncode) == (0, 0), (run, out)
    return json.loads(out)


@case
def paths_and_abstract_names_of_every_type():
    place = socket_directory()
    for kind in TYPES:
        for where in place + "/" + kind, "@fdpass-%s-%d" % (kind, os.getpid()):
            message = exchange(where, kind)
            assert message["data"] == "over" and len(message["descriptors"]) == 1, (where, message)
            assert message["peer"]["uid"] == os.geteuid() and message["peer"]["pid"] > 0, message
    assert os.listdir(place) == [], "the sockets' paths are gone with the sockets"


@case
def a_receiver_that_connects():
    place = socket_directory() + "/server"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(place)
        server.listen()
        with subprocess.Popen([engine(), "recv", "--from", place, "--", "cat", "/dev/fd/3"],
                              stdout=subprocess.PIPE) as child:
            visitor, _ = server.accept()
            with open(write(directory() + "/x", "from the server"), encoding="ascii") as file:
                socket.send_fds(visitor, [b"."], [file.fileno()])
            assert child.stdout.read() == b"from the server"


@case
def a_path_that_nobody_listens_on_any_more_is_replaced_and_another_is_not():
    place = socket_directory() + "/left"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(place)
    assert exchange(place, "seqpacket")["data"] == "over"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(place)
        server.listen()
        refused(tool("recv", "--listen", place), "bind: %s: Address already in use" % place, status=1)
    os.unlink(place)
    write(place, "precious")
    refused(tool("recv", "--listen", place), "Address already in use", status=1)
    assert os.path.getsize(place) == 8


@case
def the_wrong_visitors_are_turned_away_until_the_right_one_comes():
    place = socket_directory() + "/choosy"
    for choice in "--peer-uid=%d" % os.geteuid(), "--peer-pid=%d":
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        wrong = choice == "--peer-pid=%d"
        words = [engine(), "recv", "--listen", place, "--timeout=50", "--json",
                 choice % os.getpid() if wrong else choice]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        run = tool("send", "--to", place, "--timeout=50", "--data=first", "0")
        assert wrong or run.returncode == 0, run
        if wrong:
            assert child.stderr.readline().endswith(": turned away\n")
            ours.connect(place)
            socket.send_fds(ours, [b"second"], [0])
        out, _ = child.communicate(timeout=60)
        assert json.loads(out)["data"] == ("second" if wrong else "first"), out
        ours.close()


@case
def wrong_peers_are_refused():
    me, other = os.geteuid(), os.geteuid() + 1
    place = socket_directory() + "/server"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(place)
        server.listen()
        refused(tool("send", "--to", place, "--peer-uid=%d" % other, "0"),
                "--peer-uid: %d: the peer's is %d" % (other, me), status=1)
        refused(tool("recv", "--from", place, "--peer-pid=1"), "--peer-pid: 1: the peer's is %d" % os.getpid(), status=1)
        run = tool("send", "--to", place, "--peer-uid=%d" % me, "--peer-pid=%d" % os.getpid(), "0")
        assert run.returncode == 0, run
    ours, theirs = socket_pair("datagram")
    socket.send_fds(ours, [b"x"], [0])
    run = given(theirs, "recv", "--from=fd:%d", "--peer-uid=%d" % other, "--timeout=0.2")
    assert run.returncode == 124 and "the peer's is" in run.stderr, run


@case
def nobody_waits_longer_than_the_timeout():
    place = socket_directory() + "/nobody"
    refused(tool("recv", "--listen", place, "--timeout=0.05"), "--timeout: accept: ", status=124)
    refused(tool("send", "--to", place, "--timeout=0.05", "0"), "--timeout: connect: ", status=124)
    assert not os.path.exists(place)
    ours, theirs = socket_pair("seqpacket")
    refused(given(theirs, "recv", "--from=fd:%d", "--timeout=0"), "--timeout: recv: message: took too long", status=124)
    ours.close()


# --- complaints ---------------------------------------------------------------------------------------


# 91 row 51
@case
def every_wrong_command_line_is_one_line_and_2():
    long = "/" + "x" * 107
    complaints = {
        (): "no command is given (see fdpass --help)",
        ("snd",): "unknown command snd; did you mean send?",
        ("--to=x",): "unknown option --to",
        ("send",): "--to is missing (see fdpass send --help)",
        ("send", "--to=x"): "no FD is given",
        ("send", "--to="): "--to: '': a path, @NAME or fd:N expected",
        ("send", "--to=@"): "--to: @: a path, @NAME or fd:N expected",
        ("send", "--to=" + long + "x"): "longer than a socket's address can be",
        ("send", "--to=fd:x"): "--to: x: not a number",
        ("send", "--to=fd:99"): "--to: 99: Bad file descriptor",
        ("send", "--to=x", "--data=", "0"): "--data: '': a message cannot be empty",
        ("send", "--to=x", "--type=raw", "0"): "--type: raw: seqpacket, stream or datagram expected",
        ("send", "--to=x", "--timeout=nan", "0"): "--timeout: nan: not a number of seconds",
        ("send", "--to=x", "--timeout=1.2.3", "0"): "--timeout: 1.2.3: not a number of seconds",
        ("send", "--to=x", "--timeout=99999999999", "0"): "more than a year",
        ("send", "--to=x", "--peer-uid=-1", "0"): "--peer-uid: -1: not a number",
        ("send", "--to=x", "--peer-uid=4294967295", "0"): "more than 4294967294",
        ("send", "--to=x", "--peer-pid=me", "0"): "--peer-pid: me: not a number",
        ("send", "--to=fd:0", "99"): "FD: 99: Bad file descriptor",
        ("send", "--to=fd:0", "99999999999999999999"): "more than",
        ("send", "--to=fd:0", "file"): "FD: file: a number, open:r:PATH, open:rw:PATH, tcp-listen:HOST:PORT, unix-listen:PATH, memfd:TEXT or "
                                            "pidfd:PID expected",
        ("send", "--to=fd:0", "--", "-1"): "FD: -1: a number, open:r:PATH",
        ("send", "--to=fd:0", "open:x:y"): "open:r:PATH or open:rw:PATH expected",
        ("send", "--to=fd:0", "tcp-listen:80"): "tcp-listen:HOST:PORT expected",
        ("send", "--to=fd:0", "tcp-listen:localhost:80"): "HOST is no numeric address",
        ("send", "--to=fd:0", "tcp-listen:0x7f.1:80"): "HOST is no numeric address",
        ("send", "--to=fd:0", "tcp-listen:127.0.0.1:65536"): "more than 65535",
        ("send", "--to=fd:0", "unix-listen:"): "a path, @NAME or fd:N expected",
        ("send", "--to=fd:0", "unix-listen:fd:0"): "a path or @NAME expected",
        ("send", "--to=fd:0", "pidfd:x"): "x: not a number",
        ("recv",): "--from or --listen is missing",
        ("recv", "--from=x", "--listen=y"): "--from and --listen exclude each other",
        ("recv", "--listen=fd:0"): "--listen: fd:N is connected already; use --from",
        ("recv", "--from=x", "--type=datagram"): "--type: datagram: nothing comes from there; use --listen",
        ("recv", "--from=x", "--count=254"): "--count: 254: more than 253",
        ("recv", "--from=x", "--name=a:b", "--", "x"): "--name: a:b: not up to 255 visible characters without a colon",
        ("recv", "--from=x", "--name=", "--", "x"): "--name: '': not up to 255",
        ("recv", "--from=x", "--env"): "--env and --name are for a PROGRAM, which is missing",
        ("recv", "--from=x", "--json", "--", "x"): "--json prints, and runs no program",
        ("recv", "--from=x", "cat"): "'cat': a -- before PROGRAM is missing",
        ("pair", "--", "a", "b"): "::: between the programs is missing",
        ("pair", "--", ":::", "b"): "a program beside ::: is missing",
        ("pair", "--", "a", ":::"): "a program beside ::: is missing",
        ("pair", "a", ":::", "b"): "'a': a -- before PROGRAM is missing",
        ("pair", "--type"): "--type: TYPE is missing",
        ("recv", "--json=1"): "--json takes no value",
    }
    for words, part in complaints.items():
        refused(tool(*words), part)


@case
def everything_that_fails_is_one_line_and_1():
    place = socket_directory()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        where = "tcp-listen:127.0.0.1:%d" % busy.getsockname()[1]
        refused(tool("send", "--to=fd:0", where, stdin=None), where + ": Address already in use", status=1)
    refused(tool("send", "--to=fd:0", "0"), "socket: fd:0: Socket operation on non-socket", status=1)
    refused(tool("send", "--to=" + place + "/none", "0"), "connect: %s/none: No such file or directory" % place, status=1)
    refused(tool("send", "--to=fd:0", "open:r:/no/such"), "FD: open:r:/no/such: No such file or directory", status=1)
    refused(tool("send", "--to=fd:0", "open:rw:/"), "FD: open:rw:/: Is a directory", status=1)
    refused(tool("send", "--to=fd:0", "pidfd:2147483647"), "FD: pidfd:2147483647: No such process", status=1)
    refused(tool("recv", "--listen=" + place + "/no/such"), "bind: ", "No such file or directory", status=1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(place + "/stream")
        server.listen()
        refused(tool("send", "--to=" + place + "/stream", "0"), "it is not of this --type", status=1)
    ours, theirs = socket_pair("seqpacket")
    ours.close()
    refused(given(theirs, "recv", "--from=fd:%d"), "recv: message: the other side ended without one", status=1)
    ours, theirs = socket_pair("seqpacket")
    socket.send_fds(ours, [b"x"], [0])
    ours.close()
    refused(given(theirs, "recv", "--from=fd:%d", "--count=2"), "recv: message: the other side ended after 1 of 2 descriptors", status=1)
    ours, theirs = socket_pair("seqpacket")
    ours.send(b"text")
    refused(given(theirs, "recv", "--from=fd:%d", "--", "true"), "recv: message: no descriptor came with it", status=1)
    ours, theirs = socket_pair("seqpacket")
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    ours.send(b"x" * 65537)
    refused(given(theirs, "recv", "--from=fd:%d"), "recv: message: longer than 65536 bytes", status=1)
    # Nor in pieces, while descriptors are still to come.
    ours, theirs = socket_pair("stream")
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    ours.send(b"x" * 65537)
    refused(given(theirs, "recv", "--from=fd:%d", "--count=1"), "recv: message: longer than 65536 bytes", status=1)
    ours, theirs = socket_pair("seqpacket")
    ours.close()
    refused(given(theirs, "send", "--to=fd:%d", "0"), "send: message: ", status=1)


@case
def descriptors_that_there_is_no_room_for_are_told():
    ours, theirs = socket_pair("seqpacket")
    socket.send_fds(ours, [b"x"], array.array("i", [0] * 40))
    run = given(theirs, "recv", "--from=fd:%d", preexec_fn=lambda: __import__("resource").setrlimit(
        __import__("resource").RLIMIT_NOFILE, (20, 20)))
    refused(run, "recv: message: descriptors were lost: Too many open files", status=1)


@case
def what_another_user_protects_is_told():
    needs_root()
    place = socket_directory()
    secret = write(place + "/secret", "x", 0o600)
    root = alone()

    def as_nobody(*words):
        return subprocess.run([root + "/fdpass", *words], capture_output=True, text=True, check=False, **NOBODY)

    os.chmod(place, 0o755)
    refused(as_nobody("send", "--to=fd:0", "open:r:" + secret), "secret: Permission denied", status=1)
    refused(as_nobody("recv", "--listen=" + place + "/socket"), "bind: ", "Permission denied", status=1)


@case
def a_full_or_closed_standard_output_is_told_by_recv_too():
    for redirection, reason in ((">/dev/full", "No space left on device"), (">&-", "Broken pipe")):
        script = '"$0" pair -- "$0" send --to=fd:3 0 ::: "$0" recv --from=fd:3 --json ' + redirection
        run = subprocess.run(["/bin/sh", "-c", script, engine()], capture_output=True, text=True, check=False)
        refused(run, "standard output: " + reason, status=1)


# --- real peers ---------------------------------------------------------------------------------------

SERVER = """
import http.server, os, socket
assert os.environ['LISTEN_PID'] == str(os.getpid()) and os.environ['LISTEN_FDS'] == '1'

class Server(http.server.HTTPServer):
    def __init__(self, handler):
        super().__init__(None, handler, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=3)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'activated as ' + os.environ['LISTEN_FDNAMES'].encode())
    def log_message(self, *_): pass

Server(Handler).handle_request()
"""


@case
def a_python_server_is_activated_with_a_socket_that_it_did_not_open():
    control = socket_directory() + "/control"
    with socket.socket() as probe:  # a free port
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = ('"$0" recv --listen="$1" --timeout=50 --name=http -- "$2" -c "$3" & '
              '"$0" send --to="$1" --timeout=50 tcp-listen:127.0.0.1:$4 && exec 3<>/dev/tcp/127.0.0.1/$4 && '
              "printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3; wait")
    run = subprocess.run(["bash", "-c", script, engine(), control, sys.executable, SERVER, str(port)],
                         capture_output=True, text=True, timeout=120, check=False)
    assert run.stdout.endswith("\n\nactivated as http"), run


@case
def two_tools_are_joined_by_a_pair_of_each_type():
    for kind in TYPES:
        run = tool("pair", "--type=" + kind, "--", engine(), "send", "--to=fd:3", "memfd:through " + kind, ":::",
                   engine(), "recv", "--from=fd:3", "--", "cat", "/dev/fd/3")
        assert (run.returncode, run.stdout) == (0, "through " + kind), run


@case
def alone_in_an_empty_root_as_nobody_it_passes_a_descriptor():
    needs_root()
    if not os.path.exists("/bin/busybox"):
        skip("no static busybox: ci/bootstrap installs it")
    root = alone(["/bin/busybox"])
    run = run_alone(root, "/fdpass", "pair", "--", "/fdpass", "send", "--to=fd:3", "memfd:from nothing", ":::",
                    "/fdpass", "recv", "--from=fd:3", "--", "/busybox", "sh", "-c", "/busybox cat <&3")
    assert (run.returncode, run.stdout) == (0, "from nothing"), run


main()
