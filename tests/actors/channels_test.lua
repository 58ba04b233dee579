-- Handles and the inbox: errors, back-pressure, interruption, the ends of either side.
local asio_error = require 'asio_error'
local check = require 'check'
local file = require 'file'
local filesystem = require 'filesystem'
local generic = require 'generic_error'
local harness = require './harness'
local inbox = require 'inbox'
local time = require 'time'

local core = harness.core
local SIGTERM, SIGCONT, SIGSTOP = 15, 18, 19

local function idle_worker(subprocess)
    return spawn_vm{module = './worker', subprocess = subprocess or {}}
end

-- Sends until that fails; returns the error.
local function send_until_error(worker)
    while true do
        local ok, e = pcall(worker.send, worker, 1)
        if not ok then
            return e
        end
    end
end

-- The actor has ended: sends raise EPIPE for good, and once ECONNRESET where it left messages unread.
local function expect_gone(worker)
    local resets, e = 0, send_until_error(worker)
    for _ = 1, 5 do
        if e == generic.ECONNRESET then
            resets = resets + 1
        else
            check.equal(generic.EPIPE, e)
        end
        e = check.raises(worker.send, worker, 1)
    end
    check.equal(true, resets <= 1)
    check.equal(generic.EPIPE, e)
end

-- A signal is taken when its process runs next, and of several the one with the lowest number first:
-- one that has not stopped yet may be ended by what is meant for it later.
local function stop(worker)
    worker:kill(SIGSTOP)
    local status = filesystem.path.new(('/proc/%d/stat'):format(worker.child_pid))
    local text = byte_span.new(1000)
    repeat
        local opened = file.stream.new()
        opened:open(status, file.open_flag.read_only)
        local size = opened:read_some(text)
        opened:close()
    until tostring(text:slice(1, size)):match('.*%) (%a)') == 'T'
end

-- Large enough that a dozen of them fill the kernel's queue.
local filler = ('f'):rep(30000)

-- A fiber that sends numbered messages to a stopped actor, more than the kernel holds, and a table
-- that counts them; the fiber is parked when this returns, or all but.
local function parked_sender(worker)
    local progress = {sent = 0}
    stop(worker)
    local sender = spawn(function()
        for i = 1, 1000 do
            worker:send{i, filler}
            progress.sent = i
        end
    end)
    local seen, calm = -1, 0
    while calm < 1000 do
        calm = seen == progress.sent and calm + 1 or 0
        seen = progress.sent
        this_fiber.yield()
    end
    return sender, progress
end

-- 30 §16.6
check.case('metatables are told by name', function()
    local worker = idle_worker()
    check.equal('ipc_actor_channel', getmetatable(worker))
    check.equal('rx-channel', getmetatable(inbox))
    worker:kill()
end)

-- 30 §16.7
check.case('an unknown member of a handle or the inbox raises bad_index', function()
    local worker = idle_worker()
    for _, object in ipairs{worker, inbox} do
        local e = check.raises_core(core.bad_index, function() return object.foo end)
        check.equal(2, e.index)
    end
    check.raises_core(core.bad_index, function() return inbox.send end)
    check.raises_core(core.bad_index, function() return worker.receive end)
    worker:kill()
end)

-- 30 §1
check.case('assignment is refused', function()
    local worker = idle_worker()
    check.equal('string', type(check.raises(function() worker.foo = 1 end)))
    check.raises_code(generic.EPERM, nil, function() inbox.foo = 1 end)
    worker:kill()
end)

check.case('methods refuse a self of another kind', function()
    local worker = idle_worker()
    for _, method in ipairs{worker.send, worker.close, worker.detach, worker.kill, inbox.receive, inbox.close} do
        for _, wrong in ipairs{{}, 1, 'x', generic} do
            check.raises_code(generic.EINVAL, 1, method, wrong, 1)
        end
    end
    check.raises_code(generic.EINVAL, 1, worker.send, inbox, 1)
    check.raises_code(generic.EINVAL, 1, inbox.receive, worker)
    worker:kill()
end)

