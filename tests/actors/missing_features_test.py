"""Kernels and outer sandboxes without some system call: actors and programs do without it, or an error
or a line on standard error names it. Nothing is lost in silence, and nothing waits for ever."""

import errno
import os

from cases import case, emilua, main, script
from kernel import without

NEW_NAMESPACES = 0x7E020000  # CLONE_NEW*
PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_NO_NEW_PRIVS = 1, 15, 38

# For each kind in its arguments: what came of it, as a line.
PROGRAM = """
local file = require 'file'
local filesystem = require 'filesystem'
local inbox = require 'inbox'
local system = require 'system'
local time = require 'time'

if _CONTEXT == 'worker' then
    local ok, reply = pcall(inbox.receive, inbox)
    if ok then
        reply:send 'here'
        pcall(inbox.receive, inbox)
    end
    return
end

local function actor(options)
    options.stderr = 'share'
    return function()
        local worker = spawn_vm{module = '.', subprocess = options}
        local sent = pcall(worker.send, worker, inbox)
        local heard = sent and pcall(inbox.receive, inbox)
        worker:close()
        return (heard and 'heard' or 'silent') .. ', exit ' .. worker:wait().exit_code
    end
end

local function program(options)
    options.arguments, options.stderr = {'sleep', '0'}, 'share'
    return function()
        local child = system.spawn(options)
        child:wait()
        return 'exit ' .. child.exit_code
    end
end

local function open(path)
    local opened = file.stream.new()
    opened:open(filesystem.path.new(path), file.open_flag.read_only)
    return opened
end

local boxed = [[
    local ruleset = C.landlock_create_ruleset{handled_access_fs = {'execute'}}
    set_no_new_privs()
    C.landlock_restrict_self(ruleset)
]]
local read_only = [[
    C.mount(nil, '/', nil, bit.bor(C.MS_REC, C.MS_PRIVATE))
    C.mount('none', '/tmp', 'tmpfs', 0)
    C.mount_setattr(C.AT_FDCWD, '/tmp', 0, {attr_set = C.MOUNT_ATTR_RDONLY})
]]

local kinds = {
    thread = function()
        spawn_vm '.':send(inbox)
        return inbox:receive()
    end,
    actor = actor{},
    boxed = actor{init = {script = boxed}},
    namespaces = actor{newns_user = true, newns_pid = true, newns_mount = true},
    mounts = actor{newns_user = true, newns_mount = true, init = {script = read_only}},
    large = actor{environment = {X = ('x'):rep(1e5)}},
    killed = function()
        local worker = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
        worker:kill()
        return 'signal ' .. worker:wait().exit_signal
    end,
    program = program{program = '/bin/sleep'},
    program_by_descriptor = function() return program{program = open '/bin/sleep':release()}() end,
    bound_program = program{program = '/bin/sleep', pdeathsig = 9},
    file = function() return open '/etc/passwd':read_some(byte_span.new(4)) end,
    timer = function() time.sleep(0.001) return 'slept' end,
}

for i = 3, #system.arguments do
    local ok, result = pcall(kinds[system.arguments[i]])
    if not ok then
        result = type(result) ~= 'table' and result
            or ('error %d %s'):format(result.code, rawget(result, 'step') or 'of ' .. tostring(result.category))
    end
    print(system.arguments[i] .. ': ' .. tostring(result))
end
"""

path = script(PROGRAM)

WORKS = {
    "thread": "here", "actor": "heard, exit 0", "boxed": "heard, exit 0", "namespaces": "heard, exit 0",
    "mounts": "heard, exit 0", "large": "heard, exit 0", "killed": "signal 9", "program": "exit 0",
    "program_by_descriptor": "exit 0", "bound_program": "exit 0", "file": "4", "timer": "slept",
}
ACTORS = "actor", "boxed", "namespaces", "mounts", "large", "killed"
PROGRAMS = "program", "program_by_descriptor", "bound_program"


def run(refusals, kinds):
    """What came of each kind, and standard error, where the calls fail as said."""
    def refuse():
        for call, error, condition in refusals:
            without(call, error, **condition)
    # The leak check needs calls of its own.
    environment = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
    ended = emilua(path, *kinds, preexec_fn=refuse, env=environment)
    assert ended.returncode == 0, ended
    return dict(line.split(": ", 1) for line in ended.stdout.splitlines()), ended.stderr


def check(call, expected, said=None, errors=(errno.ENOSYS, errno.EPERM), also=(), **condition):
    """`expected` has %d for the error; so do the lines that are `said`, which has %s for its text."""
    for error in errors:
        outcomes, stderr = run([(call, error, condition), *also], expected)
        wanted = {kind: outcome.replace("%d", str(error)) for kind, outcome in expected.items()}
        assert outcomes == wanted, (errno.errorcode[error], outcomes, stderr)
        lines = {said % os.strerror(error)} if said else set()
        assert set(stderr.splitlines()) == lines, (errno.errorcode[error], stderr)


