"""Programs as they are, each under the least policy that suits it: there it does what it does outside, byte
by byte; and without any one of the grants it fails, and it is told why.
"""

import collections
import contextlib
import hashlib
import http.server
import os
import re
import shutil
import subprocess
import threading

from cases import case, engine, main, scratch, skip

# A name for it, the program and its arguments, what is granted, each grant an option and its value.
Command = collections.namedtuple("Command", "name words grants")
TABLE = []

# What a dynamic program, its libraries and their data are read from; EXEC alone reads files, and lists nothing.
EXEC = ("--exec", "/usr")
READ = ("--read", "/usr")
IN = ("--read", "{dir}/in")
SEE_OUT = ("--read", "{dir}/out")
OUT = ("--write", "{dir}/out")
HERE = ("--cwd", "{dir}/out")
PATH = ("--env", "PATH=/usr/bin")
NULL = ("--read", "/dev/null")
ENVIRONMENT = {"PATH": "/usr/bin", "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1"}


def command(name, words, *grants):
    TABLE.append(Command(name, words, grants))


def shell(name, text, *grants):
    command(name, ["bash", "-c", text], *grants)


# --- reading ----------------------------------------------------------------------------------------

command("ls", ["ls", "/usr"], EXEC, READ)
command("ls of a tree", ["ls", "-R", "{dir}/in"], EXEC, IN)
command("cat", ["cat", "{dir}/in/text"], EXEC, ("--read", "{dir}/in/text"))
command("wc", ["wc", "{dir}/in/text", "{dir}/in/numbers"], EXEC, IN)
command("head", ["head", "-c", "100", "{dir}/in/big"], EXEC, IN)
command("tail", ["tail", "-n", "3", "{dir}/in/big"], EXEC, IN)
command("grep -r", ["grep", "-rc", "needle", "{dir}/in/tree"], EXEC, ("--read", "{dir}/in/tree"))
command("find", ["find", "{dir}/in", "-name", "*.txt", "-size", "-10k"], EXEC, IN)
command("sed", ["sed", "-n", "s/line \\([0-9]*\\)/\\1!/p", "{dir}/in/text"], EXEC, IN)
command("awk", ["awk", "{{ s += $1 }} END {{ print s }}", "{dir}/in/numbers"], EXEC, IN)
command("gawk", ["gawk", "-F,", "{{ print NF }}", "{dir}/in/numbers"], EXEC, IN)
command("sort", ["sort", "-n", "{dir}/in/numbers"], EXEC, IN)
command("diff", ["diff", "-r", "{dir}/in/tree", "{dir}/in/same"], EXEC, IN)
command("sha256sum", ["sha256sum", "{dir}/in/big"], EXEC, IN)
command("base64", ["base64", "{dir}/in/text"], EXEC, IN)
command("od", ["od", "-c", "{dir}/in/text"], EXEC, IN)
command("cut", ["cut", "-c", "1-4", "{dir}/in/text"], EXEC, IN)
command("du", ["du", "-b", "{dir}/in"], EXEC, IN)
command("tar that makes an archive", ["tar", "cf", "-", "-C", "{dir}/in", "--mtime=@0", "--sort=name",
                                      "--numeric-owner", "tree"], EXEC, IN)
command("gzip", ["gzip", "-nc", "{dir}/in/big"], EXEC, IN)
command("xz", ["xz", "-0c", "{dir}/in/text"], EXEC, IN)
command("file", ["file", "{dir}/in/text", "{dir}/in/archive.tar"], EXEC, IN, ("--read", "/etc/magic"))
command("sqlite3 that reads", ["sqlite3", "-readonly", "{dir}/in/base.db", "select sum(n) from t"], EXEC, IN)
command("perl", ["perl", "-ne", "print scalar reverse", "{dir}/in/text"], EXEC, IN, NULL)
command("python3", ["python3", "-c", "import json; print(json.dumps(open('{dir}/in/text').read()))"], EXEC, READ, IN)
command("nm", ["nm", "-D", "/usr/bin/tar"], EXEC)
command("git status", ["git", "-C", "{dir}/in/repository", "--no-optional-locks", "status", "--short"], EXEC,
        ("--read", "{dir}/in/repository"), NULL, ("--write", "/dev/null"), ("--env", "GIT_CONFIG_NOSYSTEM=1"))
