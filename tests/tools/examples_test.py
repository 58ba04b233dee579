"""The programs under lua/examples, but for those of containers_test.py, on real data.

What is expected is computed here, in another way.
"""

import contextlib
import json
import os
import random
import re
import shutil
import socket
import subprocess
import threading

from cases import a_file, case, emilua, engine, main, scratch

STATS = "lua/examples/isolated_stats/main.lua"
BROKER = os.path.abspath("lua/examples/file_broker/main.lua")
PRETTY = "lua/examples/json_pretty/main.lua"
COLUMN_SUM = "lua/examples/column_sum/main.lua"
UNTRUSTED_JSON = "lua/examples/untrusted_json/main.lua"
THUMBNAIL = "lua/examples/thumbnail/main.lua"
PLUGIN_HOST = "lua/examples/plugin_host/main.lua"
CONFINED_BUILD = "lua/examples/confined_build/main.lua"


def expected_of(content):
    lines = content.split(b"\n")
    words = content.translate(bytes.maketrans(b"\n\t\r", b"   ")).split(b" ")
    return "%d lines, %d words, %d bytes; longest line: %d bytes\n" % (
        len(lines) - 1, len([word for word in words if word]), len(content), max(len(line) for line in lines))


def stats_are_right(content):
    path = a_file(content)
    run = emilua(STATS, path)
    os.unlink(path)
    assert (run.returncode, run.stderr) == (0, ""), run
    assert run.stdout == expected_of(content), (run.stdout, expected_of(content))


def fails(*arguments, code, message):
    run = emilua(STATS, *arguments)
    assert (run.returncode, run.stdout, run.stderr) == (code, "", message), run


