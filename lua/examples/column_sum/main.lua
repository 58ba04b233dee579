-- Sums a column of numbers, as awk '{s += $N} END {print s}' does: columns are what blanks separate.
--
--     emilua lua/examples/column_sum/main.lua NUMBER [FILE]      without FILE: standard input
--
-- A field that is no number is an error, with the line that it is in; a missing one counts nothing.

local asio_error = require 'asio_error'
local file = require 'file'
local filesystem = require 'filesystem'
local stream = require 'stream'
local system = require 'system'

local function fail(status, message)
    stream.write_all(system.err, 'column_sum: ' .. message .. '\n')
    system.exit(status)
end

local column, name = tonumber(system.arguments[3]), system.arguments[4]
if not column or column < 1 or column ~= math.floor(column) or #system.arguments > 4 then
    stream.write_all(system.err, 'usage: emilua main.lua NUMBER [FILE]\n')
    system.exit(2)
end

local input = system.in_
if name then
    input = file.stream.new()
    local ok, e = pcall(input.open, input, filesystem.path.new(name), file.open_flag.read_only)
    if not ok then
        fail(1, name .. ': ' .. tostring(e))
    end
end

local lines = stream.scanner.with_awk_defaults(input)
lines.columns, lines.as = {column}, 'number'
lines:set_buffer(byte_span.new(0, 256 * 1024))

local sum = 0
local ok, e = pcall(function()
    while true do
        local value = lines:get_line()
        if type(value) == 'number' then
            sum = sum + value
        elseif value and #value > 0 then
            error(('line %d: %q is no number'):format(lines.record_number, tostring(value)), 0)
        end
    end
end)
if not ok and e ~= asio_error.misc.eof then
    fail(1, (name and name .. ': ' or '') .. tostring(e))
end
stream.write_all(system.out, ('%.15g\n'):format(sum))
