-- Prints seconds for one step of one kind, the median of several runs. The kinds that use nothing
-- but standard Lua also run under luajit, where they are the yardstick.
--     emilua fibers.lua KIND          luajit fibers.lua pair

local kind = arg and arg[1] or require 'system'.arguments[3]
local now = os and os.clock
if not now then
    local clock = require 'time'.steady_clock
    local start = clock.now()
    function now()
        return clock.now() - start
    end
end

local kinds = {}

-- coroutine.resume and coroutine.yield, once each.
function kinds.pair(n)
    local co = coroutine.create(function()
        while true do
            coroutine.yield()
        end
    end)
    for _ = 1, n do
        coroutine.resume(co)
    end
end

function kinds.spawn_join(n)
    local function f() end
    for _ = 1, n do
        spawn(f):join()
    end
end

-- One switch: two fibers take turns.
function kinds.yield(n)
    local function f()
        for _ = 1, n / 2 do
            this_fiber.yield()
        end
    end
    local a, b = spawn(f), spawn(f)
    a:join()
    b:join()
end

-- Uncontended.
function kinds.lock_unlock(n)
    local m = require 'mutex'.new()
    for _ = 1, n do
        m:lock()
        m:unlock()
    end
end

-- One hand-off: two fibers wake each other in turn.
function kinds.hand_off(n)
    local m, c = require 'mutex'.new(), require 'condition_variable'.new()
    local turn = 0
    local function player(me)
        return function()
            m:lock()
            for _ = 1, n / 2 do
                while turn ~= me do
                    c:wait(m)
                end
                turn = 1 - me
                c:notify_one()
            end
            m:unlock()
        end
    end
    local a, b = spawn(player(0)), spawn(player(1))
    a:join()
    b:join()
end

-- Fibers that wait: for their memory, which the caller looks at.
local function park(n)
    local m, c = require 'mutex'.new(), require 'condition_variable'.new()
    for _ = 1, n do
        spawn(function()
            m:lock()
            c:wait(m)
            m:unlock()
        end):detach()
    end
    for _ = 1, 2 do
        this_fiber.yield()
    end
end

if kind == 'park' then
    park(tonumber(require 'system'.arguments[4]))
    return
end

local count = 400000
local times = {}
for i = 1, 5 do
    collectgarbage()
    local start = now()
    kinds[kind](count)
    times[i] = (now() - start) / count
end
table.sort(times)
print(times[3])
