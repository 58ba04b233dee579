-- channel:wait(): how an actor's process has ended. 00 decision 6.
local check = require 'check'
local generic = require 'generic_error'
local harness = require './harness'
local inbox = require 'inbox'
local system = require 'system'

local same = harness.same
local SIGTERM, SIGKILL = 15, 9
-- Others than root may have namespaces together with one of users only.
local own_users = select(2, system.getresuid()) ~= 0

local function worker_with(order, subprocess)
    subprocess = subprocess or {}
    local worker = spawn_vm{module = './worker', subprocess = subprocess}
    worker:send(order)
    return worker
end

local function idle()
    return spawn_vm{module = './worker', subprocess = {}}
end

check.case('the exit code is what the actor has chosen', function()
    for _, code in ipairs{0, 1, 7, 255} do
        same({exit_code = code}, worker_with{job = 'exit', code = code}:wait())
    end
end)

check.case('an actor that fails or cannot begin ends with 1', function()
    same({exit_code = 1}, worker_with{job = 'no such job'}:wait())
    same({exit_code = 1}, spawn_vm{module = '/nonexistent/x', subprocess = {}}:wait())
    same({exit_code = 1}, spawn_vm{module = './worker', subprocess = {init = {script = 'error "no"'}}}:wait())
end)

check.case('the signal that ended it is told', function()
    local worker = idle()
    worker:kill(SIGTERM)
    same({exit_signal = SIGTERM}, worker:wait())
end)

check.case('it is known after close and kill too, as often as one asks', function()
    local worker = idle()
    worker:kill()
    same({exit_signal = SIGKILL}, worker:wait())
    same({exit_signal = SIGKILL}, worker:wait())
    worker = idle()
    worker:send{job = 'exit', code = 3}
    worker:close()
    same({exit_code = 3}, worker:wait())
end)

check.case('many fibers may wait', function()
    local worker = idle()
    local fibers = {}
    for i = 1, 5 do
        fibers[i] = spawn(function() return worker:wait() end)
    end
    this_fiber.yield()
    worker:send{job = 'exit', code = 4}
    for i = 1, 5 do
        same({exit_code = 4}, fibers[i]:join())
    end
end)

check.case('an interrupted wait leaves the others waiting', function()
    local worker = idle()
    local first, second = spawn(function() worker:wait() end), spawn(function() return worker:wait() end)
    this_fiber.yield()
    first:interrupt()
    first:join()
    check.equal(true, first.interruption_caught)
    worker:send{job = 'exit', code = 5}
    same({exit_code = 5}, second:join())
end)

check.case('only the creator may wait, and only for what it has not let go', function()
    local worker = idle()
    worker:detach()
    check.raises_code(generic.EPERM, nil, worker.wait, worker)
    local child = harness.start{job = 'context'}
    inbox:receive()
    child:kill()
    local relay = harness.start{job = 'echo'}
    relay:send(inbox)
    local received = inbox:receive()
    check.raises_code(generic.EPERM, nil, received.wait, received)
    received:close()
    relay:kill()
    check.raises_code(generic.EINVAL, 1, relay.wait, 1)
    harness.expect_silence()
end)

check.case('it does not suspend where that is forbidden', function()
    local worker = idle()
    check.refuses_to_suspend(worker.wait, worker)
    worker:kill()
end)

-- 30 §11.4, §16.38
check.case('process 1 ends as its actor does, and passes signals on', function()
    same({exit_code = 7}, worker_with({job = 'exit', code = 7}, {newns_pid = true, newns_user = own_users}):wait())
    -- Sent before the actor is there: nothing is lost.
    for _, signal in ipairs{1, 2, 10, 12, SIGTERM} do
        local worker = spawn_vm{module = './worker', subprocess = {newns_pid = true, newns_user = own_users}}
        worker:kill(signal)
        same({exit_code = 128 + signal}, worker:wait())
    end
    local worker = spawn_vm{module = './worker', subprocess = {newns_pid = true, newns_user = own_users}}
    worker:kill()
    same({exit_signal = SIGKILL}, worker:wait())
end)

-- 30 §16.38, 40 §17.20
check.case('the init script is process 1, the actor process 2', function()
    local facts = harness.ask({job = 'context'}, {newns_pid = true, newns_user = own_users, stderr = 'share', init = {script = [[
        assert(io.open('/proc/self/stat'))
        C.unshare(C.CLONE_NEWNS)
        C.mount(nil, '/', nil, C.MS_REC + C.MS_PRIVATE)
        C.mount('proc', '/proc', 'proc', 0)
        if io.open('/proc/self/stat'):read('*n') ~= 1 then error 'not the first process' end
        if io.open('/proc/2/stat') then error 'not alone' end
    ]]}})
    check.equal(2, facts.pid)
    check.equal(1, facts.parent)
end)

check.done()
