-- Prints, for a number of boxes, the median of milliseconds from box:context() to the actor's first
-- message, by turns of five: a plain subprocess actor, the default box (an empty root and all namespaces),
-- that without a network namespace, Landlock and the filter only; then what bwrap takes to start and
-- end `true` with everything unshared, and box:spawn to start and end busybox's.
--     emilua boxes.lua [RUNS]

local clock = require 'time'.steady_clock
local filesystem = require 'filesystem'
local inbox = require 'inbox'
local sandbox = require 'sandbox'
local system = require 'system'

local function greet(actor)
    actor:send(inbox)
    inbox:receive()
    return actor
end

local function plain()
    return greet(spawn_vm{module = './spawn_worker', subprocess = {stderr = 'share'}})
end

local function boxed(policy)
    local box = sandbox.new(policy)
    return function()
        local actor = spawn_vm(box:context('./spawn_worker', {subprocess = {stderr = 'share'}}))
        box:handshake()
        return greet(actor)
    end
end

local function bwrap()
    local child = system.spawn{
        program = 'bwrap', stderr = 'share', environment = system.environment,
        arguments = {'bwrap', '--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', 'true'},
    }
    child:wait()
    assert(child.exit_code == 0)
end

local box = sandbox.new()

local function program()
    local child = box:spawn{program = filesystem.path.new '/bin/busybox', arguments = {'busybox', 'true'}}
    child:wait()
    assert(child.exit_code == 0)
end

local kinds = {
    plain,
    boxed{},
    boxed{namespaces = {'user', 'mount', 'pid', 'ipc', 'uts', 'cgroup'}},
    boxed{namespaces = {}},
    bwrap,
    program,
}

-- The first of each turn does not count: meanwhile the system takes down what belonged to another
-- kind, such as network namespaces, which it does long after their last process has ended.
local turn = 5

local times = {}
for kind in ipairs(kinds) do
    times[kind] = {}
end
for _ = 1, tonumber(system.arguments[3] or 200) / (turn - 1) do
    for kind, start in ipairs(kinds) do
        for i = 1, turn do
            local began = clock.now()
            local actor = start()
            local taken = clock.now() - began
            if actor then
                actor:kill()
                actor:wait()
            end
            if i > 1 then
                table.insert(times[kind], taken)
            end
        end
    end
end

local medians = {}
for kind, list in ipairs(times) do
    table.sort(list)
    medians[kind] = list[math.ceil(#list / 2)] * 1e3
end
print(table.concat(medians, ' '))
