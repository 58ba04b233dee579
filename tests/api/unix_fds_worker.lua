-- Answers what it was sent; see unix_fds_test.lua.
local inbox = require 'inbox'

local message = inbox:receive()
message.reply_to:send(message.fd and getmetatable(message.fd) or 'nothing')
