"""The box of the example isolated_stats against an actor that wants out.

Each attempt is made twice by the same code: in an actor without an init.script, where it must work
(it is a real attempt), and in one that has run the example's script, where it must be refused with
EACCES and leave no trace.
"""

import errno
import os
import re

from cases import a_file, case, main, scratch
from processes import CONVERSATION, Program

with open("lua/examples/isolated_stats/main.lua", encoding="utf-8") as example:
    DENY_EVERYTHING = re.search(r"deny_everything = \[\[(.*?)\]\]", example.read(), re.S).group(1)

# Opens `path` with the flags named and reads, writes or does nothing, as told.
ATTACKER = """
local file = require 'file'
local filesystem = require 'filesystem'
local order = require('inbox'):receive()

local function attempt()
    local opened = file.stream.new()
    local flags = 0
    for _, name in ipairs(order.flags) do
        flags = flags + file.open_flag[name]
    end
    opened:open(filesystem.path.new(order.path), flags)
    if order.read then
        local buffer = byte_span.new(64)
        return tostring(buffer:slice(1, opened:read_some(buffer)))
    elseif order.write then
        opened:write_some(byte_span.append(order.write))
    end
    return ''
end

local ok, result = pcall(attempt)
local reply = {ok = ok}
if ok then
    reply.text = result
else
    reply.code, reply.category = result.code, tostring(result.category)
end
if order.document then
    -- What was sent can be used whatever the box says.
    local document, buffer = file.stream.new(order.document), byte_span.new(64)
    reply.document = tostring(buffer:slice(1, document:read_some(buffer)))
end
order.reply_to:send(reply)
"""

PARENT = CONVERSATION + """
local file = require 'file'
local filesystem = require 'filesystem'

local init
if system.arguments[3] == 'boxed' then
    init = {script = [==[%s]==]}
end
local order = {path = system.arguments[4], flags = {}, reply_to = inbox}
for name in system.arguments[5]:gmatch '[^,]+' do
    order.flags[#order.flags + 1] = name
end
order.read = system.arguments[6] == 'read'
order.write = system.arguments[6] == 'write' and 'written by the actor'
if system.arguments[7] then
    local document = file.stream.new()
    document:open(filesystem.path.new(system.arguments[7]), file.open_flag.read_only)
    order.document = document:release()
end
order.path = order.path:gsub('PARENT', tostring(system.getpid())):gsub('WORKER', (tostring(_FILE):gsub('main.lua$', 'worker.lua')))
local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share', init = init}}
worker:send(order)
local reply = inbox:receive()
say(reply.ok and 'ok ' .. '"' .. reply.text:gsub('[^%%g ]', '.') .. '"' or reply.category .. ' ' .. reply.code)
say(reply.document or '')
""" % DENY_EVERYTHING


def attempt(where, path, flags, action="", document=None):
    """What became of it: "ok …" or "CATEGORY CODE"; and the document's text."""
    arguments = [where, path, flags, action] + ([document] if document else [])
    environment = dict(os.environ, SECRET_OF_THE_PARENT="1")
    with Program(PARENT, *arguments, files={"worker.lua": ATTACKER}, env=environment) as program:
        outcome, text = program.line(), program.line()
        code, _, errors = program.end()
        assert code == 0, errors
        return outcome, text


REFUSED = "system %d" % errno.EACCES


def works_outside_only(path, flags="read_only", action="read"):
    outcome, _ = attempt("free", path, flags, action)
    assert outcome.startswith("ok "), "the attempt does not work: " + outcome
    outcome, _ = attempt("boxed", path, flags, action)
    assert outcome == REFUSED, outcome


def text_of(path):
    with open(path, encoding="utf-8") as opened:
        return opened.read()


@case
def its_own_source_cannot_be_read():
    works_outside_only("WORKER")


@case
def the_password_file_cannot_be_read():
    works_outside_only("/etc/passwd")


