---@meta
-- require 'stream': whole transfers over anything with read_some or write_some. Errors of the stream
-- pass through; the end of input is asio_error.misc.eof.

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

return stream
