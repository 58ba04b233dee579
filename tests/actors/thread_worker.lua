-- The actor of thread_test: does one job after another for whoever asks, until nobody does.
local inbox = require 'inbox'
local system = require 'system'

local jobs = {}

function jobs.echo(order)
    order.reply_to:send{order.value}
end

-- What the VM can say of itself.
function jobs.facts(order)
    order.reply_to:send{
        context = _CONTEXT,
        helper_context = require('/helper').context,
        child = select(2, pcall(require, './helper')).code,
        exit = select(2, pcall(system.exit, 0, {})).code,
    }
end

function jobs.close(order)
    inbox:close()
    order.reply_to:send 'closed'
end

-- What a fiber gets that was handed a message right before the inbox closed.
function jobs.meet_and_close(order)
    local receiver = spawn(function() return inbox:receive() end)
    this_fiber.yield()
    order.own:send 'met'
    inbox:close()
    order.reply_to:send(receiver:join())
end

function jobs.stop()
    system.exit(7)
end

function jobs.fail()
    error('as told', 0)
end

-- Sends numbers, up to order.count.
function jobs.count(order)
    for i = 1, order.count do
        order.reply_to:send(i)
    end
end

-- Gives itself away.
function jobs.own_address(order)
    order.reply_to:send(inbox)
end

-- Sends order.value to order.to.
function jobs.forward(order)
    order.to:send(order.value)
end

while true do
    local ok, order = pcall(inbox.receive, inbox)
    if not ok then
        return
    end
    jobs[order.job](order)
end
