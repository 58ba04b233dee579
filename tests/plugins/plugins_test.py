"""Native plugins in the dynamically linked engine (20 §10)."""

import errno
import os
import shutil

from cases import case, emilua, main, scratch, script

BUILT = os.path.join(os.getcwd(), "tests/plugins")


def package(plugins=None, files=None):
    """A directory for EMILUA_PATH: NAME to the built plugin that it is a copy of, and other files."""
    root = scratch()
    for name, built in (plugins or {}).items():
        shutil.copy(os.path.join(BUILT, "lib%s.so" % built), os.path.join(root, "lib%s.so" % name))
    for name, text in (files or {}).items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
    return root


def run(text, *directories, **environment):
    return emilua(script(text), env={**os.environ, "EMILUA_PATH": ":".join(directories), "EMILUA_COLORS": "0",
                                     **environment})


def prints(expected, text, *directories, **environment):
    r = run(text, *directories, **environment)
    assert (r.returncode, r.stdout, r.stderr) == (0, expected, ""), r


# What an import raises: category, code, module, reason.
FAILS = """
local function fails(id)
    local ok, e = pcall(require, id)
    assert(not ok)
    if type(e) == 'string' then
        print(e)
    else
        print(tostring(e.category), e.code, e.module, e.reason or '')
    end
end
"""
CYCLIC_IMPORT, MODULE_NOT_FOUND, INVALID_MODULE_NAME, INTERNAL_MODULE = 4, 2, 1, 17


@case
def a_plugin_is_a_module():
    prints("300286872\ttrue\n", "local e = require 'example' "
           "print(e.checksum('Wikipedia'), rawequal(e, require 'example'))", package({"example": "example"}))


@case
def its_errors_are_errors():
    prints("string expected\n", "print(select(2, pcall(require('example').checksum)))", package({"example": "example"}))


@case
def the_hooks_run_in_order_and_once():
    prints("libone.so process\nlibone.so event_loop\nlibone.so vm\nlibone.so\tlibone.so\n",
           "local one = require 'one' print(one.name, require('one').name)", package({"one": "traced"}))


@case
def each_plugin_has_hooks_of_its_own():
    prints("libone.so process\nlibone.so event_loop\nlibone.so vm\n"
           "libtwo.so process\nlibtwo.so event_loop\nlibtwo.so vm\n",
           "require 'one' require 'two'", package({"one": "traced", "two": "traced"}))


# 20 §2.1
@case
def files_in_lua_of_the_same_directory_come_first():
    for files in ({"one.lua": "name = 'file'"}, {"one/init.lua": "name = 'file'"}):
        prints("file\n", "print(require('one').name)", package({"one": "traced"}, files))


# 20 §2.1
@case
def directories_are_searched_in_order():
    plugin, lua = package({"one": "example"}), package(None, {"one.lua": "checksum = 'of the file'"})
    prints("function\n", "print(type(require('one').checksum))", plugin, lua)
    prints("string\n", "print(type(require('one').checksum))", lua, plugin)


@case
def only_external_names_are_plugins():
    root = package({"one": "traced"})
    shutil.copy(script(FAILS + "fails './one' fails '/one'"), os.path.join(root, "main.lua"))
    r = emilua(os.path.join(root, "main.lua"))
    assert r.stdout == "emilua.core\t2\t./one\t\nemilua.core\t2\t/one\t\n", r


@case
def the_process_hook_runs_once_under_two_names():
    root = package({"one": "traced"})
    os.symlink("libone.so", os.path.join(root, "libtwo.so"))
    r = run("require 'one' require 'two'", root)
    assert r.stdout.count(" process\n") == 1 and r.stdout.count(" vm\n") == 2, r


@case
def a_failing_event_loop_hook_is_raised_and_tried_again():
    root = package({"one": "traced"})
    r = run(FAILS + "fails 'one' fails 'one'", root, FAIL="event_loop:libone.so")
    assert r.stdout == "libone.so process\n" + "libone.so event_loop\ngeneric\t%d\tone\t\n" % errno.EBUSY * 2, r


