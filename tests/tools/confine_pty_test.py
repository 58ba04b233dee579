"""confine --pty: a terminal of the program's own, behind ours."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

from cases import case, engine, main, skip

BUSYBOX = "/bin/busybox"


class session:
    """confine as the only process of a terminal, whose keyboard and screen we are."""

    def __init__(self, *arguments, size=(24, 80)):
        if not os.path.exists(BUSYBOX):
            skip("no static busybox: ci/bootstrap installs it")
        self.screen = b""
        self.pid, self.keyboard = pty.fork()
        if self.pid == 0:
            # Not before the size is set, and never as the leader: shells start programs in groups.
            os.read(0, 1)
            os.execv(engine(), [engine(), *arguments])
        self.resize(*size)
        self.before = termios.tcgetattr(self.keyboard)
        os.write(self.keyboard, b"\n")
        self.expect(rb"\n")

    def resize(self, rows, columns):
        fcntl.ioctl(self.keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.keyboard, text)

    def expect(self, pattern):
        """Waits until the screen shows it, and forgets what comes before."""
        while True:
            found = re.search(pattern, self.screen)
            if found:
                self.screen = self.screen[found.end():]
                return found
            assert self.read(), (pattern, self.screen)

    def read(self):
        if not select.select([self.keyboard], [], [], 60)[0]:
            raise AssertionError("nothing comes any more: %r" % self.screen)
        try:
            more = os.read(self.keyboard, 65536)
        except OSError:  # the terminal is closed
            more = b""
        self.screen += more
        return more

    def wait(self, options=0):
        _, status = os.waitpid(self.pid, options)
        return status

    def end(self):
        """Everything that is left on the screen, and the exit status."""
        while self.read():
            pass
        return self.screen, os.waitstatus_to_exitcode(self.wait())

    def is_restored(self):
        return termios.tcgetattr(self.keyboard) == self.before


def shell(*arguments, **options):
    return session("--pty", "--profile=reader", *arguments[:-1], "--", "/bin/sh", "-c", arguments[-1], **options)


@case
def the_program_has_a_terminal_of_our_size_and_settings():
    s = shell("test -t 0 && test -t 1 && test -t 2 && stty size && stty -a", size=(33, 77))
    screen, status = s.end()
    assert status == 0 and b"33 77\r\n" in screen and b"isig icanon" in screen, (status, screen)


@case
def a_resized_terminal_is_resized_behind():
    s = shell("trap 'stty size; exit 3' WINCH; echo ready; while :; do read line; done")
    s.expect(rb"ready\r\n")
    s.resize(11, 22)
    s.expect(rb"11 22\r\n")
    assert s.end()[1] == 3


@case
def all_output_comes_before_the_end_and_the_status_is_the_programs():
    s = session("--pty", "--", BUSYBOX, "seq", "1", "30000")
    screen, status = s.end()
    assert status == 0 and screen == b"".join(b"%d\r\n" % n for n in range(1, 30001)), screen[-100:]
    assert shell("exit 7").end()[1] == 7


@case
def keys_reach_it_and_d_ends_input():
    s = session("--pty", "--", BUSYBOX, "cat")
    s.type(b"hello\n")
    s.expect(rb"hello\r\nhello\r\n")
    s.type(b"\x04")
    assert s.end()[1] == 0


@case
def c_interrupts_it_and_our_terminal_is_restored():
    s = shell("trap 'echo caught; exit 5' INT; echo ready; while :; do read line; done")
    s.expect(rb"ready\r\n")
    assert not s.is_restored()
    s.type(b"\x03")
    s.expect(rb"caught\r\n")
    assert s.end()[1] == 5
    s = session("--pty", "--", BUSYBOX, "sh", "-c", "echo ready; read line")
    s.expect(rb"ready\r\n")
    s.type(b"\x03")
    assert s.end()[1] == 128 + signal.SIGINT


@case
def z_stops_us_with_it_and_going_on_continues_both():
    s = session("--pty", "--", BUSYBOX, "cat")
    s.type(b"one\n")
    s.expect(rb"one\r\none\r\n")
    assert not s.is_restored()
    s.type(b"\x1a")
    status = s.wait(os.WUNTRACED)
    assert os.WIFSTOPPED(status), status
    assert s.is_restored()
    os.kill(s.pid, signal.SIGCONT)
    s.type(b"two\n")
    s.expect(rb"two\r\ntwo\r\n")
    s.type(b"\x04")
    assert s.end()[1] == 0


@case
def a_shell_in_the_box_controls_its_jobs():
    s = session("--pty", "--profile=reader", "--", "/bin/bash", "--norc", "--noprofile", "-i")
    s.expect(rb"# |\$ ")
    s.type(b"PS1=@; echo up; cat\n")
    s.expect(rb"up\r\n")  # from here on bash leaves the terminal to cat
    s.type(b"in cat\n")
    s.expect(rb"in cat\r\nin cat\r\n")
    s.type(b"\x1a")
    s.expect(rb"Stopped.*\r\n@")
    s.type(b"jobs; fg\n")
    s.expect(rb"Stopped.*\r\ncat\r\n")
    s.type(b"again\n")
    s.expect(rb"again\r\nagain\r\n")
    s.type(b"\x03")
    s.expect(rb"@")
    s.type(b"exit 9\n")
    assert s.end()[1] == 9


def piped(*arguments, **options):
    return subprocess.run([engine(), "--pty", *arguments], capture_output=True, check=False, timeout=60, **options)


@case
def the_end_of_a_pipe_is_the_end_of_input():
    if not os.path.exists(BUSYBOX):
        skip("no static busybox: ci/bootstrap installs it")
    run = piped("--", BUSYBOX, "cat", input=b"a line\nand a part")
    assert run.returncode == 0 and run.stdout.endswith(b"a line\r\nand a part"), run


@case
def a_reader_that_goes_away_hangs_it_up():
    if not os.path.exists(BUSYBOX):
        skip("no static busybox: ci/bootstrap installs it")
    with subprocess.Popen([engine(), "--pty", "--", BUSYBOX, "yes"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as program:
        assert program.stdout.read(3) == b"y\r\n"
        program.stdout.close()
        assert program.wait(60) != 0


@case
def a_refusal_leaves_our_terminal_alone():
    s = session("--pty", "--read", "/no/such/path", "--", BUSYBOX, "true")
    assert s.end()[1] == 125
    s = session("--pty", "--", "/no/such/program")
    assert s.end()[1] == 127


main()
