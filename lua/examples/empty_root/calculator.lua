-- The half of empty_root that has nothing but its inbox: see main.lua.

local file = require 'file'
local inbox = require 'inbox'
local path = require('filesystem').path
local system = require 'system'

local function look_at(name, flags)
    local _, e = pcall(function() file.stream.new():open(path.new(name), flags) end)
    return name .. ': ' .. (e and tostring(e) or 'is there') .. '\n'
end

-- What there is to see from here.
local function surroundings()
    local variables = 0
    for _ in pairs(system.environment) do
        variables = variables + 1
    end
    local flag = file.open_flag
    return ('process %d, of user %d, with %d environment variables\n'):format(
        system.getpid(), system.getresuid(), variables)
        .. look_at('/etc/passwd', flag.read_only)
        .. look_at('/proc/self/status', flag.read_only)
        .. look_at('/dev/null', flag.read_only)
        .. look_at('/new', bit.bor(flag.write_only, flag.create))
end

local function compute(expression)
    local chunk, reason = loadstring('return ' .. expression, '=expression')
    if not chunk then
        return {error = reason}
    end
    local ok, result = pcall(chunk)
    if not ok then
        return {error = tostring(result)}
    end
    return {result = tostring(result), surroundings = surroundings()}
end

local request = inbox:receive()
request.reply_to:send(compute(request.expression))
