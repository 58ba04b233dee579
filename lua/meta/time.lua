---@meta
-- require 'time': sleeping and clocks. Durations are seconds, to the nanosecond. NaN and infinities are
-- EDOM, what 64 bits of nanoseconds cannot hold is EOVERFLOW.

local time = {}

---Suspends for at least so long; interruption point. EDOM{arg=1} for negative numbers.
---@param seconds number
function time.sleep(seconds) end

---Never goes back; its epoch is unspecified. Points can be compared and subtracted (seconds); a number
---of seconds can be added and subtracted.
time.steady_clock = {}

---@return steady_clock.time_point
function time.steady_clock.now() end

---@return steady_clock.time_point
function time.steady_clock.epoch() end

---@class steady_clock.time_point
---@field seconds_since_epoch number
---@operator add(number): steady_clock.time_point
---@operator sub(number): steady_clock.time_point
---@operator sub(steady_clock.time_point): number
local steady_point = {}

---Changes the point itself.
---@param seconds number
function steady_point:add(seconds) end

---Changes the point itself.
---@param seconds number
function steady_point:sub(seconds) end

---Seconds since 1970-01-01 UTC without leap seconds; may jump.
time.system_clock = {}

---@return system_clock.time_point
function time.system_clock.now() end

---@return system_clock.time_point
function time.system_clock.epoch() end

---@class system_clock.time_point
---@field seconds_since_epoch number
---@operator add(number): system_clock.time_point
---@operator sub(number): system_clock.time_point
---@operator sub(system_clock.time_point): number
local system_point = {}

---Changes the point itself.
---@param seconds number
function system_point:add(seconds) end

---Changes the point itself.
---@param seconds number
function system_point:sub(seconds) end

return time
