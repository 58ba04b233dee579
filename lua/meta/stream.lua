---@meta
-- require 'stream': whole transfers over anything with read_some or write_some, and records out of them.
-- Errors of the stream pass through; the end of input is asio_error.misc.eof.
--
--     local lines = stream.scanner.with_awk_defaults(system.in_)
--     local ok, e = pcall(function()
--         while true do
--             local fields = lines:get_line()
--             print(lines.record_number, #fields, tostring(fields[1]))
--         end
--     end)
--     assert(e == asio_error.misc.eof, e)
--
-- Whoever wants little of each record says so, and gets it faster: columns = {3} makes the third field alone,
-- as = 'number' makes numbers, without a view and a string for each.

local stream = {}

---@class read_stream
---@field read_some fun(self: any, buffer: byte_span): integer

---@class write_stream
---@field write_some fun(self: any, buffer: byte_span): integer

---Reads until the buffer is full.
---@param io read_stream
---@param buffer byte_span
---@return integer count the buffer's length
function stream.read_all(io, buffer) end

---Reads at least `minimum` bytes, at most the buffer's length.
---@param io read_stream
---@param buffer byte_span
---@param minimum integer
---@return integer count
function stream.read_at_least(io, buffer, minimum) end

---Writes everything.
---@param io write_stream
---@param buffer byte_span|string
---@return integer count
function stream.write_all(io, buffer) end

---Writes at least `minimum` bytes.
---@param io write_stream
---@param buffer byte_span
---@param minimum integer
---@return integer count
function stream.write_at_least(io, buffer, minimum) end

stream.scanner = {}

---A table with the metatable stream.scanner.mt. What is set here holds from the next call of get_line on; a
---wrong value is EINVAL{arg=name} there.
---@class scanner: scanner.methods
---@field stream? read_stream
---@field record_separator string|regex What ends a record, not empty; default: "\r\n". A regex matches as if all input were there, but `^`, `$` and word edges never at the ends of a record, and no empty text.
---@field field_separator? string|regex|fun(record: byte_span): ... What is between fields; ENOTSUP for a regex with groups.
---@field field_pattern? regex What fields are, unless there is a field_separator; ENOTSUP with groups.
---@field trim_record boolean|string Whether white space, or these bytes, are cut from both ends; default: false
---@field max_record_size integer bytes, the separator included, that the buffer grows to; default: 65536
---@field buffer_size_hint? integer bytes that the buffer begins with, taken away by new; default: 4096
---@field record_number integer Records returned so far.
---@field record_terminator? string|byte_span What has ended the current record: empty at the end of input; a view if it is a regex.
---@field columns? integer[] Only these fields are made, and returned as results, nil where there is none; wants a field_separator that is no function, or a field_pattern. Replace it to change it.
---@field as? "span"|"string"|"number" What get_line makes of each field, or of a record that is not split: a view; a string, which is not overwritten; the number that tonumber makes of its text, or the view if that is none. Not for a field_separator that is a function. Default: "span"
---@field containing? string Records without this text are passed over, and not counted.

---@class scanner.methods
stream.scanner.mt = {}
stream.scanner.mt.__index = {}

---The next record: a view, or its fields (see `as`). Views are overwritten by the next call: keep tostring of them. A
---literal field separator gives no field for an empty record, a regex one empty field; behind the last
---separator there is always a field if it is literal, otherwise only one that is not empty. Suspends only
---to read; at the end raises what the stream has raised. EMSGSIZE beyond max_record_size, EBUSY while
---another fiber reads, `regex` 11 and 12: nothing is lost by these.
---@return byte_span|byte_span[]|string|number|any ...
function stream.scanner.mt.__index:get_line() end

---The current record, neither trimmed nor split. EINVAL{arg=1} if there is none.
---@return byte_span
function stream.scanner.mt.__index:buffered_line() end

---Drops the current record. EINVAL{arg=1} if there is none.
function stream.scanner.mt.__index:remove_line() end

---All that is buffered, the current record included.
---@return byte_span buffer
---@return integer offset where it begins in there
function stream.scanner.mt.__index:buffer() end

---Works in this buffer from now on, up to its capacity; what it holds from `offset` on is the next input.
---EINVAL{arg=i}, ERANGE, EBUSY.
---@param buffer byte_span
---@param offset? integer default: 1
function stream.scanner.mt.__index:set_buffer(buffer, offset) end

---The same table, with what is missing filled in. EINVAL{arg=1}, EINVAL{arg="buffer_size_hint"}.
---@param options? table fields of a scanner
---@return scanner
function stream.scanner.new(options) end

---Lines, trimmed, and fields between white space.
---@param read_stream read_stream
---@return scanner
function stream.scanner.with_awk_defaults(read_stream) end

return stream
