"""External packages (EMILUA_PATH), and the program as a file: what Lua tests cannot set up themselves."""

import os

from cases import case, emilua, main, scratch, script


def tree(files):
    """A directory with these files; its path."""
    root = scratch()
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
    return root


def run(text, path, **options):
    return emilua(script(text), env={**os.environ, "EMILUA_PATH": path, "EMILUA_COLORS": "0"}, **options)


def prints(expected, text, path):
    r = run(text, path)
    assert (r.returncode, r.stdout, r.stderr) == (0, expected, ""), r


TELL = "print(select(2, pcall(require, '%s')))"
CODE = "local e = select(2, pcall(require, '%s')) print(tostring(e.category), e.code, e.module)"


@case
def packages_are_found_as_files_and_as_directories():
    root = tree({"leaf.lua": "name = 'leaf'", "package/init.lua": "name = 'package'"})
    prints("leaf\tpackage\n", "print(require('leaf').name, require('package').name)", root)


@case
def the_file_wins_over_the_directory():  # 20 §12.7
    root = tree({"both.lua": "name = 'file'", "both/init.lua": "name = 'directory'"})
    prints("file\n", "print(require('both').name)", root)


@case
def directories_are_searched_in_order():
    first, second = tree({"a.lua": "name = 1"}), tree({"a.lua": "name = 2", "b.lua": "name = 2"})
    prints("1\t2\n", "print(require('a').name, require('b').name)", first + ":" + second)
    prints("2\t2\n", "print(require('a').name, require('b').name)", second + ":" + first)


@case
def empty_and_missing_directories_are_skipped():
    root = tree({"a.lua": "name = 'found'", "file": ""})
    for path in (f":{root}", f"/nonexistent:{root}", f"::/nonexistent/x::{root}::", f"{root}/file:{root}"):
        prints("found\n", "print(require('a').name)", path)


@case
def builtins_are_never_shadowed():  # 20 §12.7
    root = tree({"time.lua": "name = 'shadow'", "system/init.lua": "name = 'shadow'", "byte_span.lua": "name = 'shadow'"})
    prints("function\tuserdata\tfunction\n",
           "print(type(require('time').sleep), type(require('system')), type(require('byte_span').new))", root)


@case
def the_programs_own_files_are_no_packages():
    path = script(CODE % "beside")
    with open(os.path.join(os.path.dirname(path), "beside.lua"), "w", encoding="utf-8"):
        pass
    r = emilua(path)
    assert r.stdout == "emilua.core\t2\tbeside\n", r


@case
def a_package_resolves_root_imports_against_its_directory():  # 20 §12.8
    root = tree({"p/init.lua": "helper = require '/helpers/one'", "helpers/one.lua": "name = 'of the package'"})
    path = script("print(require('p').helper.name)")
    base = os.path.dirname(path)
    os.makedirs(os.path.join(base, "helpers"))
    with open(os.path.join(base, "helpers/one.lua"), "w", encoding="utf-8") as out:
        out.write("name = 'of the program'")
    r = emilua(path, env={**os.environ, "EMILUA_PATH": root})
    assert r.stdout == "of the package\n", r


@case
def a_package_does_not_climb_out_of_its_directory():
    root = tree({"packages/leaf.lua": "return select(2, pcall(require, '../../secret')).code",
                 "packages/dir/init.lua": "return select(2, pcall(require, '../../secret')).code",
                 "secret.lua": "return {code = 'escaped'}"})
    prints("3\t3\n", "print(require('leaf'), require('dir'))", root + "/packages")


@case
def a_slash_at_the_end_of_a_directory_changes_nothing():
    root = tree({"packages/leaf.lua": "return select(2, pcall(require, '../../secret')).code",
                 "secret.lua": "return {code = 'escaped'}"})
    for path in ("/packages/", "/packages//", "/packages/.", "/./packages/", "/packages/../packages/"):
        prints("3\n", "print(require('leaf'))", root + path)


@case
def a_relative_directory_is_made_absolute_at_the_start():
    root = tree({"packages/leaf.lua": "return tostring(_FILE)"})
    r = run("print(require('leaf'))", "packages", cwd=root)
    assert r.stdout == f"{root}/packages/leaf.lua\n", r


@case
def relative_imports_inside_a_package():
    root = tree({"p/init.lua": "child = require './child' up = require '../other'",
                 "p/child.lua": "sibling = require '../sibling'", "p/sibling.lua": "name = 'sibling'",
                 "other.lua": "name = 'other'"})
    prints("sibling\tother\n", "local p = require 'p' print(p.child.sibling.name, p.up.name)", root)


@case
def packages_are_loaded_once_and_cycles_are_found():
    root = tree({"a.lua": "b = require 'b'", "b.lua": "_, e = pcall(require, 'a')"})
    prints("true\t4\ta\n", "local a = require 'a' print(rawequal(a, require 'a'), a.b.e.code, a.b.e.module)", root)


@case
def what_is_not_found_is_named():
    prints("emilua.core\t2\tnowhere\n", CODE % "nowhere", tree({}))


@case
def a_dotted_name_is_not_a_file_name_with_a_dot():  # 20 §2.1, §12.6
    prints("emilua.core\t1\ta.b\n", CODE % "a.b", tree({"a.b.lua": "", "a/b.lua": ""}))


# EMILUA_LUA_PATH: decision 17

def prints_with_patterns(expected, text, patterns, path=""):
    environment = {**os.environ, "EMILUA_PATH": path, "EMILUA_LUA_PATH": patterns, "EMILUA_COLORS": "0"}
    r = emilua(script(text), env=environment)
    assert (r.returncode, r.stdout, r.stderr) == (0, expected, ""), r


