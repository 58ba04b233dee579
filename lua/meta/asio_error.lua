---@meta
-- require 'asio_error': error codes of input and output, by the names that Asio gives them. A fresh code at
-- each read, to which fields can be added. An unknown group is nil, an unknown name in one `bad_index`.

local asio_error = {}

---errno values, of the category system.
---@class asio_error.basic
---@field access_denied error_code EACCES
---@field address_family_not_supported error_code
---@field address_in_use error_code
---@field already_connected error_code
---@field already_started error_code
---@field bad_descriptor error_code
---@field broken_pipe error_code
---@field connection_aborted error_code
---@field connection_refused error_code
---@field connection_reset error_code
---@field fault error_code
---@field host_unreachable error_code
---@field in_progress error_code
---@field interrupted error_code
---@field invalid_argument error_code
---@field message_size error_code
---@field name_too_long error_code
---@field network_down error_code
---@field network_reset error_code
---@field network_unreachable error_code
---@field no_buffer_space error_code
---@field no_descriptors error_code EMFILE
---@field no_memory error_code
---@field no_permission error_code EPERM
---@field no_protocol_option error_code
---@field no_such_device error_code
---@field not_connected error_code
---@field not_socket error_code
---@field operation_aborted error_code ECANCELED: what cancelled operations raise
---@field operation_not_supported error_code
---@field shut_down error_code ESHUTDOWN
---@field timed_out error_code
---@field try_again error_code
---@field would_block error_code
asio_error.basic = {}

---Of the category asio.netdb.
---@class asio_error.netdb
---@field host_not_found error_code
---@field host_not_found_try_again error_code
---@field no_recovery error_code
---@field no_data error_code
asio_error.netdb = {}

---Of the category asio.addrinfo.
---@class asio_error.addrinfo
---@field service_not_found error_code EAI_SERVICE
---@field socket_type_not_supported error_code EAI_SOCKTYPE
asio_error.addrinfo = {}

---Of the category asio.misc.
---@class asio_error.misc
---@field already_open error_code
---@field eof error_code end of input
---@field not_found error_code an element
---@field fd_set_failure error_code
asio_error.misc = {}

return asio_error