@case
def isolated_stats_of_fifty_megabytes_of_text():
    source = random.Random(1)
    words = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=source.randint(1, 12))) for _ in range(5000)]
    page = b"".join(" ".join(source.choices(words, k=source.randint(0, 20))).encode() + source.choice([b"\n", b"\r\n"])
                    for _ in range(20000))
    content = page * (50_000_000 // len(page) + 1) + b"the last line has no end"
    assert len(content) >= 50_000_000
    stats_are_right(content)


@case
def isolated_stats_of_an_empty_file():
    stats_are_right(b"")


@case
def isolated_stats_of_a_file_without_a_line():
    stats_are_right(b"one line without its end")
    stats_are_right(b"\n")
    stats_are_right(b"\n\n\n")
    stats_are_right(b" \t\r\n a \t b\r\r c")


@case
def isolated_stats_of_binary_data():
    stats_are_right(random.Random(2).randbytes(3_000_000))
    stats_are_right(bytes(1_000_000))
    stats_are_right(bytes(range(256)) * 100)


# Words and lines that lie across the borders of the actor's reads.
@case
def isolated_stats_across_the_borders_of_reads():
    border = 256 * 1024
    for size in border - 1, border, border + 1, 2 * border:
        stats_are_right(b"x" * size)
        stats_are_right(b"x" * (size - 1) + b" " + b"y" * 10)
        stats_are_right(b"x" * (size - 1) + b"\n" + b"y" * 10)


@case
def isolated_stats_of_one_very_long_line():
    stats_are_right(b"x" * 20_000_000 + b"\n" + b"y")


@case
def isolated_stats_of_a_missing_file():
    fails("/nowhere/file.txt", code=1, message="isolated_stats: /nowhere/file.txt: No such file or directory\n")


@case
def isolated_stats_of_a_directory():
    fails("/tmp", code=1, message="isolated_stats: /tmp: Is a directory\n")


@case
def isolated_stats_without_an_argument():
    fails(code=2, message="usage: emilua main.lua FILE\n")


@case
def isolated_stats_of_a_name_that_looks_like_an_option():
    directory = scratch()
    with open(os.path.join(directory, "--help"), "wb") as out:
        out.write(b"a b\n")
    run = emilua(os.path.abspath(STATS), "--help", cwd=directory)
    assert (run.returncode, run.stdout) == (0, "1 lines, 2 words, 4 bytes; longest line: 3 bytes\n"), run


@contextlib.contextmanager
def a_broker(*files):
    """A directory with a broker's socket "s" in it, and the files of the mapping (name, content)."""
    directory = scratch()
    os.mkdir(os.path.join(directory, "below"))
    for name, content in files:
        with open(os.path.join(directory, name), "wb") as out:
            out.write(content)
    command = [engine(), BROKER, "serve", "s"] + [name for name, _ in files]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout.readline() == b"ready\n"
            yield directory
        finally:
            server.kill()


def broker_gives(directory, name, content):
    run = emilua(BROKER, "get", "s", name, cwd=directory, text=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, content, b""), run


def broker_refuses(directory, name, reason):
    run = emilua(BROKER, "get", "s", name, cwd=directory)
    assert (run.returncode, run.stdout, run.stderr) == (1, "", "file_broker: %s\n" % reason), run


@case
def file_broker_gives_what_it_was_started_for():
    large = random.Random(3).randbytes(1_000_000)
    with a_broker(("empty", b""), ("large", large), ("below/other", b"text")) as directory:
        for _ in range(3):
            broker_gives(directory, "empty", b"")
            broker_gives(directory, "large", large)
            broker_gives(directory, "other", b"text")


@case
def file_broker_gives_nothing_else():
    with a_broker(("known", b"x"), ("gone", b"x")) as directory:
        with open(os.path.join(directory, "unknown"), "wb"):
            pass
        os.unlink(os.path.join(directory, "gone"))
        for name in "unknown", "./known", os.path.join(directory, "known"), "known\n", "n" * 1000:
            broker_refuses(directory, name, name + ": there is no file of that name")
        broker_refuses(directory, "gone", "gone: No such file or directory")
        broker_gives(directory, "known", b"x")


@case
def file_broker_without_a_broker():
    directory = scratch()
    broker_refuses(directory, "x", "No such file or directory")
    for arguments in (), ("get",), ("get", "s"), ("get", "s", ""), ("put", "s", "x"):
        run = emilua(BROKER, *arguments, cwd=directory)
        assert (run.returncode, run.stdout) == (2, "") and run.stderr.startswith("usage: "), run


def pretty(text):
    return emilua(PRETTY, input=text, stdin=None, encoding="utf-8")


@case
def json_pretty_of_a_document():
    document = {"a": [1, -2.5, True, None, {"b": []}], "": {"\u6f22": "caf\u00e9 \U0001f600\n"}, "c": ["x"] * 20000}
    for text in json.dumps(document), json.dumps(document, ensure_ascii=False, indent=3):
        run = pretty(text)
        assert (run.returncode, run.stderr) == (0, ""), run.stderr
        assert json.loads(run.stdout) == document
        members = sorted(re.findall(r'^  "(.*?)": ', run.stdout, re.M))
        assert members == ["", "a", "c"], members
    assert pretty(' [1,{"a":[]}] ').stdout == '[\n  1,\n  {\n    "a": []\n  }\n]\n'


@case
def json_pretty_of_what_is_no_json():
    for text, message in (("", "line 1, column 1: insufficient tokens"), ("[1,\n 2,\n]", "line 3, column 1: unexpected token"),
                          ('{"a":1]', "line 1, column 7: expected end object"),
                          ("[\n99999999999999999999]", "line 2, column 1: result out of range")):
        run = pretty(text)
        assert (run.returncode, run.stdout, run.stderr) == (1, "", "json_pretty: %s\n" % message), run


def sums(content, column, expected):
    path = a_file(content)
    with open(path, "rb") as standard_input:
        for run in emilua(COLUMN_SUM, str(column), path), emilua(COLUMN_SUM, str(column), stdin=standard_input):
            assert (run.returncode, run.stdout, run.stderr) == (0, expected + "\n", ""), run
    os.unlink(path)


@case
def untrusted_json_is_read_in_a_box():
    run = emilua(UNTRUSTED_JSON, a_file(b'{"a": [1, "two", {"b": "three"}], "c": null}'))
    assert (run.returncode, run.stdout) == (0, "7 values, 2 of them texts, nested 4 deep\n"), run


@case
def untrusted_json_tells_what_is_wrong():
    for content in b"[1, 2", b"", b"\xff":
        path = a_file(content)
        run = emilua(UNTRUSTED_JSON, path)
        assert run.returncode == 1 and run.stdout == "", run
        assert run.stderr.startswith("untrusted_json: %s: " % path) and run.stderr.count("\n") == 1, run
    run = emilua(UNTRUSTED_JSON, "/nowhere")
    assert (run.returncode, run.stderr) == (1, "untrusted_json: /nowhere: No such file or directory\n"), run
    assert emilua(UNTRUSTED_JSON).returncode == 2


def a_picture(width, height, dots):
    return b"P6\n%d %d\n255\n" % (width, height) + dots


@case
def thumbnail_of_a_picture():
    run = emilua(THUMBNAIL, a_file(a_picture(300, 200, bytes([200, 100, 50]) * 300 * 200)), "30", text=False)
    assert (run.returncode, run.stderr) == (0, b""), run
    assert run.stdout == a_picture(30, 20, bytes([200, 100, 50]) * 30 * 20), run.stdout[:40]


@case
def thumbnail_of_what_is_no_picture():
    for content in b"", b"no picture", a_picture(300, 200, b"too little"):
        path = a_file(content)
        run = emilua(THUMBNAIL, path, "30")
        assert (run.returncode, run.stdout) == (1, ""), run
        assert run.stderr.endswith("thumbnail: %s: pamscale has failed (1)\n" % path), run
    run = emilua(THUMBNAIL, "/nowhere", "30")
    assert (run.returncode, run.stderr) == (1, "thumbnail: /nowhere: No such file or directory\n"), run
    for arguments in (), ("x",), ("x", "0"), ("x", "1.5"), ("x", "y"):
        assert emilua(THUMBNAIL, *arguments).returncode == 2


@contextlib.contextmanager
def a_server(line):
    """Sends a line to whoever connects; the number of its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.sendall(line)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@case
def plugin_host_lets_each_plugin_do_what_it_is_granted():
    directory = scratch()
    with open(os.path.join(directory, "note"), "w", encoding="ascii") as out:
        out.write("a note\n")
    expected = {("calculator", "compute"): "2870", ("reader", "compute"): "2870", ("fetcher", "compute"): "2870",
                ("reader", "read"): "a note", ("fetcher", "fetch"): "pong"}
    with a_server(b"pong\n") as port:
        run = emilua(PLUGIN_HOST, directory, "note", str(port))
    assert (run.returncode, run.stderr) == (0, ""), run
    told = {tuple(line.split(None, 2)[:2]): line.split(None, 2)[2] for line in run.stdout.splitlines()}
    assert told == {(plugin, deed): expected.get((plugin, deed), "refused")
                    for plugin in ("calculator", "reader", "fetcher") for deed in ("compute", "read", "fetch")}, told


def a_tree():
    tree = os.path.join(scratch(), "tree")
    shutil.copytree("lua/examples/confined_build/tree", tree, copy_function=shutil.copyfile)
    os.mkdir(os.path.join(tree, "build"))
    return tree


@case
def confined_build_builds():
    tree = a_tree()
    run = emilua(CONFINED_BUILD, tree)
    assert (run.returncode, run.stderr) == (0, ""), run
    built = subprocess.run([os.path.join(tree, "build/hello")], check=True, capture_output=True, text=True)
    assert built.stdout == "hello from a confined build\n", built


@case
def confined_build_keeps_to_its_tree():
    tree = a_tree()
    with a_server(b"") as port:
        run = emilua(CONFINED_BUILD, tree, "mischief", "PORT=%d" % port)
        assert run.returncode == 0, run
        for trace in ("hello.c: (Permission denied|Read-only file system)", "/etc/passwd: Permission denied",
                      "socket: Operation not permitted"):
            assert re.search(trace, run.stderr), run.stderr
        # The same outside.
        run = subprocess.run(["make", "-i", "mischief", "PORT=%d" % port], cwd=tree, check=False, capture_output=True,
                             text=True)
    assert "denied" not in run.stderr and "not permitted" not in run.stderr, run.stderr
    assert sorted(os.listdir(os.path.join(tree, "build"))) == ["mischief"]


@case
def confined_build_of_nothing():
    assert emilua(CONFINED_BUILD).returncode == 2
    run = emilua(CONFINED_BUILD, "/nowhere")
    assert run.returncode == 1 and "confined_build: " in run.stderr and "/nowhere" in run.stderr, run


@case
def column_sum_of_many_lines():
    source = random.Random(4)
    rows = [[source.randint(-10**6, 10**6) for _ in range(source.randint(0, 6))] for _ in range(200_000)]
    blank = [" ", "  ", "\t", " \t"]
    content = "".join(source.choice(blank + [""]) + source.choice(blank).join(map(str, row)) + source.choice(["\n", " \r\n"])
                      for row in rows).encode()
    for column in 1, 3, 6:
        sums(content, column, str(sum(row[column - 1] for row in rows if len(row) >= column)))


@case
def column_sum_of_little():
    sums(b"", 1, "0")
    sums(b"\n\n \n", 1, "0")
    sums(b"1 2\n3 4", 2, "6")
    sums(b"0.5 0x10 1e3", 1, "0.5")
    sums(b"0.5 0x10 1e3", 2, "16")
    sums(b"7\n", 9, "0")


@case
def column_sum_of_what_cannot_be_summed():
    path = a_file(b"1\n2\nx y\n")
    for arguments, code, message in (([1, path], 1, 'column_sum: %s: line 3: "x" is no number' % path),
                                     ([1, "/nowhere"], 1, "column_sum: /nowhere: No such file or directory"),
                                     ([1, "/tmp"], 1, "column_sum: /tmp: Is a directory"),
                                     ([], 2, "usage: emilua main.lua NUMBER [FILE]"),
                                     ([0], 2, "usage: emilua main.lua NUMBER [FILE]"),
                                     (["1.5"], 2, "usage: emilua main.lua NUMBER [FILE]")):
        run = emilua(COLUMN_SUM, *map(str, arguments))
        assert (run.returncode, run.stdout, run.stderr) == (code, "", message + "\n"), run


# A test that is not here is an example that may rot.
@case
def every_example_has_a_case():
    containers = {"busybox_container", "empty_root"}  # containers_test.py
    others = {"column_sum", "file_broker", "isolated_stats", "json_pretty", "untrusted_json"}
    boxes = {"confined_build", "plugin_host", "thumbnail"}
    assert set(os.listdir("lua/examples")) - {"BUILD"} == others | boxes | containers


main()