command("git log", ["git", "-C", "{dir}/in/repository", "log", "--oneline"], EXEC,
        ("--read", "{dir}/in/repository"), NULL, ("--write", "/dev/null"), ("--env", "GIT_CONFIG_NOSYSTEM=1"))

# --- writing ----------------------------------------------------------------------------------------

command("cp -r", ["cp", "-r", "{dir}/in/tree", "{dir}/out/copy"], EXEC, IN, OUT)
command("touch", ["touch", "-d", "@1000", "{dir}/out/made"], EXEC, OUT)
command("mkdir", ["mkdir", "-p", "{dir}/out/a/b/c"], EXEC, OUT)
command("tar that unpacks", ["tar", "xf", "{dir}/in/archive.tar", "-C", "{dir}/out"], EXEC, IN, SEE_OUT, OUT)
command("gzip in place", ["gzip", "-n", "{dir}/out/file"], EXEC, SEE_OUT, OUT)
command("sort with files of its own", ["sort", "-S", "1M", "-T", "{dir}/out", "-o", "{dir}/out/sorted", "{dir}/in/big"],
        EXEC, IN, SEE_OUT, OUT)
command("sqlite3 that writes", ["sqlite3", "{dir}/out/base.db", "create table t(n); insert into t values (7);"], EXEC,
        SEE_OUT, OUT)
command("patch", ["patch", "-s", "{dir}/out/file", "{dir}/in/change.patch"], EXEC, IN, SEE_OUT, OUT)
command("gcc", ["gcc", "-c", "{dir}/in/main.c", "-o", "{dir}/out/main.o"], EXEC, IN, SEE_OUT, OUT,
        ("--env", "TMPDIR={dir}/out"))

# --- programs of programs ---------------------------------------------------------------------------

shell("bash with pipes", "cat {dir}/in/text | tr a-z A-Z | rev | head -n 2", EXEC, IN)
shell("bash with loops", "for i in $(ls {dir}/in/tree); do echo ${{i##*/}}; done; echo $((6 * 7))", EXEC, IN)
shell("bash with redirections", "cd {dir}/out && for i in 1 2 3; do echo $i >file$i; done && cat file*", EXEC, SEE_OUT, OUT)
shell("find and xargs", "find {dir}/in/tree -type f -print0 | sort -z | xargs -0 cat", EXEC, NULL, IN)
command("make on a small tree", ["make", "-s", "-C", "{dir}/out/tree", "all"], EXEC, PATH, SEE_OUT, OUT)

# --- network ----------------------------------------------------------------------------------------

command("curl", ["curl", "-s", "-S", "http://127.0.0.1:{port}/text"], EXEC, ("--net=connect:{port}", None))
command("python3 over the network",
        ["python3", "-c", "import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}/text').read())"],
        EXEC, READ, ("--net=connect:{port}", None))