@case
def a_failing_vm_hook_is_raised_and_tried_again():
    r = run(FAILS + """
        local results = {16, 13, {name = 'module'}}
        function hook() return table.remove(results, 1) end
        fails 'driven' fails 'driven'
        print(require('driven').name, require('driven').name, #results)
    """, package({"driven": "driven"}))
    assert r.stdout == "generic\t16\tdriven\t\ngeneric\t13\tdriven\t\nmodule\tmodule\t0\n", r


@case
def a_lua_error_of_the_vm_hook_is_raised_as_it_is():
    r = run(FAILS + """
        local failure = setmetatable({}, {__tostring = function() return 'mine' end})
        function hook() error(failure) end
        print(rawequal(select(2, pcall(require, 'driven')), failure))
        function hook() return 'throw' end
        fails 'driven'
        function hook() return {name = 'at last'} end
        print(require('driven').name)
    """, package({"driven": "driven"}))
    assert r.stdout == "true\nthrown by the hook\nat last\n", r


@case
def a_vm_hook_cannot_suspend():
    r = run(FAILS + """
        function hook() this_fiber.yield() end
        fails 'driven'
        function hook() require('time').sleep(0) end
        fails 'driven'
        function hook() return 'yield' end
        fails 'driven'
        function hook() return {name = 'at last'} end
        print(require('driven').name)
    """, package({"driven": "driven"}))
    lines = r.stdout.splitlines()
    assert len(lines) == 4 and lines[3] == "at last", r
    assert "attempt to suspend" in lines[0] and "attempt to suspend" in lines[1] and "yield" in lines[2], r


@case
def a_vm_hook_that_pushes_nothing_is_named():
    r = run(FAILS + "function hook() return 'nothing' end fails 'driven' function hook() return nil end fails 'driven'",
            package({"driven": "driven"}))
    assert r.stdout == "generic\t%d\tdriven\tits hook has pushed no module\n" % errno.ENOEXEC * 2, r


@case
def a_vm_hook_that_imports_its_own_plugin_is_a_cycle():
    r = run(FAILS + "function hook() fails 'driven' return {} end print(type(require 'driven'))",
            package({"driven": "driven"}))
    assert r.stdout == "emilua.core\t%d\tdriven\t\ntable\n" % CYCLIC_IMPORT, r


@case
def a_program_may_end_in_a_vm_hook():
    r = run("function hook() require('system').exit(7) end pcall(require, 'driven') print 'not reached'",
            package({"driven": "driven"}))
    assert (r.returncode, r.stdout, r.stderr) == (7, "", ""), r


@case
def without_vm_hook_it_is_internal():
    r = run(FAILS + "fails 'base'", package({"base": "internal"}))
    assert r.stdout.splitlines()[-1] == "emilua.core\t%d\tbase\t" % INTERNAL_MODULE, r


@case
def dependencies_are_loaded_first():
    root = package({"top": "traced", "base": "internal", "ground": "internal"},
                   {"top.deps": "base\nground\n", "base.deps": "  \nground \r\n\n"})
    expected = "".join("lib%s.so %s\n" % (name, hook) for name in ("ground", "base", "top")
                       for hook in ("process", "event_loop"))
    prints(expected + "libtop.so vm\n", "require 'top'", root)


@case
def a_dependency_is_no_import():
    root = package({"top": "traced", "base": "traced"}, {"top.deps": "base"})
    r = run("require 'top' print 'now' require 'base'", root)
    before, after = r.stdout.split("now\n")
    assert "libbase.so vm" not in before and "libbase.so process" in before, r
    assert "libbase.so vm" in after and "libbase.so process" not in after, r


@case
def dependencies_lie_in_any_package_directory():
    top, base = package({"top": "traced"}, {"top.deps": "base"}), package({"base": "internal"})
    r = run("require 'top'", top, base)
    assert r.returncode == 0 and r.stdout.startswith("libbase.so process\n"), r


