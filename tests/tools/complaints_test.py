"""All tools × all kinds of faults that a command line can meet: the line that tells of it, the status, and nothing else.

A cell of the table is a fault with its line, or a text that says why the tool cannot meet it.
"""

import collections
import os
import shutil
import socket
import subprocess
import sys

from cases import case, main, scratch, skip

PATHS = {os.path.basename(path): os.path.abspath(path) for path in sys.argv[1:]}
TOOLS = ("confine", "emilua", "fdpass", "initexec", "jailattach", "luarun", "scan")
KINDS = ("unknown option", "missing file", "permission", "bad number", "conflicting flags", "closed stdout", "full stdout")
ESCAPES = "\x1b[2J\n"
ESCAPED = "\\x1b[2J\\x0a"

# `path` in the words and the line is that of the file in question; several faults of a kind are a list.
Fault = collections.namedtuple("Fault", "status line words")


def fault(status, line, *words):
    return Fault(status, line, words)


OWN_NET = "net:/proc/self/ns/net"
LOST = "standard output: {reason}"

TABLE = {
    "unknown option": {
        "confine": [fault(125, "unknown option --raed; did you mean --read? (see confine --help)", "--raed=/x", "--", "x"),
                    fault(125, "unknown option --jsno; did you mean --json? (see confine doctor --help)", "doctor",
                          "--jsno")],
        "emilua": [fault(2, "unknown option --polcy; did you mean --policy? (see emilua --help)", "--polcy=x", "x.lua"),
                   fault(2, "unknown option --xyzzy (see emilua --help)", "--xyzzy", "x.lua")],
        "fdpass": fault(2, "unknown option --dtaa; did you mean --data? (see fdpass send --help)", "send", "--dtaa=x", "0"),
        "initexec": fault(2, "unknown option --nss; did you mean --ns? (see initexec --help)", "--nss=user", "x"),
        "jailattach": fault(2, "unknown option --pdi; did you mean --pid? (see jailattach --help)", "--pdi=1"),
        "luarun": fault(2, "unknown option --hlep; did you mean --help? (see luarun --help)", "--hlep"),
        "scan": fault(2, "unknown option --cvs; did you mean --csv? (see scan --help)", "--cvs"),
    },
    "missing file": {
        "confine": [fault(125, "--policy: {path}: No such file or directory", "--policy", "{path}", "--", "x"),
                    fault(127, "{path}: No such file or directory", "--", "{path}")],
        "emilua": [fault(1, "{path}: No such file or directory", "{path}"),
                   fault(1, "{path}: No such file or directory", "--check", "{path}"),
                   fault(2, "--policy: {path}: No such file or directory", "--policy", "{path}", "-e", "x = 1")],
        "fdpass": fault(1, "FD: open:r:{path}: No such file or directory", "send", "--to=fd:0", "open:r:{path}"),
        "initexec": [fault(1, "script: {path}: No such file or directory", "{path}"),
                     fault(125, "--env-file: {path}: No such file or directory", "--env-file={path}", "-e", "x = 1", "--",
                           "x"),
                     fault(127, "exec: {path}: No such file or directory", "-e", "x = 1", "--", "{path}")],
        "jailattach": [fault(1, "script: {path}: No such file or directory", "--ns=" + OWN_NET, "--script", "{path}"),
                       fault(125, "{path}: No such file or directory", "--ns=net:{path}", "-e", "x = 1"),
                       fault(127, "exec: {path}: No such file or directory", "--ns=" + OWN_NET, "--", "{path}")],
        "luarun": [fault(1, "{path}: No such file or directory", "{path}"),
                   fault(1, "{path}: No such file or directory", "-b", "{path}", "-")],
        "scan": [fault(2, "open: {path}: No such file or directory", "emit()", "{path}"),
                 fault(2, "open: {path}: No such file or directory", "--fields=1", "{path}")],
    },
    # A file of another user that nobody else may read.
    "permission": {
        "confine": [fault(125, "--policy: {path}: Permission denied", "--policy", "{path}", "--", "x"),
                    fault(126, "{path}: Permission denied", "--", "{path}")],
        "emilua": [fault(1, "{path}: Permission denied", "{path}"),
                   fault(2, "--policy: {path}: Permission denied", "--policy={path}", "-e", "x = 1")],
        "fdpass": fault(1, "FD: open:r:{path}: Permission denied", "send", "--to=fd:0", "open:r:{path}"),
        "initexec": [fault(1, "script: {path}: Permission denied", "{path}"),
                     fault(126, "exec: {path}: Permission denied", "-e", "x = 1", "--", "{path}")],
        "jailattach": [fault(1, "script: {path}: Permission denied", "--ns=" + OWN_NET, "--script={path}"),
                       fault(126, "exec: {path}: Permission denied", "--ns=" + OWN_NET, "--", "{path}")],
        "luarun": fault(1, "{path}: Permission denied", "{path}"),
        "scan": fault(2, "open: {path}: Permission denied", "emit()", "{path}"),
    },
    "bad number": {
        "confine": [fault(125, "--uid: x: not a number", "--uid=x", "--", "x"),
                    fault(125, "--limit: 1e3: not a number", "--limit=open_files=1e3", "--", "x"),
                    fault(125, "--net: 65536: more than 65535", "--net=connect:65536", "--", "x")],
        "emilua": fault(2, "--main-context-concurrency-hint: 2: 1 or safe expected", "--main-context-concurrency-hint=2",
                        "x.lua"),
        "fdpass": [fault(2, "--count: x: not a number", "recv", "--count=x"),
                   fault(2, "--timeout: -1: not a number of seconds", "recv", "--timeout=-1"),
                   fault(2, "FD: 99999999999999999999: more than 2147483647", "send", "--to=fd:0", "99999999999999999999")],
        "initexec": fault(2, "--keep-fd: 1x: not a number", "--keep-fd=1x", "x"),
        "jailattach": [fault(2, "--pid: '': not a number", "--pid="),
                       fault(2, "--user: 4294967295: more than 4294967294", "--user=4294967295")],
        "luarun": "none of its options takes a number",
        "scan": [fault(2, "--fields: 'x' is no field and no range of fields, such as 1 or 3-5 or 3- (see scan --help)",
                       "--fields=x"),
                 fault(2, "--fields: '0' is no field and no range of fields, such as 1 or 3-5 or 3- (see scan --help)",
                       "--fields=0")],
    },
    "conflicting flags": {
        "confine": fault(125, "--policy and --profile exclude each other (see confine --help)", "--policy=x",
                         "--profile=pure", "--", "x"),
        "emilua": fault(2, "--policy is given twice (see emilua --help)", "--policy=x", "--policy=y", "x.lua"),
        "fdpass": [fault(2, "--from and --listen exclude each other (see fdpass recv --help)", "recv", "--from=@a",
                         "--listen=@b"),
                   fault(2, "--json prints, and runs no program (see fdpass recv --help)", "recv", "--from=@a", "--json",
                         "--", "x")],
        "initexec": fault(2, "--kill-all-on-exit and --pid1=no exclude each other (see initexec --help)",
                          "--kill-all-on-exit", "--pid1=no",
                          "-e", "x = 1", "--", "x"),
        "jailattach": [fault(2, "--pid and --ns exclude each other (see jailattach --help)", "--pid=1", "--ns=net:/x"),
                       fault(2, "--script and -e exclude each other (see jailattach --help)", "--script=x", "-e", "x = 1")],
        "luarun": fault(2, "-b and -e exclude each other (see luarun --help)", "-b", "-e", "x = 1"),
        "scan": fault(2, "--csv and --tsv exclude each other (see scan --help)", "--csv", "--tsv"),
    },
    "closed stdout": {
        "confine": [fault(125, LOST, "--help"), fault(125, LOST, "--explain", "--", "/bin/sh")],
        "emilua": [fault(1, LOST, "--help"), fault(1, LOST, "-e", "print 'lost'")],
        "fdpass": [fault(1, LOST, "--help"), fault(1, LOST, "recv", "--from=fd:0", "--json")],
        # What a script or a program of theirs prints there ends it by SIGPIPE, as without them.
        "initexec": fault(1, LOST, "--help"),
        "jailattach": fault(1, LOST, "--help"),
        "luarun": [fault(1, LOST, "--help"), fault(1, LOST, "-e", "print 'lost'")],
        "scan": [fault(2, LOST, "--help"), fault(2, LOST, "function END() emit 'lost' end")],
    },
    "full stdout": {
        "confine": [fault(125, LOST, "--help"), fault(125, LOST, "--explain", "--json", "--", "/bin/sh"), fault(125, LOST,
                                                                                                                "doctor")],
        "emilua": [fault(1, LOST, "--help"), fault(1, LOST, "-e", "print 'lost'")],
        "fdpass": [fault(1, LOST, "--help"), fault(1, LOST, "recv", "--from=fd:0")],
        "initexec": [fault(1, LOST, "--help"), fault(1, "script: " + LOST, "-e", "print 'lost'", "--", "true")],
        "jailattach": [fault(1, LOST, "--help"), fault(1, "script: " + LOST, "--ns=" + OWN_NET, "-e", "print 'lost'")],
        "luarun": [fault(1, LOST, "--help"), fault(1, LOST, "-e", "print 'lost'")],
        "scan": [fault(2, LOST, "--help"), fault(2, LOST, "function END() emit 'lost' end")],
    },
}


