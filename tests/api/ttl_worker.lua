-- Of ttl_test: an actor that knows its errors without a file system.
local generic_error = require 'generic_error'
local inbox = require 'inbox'
local net = require '/ttl/net'

local function core_code(f, ...)
    local ok, e = pcall(f, ...)
    return not ok and tostring(e.category) == 'emilua.core' and e.code
end

local order = inbox:receive()
order.reply_to:send{
    message = tostring(net.unreachable),
    name = tostring(net.unreachable.category),
    same = net.unreachable == net[2] and net.no_route == require('../ttl').leaf.net.unreachable,
    generic = net.unreachable:togeneric() == generic_error.ENETUNREACH,
    bad_syntax = core_code(function() require '/ttl/bad_syntax' end),
    -- On the disk, but no literal names it, so that it was not shipped.
    disk_is_denied = select(2, pcall(require, '/ttl/' .. 'no_type')) == generic_error.EACCES,
}
