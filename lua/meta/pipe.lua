---@meta
-- require 'pipe': pipes, and each end as a stream. OS failures are error codes of category system.

local pipe = {}

---A new pipe: what is written to the second is read from the first. EMFILE, ENFILE.
---@return pipe.read_stream
---@return pipe.write_stream
function pipe.pair() end

---@class pipe.read_stream
---@field is_open boolean
pipe.read_stream = {}

---Not open, or over a descriptor, which is consumed.
---@param fd? file_descriptor
---@return pipe.read_stream
function pipe.read_stream.new(fd) end

---Pending operations end with operation_aborted.
function pipe.read_stream:close() end

---Pending operations of all fibers end with operation_aborted. EBADF when not open.
function pipe.read_stream:cancel() end

---Takes a descriptor, which is consumed. `already_open` (asio.misc 1), which leaves it alone.
---@param fd file_descriptor
function pipe.read_stream:assign(fd) end

---Gives the descriptor away, in blocking mode unless it was not before; the end is not open afterwards. EBADF.
---@return file_descriptor
function pipe.read_stream:release() end

---Reads at most #buffer bytes. Suspends; interruption point. asio_error.misc.eof once all writers are gone.
---@param buffer byte_span
---@return integer count
function pipe.read_stream:read_some(buffer) end

---@class pipe.write_stream
---@field is_open boolean
pipe.write_stream = {}

---Not open, or over a descriptor, which is consumed.
---@param fd? file_descriptor
---@return pipe.write_stream
function pipe.write_stream.new(fd) end

---Pending operations end with operation_aborted.
function pipe.write_stream:close() end

---Pending operations of all fibers end with operation_aborted. EBADF when not open.
function pipe.write_stream:cancel() end

---Takes a descriptor, which is consumed. `already_open` (asio.misc 1), which leaves it alone.
---@param fd file_descriptor
function pipe.write_stream:assign(fd) end

---Gives the descriptor away, in blocking mode unless it was not before; the end is not open afterwards. EBADF.
---@return file_descriptor
function pipe.write_stream:release() end

---Writes at most #buffer bytes. Suspends; interruption point. EPIPE without a reader; no signal is raised.
---@param buffer byte_span
---@return integer count
function pipe.write_stream:write_some(buffer) end

return pipe
