"""Every name that lua/meta declares exists in the engine."""

import glob
import json
import os
import re

from cases import case, emilua, main, script

META = "lua/meta"
MODULE = re.compile(r"^-- require '(\w+)'", re.M)
FUNCTION = re.compile(r"^function ([\w.:]+)\(", re.M)
RETURNED = re.compile(r"^return (\w+)$", re.M)

# How to get an object of each class, whose methods are declared as function CLASS:METHOD.
OBJECTS = {
    "fiber": "spawn(function() end)",
    "ipc_actor_channel": "spawn_vm{module = '/nonexistent', subprocess = {}}",
    "byte_span": "byte_span.new(0)",
    "file.stream": "require 'file'.stream.new()",
    "file_descriptor": "require 'system'.err:dup()",
    "error_category": "require 'generic_error'.EPERM.category",
    "error_code": "require 'generic_error'.EPERM",
    "filesystem.path": "require 'filesystem'.path.new()",
    "steady_point": "require 'time'.steady_clock.now()",
    "system_point": "require 'time'.system_clock.now()",
    "steady_timer": "require 'time'.steady_timer.new()",
    "system_timer": "require 'time'.system_timer.new()",
    "inbox": "require 'inbox'",
    "mutex_object": "require 'mutex'.new()",
    "recursive_mutex_object": "require 'recursive_mutex'.new()",
    "condition_variable_object": "require 'condition_variable'.new()",
    "promise": "(require 'future'.new())",
    "future_object": "select(2, require 'future'.new())",
    "system.in_": "require 'system'.in_",
    "system.out": "require 'system'.out",
    "system.err": "require 'system'.err",
}


def declared(text):
    """Lua expressions that must be functions, for the declarations of one file."""
    module = MODULE.search(text)
    returned = RETURNED.search(text)
    for function in FUNCTION.findall(text):
        owner, separator, member = function.rpartition(":")
        if separator:
            yield function, "(%s).%s" % (OBJECTS[owner], member)
        elif module and returned and function.startswith(returned.group(1) + "."):
            yield function, "require '%s'%s" % (module.group(1), function[len(returned.group(1)):])
        else:
            yield function, function


def expressions(path):
    with open(path, encoding="utf-8") as source:
        return list(declared(source.read()))


@case
def the_declarations_are_lua():
    paths = sorted(glob.glob(META + "/*.lua"))
    assert len(paths) > 5, paths
    checks = "".join("assert(loadfile(%s))\n" % json.dumps(os.path.abspath(path)) for path in paths)
    run = emilua(script(checks))
    assert run.returncode == 0, run.stderr


@case
def every_declared_function_of_the_engine_exists():
    lines = []
    for path in sorted(glob.glob(META + "/*.lua")):
        if os.path.basename(path) == "init_script.lua":
            continue
        found = expressions(path)
        for name, expression in found:
            lines.append("assert(type(%s) == 'function', %r)" % (expression, name))
    assert len(lines) > 60, len(lines)
    run = emilua(script("\n".join(lines) + "\nprint 'all there'\nrequire('system').exit(0)\n"))
    assert run.returncode == 0 and run.stdout == "all there\n", run


@case
def every_declared_name_of_init_scripts_exists():
    names = [name for name, _ in expressions(META + "/init_script.lua")]
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
