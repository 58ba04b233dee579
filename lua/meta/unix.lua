---@meta
-- require 'unix': unix-domain sockets. Addresses are paths: of a file that bind creates (at most 107 bytes, else
-- ENAMETOOLONG), of the abstract name space when the first byte is NUL, or empty for no name. OS failures are
-- error codes of category system. An operation that is interrupted or cancelled has had no effect.

local unix = {}

---Flags of receive, to be combined with bit.bor.
unix.message_flag = {
    ---The message stays in the queue.
    peek = 2,
}

---Who was at the other end when it was made.
---@class unix.credentials
---@field uid integer
---@field groups integer[] the effective gid
---@field pid integer 0 for a process that is not visible here

---SOCK_STREAM: bytes in order. A stream for the functions of `stream`.
---@class unix.stream_socket
---@field is_open boolean
---@field local_path filesystem.path empty when it has no name; EBADF when not open
---@field remote_path filesystem.path empty when the peer has no name; ENOTCONN without one
unix.stream_socket = {}

---Not open, or over a descriptor, which is consumed.
---@param fd? file_descriptor
---@return unix.stream_socket
function unix.stream_socket.new(fd) end

---Two that are connected to each other, without names.
---@return unix.stream_socket
---@return unix.stream_socket
function unix.stream_socket.pair() end

---`already_open` (asio.misc 1).
function unix.stream_socket:open() end

---The empty path asks for an abstract name that nobody has. EADDRINUSE; the file of a pathname is never removed.
---@param path filesystem.path
function unix.stream_socket:bind(path) end

---Pending operations end with operation_aborted.
function unix.stream_socket:close() end

---Pending operations of all fibers end with operation_aborted. EBADF when not open.
function unix.stream_socket:cancel() end

---Takes a descriptor, which is consumed. `already_open` (asio.misc 1), which leaves it alone.
---@param fd file_descriptor
function unix.stream_socket:assign(fd) end

---Gives the descriptor away; pending operations end with operation_aborted. EBADF.
---@return file_descriptor
function unix.stream_socket:release() end

---Sizes are bytes. ENOTSUP for other names.
---@param name "send_buffer_size"|"receive_buffer_size"|"receive_low_watermark"|"send_low_watermark"|"debug"
---@param value integer|boolean
function unix.stream_socket:set_option(name, value) end

---ENOTSUP for other names. ENOTCONN for the credentials of nobody, ENOPROTOOPT where the kernel has no labels.
---@param name
---|"send_buffer_size"|"receive_buffer_size"|"receive_low_watermark"|"send_low_watermark"|"debug"
---|"remote_credentials"|"remote_security_label"
---@return integer|boolean|string|unix.credentials
function unix.stream_socket:get_option(name) end

---Opens it if it is not. Waits while the queue of the acceptor is full. Suspends; interruption point. ENOENT,
---ECONNREFUSED, EPROTOTYPE.
---@param path filesystem.path
function unix.stream_socket:connect(path) end

---EINVAL: Linux does this for datagrams only.
function unix.stream_socket:disconnect() end

---@param what "receive"|"send"|"both"
function unix.stream_socket:shutdown(what) end

---@param command "bytes_readable" what can be read without waiting
---@return integer
function unix.stream_socket:io_control(command) end

---Receives at most `maxfds` descriptors too; any others are closed. Fewer arrive if this process may open no
---more. Suspends; interruption point. asio_error.misc.eof for 0 bytes.
---@param buffer byte_span
---@param maxfds integer from 1; EINVAL{arg=3}
---@return integer count
---@return file_descriptor[] fds
function unix.stream_socket:receive_with_fds(buffer, maxfds) end

---Sends copies of at most 253 descriptors (EINVAL), which stay ours and are busy meanwhile. EBUSY for one that
---is busy already. With an empty buffer nothing is sent. Suspends; interruption point.
---@param buffer byte_span
---@param fds file_descriptor[] up to the first nil
---@return integer count
function unix.stream_socket:send_with_fds(buffer, fds) end

