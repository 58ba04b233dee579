---@meta
-- require 'generic_error' and require 'asio_error'. An error code is a table; == compares code and
-- category, with system and generic as one; further fields (`arg`, `index`, `module`, `path`) say more.

---@class error_category
error_category = {}

---The text for a code.
---@param code integer
---@return string
function error_category:message(code) end

---@class error_code
---@field code integer
---@field category error_category
---@field arg? integer|string the wrong argument's position (self is 1) or option
error_code = {}

---The portable form: a fresh code of category generic where there is one; nil for code 0.
---@return error_code?
function error_code:togeneric() end

---generic_error.EINVAL and so on: a fresh code at each read; `bad_index` for unknown names.
---@class generic_error
---@field [string] error_code

---@class asio_error
---@field basic table<string, error_code> errno values of category system: operation_aborted …
---@field netdb table<string, error_code>
---@field addrinfo table<string, error_code>
---@field misc table<string, error_code> already_open, eof, not_found, fd_set_failure
