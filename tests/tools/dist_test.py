"""What is handed out: the archive, the package, the bill of materials, manual pages and completions."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile

from cases import case, emilua as generate, main, scratch, skip

DIST, AGAIN = sys.argv[2:4]


def the(suffix, directory=DIST):
    names = [name for name in os.listdir(directory) if name.endswith(suffix)]
    assert len(names) == 1, (suffix, names)
    return os.path.join(directory, names[0])


def read(path):
    with open(path, "rb") as file:
        return file.read()


def run(*command, **options):
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, **options)


def unpacked():
    root = scratch()
    with tarfile.open(the(".tar.gz")) as archive:
        archive.extractall(root)
    (name,) = os.listdir(root)
    return os.path.join(root, name)


ARCHIVE = unpacked()
TOOLS = sorted(os.listdir(ARCHIVE + "/bin"))


def needs(program):
    if shutil.which(program) is None:
        skip("no %s: ci/bootstrap installs it" % program)


# --- the files ---------------------------------------------------------------------------------------


@case
def made_twice_they_are_the_same_bytes():
    names = sorted(os.listdir(DIST))
    assert names == sorted(os.listdir(AGAIN)) and len(names) == 4, names
    for name in names:
        assert read(os.path.join(DIST, name)) == read(os.path.join(AGAIN, name)), name


@case
def names_have_version_and_machine():
    version = run(ARCHIVE + "/bin/scan", "--version").stdout.split()[1]
    machine = os.uname().machine
    assert os.path.basename(the(".tar.gz")) == "emilua-%s-linux-%s.tar.gz" % (version, machine)
    assert os.path.basename(ARCHIVE) == "emilua-%s-linux-%s" % (version, machine)


@case
def sums_are_right():
    for directory in DIST, ARCHIVE:
        lines = read(os.path.join(directory, "SHA256SUMS")).decode().splitlines()
        for line in lines:
            digest, name = line.split("  ")
            assert hashlib.sha256(read(os.path.join(directory, name))).hexdigest() == digest, name
    listed = {line.split("  ")[1] for line in lines}
    found = {os.path.relpath(os.path.join(parent, name), ARCHIVE)
             for parent, _, names in os.walk(ARCHIVE) for name in names}
    assert found == listed | {"SHA256SUMS"}, found ^ listed


@case
def nothing_of_who_made_it_is_in_the_archive():
    with tarfile.open(the(".tar.gz")) as archive:
        for entry in archive:
            assert (entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, "root", "root"), entry.name
            mode = 0o755 if entry.isdir() or "/bin/" in entry.name else 0o644
            assert entry.mode == mode and entry.mtime == 1767225600, entry.name


@case
def every_tool_starts_alone():
    assert TOOLS == ["confine", "emilua", "fdpass", "initexec", "jailattach", "luarun", "scan"], TOOLS
    for tool in TOOLS:
        started = run(os.path.join(ARCHIVE, "bin", tool), "--version", env={})
        assert started.returncode == 0 and started.stdout.startswith(tool), started


# --- the bill of materials ---------------------------------------------------------------------------


@case
def the_bill_of_materials_names_every_library_with_version_and_licence():
    bill = json.loads(read(the(".spdx.json")))
    assert bill["spdxVersion"] == "SPDX-2.3" and bill["dataLicense"] == "CC0-1.0"
    packages = {package["SPDXID"]: package for package in bill["packages"]}
    assert len(packages) == len(bill["packages"])
    for package in packages.values():
        assert package["versionInfo"] and package["licenseDeclared"] and re.fullmatch("SPDXRef-[A-Za-z0-9.-]+", package["SPDXID"])
    links = {}
    for relation in bill["relationships"]:
        assert relation["relatedSpdxElement"] in packages, relation
        if relation["relationshipType"] == "STATIC_LINK":
            links.setdefault(relation["spdxElementId"], set()).add(packages[relation["relatedSpdxElement"]]["name"])
    always = {"GNU C Library", "libgcc", "libstdc++"}
    with_lua = {"emilua", "initexec", "jailattach", "luarun", "scan"}
    for tool in TOOLS:
        libraries = links["SPDXRef-tool-" + tool]
        assert always <= libraries, (tool, libraries)
        assert ("LuaJIT" in libraries) == (tool in with_lua), (tool, libraries)
        assert ("PCRE2" in libraries) == (tool in with_lua - {"initexec"}), (tool, libraries)
        digest = packages["SPDXRef-tool-" + tool]["checksums"][0]["checksumValue"]
        assert digest == hashlib.sha256(read(os.path.join(ARCHIVE, "bin", tool))).hexdigest(), tool
    licences = {package["name"]: package["licenseDeclared"] for package in packages.values()}
    assert licences["libseccomp"] == "LGPL-2.1-only" and licences["LuaJIT"] == "MIT", licences


@case
def an_unknown_library_stops_the_build():
    sys.path.insert(0, "tools/dist")
    import dist
    try:
        dist.linked({"linked": ["openssl"], "symbols": "/bin/true"})
    except SystemExit as e:
        assert "no licence is known of openssl" in str(e), e
    else:
        raise AssertionError("taken")


# --- the package -------------------------------------------------------------------------------------


@case
def the_package_installs_the_same_files():
    needs("dpkg-deb")
    root = scratch()
    extracted = run("dpkg-deb", "-x", the(".deb"), root)
    assert extracted.returncode == 0, extracted
    for tool in TOOLS:
        assert read(root + "/usr/bin/" + tool) == read(os.path.join(ARCHIVE, "bin", tool)), tool
    fields = run("dpkg-deb", "-f", the(".deb"), "Package", "Depends", "Built-Using").stdout
    assert "Package: emilua\n" in fields and "Depends" not in fields and "libseccomp (= " in fields, fields


@case
def lintian_has_nothing_to_say():
    needs("lintian")
    found = run("lintian", "--allow-root", "--fail-on=error,warning", the(".deb"),
                env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"})
    assert found.returncode == 0 and found.stdout == "", found


# --- manual pages and completions --------------------------------------------------------------------


@case
def every_tool_has_a_manual_page_without_faults():
    needs("groff")
    for tool in TOOLS:
        path = ARCHIVE + "/share/man/man1/%s.1" % tool
        for command in ["groff", "-man", "-ww", "-Kutf8", "-Tutf8", "-z", path], ["mandoc", "-Tlint", "-Wwarning", path]:
            if shutil.which(command[0]):
                checked = run(*command)
                assert checked.returncode == 0 and checked.stderr + checked.stdout == "", checked
        page = run("groff", "-man", "-Tascii", "-P-c", "-P-bou", path).stdout
        options = re.findall(r"^  (--?[\w-]+)", run(ARCHIVE + "/bin/" + tool, "--help").stdout, re.M)
        assert len(options) > 5 or tool in ("fdpass", "luarun"), options
        for option in options:
            assert option in page, (option, page)
    page = read(ARCHIVE + "/share/man/man1/emilua.1").decode()
    for tool in TOOLS:
        assert tool == "emilua" or "See %s(1)." % tool in page, (tool, page)


@case
def completions_are_valid():
    for directory, shell, option in (("bash-completion/completions", "bash", "-n"), ("zsh/site-functions", "zsh", "-n"),
                                     ("fish/vendor_completions.d", "fish", "--no-execute")):
        directory = os.path.join(ARCHIVE, "share", directory)
        assert len(os.listdir(directory)) == len(TOOLS), directory
        for name in os.listdir(directory):
            if shutil.which(shell):
                checked = run(shell, option, os.path.join(directory, name))
                assert checked.returncode == 0 and checked.stderr == "", checked


def completed(tool, *words, **options):
    """What bash offers for the last of the words."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _emilua_%s; '
              'printf "%%s\\n" "${COMPREPLY[@]}"' % tool)
    offered = run("bash", "-c", script, "bash", ARCHIVE + "/share/bash-completion/completions/" + tool, tool, *words,
                  **options)
    assert offered.stderr == "", offered
    return offered.stdout.split()


