-- Becomes the master of its process, whose first VM has SIGUSR1 in a set, and says what it may do.
local generic = require 'generic_error'
local inbox = require 'inbox'
local signal = require('system').signal

local order = inbox:receive()
local set = signal.set.new(signal.SIGUSR2)
local _, e = pcall(signal.ignore, signal.SIGUSR1)
signal.raise(signal.SIGUSR1)
order.reply_to:send{owned = e == generic.EPERM}
inbox:receive()
set:clear()
