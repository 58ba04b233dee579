---@meta
-- require 'file': files as streams, or with offsets. OS failures are error codes of category system.

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
---anything but a path. A terminal does not become the controlling one. Suspends, and is an interruption point,
---only where the system would wait: for a FIFO's reader, or for the holder of a lease. A FIFO without a writer
---opens at once, and reading from it waits for the first one.
---@param path filesystem.path
---@param flags integer
function file.stream:open(path, flags) end

---Pending operations, such as open, end with operation_aborted, unless they have begun and cannot be stopped.
function file.stream:close() end

---Pending operations of all fibers end with operation_aborted. EBADF when not open.
function file.stream:cancel() end

---Takes a descriptor, which is consumed. `already_open` (asio.misc 1), which leaves it alone.
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

---A file without a position: offsets count from 0. Operations of several fibers run side by side.
---@class file.random_access
---@field is_open boolean
---@field size integer bytes, asked of the system at each read; EBADF when not open
file.random_access = {}

---Not open, or over a descriptor, which is consumed.
---@param fd? file_descriptor
---@return file.random_access
function file.random_access.new(fd) end

---Opens a file; new ones get mode 0777 less the umask. `already_open` (asio.misc 1), EINVAL{arg=2} for
---anything but a path. Suspends as file.stream:open does.
---@param path filesystem.path
---@param flags integer
function file.random_access:open(path, flags) end

---Pending operations end with operation_aborted, unless they have begun.
function file.random_access:close() end

---Pending operations of all fibers end with operation_aborted, unless they have begun. EBADF when not open.
function file.random_access:cancel() end

---Takes a descriptor, which is consumed. `already_open` (asio.misc 1), which leaves it alone.
---@param fd file_descriptor
function file.random_access:assign(fd) end

---Gives the descriptor away; the object is not open afterwards. EBADF.
---@return file_descriptor
function file.random_access:release() end

---Cuts the file or extends it with zeros.
---@param size integer bytes
function file.random_access:resize(size) end

---Reads at most #buffer bytes. Suspends; interruption point. asio_error.misc.eof at or behind the end.
---@param offset integer bytes
---@param buffer byte_span
---@return integer count
function file.random_access:read_some_at(offset, buffer) end

---Writes at most #buffer bytes. Suspends; interruption point.
---@param offset integer bytes
---@param buffer byte_span
---@return integer count
function file.random_access:write_some_at(offset, buffer) end

---@class random_access_reader
---@field read_some_at fun(self: any, offset: integer, buffer: byte_span): integer

---@class random_access_writer
---@field write_some_at fun(self: any, offset: integer, buffer: byte_span): integer

---Reads until the buffer is full. Errors of the object pass through; EINVAL{arg=3} for anything but a buffer.
---@param io random_access_reader
---@param offset integer bytes
---@param buffer byte_span
---@return integer count the buffer's length
function file.read_all_at(io, offset, buffer) end

---Reads at least `minimum` bytes, at most the buffer's length. Errors as read_all_at's.
---@param io random_access_reader
---@param offset integer bytes
---@param buffer byte_span
---@param minimum integer
---@return integer count
function file.read_at_least_at(io, offset, buffer, minimum) end

---Writes everything. Errors as read_all_at's.
---@param io random_access_writer
---@param offset integer bytes
---@param buffer byte_span|string
---@return integer count
function file.write_all_at(io, offset, buffer) end

---Writes at least `minimum` bytes. Errors as read_all_at's.
---@param io random_access_writer
---@param offset integer bytes
---@param buffer byte_span
---@param minimum integer
---@return integer count
function file.write_at_least_at(io, offset, buffer, minimum) end

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
