---@meta
-- require 'filesystem': so far the class path.

local filesystem = {}

---A path as the host has it, not normalised. `p / q` joins, `..` appends; q may be a string. Compared by
---components.
---@class filesystem.path
---@field root_name string
---@field root_directory string
---@field root_path filesystem.path
---@field relative_path filesystem.path
---@field parent_path filesystem.path
---@field filename string
---@field stem string
---@field extension string
---@field empty boolean
---@field has_root_path boolean
---@field has_root_name boolean
---@field has_root_directory boolean
---@field has_relative_path boolean
---@field has_parent_path boolean
---@field has_filename boolean
---@field has_stem boolean
---@field has_extension boolean
---@field is_absolute boolean
---@field is_relative boolean
---@operator div(filesystem.path|string): filesystem.path
---@operator concat(filesystem.path|string): filesystem.path
filesystem.path = {}

---@type string
filesystem.path.preferred_separator = '/'

---@param source? string default: the empty path
---@return filesystem.path
function filesystem.path.new(source) end

---@param source string
---@return filesystem.path
function filesystem.path.from_generic(source) end

---@return string
function filesystem.path:to_generic() end

---`a/./b/../c` becomes `a/c`; no file is looked at.
---@return filesystem.path
function filesystem.path:lexically_normal() end

return filesystem
