---@meta
-- require 'recursive_mutex'

local recursive_mutex = {}

---@class recursive_mutex
local recursive_mutex_object = {}

---@return recursive_mutex
function recursive_mutex.new() end

---Waits for the mutex, in turn; its owner gets it once more at once. Suspends; no interruption point.
---EOVERFLOW.
function recursive_mutex_object:lock() end

---Never suspends.
---@return boolean locked
function recursive_mutex_object:try_lock() end

---Undoes one lock of the owner. EPERM for other fibers.
function recursive_mutex_object:unlock() end

return recursive_mutex
