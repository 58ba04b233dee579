-- Runs spawn_probe, the program's first argument, with the options of system.spawn under test.
local check = require 'check'
local files = require '../files'
local filesystem = require 'filesystem'
local system = require 'system'

-- What the probe says when it is spawned with these options, and its handle.
function report(options)
    local out, path = files.temporary()
    options.program = options.program or program
    options.stdout = out
    options.stderr = options.stderr or 'share'
    local child = system.spawn(options)
    out:close()
    child:wait()
    check.equal(0, child.exit_code)
    return assert(loadstring(files.contents(path)))(), child
end

-- The handle of a shell command.
function start(command, options)
    options = options or {}
    options.program = '/bin/sh'
    options.arguments = {'sh', '-c', command}
    options.environment = {PATH = '/bin:/usr/bin'}
    return system.spawn(options)
end

-- What a shell command prints, and its handle.
function shell(command, options)
    local out, path = files.temporary()
    options = options or {}
    options.stdout = out
    local child = start(command, options)
    out:close()
    child:wait()
    return files.contents(path), child
end

-- Absolute, for children in other directories.
local name = system.arguments[3]
if name:sub(1, 1) ~= '/' then
    name = shell('pwd'):gsub('\n$', '/') .. name
end
program = filesystem.path.new(name)