-- 30 §0
check.case('send and receive refuse where suspension is forbidden', function()
    local worker = idle_worker()
    this_fiber.forbid_suspend()
    local _, send_error = pcall(worker.send, worker, 1)
    local _, receive_error = pcall(inbox.receive, inbox)
    this_fiber.allow_suspend()
    check.equal(core.forbid_suspend_block, send_error.code)
    check.equal(core.forbid_suspend_block, receive_error.code)
    worker:kill()
end)

-- 30 §16.9
check.case('receive without any sender raises no_senders at once', function()
    check.raises_core(core.no_senders, inbox.receive, inbox)
end)

-- 30 §16.10
check.case('a second receiver is refused and the first is unaffected', function()
    harness.with_worker({job = 'echo'}, function(worker)
        local first = spawn(function() return inbox:receive() end)
        this_fiber.yield()
        check.raises_code(generic.EBUSY, nil, inbox.receive, inbox)
        worker:send 'for the first'
        check.equal('for the first', first:join())
    end)
end)

-- 30 §16.12
check.case('an interrupted receive loses no message', function()
    harness.with_worker({job = 'echo'}, function(worker)
        local code
        local receiver = spawn(function()
            local ok, e = pcall(inbox.receive, inbox)
            code = not ok and e.code
            error(e, 0)
        end)
        this_fiber.yield()
        receiver:interrupt()
        receiver:join()
        check.equal(core.interrupted, code)
        check.equal(true, receiver.interruption_caught)
        worker:send 'next'
        check.equal('next', inbox:receive())
    end)
end)

-- Whichever comes first, the message is either returned or still there.
check.case('interruption and arrival at once lose no message', function()
    harness.with_worker({job = 'echo'}, function(worker)
        for i = 1, 200 do
            local got = {}
            local receiver = spawn(function() got.value = inbox:receive() end)
            worker:send(i)
            for _ = 1, i % 20 do
                this_fiber.yield()
            end
            receiver:interrupt()
            receiver:join()
            check.equal(i, got.value or inbox:receive())
        end
    end)
end)