---Reads at most #buffer bytes. Suspends; interruption point. asio_error.misc.eof at the end.
---@param buffer byte_span
---@return integer count
function unix.stream_socket:read_some(buffer) end

---Writes at most #buffer bytes. Suspends; interruption point. EPIPE, ECONNRESET when the peer is gone.
---@param buffer byte_span
---@return integer count
function unix.stream_socket:write_some(buffer) end

---SOCK_DGRAM: messages, from anybody or from one peer. There is no end of file.
---@class unix.datagram_socket
---@field is_open boolean
---@field local_path filesystem.path empty when it has no name; EBADF when not open
---@field remote_path filesystem.path empty when the peer has no name; ENOTCONN without one
unix.datagram_socket = {}

---Not open, or over a descriptor, which is consumed.
---@param fd? file_descriptor
---@return unix.datagram_socket
function unix.datagram_socket.new(fd) end

---Two that are connected to each other, without names.
---@return unix.datagram_socket
---@return unix.datagram_socket
function unix.datagram_socket.pair() end

---`already_open` (asio.misc 1).
function unix.datagram_socket:open() end

---The empty path asks for an abstract name that nobody has. EADDRINUSE; the file of a pathname is never removed.
---@param path filesystem.path
function unix.datagram_socket:bind(path) end

---Pending operations end with operation_aborted.
function unix.datagram_socket:close() end

---Pending operations of all fibers end with operation_aborted. EBADF when not open.
function unix.datagram_socket:cancel() end

---Takes a descriptor, which is consumed. `already_open` (asio.misc 1), which leaves it alone.
---@param fd file_descriptor
function unix.datagram_socket:assign(fd) end

---Gives the descriptor away; pending operations end with operation_aborted. EBADF.
---@return file_descriptor
function unix.datagram_socket:release() end

---Sizes are bytes. ENOTSUP for other names.
---@param name "send_buffer_size"|"receive_buffer_size"|"debug"
---@param value integer|boolean
function unix.datagram_socket:set_option(name, value) end

---ENOTSUP for other names.
---@param name "send_buffer_size"|"receive_buffer_size"|"debug"
---@return integer|boolean
function unix.datagram_socket:get_option(name) end

---Opens it if it is not. Waits while the queue of the acceptor is full. Suspends; interruption point. ENOENT,
---ECONNREFUSED, EPROTOTYPE.
---@param path filesystem.path
function unix.datagram_socket:connect(path) end

---Hears anybody again.
function unix.datagram_socket:disconnect() end

---@param what "receive"|"send"|"both"
function unix.datagram_socket:shutdown(what) end

---@param command "bytes_readable" what can be read without waiting
---@return integer
function unix.datagram_socket:io_control(command) end

---Receives at most `maxfds` descriptors too; any others are closed. Fewer arrive if this process may open no
---more. Suspends; interruption point.
---@param buffer byte_span
---@param maxfds integer from 1; EINVAL{arg=3}
---@return integer count
---@return file_descriptor[] fds
function unix.datagram_socket:receive_with_fds(buffer, maxfds) end

---Sends copies of at most 253 descriptors (EINVAL), which stay ours and are busy meanwhile. EBUSY for one that
---is busy already. Suspends; interruption point.
---@param buffer byte_span
---@param fds file_descriptor[] up to the first nil
---@return integer count
function unix.datagram_socket:send_with_fds(buffer, fds) end

---One message; what does not fit is gone. An empty message is one. Suspends; interruption point.
---@param buffer byte_span
---@param flags? integer unix.message_flag
---@return integer count
function unix.datagram_socket:receive(buffer, flags) end

---One message, to the peer. ENOTCONN without one, EMSGSIZE. Suspends; interruption point.
---@param buffer byte_span
---@param flags? integer
---@return integer count
function unix.datagram_socket:send(buffer, flags) end

---One message and the path of its sender, empty if that has no name. Suspends; interruption point.
---@param buffer byte_span
---@param flags? integer unix.message_flag
---@return integer count
---@return filesystem.path sender
function unix.datagram_socket:receive_from(buffer, flags) end