@case
def packages_of_the_wider_world_are_found_by_patterns():
    root = tree({
        "share/pair.lua": "local M = {} function M.sum(a, b) return a + b end return M",
        "share/deep/er/init.lua": "local pair = require 'pair' return {twice = function(x) return pair.sum(x, x) end}",
    })
    prints_with_patterns("3\t8\n", "print(require('pair').sum(1, 2), require('deep.er').twice(4))",
                         f"{root}/none/?.lua;;{root}/share/?.lua;{root}/share/?/init.lua")


@case
def their_chunk_gets_the_name_as_elsewhere_in_lua():
    root = tree({"a/b.lua": "return {name = ...}", "plain.lua": "name = select('#', ...)"})
    prints_with_patterns("a.b\n", "print(require('a.b').name)", f"{root}/?.lua")
    prints_with_patterns("0\n", "print(require('plain').name)", "", root)


@case
def a_slash_in_them_begins_where_the_names_begin():
    root = tree({"share/a.lua": "return require '/util/x'", "share/util/x.lua": "return 'x of the package'"})
    prints_with_patterns("x of the package\n", "print(require 'a')", f"{root}/share/?.lua")


@case
def directories_come_before_patterns_and_builtins_before_both():
    first, second = tree({"a.lua": "return 'directory'", "time.lua": ""}), tree({"a.lua": "return 'pattern'"})
    prints_with_patterns("directory\tfunction\n", "print(require 'a', type(require('time').sleep))",
                         f"{second}/?.lua", first)


@case
def they_are_loaded_once():
    root = tree({"a/b.lua": "count = (count or 0) + 1 return {}"})
    prints_with_patterns("true\n", "print(rawequal(require 'a.b', require 'a.b'))", f"{root}/?.lua")


@case
def relative_patterns_begin_where_the_program_was_started():
    root = tree({"lib/a.lua": "return 'found'"})
    environment = {**os.environ, "EMILUA_LUA_PATH": "lib/?.lua"}
    r = emilua(script("print(require 'a')"), env=environment, cwd=root)
    assert (r.returncode, r.stdout) == (0, "found\n"), r


@case
def what_no_pattern_leads_to_is_not_found():
    prints_with_patterns("emilua.core\t2\ta.b\n", CODE % "a.b", "/nonexistent/?.lua;/dev/null/?")
    prints_with_patterns("emilua.core\t1\ta..b\n", CODE % "a..b", "/nonexistent/?.lua")


@case
def a_boxed_actor_does_not_search_patterns():
    root = tree({"secret.lua": "return 'found'"})
    prints_with_patterns("false\ntrue\n", '''
        local inbox = require 'inbox'
        if _CONTEXT == 'worker' then
            inbox:receive().reply_to:send((pcall(require, 'secret')))
            return
        end
        for _, init in ipairs{{script = 'local _ = 1'}, false} do
            local actor = spawn_vm{module = '.', subprocess = {
                stderr = 'share', init = init or nil, environment = {EMILUA_LUA_PATH = '%s/?.lua'},
            }}
            actor:send{reply_to = inbox}
            print(inbox:receive())
        end
    ''' % root, "")


@case
def a_failing_package_is_not_loaded_again():
    root = tree({"bad.lua": "error('bad', 0)", "worse.lua": "x = = 1"})
    prints("bad\nemilua.core\t4\tbad\n", TELL % "bad" + CODE % "bad", root)
    r = run(TELL % "worse" + CODE % "worse", root)
    first, second = r.stdout.splitlines()
    assert "worse.lua:1: " in first, r
    assert second == "emilua.core\t4\tworse", r


@case
def the_context_of_a_package_is_empty():  # 20 §12.9
    prints("main\t\n", "print(_CONTEXT, require('p').context)", tree({"p.lua": "context = _CONTEXT"}))


@case
def a_module_behind_a_dangling_link_is_not_found():
    root = tree({"x/init.lua": "name = 'directory'"})
    os.symlink("/nonexistent", os.path.join(root, "x.lua"))
    prints("directory\n", "print(require('x').name)", root)


@case
def an_empty_script_does_nothing():  # decision 21
    r = emilua(script(""))
    assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), r


@case
def a_script_may_begin_with_a_shebang_line():
    r = emilua(script("#!/usr/bin/env emilua\nprint('runs')\nerror('here')"))
    assert (r.returncode, r.stdout) == (1, "runs\n") and "main.lua:3: here" in r.stderr, r
    r = emilua(script("#!/usr/bin/env emilua"))
    assert (r.returncode, r.stderr) == (0, ""), r


@case
def a_syntax_error_in_the_script_exits_1_with_one_line():  # 20 §12.35
    r = emilua(script("x = = 1"))
    assert (r.returncode, r.stdout) == (1, "") and "main.lua:1: " in r.stderr and r.stderr.count("\n") == 1, r


@case
def an_unreadable_script_exits_1_with_its_name_and_the_reason():
    r = emilua("/nonexistent/script.lua")
    assert r.returncode == 1 and r.stderr.count("\n") == 1, r
    assert "/nonexistent/script.lua" in r.stderr and "No such file or directory" in r.stderr, r
    r = emilua("/")
    assert r.returncode == 1 and "directory" in r.stderr, r


@case
def the_value_that_the_script_returns_is_ignored():
    r = emilua(script("return 5"))
    assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), r


@case
def the_script_is_named_by_its_absolute_path():
    path = script("print(_FILE)")
    directory, name = os.path.split(path)
    r = emilua(os.path.join("..", os.path.basename(directory), name), cwd=directory)
    assert r.stdout == path + "\n", r


main()
