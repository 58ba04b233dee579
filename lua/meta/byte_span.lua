---@meta
-- byte_span: views over shared bytes; also the global of this name. `#span` is its length, `span[i]`
-- (1-based) reads and writes a byte, `==` compares contents, tostring gives them as a string.

---@class byte_span
---@field capacity integer Bytes that the view may grow to.
---@field [integer] integer byte 1..#span; reading or writing another one is ERANGE
---@operator len: integer
local byte_span = {}

---Zero-filled memory. EINVAL unless 0 <= length <= capacity.
---@param length integer
---@param capacity? integer default: length
---@return byte_span
function byte_span.new(length, capacity) end

---The bytes of all arguments, in new memory. EINVAL{arg=i}.
---@param ... byte_span|string|nil
---@return byte_span
function byte_span.append(...) end

---Those of the view and, behind them, of all arguments: in its own memory while the capacity lasts.
---EINVAL{arg=i}.
---@param ... byte_span|string|nil
---@return byte_span
function byte_span:append(...) end

---Bytes start..last of the same memory, both included; `last` may reach to the capacity. ERANGE.
---@param start? integer default: 1
---@param last? integer default: the length
---@return byte_span
function byte_span:slice(start, last) end

---Overwrites the beginning of the view; returns how many bytes. EINVAL{arg=2}.
---@param source byte_span|string
---@return integer
function byte_span:copy(source) end

return byte_span