@case
def cycles_of_dependencies_make_the_import_fail():
    root = package({"a": "traced", "b": "traced", "self": "traced"}, {"a.deps": "b", "b.deps": "a", "self.deps": "self"})
    r = run(FAILS + "fails 'a' fails 'b' fails 'self'", root)
    assert r.stdout == "".join("emilua.core\t%d\t%s\t\n" % (CYCLIC_IMPORT, name) for name in ("a", "b", "self")), r


@case
def a_missing_or_malformed_dependency_is_named():
    root = package({"a": "traced", "b": "traced"}, {"a.deps": "nowhere", "b.deps": "../a"})
    r = run(FAILS + "fails 'a' fails 'b'", root)
    assert r.stdout == "emilua.core\t%d\tnowhere\t\nemilua.core\t%d\t../a\t\n" % (MODULE_NOT_FOUND, INVALID_MODULE_NAME), r


@case
def an_unreadable_list_of_dependencies_is_named():
    root = package({"a": "traced"})
    os.mkdir(os.path.join(root, "a.deps"))
    r = run(FAILS + "fails 'a'", root)
    assert r.stdout == "system\t%d\ta\t%s/a.deps\n" % (errno.EISDIR, root), r


@case
def the_failing_hook_of_a_dependency_is_named():
    root = package({"top": "traced", "base": "internal"}, {"top.deps": "base"})
    r = run(FAILS + "fails 'top'", root, FAIL="event_loop:libbase.so")
    assert r.stdout == "libbase.so process\nlibbase.so event_loop\ngeneric\t%d\tbase\t\n" % errno.EBUSY, r


@case
def another_version_does_not_load():
    r = run(FAILS + "fails 'old'", package({"old": "outdated"}))
    category, code, module, reason = r.stdout.rstrip("\n").split("\t")
    assert (category, code, module) == ("generic", str(errno.ENOEXEC), "old"), r
    assert "libold.so has no symbol emilua_plugin_" in reason and "version" in reason, r


@case
def the_symbol_of_a_library_that_it_is_linked_with_does_not_count():
    root = package({"old": "outdated_dependent", "example": "example"}, {"old.deps": "example"})
    r = run(FAILS + "fails 'old'", root)
    assert "libold.so has no symbol emilua_plugin_" in r.stdout, r


@case
def a_dependency_is_found_by_what_is_linked_with_it():
    files = {"one": "dependent", "example": "example"}
    r = run("require 'one'", package(files, {"one.deps": "example"}))
    assert r.returncode == 0 and r.stdout.endswith("libone.so vm\n"), r
    r = run(FAILS + "fails 'one'", package(files))
    assert r.stdout.startswith("generic\t%d\tone\t" % errno.ENOEXEC) and "libexample.so" in r.stdout, r


@case
def what_is_no_library_is_told_with_the_linkers_reason():
    r = run(FAILS + "fails 'text'", package(None, {"libtext.so": "no library"}))
    assert r.stdout.startswith("generic\t%d\ttext\t" % errno.ENOEXEC) and "libtext.so" in r.stdout, r


@case
def other_file_names_are_no_plugins():
    root = package({"one": "traced"})
    os.rename(os.path.join(root, "libone.so"), os.path.join(root, "one.so"))
    os.mkdir(os.path.join(root, "libtwo.so"))
    r = run(FAILS + "fails 'one' fails 'two' fails 'libone'", root)
    assert r.stdout == "".join("emilua.core\t%d\t%s\t\n" % (MODULE_NOT_FOUND, name) for name in ("one", "two", "libone")), r


@case
def an_actor_has_plugins_of_its_own_process():
    text = """
        local inbox = require 'inbox'
        if _CONTEXT == 'worker' then
            inbox:receive():send(require('one').name)
        else
            local actor = spawn_vm{module = '.', subprocess = {
                stdout = 'share', stderr = 'share', environment = {EMILUA_PATH = '%s'}}}
            actor:send(inbox)
            assert(inbox:receive() == 'libone.so')
        end
    """
    root = package({"one": "traced"})
    prints("libone.so process\nlibone.so event_loop\nlibone.so vm\n", text % root)


main()
