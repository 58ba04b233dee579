-- Prints the median of seconds for one message there and one back; for actors of one thread also that
-- of a pair of coroutine.resume and coroutine.yield.
--     emilua ping_pong.lua process|descriptor|thread|two_threads

local clock = require 'time'.steady_clock
local inbox = require 'inbox'
local system = require 'system'

if _CONTEXT == 'worker' then
    local reply_to = inbox:receive()
    while true do
        local ok, ball = pcall(inbox.receive, inbox)
        if not ok then
            return
        end
        reply_to:send(ball)
    end
end

local mode = system.arguments[3]
local options = {module = '.'}
local ball = 1
if mode == 'two_threads' then
    options.inherit_context = false
elseif mode ~= 'thread' then
    options.subprocess = {stderr = 'share'}
    ball = mode == 'descriptor' and system.in_.dup() or ball
end

local worker = spawn_vm(options)
worker:send(inbox)

local function play(n)
    for _ = 1, n do
        worker:send(ball)
        local back = inbox:receive()
        if ball ~= 1 then
            back:close()
        end
    end
end

local function pair(n)
    local co = coroutine.create(function()
        while true do
            coroutine.yield()
        end
    end)
    for _ = 1, n do
        coroutine.resume(co)
    end
end

-- Seconds for one of `count`.
local function median_of(step, count)
    local times = {}
    step(count / 10)
    for i = 1, 5 do
        local start = clock.now()
        step(count)
        times[i] = (clock.now() - start) / count
    end
    table.sort(times)
    return times[3]
end

print(median_of(play, 20000), mode == 'thread' and median_of(pair, 400000) or '')
worker:close()
