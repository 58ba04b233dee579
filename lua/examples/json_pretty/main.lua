-- Prints a JSON text so that people can read it; fails, with the line and column, if it is none.
--
--     emilua lua/examples/json_pretty/main.lua <FILE

local asio_error = require 'asio_error'
local byte_span = require 'byte_span'
local json = require 'json'
local stream = require 'stream'
local system = require 'system'

local function read_everything(input)
    local buffer, parts = byte_span.new(64 * 1024), {}
    while true do
        local ok, n = pcall(input.read_some, input, buffer)
        if not ok then
            if n == asio_error.misc.eof then
                return table.concat(parts)
            end
            error(n)
        end
        parts[#parts + 1] = tostring(buffer:slice(1, n))
    end
end

-- Lines and columns as editors count them, in bytes.
local function place(text, position)
    local before = text:sub(1, position - 1)
    local _, lines = before:gsub('\n', '')
    return lines + 1, #before:match('[^\n]*$') + 1
end

local text = read_everything(system.in_)
local ok, value = pcall(json.decode, text)
if not ok then
    local line, column = place(text, value.position)
    stream.write_all(system.err, ('json_pretty: line %d, column %d: %s\n'):format(line, column, tostring(value)))
    system.exit(1)
end
stream.write_all(system.out, json.encode(value, {indent = '  '}) .. '\n')