def all_of(kinds, outcome):
    return {kind: outcome for kind in kinds}


@case
def with_every_call_everything_works():
    outcomes, stderr = run([], WORKS)
    assert (outcomes, stderr) == (WORKS, ""), (outcomes, stderr)


# --- what can be done without -------------------------------------------------------------------------


@case
def nothing_needs_newer_calls_that_have_older_ones():
    check("clone3", WORKS, errors=[errno.ENOSYS])
    check("preadv2", WORKS, errors=[errno.ENOSYS])
    check("pwritev2", WORKS, errors=[errno.ENOSYS])
    check("close_range", WORKS)
    check("epoll_pwait2", WORKS)


@case
def the_event_loop_does_without_descriptors_of_its_own():
    check("eventfd2", WORKS)
    check("timerfd_create", WORKS)


@case
def names_of_processes_are_not_needed():
    check("prctl", WORKS, first_argument=PR_SET_NAME)


# --- what cannot ----------------------------------------------------------------------------------------


@case
def a_refused_clone_is_named_by_spawn_vm_and_by_spawn():
    check("clone3", {**all_of(ACTORS + PROGRAMS, "error %d clone"), "thread": "here"}, errors=[errno.EPERM])


@case
def refused_namespaces_are_named_and_other_actors_start():
    check("clone", {"actor": WORKS["actor"], **all_of(("namespaces", "mounts"), "error %d clone")},
          flags=NEW_NAMESPACES, also=[("clone3", errno.ENOSYS, {})])


@case
def a_program_that_cannot_fork_says_so_when_it_starts():
    check("clone", {**all_of(ACTORS, "error %d of generic" % errno.ECHILD), "thread": "here"},
          said="emilua: subprocess actors are not available: fork: %s", also=[("clone3", errno.ENOSYS, {})])


@case
def so_does_one_that_cannot_talk_to_its_helper():
    check("socketpair", {**all_of(ACTORS, "error %d of generic" % errno.ECHILD), "thread": "here"},
          said="emilua: subprocess actors are not available: socketpair: %s")


@case
def a_helper_that_cannot_work_says_so_when_it_is_asked():
    for call in "pidfd_open", "signalfd":
        number = {"signalfd": "signalfd4"}.get(call, call)
        check(number, {**all_of(ACTORS, "error %d of system" % errno.ECHILD), "thread": "here"},
              said="emilua: subprocess actors are not available: " + call + ": %s")
        check(number, {"thread": "here", "program": "exit 0"})


@case
def a_helper_that_cannot_learn_of_ends_ends():
    check("waitid", {"actor": "error %d of system" % errno.ECHILD},
          said="emilua: subprocess actors are not available: waitid: %s")


@case
def memory_for_messages_to_an_actor_is_named_where_it_is_needed():
    check("memfd_create", {**WORKS, "large": "error %d memfd_create"})


@case
def an_actor_whose_set_up_fails_names_the_call():
    check("prctl", all_of(("actor", "namespaces"), "silent, exit 1"), said="<3>ipc_actor: prctl: %s",
          first_argument=PR_SET_PDEATHSIG)
    check("pipe2", all_of(("actor", "namespaces"), "silent, exit 1"), said="<3>ipc_actor: pipe2: %s")


@case
def so_does_an_init_script():
    for call in "landlock_create_ruleset", "landlock_restrict_self":
        check(call, {"actor": WORKS["actor"], "boxed": "silent, exit 1"}, said="<3>ipc_actor/init: " + call + ": %s")
    check("prctl", {"actor": WORKS["actor"], "boxed": "silent, exit 1"}, said="<3>ipc_actor/init: set_no_new_privs: %s",
          first_argument=PR_SET_NO_NEW_PRIVS)
    check("mount_setattr", {"namespaces": WORKS["namespaces"], "mounts": "silent, exit 1"},
          said="<3>ipc_actor/init: mount_setattr: %s")


@case
def a_signal_that_cannot_be_sent_is_an_error():
    check("pidfd_send_signal", {"actor": WORKS["actor"], "killed": "error %d of system"})


@case
def a_program_that_does_not_start_names_the_step():
    check("execveat", {"program": "exit 0", "program_by_descriptor": "error %d program"})
    check("pipe2", all_of(PROGRAMS, "error %d clone"))  # of what comes before the child's own steps
    check("prctl", {"program": "exit 0", "bound_program": "error %d pdeathsig"}, first_argument=PR_SET_PDEATHSIG)


main()