@case
def the_given_file_cannot_be_opened_by_path_but_read_by_descriptor():
    path = a_file("the given file")
    outcome, document = attempt("free", path, "read_only", "read", path)
    assert outcome == 'ok "the given file"' and document == "the given file", (outcome, document)
    outcome, document = attempt("boxed", path, "read_only", "read", path)
    assert outcome == REFUSED and document == "the given file", (outcome, document)


@case
def the_environment_of_the_parent_cannot_be_read():
    works_outside_only("/proc/PARENT/environ")


@case
def the_memory_of_the_parent_cannot_be_opened():
    outcome, _ = attempt("boxed", "/proc/PARENT/mem", "read_only")
    assert outcome == REFUSED, outcome


@case
def the_descriptors_of_the_parent_cannot_be_listed():
    works_outside_only("/proc/PARENT/fd", "read_only", "")


@case
def its_own_environment_and_maps_cannot_be_read():
    works_outside_only("/proc/self/environ", "read_only", "")
    works_outside_only("/proc/self/maps")


@case
def its_own_memory_cannot_be_opened():
    works_outside_only("/proc/self/mem", "read_write", "")


# 91 row 9
@case
def its_own_executable_cannot_be_opened():
    works_outside_only("/proc/self/exe")


@case
def directories_cannot_be_opened():
    for path in "/", "/proc", "/proc/self/fd", os.path.dirname(a_file("the given file")):
        works_outside_only(path, "read_only", "")


@case
def devices_cannot_be_opened():
    works_outside_only("/dev/null", "read_write", "")
    works_outside_only("/dev/zero")
    works_outside_only("/dev/urandom")


@case
def a_file_cannot_be_created():
    free, boxed = a_file("the given file") + ".free", a_file("the given file") + ".boxed"
    outcome, _ = attempt("free", free, "write_only,create", "write")
    assert outcome == 'ok ""' and text_of(free) == "written by the actor", outcome
    outcome, _ = attempt("boxed", boxed, "write_only,create", "write")
    assert outcome == REFUSED and not os.path.lexists(boxed), outcome


@case
def a_file_cannot_be_written():
    path = a_file("original text that is longer")
    for flags in "write_only", "read_write", "write_only,append", "write_only,truncate", "write_only,create":
        outcome, _ = attempt("boxed", path, flags, "write")
        assert outcome == REFUSED and text_of(path) == "original text that is longer", (flags, outcome)
    outcome, _ = attempt("free", path, "write_only,truncate", "write")
    assert outcome == 'ok ""' and text_of(path) == "written by the actor", outcome


@case
def a_file_cannot_be_emptied():
    path = a_file("original")
    outcome, _ = attempt("boxed", path, "read_only,truncate", "")
    assert outcome == REFUSED and text_of(path) == "original", outcome
    outcome, _ = attempt("free", path, "read_only,truncate", "")
    assert outcome == 'ok ""' and text_of(path) == "", outcome


@case
def a_fifo_cannot_be_opened():
    path = a_file("the given file") + ".fifo"
    os.mkfifo(path)
    works_outside_only(path, "read_write", "")


# --- the same from inside the init.script, where there are more calls ---------------------------------

SCRIPT_ATTACK = """
    errexit = false
    local report = {}
    local function try(name, result, code)
        report[#report + 1] = name .. ' ' .. (result and result ~= -1 and 'ok' or tostring(code))
    end
    local function with_code(ok, message, code)
        return ok, code
    end
    local directory = DIRECTORY
    try('open', C.open(directory .. '/file', C.O_RDONLY))
    try('open_path', C.open(directory, C.O_PATH))
    try('open_unnamed', C.open(directory, C.O_TMPFILE + C.O_RDWR, 384))
    try('mkdir', C.mkdir(directory .. '/new', mode(7, 0, 0)))
    try('symlink', C.symlink('/etc/passwd', directory .. '/symlink'))
    try('link', C.link(directory .. '/file', directory .. '/link'))
    try('rename', with_code(os.rename(directory .. '/renamed', directory .. '/other')))
    try('remove', with_code(os.remove(directory .. '/removed')))
    try('remove_directory', with_code(os.remove(directory .. '/directory')))
    try('io_open', with_code(io.open(directory .. '/written', 'w')))
    C.write(arg, table.concat(report, ';') .. '\\n')
    errexit = true
"""

