---@meta
-- require 'time': sleeping, clocks and timers. Durations are seconds, to the nanosecond. NaN and infinities are
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

---The finest clock there is; its epoch is unspecified. Points can only be compared and subtracted.
time.high_resolution_clock = {}

---Whether it never goes back.
---@type boolean
time.high_resolution_clock.is_steady = nil

---@return high_resolution_clock.time_point
function time.high_resolution_clock.now() end

---@return high_resolution_clock.time_point
function time.high_resolution_clock.epoch() end

---@class high_resolution_clock.time_point
---@field seconds_since_epoch number
---@operator sub(high_resolution_clock.time_point): number
local high_resolution_point = {}

---A point in time to wait for, by any number of fibers. Armed, it keeps nothing alive by itself.
time.steady_timer = {}

---Its expiry is the clock's epoch: it has expired.
---@return steady_timer
function time.steady_timer.new() end

---An unknown member raises `bad_index`.
---@class steady_timer
---@field expiry steady_clock.time_point A copy, whether expired or not.
local steady_timer = {}

---Sets the expiry; cancels the waits and returns how many. EINVAL{arg=2} for what is no point of the
---same clock.
---@param point steady_clock.time_point
---@return integer
function steady_timer:expires_at(point) end

---Sets the expiry to so much from now; cancels the waits and returns how many. EDOM{arg=2} for
---negative numbers.
---@param seconds number
---@return integer
function steady_timer:expires_after(seconds) end

---Waits for the expiry. Suspends; interruption point, which leaves the timer and other waiters alone.
---Raises `operation_aborted` when cancelled.
function steady_timer:wait() end

---Wakes all waiters with `operation_aborted` and returns how many; the expiry stays.
---@return integer
function steady_timer:cancel() end

---The same by the system clock: expires when that is set forward, too.
time.system_timer = {}

---Its expiry is the clock's epoch: it has expired.
---@return system_timer
function time.system_timer.new() end

---An unknown member raises `bad_index`.
---@class system_timer
---@field expiry system_clock.time_point A copy, whether expired or not.
local system_timer = {}

---Sets the expiry; cancels the waits and returns how many. EINVAL{arg=2} for what is no point of the
---same clock.
---@param point system_clock.time_point
---@return integer
function system_timer:expires_at(point) end

---Waits for the expiry. Suspends; interruption point, which leaves the timer and other waiters alone.
---Raises `operation_aborted` when cancelled.
function system_timer:wait() end

---Wakes all waiters with `operation_aborted` and returns how many; the expiry stays.
---@return integer
function system_timer:cancel() end

return time
