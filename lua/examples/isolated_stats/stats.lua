-- The half of isolated_stats that runs with nothing but a descriptor: see main.lua.

local asio_error = require 'asio_error'
local byte_span = require 'byte_span'
local file = require 'file'
local inbox = require 'inbox'

local byte = string.byte
local newline, space, tab, carriage_return = byte('\n'), byte(' '), byte('\t'), byte('\r')

local function count(document)
    local input = file.stream.new(document)
    local buffer = byte_span.new(256 * 1024)
    local bytes, words, lines, longest, line_start = 0, 0, 0, 0, 0
    local in_word = false
    while true do
        local ok, n = pcall(input.read_some, input, buffer)
        if not ok then
            if n == asio_error.misc.eof then
                break
            end
            return {error = tostring(n)}
        end
        local text = tostring(buffer:slice(1, n))
        for i = 1, n do
            local c = byte(text, i)
            if c == newline then
                lines = lines + 1
                local length = bytes + i - 1 - line_start
                longest = length > longest and length or longest
                line_start = bytes + i
            end
            if c == space or c == newline or c == tab or c == carriage_return then
                in_word = false
            elseif not in_word then
                in_word = true
                words = words + 1
            end
        end
        bytes = bytes + n
    end
    if bytes - line_start > longest then
        longest = bytes - line_start
    end
    return {bytes = bytes, words = words, lines = lines, longest_line = longest}
end

local request = inbox:receive()
request.reply_to:send(count(request.document))
