-- The reader, in its box: there is no file, no network, no process here that it could reach.

local inbox = require 'inbox'
local byte_span = require 'byte_span'
local file = require 'file'
local json = require 'json'

local request = inbox:receive()
local input = file.stream.new(request.document)

local ok, result = pcall(function()
    local document = byte_span.new(input.size)
    if #document > 0 then
        require('stream').read_all(input, document)
    end
    return json.decode(tostring(document))
end)
if not ok then
    request.reply_to:send{problem = tostring(result)}
    return
end

local told = {values = 0, texts = 0, depth = 0}

local function visit(value, depth)
    told.values = told.values + 1
    told.depth = math.max(told.depth, depth)
    if type(value) == 'string' then
        told.texts = told.texts + 1
    elseif type(value) == 'table' then
        for _, member in pairs(value) do
            visit(member, depth + 1)
        end
    end
end

visit(result, 1)
request.reply_to:send(told)
