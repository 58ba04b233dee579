"""The engine under a policy of its own: sandbox.restrict_self, and --policy."""

import json

from cases import case, emilua, main, scratch


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


HERE = scratch()
GRANTED, SECRET = write(HERE + "/granted", "granted"), write(HERE + "/secret", "secret")

PRELUDE = """
local sandbox, system, file, filesystem = require 'sandbox', require 'system', require 'file', require 'filesystem'
local byte_span, time, unix, inbox = require 'byte_span', require 'time', require 'unix', require 'inbox'
local function read(path)
    local input = file.stream.new()
    input:open(filesystem.path.new(path), file.open_flag.read_only)
    local buffer = byte_span.new(64)
    return tostring(buffer:slice(1, input:read_some(buffer)))
end
local granted, secret = %r, %r
local here = system.arguments and system.arguments[2]:match '(.*)/'
local function clause(policy)
    local ok, e = pcall(sandbox.restrict_self, policy)
    return not ok and tostring(e.clause) .. '|' .. tostring(e.reason)
end
""" % (GRANTED, SECRET)


def lua(chunk, *options, modules=(), **kwargs):
    """The output of a script, with more modules beside it."""
    folder = scratch()
    for name, text in modules:
        write(folder + "/" + name, PRELUDE + text)
    return emilua(*options, write(folder + "/main.lua", PRELUDE + chunk), **kwargs)


def printed(run, *lines):
    assert (run.returncode, run.stderr, run.stdout) == (0, "", "".join(line + "\n" for line in lines)), run


# 90 §4 restrict_self
@case
def the_process_has_what_the_policy_grants():
    printed(lua("""
        local report = sandbox.restrict_self{fs = {read = {granted}}}
        print(read(granted), pcall(read, secret))
        print((pcall(unix.datagram_socket.new().open, unix.datagram_socket.new())))
        print((pcall(system.spawn, {program = filesystem.path.new '/bin/true', arguments = {'true'}})))
        for _, c in ipairs(report) do
            if c.clause == 'fs' then print(c.level, c.mechanism) end
        end
        time.sleep(0.001)
        spawn(function() print 'fiber' end):join()
    """), "granted\tfalse\tPermission denied", "false", "false", "enforced\tLandlock", "fiber")


@case
def what_is_open_stays_open():
    printed(lua("""
        local input = file.stream.new()
        input:open(filesystem.path.new(secret), file.open_flag.read_only)
        sandbox.restrict_self{}
        local buffer = byte_span.new(6)
        print(tostring(buffer:slice(1, input:read_some(buffer))))
    """), "secret")


@case
def code_that_ran_as_machine_code_goes_on():
    printed(lua("""
        local function sum(n) local s = 0 for i = 1, n do s = s + i %% 7 end return s end
        local before = sum(1e6)
        print((jit.status()))
        sandbox.restrict_self{}
        print((jit.status()), before == sum(1e6))
    """.replace("%%", "%")), "true", "false\ttrue")


@case
def machine_code_goes_on_where_it_is_granted():
    printed(lua("""
        sandbox.restrict_self{jit = true}
        local s = 0
        for i = 1, 1e6 do s = s + i end
        print((jit.status()), s)
    """), "true\t500000500000")


@case
def threads_of_other_actors_are_in_the_box_too():
    actor = """
        local m = inbox:receive()
        m.reply:send{first = (pcall(read, secret))}
        m = inbox:receive()
        m.reply:send{second = (pcall(read, secret))}
    """
    printed(lua("""
        spawn_context_threads(2)
        local actor = spawn_vm{module = './actor', inherit_context = false}
        actor:send{reply = inbox}
        print(inbox:receive().first)
        print(clause{})
        sandbox.restrict_self{jit = true, fs = {read = {granted}}}
        actor:send{reply = inbox}
        print(inbox:receive().second)
    """, modules=[("actor.lua", actor)]),
            "true",
            "jit|other actors of this process may run machine code: restrict it before they start, or grant jit",
            "false")


ACTOR = "local m = inbox:receive() m.reply:send{ok = (pcall(read, secret)), too = (pcall(read, granted))}"


