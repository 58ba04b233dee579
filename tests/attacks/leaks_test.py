"""What is left after thousands of spawns of each kind: no descriptor, process or thread, and no memory
but what the allocator keeps.

Ten thousand of each. A tenth of that comes before, and takes what is kept once and for all.
"""

import os
import re
import time

from cases import case, main
from processes import CONVERSATION, PATIENCE, Program, anonymous, children, descriptors, family, resident

MANY = 10000
MOST_KEPT = 512 << 10  # bytes, so some 50 for each; what is seen are 80 KiB at most

# Answers once, and ends then, or when its creator has let go of it, or has killed it.
WORKER = """
local inbox = require 'inbox'
local order = inbox:receive()
order.reply_to:send 'ready'
order = order.once
collectgarbage()
if not order then
    pcall(inbox.receive, inbox)
end
"""

# For each line "KIND N": spawns so many of it, one at a time.
SPAWNER = CONVERSATION + """
local generic = require 'generic_error'

local script = [[
    local directory = C.open('/', C.O_RDONLY)
    local held = {}
    for i = 1, 20 do held[i] = C.dup(directory) end
    errexit = false
    C.open('/absent', C.O_RDONLY)
]]

local function actor(options)
    return function(i)
        options.module = './worker'
        local worker = spawn_vm(options)
        worker:send{once = i % 3 == 0, reply_to = inbox}
        assert(inbox:receive() == 'ready')
        if i % 3 == 1 then
            worker:close()
        elseif i % 3 == 2 and options.subprocess then
            worker:kill()
        end
        worker = nil
        -- Each is waited for: until nobody has our address any more.
        local ok, e
        repeat
            if i % 16 == 0 then
                collectgarbage()
            end
            ok, e = pcall(inbox.receive, inbox)
        until not ok
        assert(tostring(e.category) == 'emilua.core' and e.code == 16, tostring(e))
    end
end

local kinds = {
    thread = actor{},
    thread_of_its_own = actor{inherit_context = false},
    process = actor{subprocess = {stderr = 'share'}},
    process_with_script = actor{subprocess = {stderr = 'share', init = {script = script, arg = system.out.dup()}}},
    process_in_namespaces = actor{subprocess = {
        stderr = 'share', newns_user = true, newns_mount = true, newns_pid = true, newns_ipc = true, newns_uts = true,
    }},
    process_that_cannot_start = function(i)
        local refused = {module = './worker', subprocess = {init = {script = script}, stdin = system.in_.dup()}}
        if i % 2 == 0 then
            refused.module = './absent'
            assert(not pcall(spawn_vm, refused))
        else
            refused.subprocess.init.script = 'C.open("/absent", 0)'
            local worker = spawn_vm(refused)
            assert(worker:wait().exit_code == 1)
        end
    end,
    program = function(i)
        local child = system.spawn{program = '/bin/true', arguments = {'true'}, stdin = system.in_.dup()}
        if i % 2 == 0 then
            child:wait()
            assert(child.exit_code == 0)
        end
    end,
    program_that_cannot_start = function()
        local ok, e = pcall(system.spawn, {program = '/bin/absent', arguments = {'absent'}, stdin = system.in_.dup()})
        assert(not ok and e == generic.ENOENT)
    end,
}

say 'ready'
while true do
    local kind, n = hear():match '^(%S+) (%d+)$'
    if not kind then
        break
    end
    for i = 1, tonumber(n) do
        kinds[kind](i)
    end
    collectgarbage()
    collectgarbage()
    say 'done'
end
"""


def counted(program, helper):
    """What must not change: processes of the family, and the threads and descriptors of both."""
    kinds = [sorted(re.sub(r"[0-9]+", "", what) for what in descriptors(pid).values()) for pid in (program.pid, helper)]
    return family(program.pid), [len(os.listdir("/proc/%d/task" % pid)) for pid in (program.pid, helper)], kinds


def settled(program, helper, is_settled):
    """What is counted once nothing is under way any more; the last that was seen if that never comes."""
    deadline = time.monotonic() + PATIENCE
    while True:
        seen = counted(program, helper)
        if is_settled(seen) or time.monotonic() > deadline:
            return seen
        os.sched_yield()


def memory(pids):
    return [measure(pid) for pid in pids for measure in (resident, anonymous)]


def leaves_nothing(kind, many=MANY):
    with Program(SPAWNER, files={"worker.lua": WORKER}, start_new_session=True) as program:
        assert program.line() == "ready"
        (helper,) = children(program.pid)

        def spawn(n):
            program.say("%s %d" % (kind, n))
            assert program.line() == "done"

        def is_idle(seen):  # each of the two has but the socket between them
            processes, threads, kinds = seen
            # Besides the event loop's own there is what waits for the next line, from the first wait on.
            if kinds[0].count("anon_inode:[eventpoll]") != 2:
                return False
            return (processes == sorted([program.pid, helper]) and threads == [1, 1]
                    and [held.count("socket:[]") for held in kinds] == [1, 1]
                    and "anon_inode:[pidfd]" not in kinds[0])

        spawn(many // 10)
        before = settled(program, helper, is_idle)
        assert is_idle(before), before
        memory_before = memory((program.pid, helper))
        spawn(many)
        after = settled(program, helper, lambda seen: seen == before)
        assert after == before, (before, after)
        grown = [now - then for now, then in zip(memory((program.pid, helper)), memory_before)]
        print("%d of %s: memory grew by %s bytes of %s" % (many, kind, grown, memory_before))
        assert max(grown) <= MOST_KEPT, "%s bytes, from %s" % (grown, memory_before)
        program.say("end")
        assert program.end()[0] == 0


@case
def ten_thousand_actors_of_the_same_pool():
    leaves_nothing("thread")


@case
def ten_thousand_actors_with_pools_of_their_own():
    leaves_nothing("thread_of_its_own")


@case
def ten_thousand_actors_in_processes():
    leaves_nothing("process")


@case
def ten_thousand_actors_with_init_scripts():
    leaves_nothing("process_with_script")


@case
def ten_thousand_actors_in_namespaces_of_their_own():
    leaves_nothing("process_in_namespaces")


@case
def ten_thousand_actors_that_do_not_start():
    leaves_nothing("process_that_cannot_start")


@case
def ten_thousand_programs():
    leaves_nothing("program")


@case
def ten_thousand_programs_that_do_not_start():
    leaves_nothing("program_that_cannot_start")


main()
