-- What box:call() calls: does the job that its argument names.
local byte_span = require 'byte_span'
local file = require 'file'
local filesystem = require 'filesystem'
local system = require 'system'
local helper = require '../boxed_helper'

local jobs = {}

function jobs.square(job)
    return job.n * job.n
end

function jobs.echo(job)
    return job.value
end

function jobs.module()
    return helper
end

function jobs.read(job)
    local buffer = byte_span.new(64)
    return tostring(buffer:slice(1, file.stream.new(job.document):read_some(buffer)))
end

function jobs.open(job)
    file.stream.new():open(filesystem.path.new(job.path), file.open_flag.read_only)
end

function jobs.raise(job)
    error(job.text)
end

function jobs.raise_table()
    error(setmetatable({}, {__tostring = function() return 'a table' end}))
end

function jobs.closure()
    return function() end
end

function jobs.exit(job)
    system.exit(job.code)
end

function jobs.abort()
    system.signal.raise(system.signal.SIGKILL)
end

function jobs.work_on()
    spawn(function()
        while true do
        end
    end):detach()
    return system.getpid()
end

-- Says who it is, and nothing any more.
function jobs.fall_silent(job)
    job.tell:send(system.getpid())
    while true do
    end
end

function jobs.hoard(job)
    return #('x'):rep(job.n)
end

function jobs.nothing()
end

return function(job)
    return jobs[job.job](job)
end
