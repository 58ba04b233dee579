-- Reads a JSON document from somebody who may have written it to break its reader: in a box that
-- grants nothing. What the reader is handed is the open file; what comes back is three numbers.
--
--     emilua lua/examples/untrusted_json/main.lua FILE

local file = require 'file'
local filesystem = require 'filesystem'
local inbox = require 'inbox'
local sandbox = require 'sandbox'
local stream = require 'stream'
local system = require 'system'

local function fail(status, message)
    stream.write_all(system.err, 'untrusted_json: ' .. message .. '\n')
    system.exit(status)
end

local name = system.arguments[3]
if not name or #system.arguments > 3 then
    stream.write_all(system.err, 'usage: emilua main.lua FILE\n')
    system.exit(2)
end

local input = file.stream.new()
local ok, e = pcall(input.open, input, filesystem.path.new(name), file.open_flag.read_only)
if not ok then
    fail(1, name .. ': ' .. tostring(e))
end

local box = sandbox.new()
local reader = spawn_vm(box:context './reader')
box:handshake()

reader:send{document = input:release(), reply_to = inbox}
local told = inbox:receive()
reader:close()

if told.problem then
    -- Its own words, but no more of them than fit on a line.
    fail(1, name .. ': ' .. told.problem:gsub('%c', '?'):sub(1, 200))
end
print(('%d values, %d of them texts, nested %d deep'):format(told.values, told.texts, told.depth))
