-- Computes an expression that nobody trusts, in a container where there is nothing to take.
--
--     emilua lua/examples/empty_root/main.lua EXPRESSION
--     emilua lua/examples/empty_root/main.lua '2^10 + 1'
--
-- Root and ordinary users alike may make such a container: it has a user namespace of its own. What is
-- in it is decided in two places. Here, by the namespaces that the actor is born with, and by what the
-- actor is sent; in init_script.lua, which runs as the first process inside, before the actor does. The
-- actor itself (calculator.lua) comes along as source: it needs no file.

local file = require 'file'
local inbox = require 'inbox'
local stream = require 'stream'
local system = require 'system'

local function fail(message)
    stream.write_all(system.err, 'empty_root: ' .. message .. '\n')
    system.exit(1)
end

-- The text of a file beside this one.
local function read(name)
    local source = file.stream.new()
    source:open(_FILE.parent_path / name, file.open_flag.read_only)
    local text = byte_span.new(source.size)
    stream.read_all(source, text)
    source:close()
    return tostring(text)
end

local expression = system.arguments[3]
if not expression then
    stream.write_all(system.err, 'usage: emilua main.lua EXPRESSION\n')
    system.exit(2)
end

local spawned, actor = pcall(spawn_vm, {
    module = './calculator',
    subprocess = {
        newns_user = true,  -- rights over what follows, and over nothing else; its users are nobody outside
        newns_mount = true, -- another root directory
        newns_pid = true,   -- no other process is to be seen, and all end with the first
        newns_net = true,   -- no interface but a loopback of its own
        newns_ipc = true,   -- no System V objects, no message queues
        newns_uts = true,   -- another host name
        stderr = 'share',   -- where init_script.lua says what went wrong
        init = {script = read 'init_script.lua'},
    },
})
if not spawned then
    fail('no such namespaces here: ' .. tostring(actor))
end
pcall(actor.send, actor, {expression = expression, reply_to = inbox}) -- it may be gone already

local received, reply = pcall(inbox.receive, inbox)
if not received then
    -- A script that fails has said so, and ended with 1. The first process ends as the actor does.
    local status = actor:wait()
    if status.exit_code ~= 1 then
        fail(('ended by signal %d'):format(status.exit_signal or status.exit_code - 128))
    end
    system.exit(1)
elseif reply.error then
    fail(reply.error)
end
stream.write_all(system.out, reply.surroundings .. expression .. ' = ' .. reply.result .. '\n')
