-- Prints the median of seconds that 64 MiB take to another process, in messages as long as they can be.

local clock = require 'time'.steady_clock
local inbox = require 'inbox'

if _CONTEXT == 'worker' then
    local reply_to = inbox:receive()
    while true do
        local ok, text = pcall(inbox.receive, inbox)
        if not ok then
            return
        end
        reply_to:send(#text)
        text = nil
        collectgarbage()
    end
end

local worker = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
worker:send(inbox)
local text = ('x'):rep(2 ^ 24 - 64)
local times = {}
for i = 1, 9 do
    times[i] = 0
    for _ = 1, 4 do
        local start = clock.now()
        worker:send(text)
        assert(inbox:receive() == #text)
        times[i] = times[i] + (clock.now() - start)
    end
end
table.sort(times)
print(times[5])
worker:close()
