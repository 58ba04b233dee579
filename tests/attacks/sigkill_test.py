"""A program that starts actors and programs of all kinds is killed, at fifty random moments: no process
of its family survives, and no mount.

The moments come from a seed, which is printed; EMILUA_SEED repeats it.
"""

import ctypes
import os
import random
import signal
import subprocess
import time

from cases import case, engine, main, script
from processes import PATIENCE, family, kill, status

MOMENTS = 50
MOST_HEARD = 40  # lines of its output until the moment comes, and
LATEST = 0.02  # seconds after that
SEED = int(os.environ.get("EMILUA_SEED") or random.SystemRandom().randrange(1 << 32))

PR_SET_CHILD_SUBREAPER = 36

# An actor runs the same program, and says that it is up when one of each kind of its own has been.
# Whoever started it has told it a number, under which it says so.
PROGRAM = """
local future = require 'future'
local inbox = require 'inbox'
local stream = require 'stream'
local system = require 'system'

local order = {depth = 2}
if _CONTEXT == 'worker' then
    local ok, value = pcall(inbox.receive, inbox)
    order = ok and value or {depth = 0}  -- or its creator is killed already
end

local own_mounts = ([[
    local function put(path, text) write_all(C.open(path, C.O_WRONLY), text) end
    put('/proc/self/uid_map', '0 UID 1')
    put('/proc/self/setgroups', 'deny')
    put('/proc/self/gid_map', '0 GID 1')
    C.mount(nil, '/', nil, bit.bor(C.MS_REC, C.MS_PRIVATE))
    C.mount('none', '/tmp', 'tmpfs', 0)
    for _, name in ipairs{'etc', 'proc'} do C.mkdir('/tmp/' .. name, mode(7, 5, 5)) end
    C.mount('none', '/tmp/proc', 'proc', 0)
    C.mount('/etc', '/tmp/etc', nil, C.MS_BIND)
]]):gsub('[UG]ID', {UID = select(2, system.getresuid()), GID = select(2, system.getresgid())})

local waiting = {}

local function actor(options)
    options.stderr = 'share'
    return function()
        local worker, up, is_up = spawn_vm{module = '.', subprocess = options}, future.new()
        waiting[#waiting + 1] = up
        pcall(worker.send, worker, {depth = order.depth - 1, number = #waiting, reply_to = inbox})
        is_up:get()
        return function() worker:kill() end
    end
end

local kinds = {
    plain = actor{},
    boxed = actor{
        newns_user = true, newns_mount = true, newns_pid = true, newns_ipc = true, newns_uts = true,
        init = {script = own_mounts},
    },
    program = function()
        local child = system.spawn{program = '/bin/sleep', arguments = {'sleep', '1000'}, stderr = 'share',
                                   pdeathsig = system.signal.SIGKILL}
        return function()
            child:kill(system.signal.SIGKILL)
            child:wait()
        end
    end,
}

local missing = 0
local function say_up()
    missing = missing - 1
    if missing <= 0 and order.reply_to then
        pcall(order.reply_to.send, order.reply_to, order.number)
        order.reply_to = nil
    end
end

local function start_and_end_for_ever(kind)
    local ends = {}
    for i = 0, math.huge do
        if ends[i % 2] then
            ends[i % 2]()
        end
        ends[i % 2] = kinds[kind]()
        if i == 0 then
            say_up()
        end
        if _CONTEXT == 'main' then
            stream.write_all(system.out, kind .. '\\n')
        end
    end
end

if order.depth == 0 then
    say_up()
else
    for kind in pairs(kinds) do
        missing = missing + 1
        spawn(function() start_and_end_for_ever(kind) end):detach()
    end
end
-- Never ends by itself, whether anybody could send or not.
while true do
    local ok, number = pcall(inbox.receive, inbox)
    if ok then
        waiting[number]:set_value(true)
    else
        this_fiber.yield()
    end
end
"""


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        return lines.read()


def reap_everybody():
    """Waits for all descendants, ours since their parents have gone. False when some live on and on."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            return True
        if not signal.sigtimedwait([signal.SIGCHLD], max(deadline - time.monotonic(), 0)):
            return False


# 91 row 21, 49
@case
def a_program_killed_at_any_moment_leaves_no_process_and_no_mount():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    moments = random.Random(SEED)
    path = script(PROGRAM)
    before = mounts()
    most, heard = 0, set()
    for _ in range(MOMENTS):
        program = subprocess.Popen([engine(), path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   start_new_session=True)
        for _ in range(moments.randrange(MOST_HEARD)):
            heard.add(program.stdout.readline().decode().rstrip())
        time.sleep(moments.uniform(0, LATEST))
        most = max(most, len(family(program.pid)))
        program.kill()
        everybody_ended = reap_everybody()
        program.returncode = -signal.SIGKILL  # waited for, with all the others
        left = [status(pid) for pid in family(program.pid)]
        for pid in family(program.pid):
            kill(pid)
        assert everybody_ended and not left, [fields and (fields["Name"], fields["State"]) for fields in left]
        program.stdout.read()  # ends, as nobody holds the other end
        program.stdout.close()
        assert mounts() == before
    print("at most %d processes at a time; heard of: %s" % (most, ", ".join(sorted(heard))))
    assert heard == {"program", "plain", "boxed"}, heard


print("seed %d" % SEED)
main()
