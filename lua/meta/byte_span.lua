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

---Whether the bytes begin with these. EINVAL{arg=2}.
---@param prefix string|byte_span
---@return boolean
function byte_span:starts_with(prefix) end

---Whether the bytes end with these. EINVAL{arg=2}.
---@param suffix string|byte_span
---@return boolean
function byte_span:ends_with(suffix) end

---The first position, from `start` on, of these bytes; none are at `start`. ERANGE unless 1 <= start <= #self + 1.
---@param target? string|byte_span
---@param start? integer default: 1
---@return integer?
function byte_span:find(target, start) end

---The last position, up to `last`, where these bytes begin; none are at `last`. ERANGE unless 0 <= last <= #self.
---@param target? string|byte_span
---@param last? integer default: the length
---@return integer?
function byte_span:rfind(target, last) end

---The first position, from `start` on, of a byte of the set. Errors as find's.
---@param set? string|byte_span
---@param start? integer default: 1
---@return integer?
function byte_span:find_first_of(set, start) end

---The first position, from `start` on, of a byte that is not of the set. Errors as find's.
---@param set? string|byte_span
---@param start? integer default: 1
---@return integer?
function byte_span:find_first_not_of(set, start) end

---The last position, up to `last`, of a byte of the set. Errors as rfind's.
---@param set? string|byte_span
---@param last? integer default: the length
---@return integer?
function byte_span:find_last_of(set, last) end

---The last position, up to `last`, of a byte that is not of the set. Errors as rfind's.
---@param set? string|byte_span
---@param last? integer default: the length
---@return integer?
function byte_span:find_last_not_of(set, last) end

---The view without leading and trailing bytes of the set, in the same memory. EINVAL{arg=2}.
---@param set? string|byte_span default: " \f\n\r\t\v"
---@return byte_span
function byte_span:trimmed(set) end

return byte_span
