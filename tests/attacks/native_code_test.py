"""Machine code in a box: the FFI, bytecode, native plugins (00 decisions 18 and 19, 91 row 56).

As everywhere here, the same attempt is made in an actor without an init.script, where it must work.
The first argument after the engine is the directory of a plugin, if the engine loads plugins.
"""

import errno
import os
import sys

from cases import case, main
from processes import CONVERSATION, Program

# Runs the text that it is told to, and answers with what that returns or raises.
WORKER = """
local inbox = require 'inbox'
local order = inbox:receive()
local ok, result = pcall(function() return assert(loadstring(order.code))(order) end)
if type(result) == 'table' then
    result = table.concat({tostring(result.category), result.code, tostring(result.module)}, ' ')
end
order.reply_to:send((ok and 'returned ' or 'raised ') .. tostring(result))
"""

PARENT = CONVERSATION + """
local code, bytecode = hear():gsub('\\\\n', '\\n'), string.dump(function() return 'ran' end)
local worker = spawn_vm{module = './worker', subprocess = {
    stderr = 'share',
    environment = {EMILUA_PATH = system.arguments[4]},
    -- Whatever it contains, a script makes the actor's process a box.
    init = system.arguments[3] == 'boxed' and {script = 'set_no_new_privs()'} or nil,
}}
worker:send{code = code, bytecode = bytecode, reply_to = inbox}
say((inbox:receive():gsub('\\n', ' ')))
"""


def attempt(where, code):
    directory = sys.argv[2] if len(sys.argv) > 2 else ""
    with Program(PARENT, where, os.path.abspath(directory), files={"worker.lua": WORKER}) as program:
        program.say(code.strip().replace("\n", "\\n"))
        outcome = program.line()
        code, _, errors = program.end()
        assert (code, errors) == (0, ""), (code, errors)
        return outcome


def works_outside_only(code, expected, refused):
    outcome = attempt("free", code)
    assert outcome == expected, "the attempt does not work: " + outcome
    outcome = attempt("boxed", code)
    assert outcome == refused, outcome


NOT_SUPPORTED = "raised generic %d %%s" % errno.ENOTSUP


# 91 row 56
@case
def the_ffi_is_not_there():
    works_outside_only("return type(require('ffi').C)", "returned userdata", NOT_SUPPORTED % "ffi")


@case
def the_ffi_is_not_there_after_a_literal_has_loaded_it():
    works_outside_only("local n = 1LL return type(require('ffi').cast)", "returned function", NOT_SUPPORTED % "ffi")


@case
def asking_again_changes_nothing():
    works_outside_only("pcall(require, 'ffi') return type(require('ffi').C)", "returned userdata", NOT_SUPPORTED % "ffi")


# Everything that can be reached from the globals, environments, metatables and values of literals.
WALK = """
local seen, found = {}, false
local function walk(value)
    local kind = type(value)
    if (kind ~= 'table' and kind ~= 'function' and kind ~= 'userdata') or seen[value] then return end
    seen[value] = true
    if kind == 'table' then
        if rawget(value, 'cdef') or rawget(value, 'ffi') or rawget(value, 'loadlib') then found = true end
        for k, v in next, value do walk(k) walk(v) end
    elseif kind == 'function' then
        walk(getfenv(value))
    end
    walk(getmetatable(value))
end
for _, root in ipairs{_G, getfenv(0), getfenv(1), getfenv(print), getfenv(jit.opt.start), getmetatable '',
        {getmetatable(1LL)}, {getmetatable(1i)}, {getmetatable(this_fiber)}} do
    walk(root)
end
for i = 0, 20 do
    local ok, environment = pcall(getfenv, i)
    if ok then walk(environment) end
end
"""


@case
def no_path_leads_from_the_globals_to_the_ffi():
    # Outside the walk finds it once it lies in a global.
    works_outside_only("pcall(function() held = {require 'ffi'} end)" + WALK + "return found", "returned true",
                       "returned false")
    assert attempt("free", WALK + "return found") == "returned false"


@case
def literals_of_the_ffi_are_numbers_and_nothing_more():
    for code in ("return getmetatable(1LL)", "return getmetatable(1i)"):
        assert attempt("boxed", code) == "returned ffi"
    assert attempt("boxed", "return tostring(2LL * 21)") == "returned 42LL"
    for code in ("return (1LL)()", "return (1LL).x", "return (1LL)[0]", "local n = 1LL n[0] = 1", "return #1LL",
                 "return setmetatable(1LL, {})", "return 1LL .. ''"):
        outcome = attempt("boxed", code)
        assert outcome.startswith("raised "), (code, outcome)


# 00 decision 18
@case
def bytecode_is_not_loaded():
    for code in ("return assert(loadstring((...).bytecode))()", "return assert(load((...).bytecode, 'x', 'b'))()",
                 "return assert(load((...).bytecode, 'x', 'bt'))()",
                 "local b = (...).bytecode return assert(load(function() local part = b b = nil return part end))()"):
        assert attempt("free", code) == "returned ran"
        outcome = attempt("boxed", code)
        assert outcome.startswith("raised ") and "attempt to load" in outcome, (code, outcome)


# The originals of load and loadstring must not be left in anybody's environment.
@case
def bytecode_is_not_loaded_by_what_lies_in_other_environments():
    works_outside_only("""
        for _, f in ipairs{print, string.rep, jit.off, jit.opt.start, require, pcall, spawn_vm} do
            local environment = getfenv(f)
            for _, name in ipairs{'load', 'loadstring'} do
                local chunk = environment[name] and environment[name]((...).bytecode)
                if chunk then return chunk() end
            end
        end
    """, "returned ran", "returned nil")


@case
def jit_has_no_way_to_machine_code():
    names = attempt("boxed", "local names = {} for name in pairs(jit) do names[#names + 1] = name end "
                             "table.sort(names) return table.concat(names, ' ')")
    assert names == "returned arch attach flush off on opt os security status version version_num", names
    names = attempt("boxed", "local names = {} for name in pairs(jit.opt) do names[#names + 1] = name end "
                             "return table.concat(names, ' ')")
    assert names == "returned start", names
    for module in "jit.util", "jit.profile", "string.buffer":
        outcome = attempt("boxed", "return require '%s'" % module)
        assert outcome == "raised emilua.core 1 " + module, outcome


if len(sys.argv) > 2:
    @case
    def native_plugins_are_not_loaded():
        works_outside_only("return require('example').checksum 'Wikipedia'", "returned 300286872",
                           NOT_SUPPORTED % "example")


main()
