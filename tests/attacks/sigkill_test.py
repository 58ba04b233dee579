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
LATEST = 0.4  # seconds after the start
SEED = int(os.environ.get("EMILUA_SEED") or random.SystemRandom().randrange(1 << 32))

PR_SET_CHILD_SUBREAPER = 36

# An actor is one of these programs too, and starts others of each kind while it may have such.
PROGRAM = """
local inbox = require 'inbox'
local stream = require 'stream'
local system = require 'system'

local depth, reply_to = 3, nil
if _CONTEXT == 'worker' then
    local order = inbox:receive()
    depth, reply_to = order.depth, order.reply_to
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

local function actor(options)
    options.stderr = 'share'
    return function()
        local worker = spawn_vm{module = '.', subprocess = options}
        worker:send{depth = depth - 1, reply_to = inbox}
        return function() worker:kill() end
    end
end

local kinds = {
    plain = actor{},
    boxed = actor{newns_user = true, newns_mount = true, newns_pid = true, newns_ipc = true, newns_uts = true,
                  init = {script = own_mounts}},
    program = function()
        local child = system.spawn{program = '/bin/sleep', arguments = {'sleep', '1000'}, stderr = 'share',
                                   pdeathsig = system.signal.SIGKILL}
        return function()
            child:kill(system.signal.SIGKILL)
            child:wait()
        end
    end,
}

if reply_to then
    reply_to:send(system.getpid())
end
if depth > 0 then
    for name, start in pairs(kinds) do
        spawn(function()
            local ends = {}
            for i = 1, math.huge do
                local slot = i % 3
                if ends[slot] then
                    ends[slot]()
                end
                ends[slot] = start()
                this_fiber.yield()
            end
        end):detach()
    end
end
-- Never ends by itself, whether anybody could send or not.
while true do
    if pcall(inbox.receive, inbox) then
        if not reply_to then
            stream.write_all(system.out, 'heard\\n')
        end
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


@case
def a_program_killed_at_any_moment_leaves_no_process_and_no_mount():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    moments = random.Random(SEED)
    path = script(PROGRAM)
    before = mounts()
    most, heard = 0, 0
    for _ in range(MOMENTS):
        program = subprocess.Popen([engine(), path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   start_new_session=True)
        time.sleep(moments.uniform(0, LATEST))
        most = max(most, len(family(program.pid)))
        program.kill()
        everybody_ended = reap_everybody()
        program.returncode = -signal.SIGKILL  # waited for, with all the others
        left = {pid: status(pid) for pid in family(program.pid)}
        for pid in left:
            kill(pid)
        assert everybody_ended and not left, [(fields["Name"], fields["PPid"], fields["State"]) for fields in left.values() if fields]
        # Its output has ended, too: nobody holds it.
        heard += program.stdout.read().count(b"\n")
        program.stdout.close()
        assert mounts() == before
    print("at most %d processes at a time; %d actors were heard" % (most, heard))
    assert most > 10 and heard > MOMENTS, (most, heard)


print("seed %d" % SEED)
main()