---One message. Waits while the receiver's queue is full. Suspends; interruption point.
---@param buffer byte_span
---@param path filesystem.path
---@param flags? integer
---@return integer count
function unix.datagram_socket:send_to(buffer, path, flags) end

---As receive_with_fds; the sender is nil if it has no name.
---@param buffer byte_span
---@param maxfds integer from 1; EINVAL{arg=3}
---@return integer count
---@return filesystem.path? sender
---@return file_descriptor[] fds
function unix.datagram_socket:receive_from_with_fds(buffer, maxfds) end

---As send_with_fds.
---@param buffer byte_span
---@param path filesystem.path
---@param fds file_descriptor[]
---@return integer count
function unix.datagram_socket:send_to_with_fds(buffer, path, fds) end

---SOCK_SEQPACKET: messages in order over a connection.
---@class unix.seqpacket_socket
---@field is_open boolean
---@field local_path filesystem.path empty when it has no name; EBADF when not open
---@field remote_path filesystem.path empty when the peer has no name; ENOTCONN without one
unix.seqpacket_socket = {}

---Not open, or over a descriptor, which is consumed.
---@param fd? file_descriptor
---@return unix.seqpacket_socket
function unix.seqpacket_socket.new(fd) end

---Two that are connected to each other, without names.
---@return unix.seqpacket_socket
---@return unix.seqpacket_socket
function unix.seqpacket_socket.pair() end

---`already_open` (asio.misc 1).
function unix.seqpacket_socket:open() end

---The empty path asks for an abstract name that nobody has. EADDRINUSE; the file of a pathname is never removed.
---@param path filesystem.path
function unix.seqpacket_socket:bind(path) end

---Pending operations end with operation_aborted.
function unix.seqpacket_socket:close() end

---Pending operations of all fibers end with operation_aborted. EBADF when not open.
function unix.seqpacket_socket:cancel() end

---Takes a descriptor, which is consumed. `already_open` (asio.misc 1), which leaves it alone.
---@param fd file_descriptor
function unix.seqpacket_socket:assign(fd) end

---Gives the descriptor away; pending operations end with operation_aborted. EBADF.
---@return file_descriptor
function unix.seqpacket_socket:release() end

---Sizes are bytes. ENOTSUP for other names.
---@param name "send_buffer_size"|"receive_buffer_size"|"debug"
---@param value integer|boolean
function unix.seqpacket_socket:set_option(name, value) end

---ENOTSUP for other names. ENOTCONN for the credentials of nobody, ENOPROTOOPT where the kernel has no labels.
---@param name "send_buffer_size"|"receive_buffer_size"|"debug"|"remote_credentials"|"remote_security_label"
---@return integer|boolean|string|unix.credentials
function unix.seqpacket_socket:get_option(name) end

---Opens it if it is not. Waits while the queue of the acceptor is full. Suspends; interruption point. ENOENT,
---ECONNREFUSED, EPROTOTYPE.
---@param path filesystem.path
function unix.seqpacket_socket:connect(path) end

---EINVAL: Linux does this for datagrams only.
function unix.seqpacket_socket:disconnect() end

---@param what "receive"|"send"|"both"
function unix.seqpacket_socket:shutdown(what) end

---@param command "bytes_readable" what can be read without waiting
---@return integer
function unix.seqpacket_socket:io_control(command) end

---Receives at most `maxfds` descriptors too; any others are closed. Fewer arrive if this process may open no
---more. Suspends; interruption point. asio_error.misc.eof for 0 bytes.
---@param buffer byte_span
---@param maxfds integer from 1; EINVAL{arg=3}
---@return integer count
---@return file_descriptor[] fds
function unix.seqpacket_socket:receive_with_fds(buffer, maxfds) end

---Sends copies of at most 253 descriptors (EINVAL), which stay ours and are busy meanwhile. EBUSY for one that
---is busy already. Suspends; interruption point.
---@param buffer byte_span
---@param fds file_descriptor[] up to the first nil
---@return integer count
function unix.seqpacket_socket:send_with_fds(buffer, fds) end

