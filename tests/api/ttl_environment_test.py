"""Error categories (`.ttl`) in packages, in the language of the environment, and large ones."""

import os

from cases import case, emilua, main, script

HEAD = """@prefix : <https://schema.emilua.org/error_category/0/#> .
<about:emilua-module> a <https://schema.emilua.org/error_category/0/> ;
"""
GOOD = HEAD + ':error [ :code 1 ; :alias "oops" ; :message "Oops", "Opa"@pt-BR, "Ups"@de ; :generic_error "EIO" ] .'
OTHER = GOOD.replace("Oops", "Second")
BROKEN = HEAD + ":error [ :code 1 ] ."


def prints(expected, text, files, **environment):
    """Runs a script with these files beside it; `p` and `q` are package directories."""
    path = script(text)
    root = os.path.realpath(os.path.dirname(path))
    for name, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
        with open(os.path.join(root, name), "w", encoding="utf-8") as out:
            out.write(content)
    path_list = "%s/p:%s/q" % (root, root)
    run = emilua(path, env={"PATH": os.environ["PATH"], "EMILUA_PATH": path_list, **environment})
    expected = expected.replace("ROOT", root)
    assert (run.returncode, run.stdout, run.stderr) == (0, expected, ""), (run, expected)


TELL = "local e = require('errors').oops print(e, e.category) "
CODE = "local e = select(2, pcall(require, '%s')) print(e.category, e.code, e.module, e.path) "


@case
def a_package_directory_may_hold_a_category():
    prints("Oops\tfile://ROOT/p/errors.ttl\n", TELL, {"p/errors.ttl": GOOD, "q/errors.ttl": OTHER})


@case
def lua_files_of_one_directory_come_before_its_category():
    for name in ("p/errors.lua", "p/errors/init.lua"):
        prints("lua\n", "print(require('errors').which)", {"p/errors.ttl": GOOD, name: "which = 'lua'"})


@case
def but_not_those_of_the_next_directory():
    prints("Oops\tfile://ROOT/p/errors.ttl\n", TELL, {"p/errors.ttl": GOOD, "q/errors.lua": "oops = {}"})


@case
def a_faulty_category_of_a_package_is_skipped():
    for text in ("", "oops", BROKEN, "<about:emilua-module> <x:p> 1 ."):
        prints("emilua.core\t2\terrors\tnil\n", CODE % "errors", {"p/errors.ttl": text})
        prints("Second\tfile://ROOT/q/errors.ttl\n", TELL, {"p/errors.ttl": text, "q/errors.ttl": OTHER})
        prints("lua\n", "print(require('errors').which)", {"p/errors.ttl": text, "q/errors.lua": "which = 'lua'"})


@case
def an_unreadable_category_of_a_package_is_skipped():
    files = {"p/errors.ttl/keep": "", "q/errors.ttl": OTHER}
    prints("Second\tfile://ROOT/q/errors.ttl\n", TELL, files)


@case
def imports_inside_a_package_raise_as_they_are():
    files = {"p/a.lua": "_, e = pcall(require, '/bad')  _, f = pcall(require, '../bad')", "p/bad.ttl": BROKEN}
    prints("21\t21\tROOT/p/bad.ttl\n", "local a = require 'a' print(a.e.code, a.f.code, a.f.path)", files)


@case
def the_same_file_through_a_package_and_from_inside_is_one_category():
    files = {"p/a.lua": "errors = require '/errors'", "p/errors.ttl": GOOD}
    prints("true\ttrue\n", "local a, b = require('a').errors, require 'errors' print(a.oops == b[1], a == b)", files)


@case
def a_failure_is_not_final():
    text = """
        local file, path, stream = require 'file', require('filesystem').path, require 'stream'
        print(select(2, pcall(require, './late')).code)
        local out, flag = file.stream.new(), file.open_flag
        out:open(path.new(tostring(_FILE.parent_path / 'late.ttl')), flag.write_only + flag.truncate)
        stream.write_all(out, [[%s]])
        out:close()
        print(require('./late').oops)
    """
    prints("21\nOops\n", text % GOOD, {"late.ttl": BROKEN})


@case
def messages_are_in_the_language_of_the_environment():
    def tells(expected, **environment):
        prints(expected + "\n", "print(require('errors')[1])", {"p/errors.ttl": GOOD}, **environment)

    tells("Oops")
    tells("Oops", LANG="C.UTF-8")
    tells("Opa", LANG="pt_BR.UTF-8")
    tells("Oops", LANG="pt_PT.UTF-8")
    tells("Ups", LANG="pt_BR.UTF-8", LC_MESSAGES="de_DE.UTF-8")
    tells("Opa", LC_ALL="pt_BR", LANG="fr_FR", LC_MESSAGES="de_DE.UTF-8")
    tells("Oops", LC_ALL="C", LC_MESSAGES="de_DE.UTF-8")
    tells("Ups", LC_ALL="", LC_MESSAGES="", LANG="de")


@case
def a_panic_with_such_a_code_reports_its_message():
    path = script("error(require('./errors').oops)")
    with open(os.path.join(os.path.dirname(path), "errors.ttl"), "w", encoding="utf-8") as out:
        out.write(GOOD)
    run = emilua(path, env={"EMILUA_COLORS": "0"})
    assert run.returncode == 1 and "Oops" in run.stderr, run


@case
def hostile_files_are_refused_in_bounded_time_and_memory():
    half = "x" * 500000
    bombs = {
        "large": "#" * (1 << 20) + "\n" + GOOD,
        "deep": "[<p>" * 250000,
        "long_prefix": "@prefix p: <x:%s> . " % half + "p: p: p: ." * 50000,
        "many": HEAD + ":x " + "1," * 500000 + "1 .",
        "nul": "\0" * 1000000,
    }
    text = "for _, name in ipairs{%s} do %s end" % (
        ", ".join("'./%s'" % name for name in bombs), "print(select(2, pcall(require, name)).code)")
    prints("19\n" * len(bombs), text, {name + ".ttl": bomb for name, bomb in bombs.items()})


main()
