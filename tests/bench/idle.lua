-- Starts actors that wait, says so, with the number of the helper, and waits for the end of its input.
--     emilua idle.lua thread|process COUNT

local byte_span = require 'byte_span'
local inbox = require 'inbox'
local stream = require 'stream'
local system = require 'system'

local mode, count = system.arguments[3], tonumber(system.arguments[4])
local actors = {}
for i = 1, count do
    actors[i] = spawn_vm{module = './spawn_worker', subprocess = mode == 'process' and {stderr = 'share'} or nil}
    actors[i]:send(inbox)
    inbox:receive()
end
collectgarbage()
collectgarbage()
stream.write_all(system.out, 'ready\n')
pcall(system.in_.read_some, system.in_, byte_span.new(1))
for i = 1, count do
    actors[i]:close()
end
