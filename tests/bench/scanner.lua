-- What awk would do with a file, by stream.scanner. (It sums a column by lua/examples/column_sum.)
--
--     emilua scanner.lua fields FILE NUMBER     sums a column of numbers, with all fields of each record made
--     emilua scanner.lua filter FILE TEXT       counts the records with TEXT in them
--     emilua scanner.lua read_all FILE          reads the whole file to one buffer
--     emilua scanner.lua pass FILE              reads it by and by, to the same 256 KiB
local asio_error = require 'asio_error'
local file = require 'file'
local filesystem = require 'filesystem'
local stream = require 'stream'
local system = require 'system'

local what, name, argument = unpack(system.arguments, 3)
local input = file.stream.new()
input:open(filesystem.path.new(name), file.open_flag.read_only)

local function new(options)
    options.stream, options.record_separator, options.buffer_size_hint = input, '\n', 256 * 1024
    return stream.scanner.new(options)
end

local function until_end(f)
    local _, e = pcall(f)
    if e ~= asio_error.misc.eof then
        error(e, 0)
    end
end

local result = 0
local modes = {}

function modes.fields()
    local scanner, column = new{field_separator = ' '}, tonumber(argument)
    until_end(function()
        while true do
            result = result + tonumber(tostring(scanner:get_line()[column]))
        end
    end)
end

function modes.filter()
    local scanner = new{containing = argument}
    until_end(function()
        while true do
            scanner:get_line()
            result = result + 1
        end
    end)
end

function modes.read_all()
    result = stream.read_all(input, byte_span.new(input.size))
end

function modes.pass()
    local buffer, size = byte_span.new(256 * 1024), input.size
    while result < size do
        result = result + stream.read_all(input, size - result < #buffer and buffer:slice(1, size - result) or buffer)
    end
end

modes[what]()
stream.write_all(system.out, ('%.0f\n'):format(result))