@case
def bash_completes_options_and_commands():
    assert completed("scan", "--c") == ["--csv"]
    assert set(completed("scan", "--t")) == {"--trim", "--tsv"}
    assert completed("scan", "--fields", "--c") == [] and completed("scan", "fi") == []
    assert completed("fdpass", "se") == ["send"]
    assert completed("fdpass", "send", "--da") == ["--data"] and completed("fdpass", "recv", "--da") == []
    assert completed("confine", "--", "--re") == []
    assert completed("emilua", "--po") == ["--policy"] and completed("emilua", "--policy", "--po") == []


@case
def bash_completes_the_tools_as_commands_of_the_engine():
    place = scratch()
    for name in "script.lua", "scanned":
        open(os.path.join(place, name), "w", encoding="utf-8").close()
    assert set(completed("emilua", "sc", cwd=place)) == {"scan", "script.lua", "scanned"}
    assert completed("emilua", "confine", "--re") == ["--read", "--report"]
    assert completed("emilua", "confine", "do") == ["doctor"]
    assert completed("emilua", "fdpass", "se") == ["send"]
    assert completed("emilua", "fdpass", "send", "--da") == ["--data"]
    assert completed("emilua", "confine", "--", "--re") == []


@case
def fish_completes_options_and_commands():
    needs("fish")
    script = "source $argv[1]; complete -C \"$argv[2]\""

    def offered(line):
        path = ARCHIVE + "/share/fish/vendor_completions.d/%s.fish" % line.split()[0]
        found = run("fish", "--no-config", "-c", script, path, line, cwd=scratch(),
                    env={"PATH": os.environ["PATH"], "HOME": scratch()})
        assert found.returncode == 0 and found.stderr == "", found
        return {one.split("\t")[0] for one in found.stdout.splitlines()}

    assert offered("scan --c") == {"--csv"} and offered("fdpass send --da") == {"--data"}
    assert offered("fdpass ") == {"send", "recv", "pair"} and offered("fdpass recv --da") == set()
    assert offered("emilua ") == set(TOOLS) - {"emilua"} and offered("emilua --po") == {"--policy"}
    assert offered("emilua confine --re") == {"--read", "--report"} and offered("emilua confine d") == {"doctor"}
    assert offered("emilua fdpass s") == {"send"} and offered("emilua fdpass send --da") == {"--data"}


