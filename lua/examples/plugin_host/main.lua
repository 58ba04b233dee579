-- A host with three plugins, each an actor in a box of its own with what it needs and no more: one
-- may only compute, one may read a directory, one may connect to one port of this machine. Each is
-- asked for everything, and what it is not granted fails, whatever the plugin does.
--
--     emilua lua/examples/plugin_host/main.lua DIRECTORY FILE PORT
--
-- FILE is one of DIRECTORY; on PORT somebody who sends a line to whoever connects. The engine has no
-- TCP yet: the plugin that connects starts busybox's nc, which is in the same box.

local inbox = require 'inbox'
local sandbox = require 'sandbox'
local stream = require 'stream'
local system = require 'system'

local directory, name, port = system.arguments[3], system.arguments[4], tonumber(system.arguments[5])
if not port then
    stream.write_all(system.err, 'usage: emilua main.lua DIRECTORY FILE PORT\n')
    system.exit(2)
end

local plugins = {
    {name = 'calculator', policy = {}},
    {name = 'reader', policy = {fs = {read = {directory}}}},
    {name = 'fetcher', policy = {net = {connect = {port}}, fs = {exec = {'/bin/busybox'}}}},
}
local deeds = {
    {deed = 'compute', number = 20},
    {deed = 'read', path = directory .. '/' .. name},
    {deed = 'fetch', port = port},
}

for _, plugin in ipairs(plugins) do
    local box = sandbox.new(plugin.policy)
    plugin.actor = spawn_vm(box:context('./plugin', {subprocess = {stderr = 'share'}}))
    box:handshake()
end

for _, plugin in ipairs(plugins) do
    for _, deed in ipairs(deeds) do
        deed.reply_to = inbox
        plugin.actor:send(deed)
        local told = inbox:receive()
        -- Its own words, but no more of them than fit on a line.
        local what = tostring(told.result or 'refused'):gsub('%c', '?'):sub(1, 60)
        print(('%-10s %-7s %s'):format(plugin.name, deed.deed, what))
    end
end

for _, plugin in ipairs(plugins) do
    plugin.actor:kill()
    plugin.actor:wait()
end
