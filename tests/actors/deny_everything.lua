-- The init.script of the example isolated_stats, taken from its source.

local file = require 'file'
local filesystem = require 'filesystem'
local stream = require 'stream'

local opened = file.stream.new()
opened:open(filesystem.path.new 'lua/examples/isolated_stats/main.lua', file.open_flag.read_only)
local source = byte_span.new(opened.size)
stream.read_all(opened, source)
opened:close()

script = assert(tostring(source):match 'deny_everything = %[%[(.-)%]%]', 'the example has changed')