class World:
    """Files to read, a directory to write to, and a server; the same each time."""

    def __init__(self):
        self.directory = scratch()
        os.makedirs(self.path("in/tree/below"))
        os.makedirs(self.path("out/tree"))
        text = "".join("line %d of the text\n" % i for i in range(20))
        self.write("in/text", text)
        self.write("out/file", text)
        self.write("in/numbers", "".join("%d\n" % (i * 7919 % 1000) for i in range(1000)))
        for name in "one.txt", "two.txt", "below/three.txt":
            self.write("in/tree/" + name, "needle in %s\n" % name)
        shutil.copytree(self.path("in/tree"), self.path("in/same"))
        self.write("in/main.c", "int main(void) { return 7; }\n")
        self.write("in/change.patch", "--- file\n+++ file\n@@ -1,2 +1,2 @@\n-line 0 of the text\n+changed\n"
                                      " line 1 of the text\n")
        self.write("out/tree/Makefile", "all: upper\nupper: lower\n\ttr a-z A-Z <lower >upper\n\tcat upper\n")
        self.write("out/tree/lower", "made by make\n")
        self.values = {"dir": self.directory, "port": "0"}

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def prepare(self, each):
        """What is large, or takes a program to make."""
        if "in/big" in str(each.words):
            self.write("in/big", "".join("%d is a number\n" % (i * 7919 % 100003) for i in range(120000)))
        if "archive" in str(each.words):
            self.run(["tar", "cf", "in/archive.tar", "--mtime=@0", "-C", "in", "tree"])
        if "in/base.db" in str(each.words):
            self.run(["sqlite3", "in/base.db", "create table t(n); insert into t values (40), (2);"])
        if "repository" in str(each.words):
            git = ["git", "-C", "in/repository", "-c", "user.name=x", "-c", "user.email=x@x"]
            self.run(["git", "init", "-q", "in/repository"])
            self.write("in/repository/file", "text")
            self.run([*git, "add", "file"])
            self.run([*git, "commit", "-q", "-m", "message"],
                     GIT_AUTHOR_DATE="@0 +0000", GIT_COMMITTER_DATE="@0 +0000")
            self.write("in/repository/file", "other text")
            self.write("in/repository/new", "text")

    def run(self, words, **more):
        subprocess.run(words, cwd=self.directory, env={**ENVIRONMENT, "HOME": "/", **more}, check=True)

    def made(self):
        """Names and contents of what there is to write to."""
        found = {}
        for place, directories, files in os.walk(self.path("out")):
            for name in directories:
                found[os.path.relpath(os.path.join(place, name), self.directory)] = "directory"
            for name in files:
                with open(os.path.join(place, name), "rb") as made:
                    found[os.path.relpath(os.path.join(place, name), self.directory)] = \
                        hashlib.sha256(made.read()).hexdigest()
        return found


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # the name is http.server's
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def world(each):
    made = World()
    with contextlib.ExitStack() as closing:
        if "{port}" in str(each.words):
            server = closing.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            closing.callback(thread.join)
            closing.callback(server.shutdown)
            made.values["port"] = str(server.server_address[1])
        made.prepare(each)
        yield made


def result(each, grants=None):
    """Status, standard output, standard error, and what was made; unconfined without grants."""
    with world(each) as around:
        fill = lambda text: text.format(**around.values)
        words = [fill(word) for word in each.words]
        if grants is not None:
            options = [fill(part) for grant in grants for part in grant if part is not None]
            words = [engine(), *options, "--env", "LC_ALL=C", "--env", "HOME=/", "--", "/usr/bin/" + words[0], *words[1:]]
        run = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, cwd="/", check=False, timeout=60,
                             env={**ENVIRONMENT, "HOME": "/"})
        output = run.stdout.decode(errors="replace").replace(around.directory, "DIR").replace(around.values["port"], "P")
        return run.returncode, output, run.stderr.decode(errors="replace"), around.made()


# How programs say that they were refused something: in the words of the errno, mostly.
REFUSALS = re.compile(r"Permission denied|Operation not permitted|Read-only file system|No such file|not permitted|"
                      r"cannot open|unable to open|Failed to connect|Couldn't connect|could(?:n't| not) (?:be )?(?:open|read)|"
                      r"not found|cannot exec|dubious ownership|readonly database|its dynamic linker|failed to|[Ff]atal|No rule to make|no read permission")


def add_case(each):
    def run():
        if not shutil.which(each.words[0], path="/usr/bin"):
            skip("%s is not installed: ci/bootstrap does that" % each.words[0])
        outside, inside = result(each), result(each, each.grants)
        assert outside[0] == 0, outside
        assert inside == outside, "%s, not %s" % (inside, outside)
        for grant in each.grants:
            fewer = [one for one in each.grants if one != grant]
            less = result(each, fewer)
            assert less != outside, "it does not need %s" % (grant,)
            said = less[1] + less[2]
            assert REFUSALS.search(said), "without %s it says: %s" % (grant, said or "nothing")

    run.__name__ = each.name + " runs as it does outside, and not with less"
    case(run)


for each in TABLE:
    add_case(each)


@case
def there_are_thirty_of_them():
    assert len({each.words[0] for each in TABLE}) > 30, len(TABLE)


main()
