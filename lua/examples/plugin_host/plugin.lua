-- A plugin: it does what it is asked, as far as its box lets it.

local byte_span = require 'byte_span'
local file = require 'file'
local filesystem = require 'filesystem'
local inbox = require 'inbox'
local pipe = require 'pipe'
local system = require 'system'

local deeds = {}

-- The sum of the first squares.
function deeds.compute(request)
    local sum = 0
    for i = 1, request.number do
        sum = sum + i * i
    end
    return sum
end

function deeds.read(request)
    local input = file.stream.new()
    input:open(filesystem.path.new(request.path), file.open_flag.read_only)
    local buffer = byte_span.new(1000)
    return tostring(buffer:slice(1, input:read_some(buffer))):match '^[^\n]*'
end

function deeds.fetch(request)
    local reader, writer = pipe.pair()
    local output = writer:release()
    local child = system.spawn{
        program = filesystem.path.new '/bin/busybox',
        arguments = {'nc', '127.0.0.1', tostring(request.port)},
        stdout = output,
    }
    output:close()
    local buffer = byte_span.new(1000)
    local ok, count = pcall(reader.read_some, reader, buffer)
    child:wait()
    return ok and tostring(buffer:slice(1, count)):match '^[^\n]*' or error('no line has come')
end

local no_senders = 16

while true do
    local asked, request = pcall(inbox.receive, inbox)
    if not asked then
        if request.code == no_senders then
            return -- the host is about to end us
        end
        error(request)
    end
    local ok, result = pcall(deeds[request.deed], request)
    request.reply_to:send(ok and {result = result} or {problem = tostring(result)})
end
