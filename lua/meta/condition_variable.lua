---@meta
-- require 'condition_variable'

local condition_variable = {}

---@class condition_variable
local condition_variable_object = {}

---@return condition_variable
function condition_variable.new() end

---Gives the locked mutex up, waits for a notification, and has the mutex again when it returns or raises.
---Suspends; interruption point. EINVAL{arg=2} for anything but a mutex, EPERM when it is not locked.
---@param m mutex
function condition_variable_object:wait(m) end

---Wakes the oldest waiter, if there is one.
function condition_variable_object:notify_one() end

---Wakes all waiters.
function condition_variable_object:notify_all() end

return condition_variable