---One message; what does not fit is gone. asio_error.misc.eof for 0 bytes, be it the end or an empty message.
---Suspends; interruption point.
---@param buffer byte_span
---@param flags? integer unix.message_flag
---@return integer count
function unix.seqpacket_socket:receive(buffer, flags) end

---One message, to the peer. ENOTCONN without one, EMSGSIZE. Suspends; interruption point.
---@param buffer byte_span
---@param flags? integer
---@return integer count
function unix.seqpacket_socket:send(buffer, flags) end

---Listens for stream sockets.
---@class unix.stream_acceptor
---@field is_open boolean
---@field local_path filesystem.path empty when it has no name; EBADF when not open
unix.stream_acceptor = {}

---Not open, or over a descriptor, which is consumed.
---@param fd? file_descriptor
---@return unix.stream_acceptor
function unix.stream_acceptor.new(fd) end

---`already_open` (asio.misc 1).
function unix.stream_acceptor:open() end

---The empty path asks for an abstract name that nobody has. EADDRINUSE; the file of a pathname is never removed.
---@param path filesystem.path
function unix.stream_acceptor:bind(path) end

---Pending operations end with operation_aborted.
function unix.stream_acceptor:close() end

---Pending operations of all fibers end with operation_aborted. EBADF when not open.
function unix.stream_acceptor:cancel() end

---Takes a descriptor, which is consumed. `already_open` (asio.misc 1), which leaves it alone.
---@param fd file_descriptor
function unix.stream_acceptor:assign(fd) end

---Gives the descriptor away; pending operations end with operation_aborted. EBADF.
---@return file_descriptor
function unix.stream_acceptor:release() end

---Sizes are bytes. ENOTSUP for other names.
---@param name "enable_connection_aborted"|"debug"
---@param value boolean
function unix.stream_acceptor:set_option(name, value) end

---ENOTSUP for other names.
---@param name "enable_connection_aborted"|"debug"
---@return boolean
function unix.stream_acceptor:get_option(name) end

---@param backlog? integer how many connections may wait; default: as many as the system allows
function unix.stream_acceptor:listen(backlog) end

---The next connection. Suspends; interruption point. EINVAL when not listening.
---@return unix.stream_socket
function unix.stream_acceptor:accept() end

---Listens for seqpacket sockets.
---@class unix.seqpacket_acceptor
---@field is_open boolean
---@field local_path filesystem.path empty when it has no name; EBADF when not open
unix.seqpacket_acceptor = {}

---Not open, or over a descriptor, which is consumed.
---@param fd? file_descriptor
---@return unix.seqpacket_acceptor
function unix.seqpacket_acceptor.new(fd) end

---`already_open` (asio.misc 1).
function unix.seqpacket_acceptor:open() end

---The empty path asks for an abstract name that nobody has. EADDRINUSE; the file of a pathname is never removed.
---@param path filesystem.path
function unix.seqpacket_acceptor:bind(path) end

---Pending operations end with operation_aborted.
function unix.seqpacket_acceptor:close() end

---Pending operations of all fibers end with operation_aborted. EBADF when not open.
function unix.seqpacket_acceptor:cancel() end

---Takes a descriptor, which is consumed. `already_open` (asio.misc 1), which leaves it alone.
---@param fd file_descriptor
function unix.seqpacket_acceptor:assign(fd) end

---Gives the descriptor away; pending operations end with operation_aborted. EBADF.
---@return file_descriptor
function unix.seqpacket_acceptor:release() end

---Sizes are bytes. ENOTSUP for other names.
---@param name "enable_connection_aborted"|"debug"
---@param value boolean
function unix.seqpacket_acceptor:set_option(name, value) end

---ENOTSUP for other names.
---@param name "enable_connection_aborted"|"debug"
---@return boolean
function unix.seqpacket_acceptor:get_option(name) end

---@param backlog? integer how many connections may wait; default: as many as the system allows
function unix.seqpacket_acceptor:listen(backlog) end

---The next connection. Suspends; interruption point. EINVAL when not listening.
---@return unix.seqpacket_socket
function unix.seqpacket_acceptor:accept() end

return unix