@case
def actors_in_processes_of_their_own_are_in_the_box_or_there_are_none():
    start = """
        local actor = spawn_vm{module = './actor', subprocess = {stderr = 'share'}}
        actor:send{reply = inbox}
        local answer = inbox:receive()
        print(answer.ok, answer.too)
    """
    actor = [("actor.lua", ACTOR)]
    printed(lua(start, modules=actor), "true\ttrue")
    calls = "syscalls = 'stdio rpath thread proc error'"
    printed(lua("sandbox.restrict_self{fs = {read = {granted, here}}, %s}" % calls + start, modules=actor), "false\ttrue")
    printed(lua("""
        sandbox.restrict_self{fs = {read = {granted, here}}}
        local ok, e = pcall(spawn_vm, {module = './actor', subprocess = {}})
        print(ok, e)
    """, modules=actor), "false\tNo child processes")


@case
def an_actor_that_runs_already_keeps_what_it_has():
    printed(lua("""
        local actor = spawn_vm{module = './actor', subprocess = {stderr = 'share'}}
        sandbox.restrict_self{}
        actor:send{reply = inbox}
        print(inbox:receive().ok)
    """, modules=[("actor.lua", ACTOR)]), "true")


@case
def what_cannot_be_done_to_a_process_is_refused_by_name_and_changes_nothing():
    printed(lua("""
        print(clause{hostname = 'x'})
        print(clause{fs = {raed = {}}})
        print(clause{syscalls = 'stdio inet'})
        print(clause{syscalls = {default = 'notify'}})
        print(read(secret))
        for _, wrong in ipairs{3, 'stdio'} do
            local ok, e = pcall(sandbox.restrict_self, wrong)
            print(ok, e.arg)
        end
        sandbox.restrict_self(sandbox.new{fs = {read = {granted}}})
        print((pcall(read, secret)))
    """), "hostname|only a process that is still to be made can have it", "fs.raed|unknown field",
            "net|cannot be enforced here (a process that runs already gets no namespace); what would help: "
            "promises that do not reach so far",
            "syscalls|the action notify needs a supervisor, and a box has none", "secret", "false\t1", "false\t1",
            "false")


@case
def only_the_master_may():
    printed(lua("""
        local actor = spawn_vm{module = './actor'}
        actor:send{reply = inbox}
        print(inbox:receive().problem)
    """, modules=[("actor.lua", """
        local m = inbox:receive()
        m.reply:send{problem = tostring(select(2, pcall(sandbox.restrict_self, {})))}
    """)]), "Operation not permitted")


# --- --policy ---------------------------------------------------------------------------------------


def policy(**fields):
    return "--policy=" + write(scratch() + "/policy", json.dumps(fields))


# 95 emilua --policy
@case
def the_engine_is_restricted_before_the_script_starts():
    script = "print((pcall(read, secret))) print(read(granted), (jit.status())) print((load(string.dump(read))))"
    printed(lua(script, policy(fs={"read": [GRANTED]})), "false", "granted\tfalse", "nil")
    printed(lua("print((jit.status()))", policy(jit=True)), "true")
    run = emilua(policy(), "-e", "print(1)")
    assert (run.returncode, run.stdout) == (0, "1\n"), run


@case
def a_bad_policy_ends_it():
    bad = write(HERE + "/bad", '{"fs": {"raed": []}}')
    twice = write(HERE + "/twice", '{"fs": {"read": ["/usr"], "read": ["/"]}}')
    for option, status, complaint in [
        ("--policy=/no/such", 2, "emilua: --policy: /no/such: No such file or directory\n"),
        ("--policy=" + bad, 2, "emilua: --policy: %s: fs.raed: unknown field\n" % bad),
        ("--policy=" + twice, 2, "emilua: --policy: %s: fs.read: given twice\n" % twice),
        ("--policy", 2, "emilua: --policy: a file is missing (see emilua --help)\n"),
    ]:
        run = emilua(option, *[""] * (option == "--policy"), "-e", "print(1)")
        assert (run.returncode, run.stdout, run.stderr) == (status, "", complaint), run
    run = emilua(policy(hostname="x"), "-e", "print(1)")
    assert run.returncode == 1 and "hostname: only a process that is still to be made" in run.stderr, run
    run = emilua(policy(fs={"read": ["/absent"]}), "-e", "print(1)")
    assert run.returncode == 1 and "fs.read[0]: Landlock: allow" in run.stderr and run.stdout == "", run


main()
