-- Makes a picture small with a program that knows nothing of boxes: netpbm's pamscale, whose input
-- somebody may have made to break it. It gets the open picture and a pipe, and a box that grants it
-- its libraries: no path can be written, no program started, nobody reached, and its time and memory
-- are limited.
--
--     emilua lua/examples/thumbnail/main.lua PICTURE.ppm SIZE >THUMBNAIL.ppm

local byte_span = require 'byte_span'
local eof = require 'asio_error'.misc.eof
local file = require 'file'
local filesystem = require 'filesystem'
local pipe = require 'pipe'
local sandbox = require 'sandbox'
local stream = require 'stream'
local system = require 'system'

local function fail(status, message)
    stream.write_all(system.err, message .. '\n')
    system.exit(status)
end

local name, size = system.arguments[3], tonumber(system.arguments[4])
if #system.arguments ~= 4 or not size or size < 1 or size % 1 ~= 0 then
    fail(2, 'usage: emilua main.lua PICTURE.ppm SIZE')
end

local picture = file.stream.new()
local opened, e = pcall(picture.open, picture, filesystem.path.new(name), file.open_flag.read_only)
if not opened then
    fail(1, ('thumbnail: %s: %s'):format(name, tostring(e)))
end

local box = sandbox.new{
    fs = {exec = {'/usr/lib', '/lib', {path = '/lib64', optional = true}}},  -- the linker and libraries
    syscalls = 'stdio rpath prot_exec error',                                -- no exec, no processes
    limits = {wall_time = 10, address_space = 512 * 1024 * 1024},
}
local reader, writer = pipe.pair()
local output = writer:release()
local started, child = pcall(box.spawn, box, {
    program = 'pamscale',
    arguments = {'pamscale', '-xyfit', tostring(size), tostring(size)},
    stdin = picture:release(),
    stdout = output,
    stderr = 'share',
})
if not started then
    fail(1, 'thumbnail: ' .. (child.reason or tostring(child)))
end
output:close()  -- the program's is the only one left, and ends with it

-- Kept back until the program has said that it is whole.
local parts, buffer = {}, byte_span.new(65536)
while true do
    local more, count = pcall(reader.read_some, reader, buffer)
    if not more and count ~= eof then
        error(count, 0)
    elseif not more then
        break
    end
    parts[#parts + 1] = tostring(buffer:slice(1, count))
end
child:wait()
if child.exit_code ~= 0 then
    fail(1, ('thumbnail: %s: pamscale has failed (%d)'):format(name, child.exit_code))
end
for _, part in ipairs(parts) do
    stream.write_all(system.out, part)
end