def faults(kind, tool):
    cell = TABLE[kind][tool]
    if isinstance(cell, str):
        return []
    return cell if isinstance(cell, list) else [cell]


def check(run, tool, expected, **values):
    line = "%s: %s\n" % (tool, expected.line.format(**values))
    assert (run.returncode, run.stderr) == (expected.status, line), (run, line)
    assert not run.stdout, run


def run(tool, words, **options):
    settings = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, "timeout": 60, "check": False}
    settings.update(options)
    return subprocess.run([tool, *words], **settings)


def needs_rights(kind, tool):
    """setns(2) into a namespace of one's own takes CAP_SYS_ADMIN."""
    return tool == "jailattach" and os.geteuid() != 0 and kind in ("full stdout",)


def add(kind, *tools):
    """A case for each of these tools."""
    def decorated(function):
        for tool in tools or TOOLS:
            def each(tool=tool):
                for expected in faults(kind, tool):
                    if needs_rights(kind, tool):
                        skip("needs root, to join namespaces")
                    function(tool, expected)
            each.__name__ = "%s of %s" % (kind, tool)
            case(each)
        return function
    return decorated


@case
def the_table_has_every_kind_for_every_tool():
    assert tuple(TABLE) == KINDS and set(PATHS) == set(TOOLS), (PATHS, list(TABLE))
    for kind, row in TABLE.items():
        assert tuple(row) == TOOLS, kind
        for tool, cell in row.items():
            assert faults(kind, tool) or " " in cell, (kind, tool)


