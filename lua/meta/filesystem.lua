---@meta
-- require 'filesystem': so far the class path, the working directory and the file mask.

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

---The working directory of the process; or, with a path, changes it (master only: EPERM in any other VM,
---whatever the argument). Subprocess actors that are spawned later begin there. EINVAL{arg=1} for what is
---no path; ENOENT, ENOTDIR, EACCES and the like have the path as `path1`.
---@param path? filesystem.path
---@return filesystem.path? directory nothing when it was changed
function filesystem.current_working_directory(path) end

---Sets which permissions new files are not given, and returns what was set before. Subprocess actors that
---are spawned later begin with it (as in 0.6; not with 022). Master only: EPERM in any other VM.
---@param mask integer only the bits of 0777 (511) count
---@return integer
function filesystem.umask(mask) end

return filesystem
