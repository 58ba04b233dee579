---@meta
-- require 'serial_port': serial lines and other terminals as streams. OS failures are error codes of category
-- system.

local serial_port = {}

---Reading a property of what is not open is EBADF of category system; setting one has the errors given with it.
---@class serial_port
---@field is_open boolean
---@field baud_rate integer bits per second. EINVAL for a rate that the system does not name.
---@field flow_control "software"|"hardware"|nil EINVAL{arg=3} for other types, ENOTSUP for other strings.
---@field parity "odd"|"even"|nil EINVAL{arg=3} for other types, ENOTSUP for other strings.
---@field stop_bits "one"|"two" EINVAL{arg=3} for other types, ENOTSUP for other strings; EOPNOTSUPP for "one_point_five".
---@field character_size integer 5 to 8 bits. ERANGE.
local port = {}

---Not open, or over a descriptor, which is consumed.
---@param fd? file_descriptor
---@return serial_port
function serial_port.new(fd) end

---A pseudoterminal: its controlling side, and a descriptor of the side that programs see as their terminal.
---@return serial_port
---@return file_descriptor non-blocking
function serial_port.ptypair() end

---Opens a device and leaves its settings alone; it never becomes the controlling terminal. `already_open`
---(asio.misc 1), ENOTTY for what is no terminal.
---@param device string
function port:open(device) end

---Pending operations end with operation_aborted.
function port:close() end

---Pending operations of all fibers end with operation_aborted. EBADF when not open.
function port:cancel() end

---Takes a descriptor, which is consumed. `already_open` (asio.misc 1), which leaves it alone.
---@param fd file_descriptor
function port:assign(fd) end

---Gives the descriptor away; the port is not open afterwards. EBADF.
---@return file_descriptor
function port:release() end

---Sends zeros for a quarter of a second or more. The fiber waits for the end, which an interruption does not
---change; where it may not suspend, the whole VM does. EBADF when not open.
function port:send_break() end

---EBADF, of category generic, when not open.
---@return boolean
function port:isatty() end

---The terminal's foreground process group, 0 if it has none. EBADF, of category generic, when not open.
---@return integer
function port:tcgetpgrp() end

---Makes another process group the foreground one. EBADF, of category generic, when not open.
---@param pgid integer
function port:tcsetpgrp(pgid) end

---Reads at most #buffer bytes. Suspends; interruption point. EIO from a pseudoterminal that no program has open.
---@param buffer byte_span
---@return integer count
function port:read_some(buffer) end

---Writes at most #buffer bytes. Suspends; interruption point.
---@param buffer byte_span
---@return integer count
function port:write_some(buffer) end

return serial_port
