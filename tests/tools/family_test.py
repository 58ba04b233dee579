"""The tools as the engine's commands and under their own names; and the engine's --check."""

import os
import subprocess

from cases import case, emilua, engine, main, scratch, script

TOOLS = ("confine", "fdpass", "initexec", "jailattach", "luarun", "scan")


# --- commands and links -------------------------------------------------------------------------------


@case
def each_tool_is_a_command_of_the_engine_and_a_name_for_it():
    place = scratch()
    for name in TOOLS:
        run = emilua(name, "--version")
        assert run.returncode == 0 and run.stdout.startswith(name + " "), run
        assert emilua(name, "--help").stdout.startswith("Usage: " + name), name
        assert name in emilua("--help").stdout, name
        link = os.path.join(place, name)
        os.symlink(engine(), link)
        by_name = subprocess.run([link, "--version"], capture_output=True, text=True, check=False)
        assert by_name.stdout == run.stdout, by_name
        by_path = subprocess.run([name, "--version"], executable=engine(), capture_output=True, text=True, check=False)
        assert by_path.stdout == run.stdout, by_path


@case
def the_tools_of_the_engine_do_their_work():
    run = emilua("fdpass", "pair", "--", engine(), "fdpass", "send", "--to=fd:3", "memfd:passed", ":::", engine(),
                 "fdpass", "recv", "--from=fd:3", "--", "cat", "/dev/fd/3")
    assert (run.returncode, run.stdout) == (0, "passed"), run
    run = emilua("initexec", "--pid1", "-e", "print(C.umask(0) >= 0)", "--", "sh", "-c", "exit 7")
    assert (run.returncode, run.stdout) == (7, "true\n"), run
    run = emilua("luarun", "-e", "print(require('json').encode{1})")
    assert (run.returncode, run.stdout) == (0, "[1]\n"), run
    run = emilua("scan", "--fields=2", input="a b\nc d\n", stdin=None)
    assert (run.returncode, run.stdout) == (0, "b\nd\n"), run
    run = emilua("confine", "--profile=reader", "--", "/bin/echo", "boxed")
    assert (run.returncode, run.stdout) == (0, "boxed\n"), run
    run = emilua("jailattach", "--pid=%d" % os.getpid(), "-e", "print 'ran'")
    assert run.returncode == 125 and run.stdout == "" and run.stderr.startswith("jailattach: "), run


@case
def a_script_of_a_tools_name_is_started_by_its_path():
    path = script("print('a script', ...)", name="fdpass")
    run = subprocess.run([engine(), "./fdpass", "x"], cwd=os.path.dirname(path), capture_output=True, text=True,
                         check=False)
    assert run.stdout.startswith("a script"), run
    run = subprocess.run([engine(), "fdpass", "x"], cwd=os.path.dirname(path), capture_output=True, text=True,
                         check=False)
    assert run.returncode == 2 and "unknown command x" in run.stderr, run
    assert emilua("-e", "print 'chunk'", "fdpass").stdout == "chunk\n"


# --- --check ------------------------------------------------------------------------------------------


def project(**files):
    place = scratch()
    for name, text in files.items():
        path = os.path.join(place, name.replace("__", "/") + ".lua")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
    return place


@case
def a_program_without_fault_is_listed_and_not_run():
    place = project(main="#!/usr/bin/emilua\nprint 'ran'\nlocal a, t = require './a', require 'time'\nrequire(computed)",
                    a__init="require './b' require '/c'", a__b="return 1", c="require '/a'")
    run = emilua("--check", place + "/main.lua")
    assert run.returncode == 0 and run.stderr == "", run
    assert run.stdout.splitlines() == [place + "/" + name for name in ("main.lua", "a/init.lua", "a/b.lua", "c.lua")], run


@case
def every_fault_is_told_with_its_file_and_line():
    place = project(main="local a = require './a'\nrequire './missing'\nlocal t = require 'no_such_module'\n"
                         "require '../above'\nrequire 'x/y'",
                    a="local = 1\nrequire '/b'", b="require '/c'")
    run = emilua("--check", place + "/main.lua")
    assert run.returncode == 1 and run.stdout == "", run
    lines = run.stderr.splitlines()
    assert all(line.startswith("emilua: " + place) for line in lines), run
    told = [line[len("emilua: " + place) + 1:] for line in lines]
    assert told[0] == "main.lua:2: require './missing': Module not found", told
    assert told[1] == "main.lua:3: require 'no_such_module': Module not found", told
    assert told[2].startswith("main.lua:4: require '../above': "), told
    assert told[3].startswith("main.lua:5: require 'x/y': "), told
    assert told[4].startswith("a.lua:1: "), told
    assert told[5] == "b.lua:1: require '/c': Module not found", told


@case
def modules_of_other_directories_are_found_as_when_it_runs():
    place = project(main="require 'outside' require 'pl.List'", lib__outside__init="require './part'", lib__outside__part="return 1",
                    share__pl__List="return 1")
    path = place + "/main.lua"
    assert emilua("--check", path).returncode == 1
    environment = dict(os.environ, EMILUA_PATH=place + "/lib", EMILUA_LUA_PATH=place + "/share/?.lua")
    run = emilua("--check", path, env=environment)
    ran = emilua(path, env=environment)
    assert (run.returncode, ran.returncode) == (0, 0), (run, ran)
    assert run.stdout.splitlines() == [path, place + "/lib/outside/init.lua", place + "/share/pl/List.lua",
                                       place + "/lib/outside/part.lua"], run


@case
def chunks_and_standard_input_are_checked_too():
    assert emilua("--check", "-e", "print 'ran'").stdout == "(command line)\n"
    run = emilua("--check", "-e", "local = 1")
    assert run.returncode == 1 and run.stderr.startswith("emilua: (command line):1: "), run
    run = emilua("--check", "-", input="require 'nothing'", stdin=None)
    assert run.returncode == 1 and run.stderr == "emilua: stdin:1: require 'nothing': Module not found\n", run
    run = emilua("--check", "/no/such.lua")
    assert run.returncode == 1 and run.stderr == "emilua: /no/such.lua: No such file or directory\n", run
    run = emilua("--check")
    assert run.returncode == 2 and "no script given" in run.stderr, run


main()