# 95: TOOL: what failed: path or argument: reason
@case
def every_line_names_what_has_failed_and_why():
    for kind, row in TABLE.items():
        for tool in row:
            for expected in faults(kind, tool):
                *what, reason = expected.line.split(": ")
                if expected.line.endswith(" --help)"):
                    assert kind in ("unknown option", "conflicting flags", "bad number"), expected
                    continue
                assert what and reason, expected
                subject = [word for word in expected.words if "{path}" in word]
                assert not subject or "{path}" in what[-1], expected


@add("unknown option")
def an_unknown_option_is_told_with_the_nearest(tool, expected):
    check(run(PATHS[tool], expected.words), tool, expected)


@add("bad number")
def a_number_that_is_none_is_told(tool, expected):
    check(run(PATHS[tool], expected.words), tool, expected)


@add("conflicting flags")
def options_that_exclude_each_other_are_told(tool, expected):
    check(run(PATHS[tool], expected.words), tool, expected)


@add("missing file")
def a_missing_file_is_named_safely(tool, expected):
    for name, shown in ("no_such", "no_such"), ("no" + ESCAPES + "such", "no" + ESCAPED + "such"):
        place = scratch() + "/"
        words = [word.format(path=place + name) for word in expected.words]
        check(run(PATHS[tool], words), tool, expected, path=place + shown)


@add("permission")
def a_file_that_may_not_be_read_is_named(tool, expected):
    place = scratch(public=True)
    secret = os.path.join(place, "secret")
    with open(secret, "w", encoding="ascii") as out:
        out.write("x")
    os.chmod(secret, 0)
    # Nobody's right to execute the tool is that of everybody.
    copy = shutil.copy(PATHS[tool], place)
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    check(run(copy, [word.format(path=secret) for word in expected.words], cwd="/", **user), tool, expected, path=secret)


def with_input(tool, action):
    """Nothing; or for fdpass, a socket from which a descriptor comes."""
    if tool != "fdpass":
        return action(subprocess.DEVNULL)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        socket.send_fds(ours, [b"x"], [0])
        return action(theirs)


@add("closed stdout")
def a_closed_standard_output_is_told(tool, expected):
    result = with_input(tool, lambda stdin: run(PATHS[tool], expected.words, stdin=stdin, preexec_fn=lambda: os.close(1)))
    check(result, tool, expected, reason="Broken pipe")


@add("full stdout")
def a_full_standard_output_is_told(tool, expected):
    with open("/dev/full", "w", encoding="ascii") as full:
        result = with_input(tool, lambda stdin: run(PATHS[tool], expected.words, stdin=stdin, capture_output=False,
                                                    stdout=full,
                                            stderr=subprocess.PIPE))
    check(result, tool, expected, reason="No space left on device")


# 95: fits one screen and shows two real examples
@case
def help_is_one_screen_with_two_examples():
    for tool in TOOLS:
        text = run(PATHS[tool], ["--help"]).stdout
        lines = text.splitlines()
        assert text.startswith("Usage: %s " % tool) and len(lines) <= 60, (tool, len(lines))
        assert max(map(len, lines)) <= 100, (tool, max(lines, key=len))
        examples = text.split("\nExamples:\n")[1].splitlines()
        assert len(examples) >= 2 and all(line.startswith("  %s " % tool) for line in examples), (tool, examples)


@case
def every_command_of_a_tool_has_its_help_and_version():
    for tool, words in (("confine", ["doctor", "--help"]), ("fdpass", ["send", "--help"]), ("fdpass", ["recv", "--help"]),
                        ("fdpass", ["pair", "--help"])):
        found = run(PATHS[tool], words)
        assert found.stdout.startswith("Usage: %s %s " % (tool, words[0])) and (found.returncode, found.stderr) == (0,
                                                                                                                    ""), found
    for tool, words in (("confine", ["doctor", "--version"]), ("fdpass", ["send", "--version"]), ("fdpass", ["recv",
                                                                                                             "--version"]),
                        ("fdpass", ["pair", "--version"])):
        assert run(PATHS[tool], words).stdout == run(PATHS[tool], ["--version"]).stdout, words


main()