SCRIPT_PARENT = CONVERSATION + """
local script = [==[%s]==]
local attack = ([==[%s]==]):gsub('DIRECTORY', ('%%q'):format(system.arguments[4]))
local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share', init = {
    arg = system.out.dup(),
    script = (system.arguments[3] == 'boxed' and script or '') .. attack,
}}}
worker:send(inbox)
say(inbox:receive())
""" % (DENY_EVERYTHING, SCRIPT_ATTACK.replace("%", "%%"))


def script_attack(where):
    directory = scratch()
    for name in "file", "renamed", "removed":
        with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
            out.write(name)
    os.mkdir(os.path.join(directory, "directory"))
    worker = "require('inbox'):receive():send 'ready'"
    with Program(SCRIPT_PARENT, where, directory, files={"worker.lua": worker}) as program:
        outcomes = dict(entry.split() for entry in program.line().split(";"))
        assert program.line() == "ready"
        assert program.end()[0] == 0
    return outcomes, sorted(os.listdir(directory))


# 91 row 15, 16
@case
def the_directory_tree_cannot_be_changed_by_any_call():
    outcomes, names = script_attack("free")
    assert set(outcomes.values()) == {"ok"}, outcomes
    assert names == ["file", "link", "new", "other", "symlink", "written"], names
    outcomes, names = script_attack("boxed")
    # O_PATH opens nothing: it is a name, and no right of Landlock's.
    assert outcomes.pop("open_path") == "ok", outcomes
    assert set(outcomes.values()) == {str(errno.EACCES)}, outcomes
    assert names == ["directory", "file", "removed", "renamed"], names


@case
def programs_cannot_be_executed():
    text = CONVERSATION + """
        local worker = spawn_vm{module = './worker', subprocess = {stdout = 'share', stderr = 'share', init = {
            script = (system.arguments[3] == 'boxed' and [==[%s]==] or '') .. [[
                errexit = false
                local _, errno = C.execve('/bin/echo', {'echo', 'executed'}, {})
                C.write(1, errno .. '\\n')
            ]],
        }}}
        pcall(worker.send, worker, inbox)
        pcall(inbox.receive, inbox)
        hear()
    """ % DENY_EVERYTHING
    for where, expected in (("free", "executed"), ("boxed", str(errno.EACCES))):
        with Program(text, where, files={"worker.lua": "require 'inbox'"}) as program:
            assert program.line() == expected
            program.say("end")
            assert program.end()[0] == 0


# 40 §17.33
@case
def a_restricted_actor_cannot_free_its_own_actor():
    worker = """
        local file, filesystem, inbox = require 'file', require 'filesystem', require 'inbox'
        local order = inbox:receive()
        if order.child then
            local child = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
            child:send{reply_to = inbox}
            order.reply_to:send(inbox:receive())
        else
            local ok, e = pcall(function()
                file.stream.new():open(filesystem.path.new '/etc/passwd', file.open_flag.read_only)
            end)
            order.reply_to:send(ok and 'ok' or tostring(e.category) .. ' ' .. e.code)
        end
    """
    text = CONVERSATION + """
        local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share', init = {
            script = system.arguments[3] == 'boxed' and [==[%s]==] or '--',
        }}}
        worker:send{child = true, reply_to = inbox}
        say(inbox:receive())
    """ % DENY_EVERYTHING
    for where, expected in (("free", "ok"), ("boxed", REFUSED)):
        with Program(text, where, files={"worker.lua": worker}) as program:
            assert program.line() == expected
            assert program.end()[0] == 0


main()
