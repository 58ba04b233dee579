---@meta
-- require 'system': the program and its process.

---@class system
---@field arguments string[] the engine's name, the script as given, its arguments; a fresh table at each read
---@field environment table<string, string> a fresh table at each read
local system = {}

---Standard input. End of input is asio_error.misc.eof.
system.in_ = {}

---Suspends; interruption point.
---@param buffer byte_span
---@return integer count
function system.in_:read_some(buffer) end

---@return file_descriptor
function system.in_:dup() end

---@return boolean
function system.in_:isatty() end

---Standard output; past the buffer of `print`.
system.out = {}

---Suspends; interruption point.
---@param buffer byte_span
---@return integer count
function system.out:write_some(buffer) end

---@return file_descriptor
function system.out:dup() end

---@return boolean
function system.out:isatty() end

---Standard error.
system.err = {}

---Suspends; interruption point.
---@param buffer byte_span
---@return integer count
function system.err:write_some(buffer) end

---@return file_descriptor
function system.err:dup() end

---@return boolean
function system.err:isatty() end

---Ends this VM; nothing stops it. In the master VM `code` is the process's exit status. opts.force: 0
---(default), 2 (at once, without flushing), "abort"; 1 is ENOTSUP, others EINVAL{arg="force"}.
---@param code? integer default: 0
---@param opts? {force: 0|1|2|"abort"}
function system.exit(code, opts) end

---@return integer
function system.getpid() end

---@return integer
function system.getppid() end

return system
