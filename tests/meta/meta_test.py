"""What the engine has, what lua/meta declares and what the specification lists are the same names."""

import glob
import json
import os
import re
import subprocess
import sys

from cases import case, emilua, main, script
import declarations
import spec_names

META = "lua/meta"
INIT_SCRIPT = META + "/init_script.lua"
FUNCTION = re.compile(r"^function ([\w.]+)\(", re.M)

# For editors a method, in the engine a property whose value is a function: it is also called without self.
METHODS_BY_VALUE = {("class error_category", "message")}
# What LuaLS has an @operator for.
OPERATORS = {"__" + name for name in
             "add sub mul div mod pow unm concat len call idiv band bor bxor shl shr bnot".split()}


def paths():
    found = sorted(glob.glob(META + "/*.lua"))
    assert len(found) > 5, found
    return found


def listed():
    """The engine's names: {place: {name: kind}}."""
    run = subprocess.run([os.path.abspath(sys.argv[2])], check=True, capture_output=True, text=True)
    names = json.loads(run.stdout)
    places = {"globals": names["globals"]}
    for part, kind in (("modules", "module "), ("classes", "class ")):
        for name, members in names[part].items():
            places[kind + name] = {member: what for member, what in members.items() if member}
    return {place: {name: simple(place, name, what) for name, what in members.items()}
            for place, members in places.items()}


def simple(place, name, kind):
    if kind in ("function", "method") or (place, name) in METHODS_BY_VALUE:
        return "function"
    return kind if kind == "metamethod" else "field"


def declared(engine):
    classes = {place[len("class "):] for place in engine if place.startswith("class ")}
    places = {}
    for path in paths():
        if path == INIT_SCRIPT:
            continue
        for place, members in declarations.File(path, classes).places.items():
            for name, kind in members.items():
                assert name not in places.setdefault(place, {}), "%s: %s is there twice" % (path, name)
                places[place][name] = kind
    # The one module that is also a global.
    places["globals"]["byte_span"] = "field"
    places["globals"].update(("byte_span." + name, kind) for name, kind in places["module byte_span"].items())
    return places


def of_libraries(name):
    return name.startswith(tuple(library + "." for library in spec_names.LIBRARIES))


def declarable(place, name, kind):
    """Whether a name of the engine is one that lua/meta is to declare."""
    if place == "globals" and (name in spec_names.STOCK or of_libraries(name) or name.startswith("coroutine.")):
        return False
    return kind != "metamethod" or name in OPERATORS


def differences(expected, actual, what):
    for place, members in sorted(expected.items()):
        for name, kind in sorted(members.items()):
            found = actual.get(place, {}).get(name)
            if found != kind:
                yield "%s: %s %s: %s" % (place, kind, name, what + (" as a " + found if found else ""))


def check(*parts):
    found = [line for part in parts for line in part]
    assert not found, "\n".join(found)


@case
def the_declarations_are_lua():
    checks = "".join("assert(loadfile(%s))\n" % json.dumps(os.path.abspath(path)) for path in paths())
    run = emilua(script(checks))
    assert run.returncode == 0, run.stderr


@case
def what_the_engine_has_is_declared():
    engine = listed()
    wanted = {place: {name: kind for name, kind in members.items() if declarable(place, name, kind)}
              for place, members in engine.items()}
    assert sum(map(len, wanted.values())) > 200, wanted
    check(differences(wanted, declared(engine), "not declared"))


@case
def what_is_declared_is_in_the_engine():
    engine = listed()
    check(differences(declared(engine), engine, "not in the engine"))


def specified(later):
    places = {}
    for row in spec_names.ROWS:
        if bool(row.later) == later:
            for name in row.names:
                places.setdefault(row.place, {})[name] = row.kind
    return places


@case
def what_the_specification_lists_is_in_the_engine():
    check(differences(specified(later=False), listed(), "not in the engine"))


@case
def what_waits_for_a_feature_is_not_in_the_engine_yet():
    engine = listed()
    check("%s: %s is there, and to be moved in spec_names.py: it waited for %s" % (row.place, name, row.later)
          for row in spec_names.ROWS if row.later
          for name in row.names if name in engine.get(row.place, {}))


@case
def what_the_engine_has_in_the_places_that_the_specification_lists_is_specified():
    wanted = specified(later=False)
    engine = {place: {name: kind for name, kind in members.items()
                      if place in wanted and not (place == "globals" and of_libraries(name))}
              for place, members in listed().items()}
    check(differences(engine, wanted, "not specified"))


@case
def every_declared_name_of_init_scripts_exists():
    with open(INIT_SCRIPT, encoding="utf-8") as source:
        names = FUNCTION.findall(source.read())
    assert len(names) > 30, names
    checks = "\n".join("assert(type(%s) == 'function', '%s')" % (name, name) for name in names)
    program = """
        local inbox = require 'inbox'
        if _CONTEXT == 'worker' then
            inbox:receive().reply_to:send 'all there'
            return
        end
        local actor = spawn_vm{module = '.', subprocess = {stderr = 'share', init = {script = [==[%s]==]}}}
        actor:send{reply_to = inbox}
        print(inbox:receive())
    """ % checks
    run = emilua(script(program))
    assert run.returncode == 0 and run.stdout == "all there\n", run


main()