-- 10 §2: a call that need not wait comes after the fibers that are ready, as if it had.
check.case('a fiber that is ready runs before one that only sends goes on', function()
    harness.with_worker({job = 'echo'}, function(worker)
        local order = {}
        for i = 1, 3 do
            spawn(function() order[#order + 1] = i end):detach()
        end
        worker:send 'there'
        order[#order + 1] = 'sent'
        harness.same({1, 2, 3, 'sent'}, order)
        check.equal('there', inbox:receive())
    end)
end)

-- Each loop ends only when the fiber that it might starve has run.
check.case('a fiber whose sends and receptions never wait starves neither timers nor fibers', function()
    harness.with_worker({job = 'echo'}, function(worker)
        local expired, yields, sent = false, 0, 0
        spawn(function()
            time.sleep(0.001)
            expired = true
        end):detach()
        while not expired do
            worker:send(0)
            sent = sent + 1
            inbox:receive()
        end
        local watcher = spawn(function()
            for _ = 1, 100 do
                this_fiber.yield()
                yields = yields + 1
            end
        end)
        local received = 0
        while yields < 100 do
            worker:send(0)
            worker:send(0)
            inbox:receive()
            received = received + 1
        end
        watcher:join()
        for _ = 1, received do
            inbox:receive()
        end
    end)
end)

check.case('a flood of messages starves neither timers nor fibers', function()
    harness.with_worker({job = 'on_request'}, function(worker)
        local expired, flood = false, 1e6
        spawn(function()
            time.sleep(0.001)
            expired = true
        end):detach()
        worker:send(flood)
        local received = 0
        repeat
            received = received + 1
            check.equal(received, inbox:receive())
        until expired or received == flood
        check.equal(true, expired)
        worker:kill()
        while pcall(inbox.receive, inbox) do
        end
    end)
end)

check.case('a pending interruption makes send and receive raise without effect', function()
    harness.with_worker({job = 'echo'}, function(worker)
        for _, suspend in ipairs{function() worker:send 'lost' end, function() inbox:receive() end} do
            local fiber = spawn(suspend)
            fiber:interrupt()
            fiber:join()
            check.equal(true, fiber.interruption_caught)
        end
        worker:send 'only this'
        check.equal('only this', inbox:receive())
    end)
end)

-- 30 §6: back-pressure, and §16.12 for its sender
check.case('an interrupted sender has not sent its message and all before it arrive', function()
    harness.with_worker({job = 'echo'}, function(worker)
        worker:send 'started'
        check.equal('started', inbox:receive())
        local sender, progress = parked_sender(worker)
        check.equal(true, progress.sent < 1000)
        sender:interrupt()
        sender:join()
        check.equal(true, sender.interruption_caught)
        worker:kill(SIGCONT)
        for i = 1, progress.sent do
            check.equal(i, inbox:receive()[1])
        end
        worker:send 'behind them'
        check.equal('behind them', inbox:receive())
    end)
end)

check.case('a parked sender goes on when its peer reads', function()
    harness.with_worker({job = 'echo'}, function(worker)
        worker:send 'started'
        check.equal('started', inbox:receive())
        local sender = parked_sender(worker)
        worker:kill(SIGCONT)
        for i = 1, 1000 do
            check.equal(i, inbox:receive()[1])
        end
        sender:join()
    end)
end)

-- 30 §3
check.case('closing a handle aborts the send that is parked on it', function()
    local worker = idle_worker() -- stopped for ever: it ends with us
    local sender = parked_sender(worker)
    worker:close()
    local e = check.raises(sender.join, sender)
    check.equal(true, e == asio_error.basic.operation_aborted)
    check.raises_core(core.channel_closed, worker.send, worker, 1)
end)

-- 30 §16.30
check.case('a closed handle sends no more and closes again', function()
    local worker = idle_worker()
    worker:close()
    check.raises_core(core.channel_closed, worker.send, worker, 1)
    check.raises_core(core.channel_closed, worker.send, worker, print)
    worker:close()
    check.raises_core(core.channel_closed, worker.kill, worker)
    check.raises_code(generic.EINVAL, nil, function() return worker.child_pid end)
    check.raises_code(generic.EINVAL, 1, worker.detach, worker)
end)

-- 30 §16.31
check.case('a killed handle is closed', function()
    local worker = idle_worker()
    check.equal('number', type(worker.child_pid))
    worker:kill()
    check.raises_core(core.channel_closed, worker.send, worker, 1)
    check.raises_core(core.channel_closed, worker.kill, worker)
    check.raises_code(generic.EINVAL, nil, function() return worker.child_pid end)
    worker:close()
end)

check.case('SIGKILL by number closes the handle too', function()
    local worker = idle_worker()
    worker:kill(9)
    check.raises_core(core.channel_closed, worker.send, worker, 1)
end)

-- 30 §3
check.case('other signals leave everything open', function()
    harness.with_worker({job = 'echo'}, function(worker)
        worker:kill(0)
        worker:kill(SIGCONT)
        check.equal('number', type(worker.child_pid))
        worker:send 'alive'
        check.equal('alive', inbox:receive())
        worker:kill(SIGTERM)
        harness.wait_for_end(worker)
        check.raises_code(generic.ESRCH, nil, worker.kill, worker, SIGTERM)
        expect_gone(worker)
        worker:kill() -- "already dead" is no failure
        check.raises_core(core.channel_closed, worker.send, worker, 1)
    end)
end)

check.case('a signal is a number that exists', function()
    local worker = idle_worker()
    check.raises_code(generic.EINVAL, 2, worker.kill, worker, {})
    check.raises_code(generic.EINVAL, 2, worker.kill, worker, 'TERM')
    check.raises_code(generic.EINVAL, nil, worker.kill, worker, 1000)
    check.equal('number', type(worker.child_pid))
    worker:kill()
end)

-- 30 §16.32
check.case('a detached handle sends but neither kills nor detaches', function()
    harness.with_worker({job = 'echo'}, function(worker)
        worker:detach()
        check.raises_code(generic.EINVAL, 1, worker.detach, worker)
        check.raises_code(generic.EPERM, nil, worker.kill, worker)
        check.raises_code(generic.EINVAL, nil, function() return worker.child_pid end)
        worker:send 'still here'
        check.equal('still here', inbox:receive())
        worker:close() -- which ends it: it has no other sender
    end)
end)

-- 30 §16.35
check.case('an actor whose handle is closed gets no_senders and is still ours', function()
    local worker = harness.start{job = 'echo'}
    worker:send 'last'
    worker:close()
    check.equal('last', inbox:receive())
    harness.expect_silence()
end)

-- 30 §16.28
check.case('sending to an actor that has ended raises EPIPE, again and again', function()
    local worker = harness.start{job = 'exit', code = 3}
    harness.expect_silence()
    expect_gone(worker)
    check.raises_code(generic.EINVAL, 2, worker.send, worker, print)
    worker:kill()
end)

check.case('the death of an actor ends the send that is parked', function()
    harness.with_worker({job = 'echo'}, function(worker)
        worker:send 'started'
        check.equal('started', inbox:receive())
        local sender = parked_sender(worker)
        worker:kill(SIGTERM)
        worker:kill(SIGCONT)
        local e = check.raises(sender.join, sender)
        check.equal(true, e == generic.EPIPE or e == generic.ECONNRESET)
    end)
end)

check.case('the death of the last sender ends the receive that waits', function()
    local worker = harness.start{job = 'echo'}
    local receiver = spawn(function()
        local _, e = pcall(inbox.receive, inbox)
        return e
    end)
    worker:send 'started'
    this_fiber.yield()
    check.equal('started', receiver:join())
    receiver = spawn(function()
        local _, e = pcall(inbox.receive, inbox)
        return e
    end)
    this_fiber.yield()
    worker:kill()
    check.equal(core.no_senders, receiver:join().code)
end)

check.case('the death of one sender of two leaves the receiver waiting', function()
    local mortal = harness.start{job = 'echo'}
    harness.with_worker({job = 'echo'}, function(worker)
        local receiver = spawn(function() return inbox:receive() end)
        this_fiber.yield()
        mortal:kill(SIGTERM)
        harness.wait_for_end(mortal)
        worker:send 'from the other'
        check.equal('from the other', receiver:join())
    end)
end)

-- 30 §16.11, §4
check.case('closing an inbox wakes its receiver and turns senders away', function()
    harness.with_worker({job = 'close_inbox'}, function(worker)
        local reply = inbox:receive()
        check.equal(core.channel_closed, reply.while_waiting.code)
        check.equal(core.channel_closed, reply.afterwards.code)
        local e = send_until_error(worker)
        check.equal(true, e == generic.EPIPE or e == generic.ECONNRESET)
    end, {stderr = 'share'})
end)

-- 30 §16.13
check.case('an actor that never imports its inbox turns senders away', function()
    local opened, path = harness.open_file('no_inbox.lua', 'local n = 1')
    opened:close()
    local worker = spawn_vm{module = path, subprocess = {stderr = 'share'}}
    local e = send_until_error(worker)
    check.equal(true, e == generic.EPIPE or e == generic.ECONNRESET)
    worker:kill()
end)

-- 30 §6
check.case('a flood and a silent sender do not keep another from being heard', function()
    local silent = harness.start{job = 'on_request'}
    local flood = harness.start{job = 'on_request'}
    harness.with_worker({job = 'echo'}, function(worker)
        flood:send(10000)
        worker:send 'heard'
        local numbers, heard = 0, false
        while not heard or numbers < 10000 do
            if inbox:receive() == 'heard' then
                heard = numbers
            else
                numbers = numbers + 1
            end
        end
        check.equal(true, heard < 10000)
        silent:kill()
        flood:kill()
    end)
end)

check.case('a handle that is collected leaves the actor to its other senders', function()
    local function start()
        local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
        worker:send{job = 'hand_over', address = worker, reply_to = inbox}
        return inbox:receive()
    end
    local address = start()
    collectgarbage()
    collectgarbage()
    address:send 'through the other'
    check.equal('through the other', inbox:receive())
    address:close()
    harness.expect_silence()
end)

check.done()
