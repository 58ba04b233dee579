---@meta
-- require 'future'

local future = {}

---@class promise
local promise = {}

---@class future
local future_object = {}

---@return promise, future
function future.new() end

---Settles the future. `promise_already_satisfied` (emilua.core 23) when it is settled already.
---@param value any
function promise:set_value(value) end

---Settles the future with an error. EINVAL{arg=2} for nil; `promise_already_satisfied`.
---@param error any
function promise:set_error(error) end

---The value, or the error raised unchanged. Any number of fibers may ask, any number of times. Suspends;
---interruption point. `broken_promise` (emilua.core 22) when the promise was collected unsettled.
---@return any
function future_object:get() end

return future
