"""scan writes what it has before it waits for input. If that failed it went on waiting, and at the end it had
forgotten why: "Input/output error"."""

import os
import subprocess

from cases import case, engine, main


@case
def what_cannot_be_written_while_input_is_awaited_ends_scan():
    with subprocess.Popen([engine(), "emit(line)"], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                          preexec_fn=lambda: os.close(1)) as scan:
        scan.stdin.write(b"a line\n")
        scan.stdin.flush()
        # Its input stays open.
        assert scan.stderr.read() == b"scan: standard output: Broken pipe\n"
        assert scan.wait(timeout=60) == 2


main()
