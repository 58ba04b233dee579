---@meta
-- require 'file': files as streams. OS failures are error codes of category system.

local file = {}

---Flags for open, to be combined with bit.bor.
file.open_flag = {
    append = 1,
    create = 2,
    exclusive = 4,
    read_only = 8,
    read_write = 16,
    sync_all_on_write = 32,
    truncate = 64,
    write_only = 128,
}

---@class file.stream
---@field is_open boolean
---@field size integer bytes, asked of the system at each read; EBADF when not open
file.stream = {}

---Not open, or over a descriptor, which is consumed.
---@param fd? file_descriptor
---@return file.stream
function file.stream.new(fd) end

---Opens a file; new ones get mode 0777 less the umask. `already_open` (asio.misc 1), EINVAL{arg=2} for
---anything but a path. A terminal does not become the controlling one.
---@param path filesystem.path
---@param flags integer
function file.stream:open(path, flags) end

---Pending operations end with operation_aborted.
function file.stream:close() end

---Pending operations of all fibers end with operation_aborted. EBADF when not open.
function file.stream:cancel() end

---Takes a descriptor, which is consumed.
---@param fd file_descriptor
function file.stream:assign(fd) end

---Gives the descriptor away; the stream is not open afterwards. EBADF.
---@return file_descriptor
function file.stream:release() end

---Cuts the file or extends it with zeros.
---@param size integer bytes
function file.stream:resize(size) end

---Moves the position; returns it, from 0.
---@param offset integer bytes
---@param whence "set"|"cur"|"end"
---@return integer
function file.stream:seek(offset, whence) end

---Reads at most #buffer bytes. Suspends; interruption point. asio_error.misc.eof at the end.
---@param buffer byte_span
---@return integer count
function file.stream:read_some(buffer) end

---Writes at most #buffer bytes. Suspends; interruption point.
---@param buffer byte_span
---@return integer count
function file.stream:write_some(buffer) end

---An open descriptor; closed when collected. tostring gives "/dev/fd/N". While an operation of a unix socket
---sends it, everything else that uses it raises EBUSY.
---@class file_descriptor
file_descriptor = {}

---@return file_descriptor
function file_descriptor:dup() end

---Closes it; the object is inert afterwards.
function file_descriptor:close() end

---The capabilities that the file gives to who executes it. ENODATA if it has none.
---@return linux_capabilities
function file_descriptor:cap_get() end

---EPERM without CAP_SETFCAP, EINVAL for what is no regular file.
---@param caps linux_capabilities
function file_descriptor:cap_set(caps) end

---FreeBSD's: ENOSYS.
---@param rights string[]
function file_descriptor:cap_rights_limit(rights) end

---FreeBSD's: ENOSYS.
---@param commands integer[]
function file_descriptor:cap_ioctls_limit(commands) end

---FreeBSD's: ENOSYS.
---@param rights string[]
function file_descriptor:cap_fcntls_limit(rights) end

return file
