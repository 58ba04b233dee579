-- Does what it is told, and answers {ok, value}.
local inbox = require 'inbox'
local byte_span = require 'byte_span'
local file = require 'file'
local filesystem = require 'filesystem'
local generic = require 'generic_error'
local pipe = require 'pipe'
local stream = require 'stream'
local system = require 'system'
local time = require 'time'
local unix = require 'unix'

local function contents(input)
    local buffer = byte_span.new(64)
    return tostring(buffer:slice(1, input:read_some(buffer)))
end

local jobs = {}

function jobs.compute(job)
    local sum = 0
    for i = 1, job.n do
        sum = sum + i
    end
    return sum
end

function jobs.echo(job)
    return job.text
end

function jobs.module()
    return require '../boxed_helper'
end

function jobs.read(job)
    return contents(file.stream.new(job.document))
end

function jobs.open(job)
    local input = file.stream.new()
    input:open(filesystem.path.new(job.path), file.open_flag.read_only)
    return contents(input)
end

-- The numbers of the directories that are open.
function jobs.directories()
    local found = {}
    for number = 3, 300 do
        local input = file.stream.new()
        local path = filesystem.path.new('/proc/self/fd/' .. number)
        if pcall(input.open, input, path, file.open_flag.read_only) then
            local _, problem = pcall(input.read_some, input, byte_span.new(1))
            if problem == generic.EISDIR then
                found[#found + 1] = number
            end
        end
    end
    return table.concat(found, ' ')
end

function jobs.unix()
    local a = unix.datagram_socket.new()
    a:open()
    return true
end

function jobs.abstract()
    local acceptor = unix.seqpacket_acceptor.new()
    acceptor:open()
    acceptor:bind(filesystem.path.new('\0emilua-boxed-' .. tostring(math.random(1e9))))
    return true
end

function jobs.spawn()
    local child = system.spawn{program = filesystem.path.new '/bin/true', arguments = {'true'}}
    child:wait()
    return child.exit_code
end

function jobs.actor()
    spawn_vm{module = '../boxed_helper', subprocess = {}}:close()
    return true
end

function jobs.engine()
    time.sleep(0.001)
    local reader, writer = pipe.pair()
    local writing = spawn(function()
        stream.write_all(writer, 'through')
    end)
    local text = contents(reader)
    writing:join()
    local a, b = unix.seqpacket_socket.pair()
    a:send(byte_span.append 'x')
    b:receive(byte_span.new(1))
    return text
end

function jobs.environment()
    local all = {}
    for name, value in pairs(system.environment) do
        all[#all + 1] = name .. '=' .. value
    end
    return table.concat(all, ' ')
end

function jobs.pid()
    return system.getpid()
end

function jobs.hoard(job)
    return #('x'):rep(job.n)
end

function jobs.jit()
    return (jit.status())
end

while true do
    local job = inbox:receive()
    local ok, value = pcall(jobs[job.job], job)
    if not ok then
        value = tostring(value)
    end
    job.reply_to:send{ok = ok, value = value}
end
