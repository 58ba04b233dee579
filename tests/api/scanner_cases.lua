-- What tests of scanners share: streams of pieces, and records and fields as texts.
local check = require 'check'
local asio_error = require 'asio_error'
local regex = require 'regex'
local stream = require 'stream'

local scanner = stream.scanner
local eof = asio_error.misc.eof

-- A read stream that gives one of the pieces a call, as far as there is room; then its end.
function pieces(...)
    local self = {calls = 0, ...}
    function self.read_some(io, buffer)
        check.equal(true, rawequal(io, self))
        check.equal('byte_span', getmetatable(buffer))
        check.equal(true, #buffer > 0)
        self.calls = self.calls + 1
        local piece = table.remove(self, 1)
        if not piece then
            error(eof)
        end
        if type(piece) == 'table' then
            error(piece)
        end
        local n = buffer:copy(piece)
        if n < #piece then
            table.insert(self, 1, piece:sub(n + 1))
        end
        return n
    end
    return self
end

-- In pieces of `step` bytes.
function sliced(text, step)
    local parts = {}
    for i = 1, #text, step do
        parts[#parts + 1] = text:sub(i, i + step - 1)
    end
    return pieces(unpack(parts))
end

function new(options, ...)
    options.stream = type((...)) == 'table' and ... or pieces(...)
    return scanner.new(options)
end

function at_end(sc)
    check.raises_code(eof, nil, sc.get_line, sc)
end

function texts(fields)
    local found = {}
    for i, field in ipairs(fields) do
        check.equal('byte_span', getmetatable(field))
        found[i] = '[' .. tostring(field) .. ']'
    end
    check.equal(#fields, #found)
    return table.concat(found)
end

-- All records, as '[a][b]'.
function all(sc)
    local records = {}
    while true do
        local ok, record = pcall(sc.get_line, sc)
        if not ok then
            check.equal(eof, record)
            check.equal(#records, sc.record_number)
            return texts(records)
        end
        records[#records + 1] = byte_span.append(record)
    end
end

function extended(pattern)
    return regex.new{pattern = pattern, grammar = 'extended'}
end
