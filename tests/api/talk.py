"""A running engine that a test talks to, line by line.

    talk = Talk("print(1)", env={"FIFO": path})
    talk.expect(b"1")
    talk.send(b"input")
    talk.end()

Whatever hangs is killed after WATCHDOG seconds, which fails the test.
"""

import os
import subprocess
import threading

from processes import Program

WATCHDOG = 15


class Talk(Program):
    def __init__(self, text, stdin=subprocess.PIPE, env=None):
        super().__init__(text, stdin=stdin, bufsize=0, env={**os.environ, **(env or {})})
        self.watchdog = threading.Timer(WATCHDOG, self.process.kill)
        self.watchdog.daemon = True
        self.watchdog.start()

    def expect(self, *lines):
        """The next lines on standard output are these."""
        for line in lines:
            got = self.raw_line()
            if got != line:
                self.process.kill()
                raise AssertionError((line, got, self.process.stderr.read(), self.process.wait()))

    def send(self, data):
        self.process.stdin.write(data)

    def close(self, name):
        """Closes our end of "stdin" or "stdout"."""
        getattr(self.process, name).close()
        setattr(self.process, name, None)

    def end(self, status=0, stderr=b""):
        out, err = self.process.communicate()
        self.watchdog.cancel()
        assert (self.process.returncode, out, err) == (status, b"", stderr), (self.process.returncode, out, err)