@case
def zsh_completes_options_and_commands():
    needs("zsh")
    # What the completion asks zsh to do; $words[1] is the program whose words they are by then.
    script = """
        _arguments() { print -r -- options of $words[1] at $CURRENT }
        compadd() { shift; print -r -- $* }
        _files() { print -r -- files }
        complete_line() { local -a words=("$@"); integer CURRENT=$#; local PREFIX=$words[$CURRENT]; eval "$text" }
        text=$(<$1); shift; complete_line "$@"
    """

    def asked(*words):
        found = run("zsh", "-f", "-c", script, "zsh", ARCHIVE + "/share/zsh/site-functions/_" + words[0], *words)
        assert found.returncode == 0 and found.stderr == "", found
        return found.stdout.splitlines()

    assert asked("scan", "--c") == ["options of scan at 2"]
    assert asked("fdpass", "") == ["send recv pair"] and asked("fdpass", "send", "--da") == ["options of send at 2"]
    assert asked("emilua", "") == [" ".join(tool for tool in TOOLS if tool != "emilua"), "files"]
    assert asked("emilua", "--po") == ["options of emilua at 2"]
    assert asked("emilua", "confine", "--re") == ["options of confine at 2"]
    assert asked("emilua", "fdpass", "") == ["send recv pair"]
    assert asked("emilua", "fdpass", "send", "--da") == ["options of send at 2"]


@case
def the_table_in_readme_is_that_of_the_option_tables():
    rows = generate("table").stdout
    assert rows in read("README.md").decode(), "put this into README.md (bazel run //tools/generate table):\n" + rows


@case
def the_generator_tells_its_usage():
    for words in [], ["man"], ["man", "nothing"], ["nothing", "scan"]:
        told = generate(*words)
        assert told.returncode == 2 and told.stdout == "" and told.stderr.startswith("usage: generate "), told


main()
