---@meta
-- require 'mutex'

local mutex = {}

---@class mutex
local mutex_object = {}

---@return mutex
function mutex.new() end

---Waits for the mutex, in turn. Suspends; no interruption point.
function mutex_object:lock() end

---Never suspends.
---@return boolean locked
function mutex_object:try_lock() end

---Hands the mutex to the oldest waiter; any fiber may. EPERM when it is not locked.
function mutex_object:unlock() end

return mutex
