-- Descriptors and addresses inside messages.
local check = require 'check'
local file = require 'file'
local generic = require 'generic_error'
local harness = require './harness'
local inbox = require 'inbox'

local function descriptor(text)
    return (harness.open_file(nil, text):release())
end

-- 30 §16.25
check.case('both processes share the offset of a descriptor', function()
    harness.with_worker({job = 'read'}, function(worker)
        local from = descriptor 'abcdefgh'
        worker:send{from = from, size = 3}
        check.equal('abc', inbox:receive())
        local mine, buffer = file.stream.new(from), byte_span.new(2)
        mine:read_some(buffer)
        check.equal('de', tostring(buffer))
        worker:send{from = mine:release(), size = 3}
        check.equal('fgh', inbox:receive())
    end)
end)

-- 30 §5
check.case('the sender keeps its object', function()
    harness.with_worker({job = 'read'}, function(worker)
        local from = descriptor 'abcdef'
        for _, expected in ipairs{'ab', 'cd', 'ef'} do
            worker:send{from = from, size = 2}
            check.equal(expected, inbox:receive())
        end
        check.equal('file_descriptor', getmetatable(from))
        from:close()
    end)
end)

check.case('a descriptor may be closed while its message is under way', function()
    harness.with_worker({job = 'read'}, function(worker)
        local from = descriptor 'abc'
        local sender = spawn(function() worker:send{from = from, size = 3} end)
        this_fiber.yield()
        pcall(from.close, from)
        sender:join()
        check.equal('abc', inbox:receive())
    end)
end)

check.case('a descriptor is a message by itself', function()
    harness.with_worker({job = 'echo'}, function(worker)
        worker:send(descriptor 'root')
        local back = inbox:receive()
        check.equal('file_descriptor', getmetatable(back))
        check.equal('root', harness.contents(back))
    end)
end)

-- 30 §5: never lost
check.case('the same object may be in a message twice', function()
    harness.with_worker({job = 'first_bytes'}, function(worker)
        local from = descriptor 'A'
        worker:send{from, from}
        check.equal(2 * 65, inbox:receive())
        check.equal('A', harness.contents(from))
    end)
end)

check.case('two hundred descriptors go in one message', function()
    harness.with_worker({job = 'first_bytes'}, function(worker)
        local from, list = descriptor 'A', {}
        for i = 1, 200 do
            list[i] = from
        end
        worker:send(list)
        check.equal(200 * 65, inbox:receive())
    end)
end)

-- 30 §5
check.case('253 descriptors are the most', function()
    harness.with_worker({job = 'first_bytes'}, function(worker)
        local from, list = descriptor 'A', {}
        for i = 1, 253 do
            list[i] = from
        end
        worker:send(list)
        check.equal(253 * 65, inbox:receive())
        list[254] = from
        check.raises_code(generic.EINVAL, 2, worker.send, worker, list)
        list[254] = nil
        worker:send(list)
        check.equal(253 * 65, inbox:receive())
    end)
end)

check.case('descriptors come along with text too large for a packet', function()
    harness.with_worker({job = 'echo'}, function(worker)
        local text = ('x'):rep(2 ^ 20)
        worker:send{text, descriptor 'beside', text = text}
        local back = inbox:receive()
        check.equal(true, back[1] == text and back.text == text)
        check.equal('beside', harness.contents(back[2]))
    end)
end)

check.case('descriptors keep their places', function()
    harness.with_worker({job = 'echo'}, function(worker)
        worker:send{descriptor 'one', {descriptor 'two', inner = descriptor 'three'}, last = descriptor 'four'}
        local back = inbox:receive()
        check.equal('one', harness.contents(back[1]))
        check.equal('two', harness.contents(back[2][1]))
        check.equal('three', harness.contents(back[2].inner))
        check.equal('four', harness.contents(back.last))
    end)
end)

check.case('a closed descriptor and one used up are refused', function()
    harness.with_worker({job = 'echo'}, function(worker)
        local closed, used = descriptor 'x', descriptor 'y'
        closed:close()
        file.stream.new(used)
        check.raises_code(generic.EINVAL, 2, worker.send, worker, closed)
        check.raises_code(generic.EINVAL, 2, worker.send, worker, {used})
    end)
end)

check.case('a message that is refused leaves the descriptors in it alone', function()
    harness.with_worker({job = 'echo'}, function(worker)
        local from = descriptor 'kept'
        check.raises_code(generic.EINVAL, 2, worker.send, worker, {from, inbox, print})
        check.equal('kept', harness.contents(from))
    end)
end)

-- 30 §16.26
check.case('the inbox arrives as a handle that sends', function()
    harness.with_worker({job = 'describe'}, function(worker)
        worker:send(inbox)
        local seen = inbox:receive()
        check.equal('userdata', seen.type)
        check.equal('ipc_actor_channel', seen.metatable)
        worker:send(1)
        check.equal('number', inbox:receive().type)
    end)
end)

check.case('each address sent is a capability of its own', function()
    harness.with_worker({job = 'echo'}, function(worker)
        worker:send{inbox, inbox}
        local back = inbox:receive()
        check.equal(false, back[1] == back[2])
        back[1]:close()
        check.raises_core(harness.core.channel_closed, back[1].send, back[1], 1)
        back[2]:send 'to myself'
        check.equal('to myself', inbox:receive())
        back[2]:close()
    end)
end)

check.case('a handle is forwarded to a third actor', function()
    local target = harness.start{job = 'echo'}
    harness.with_worker({job = 'relay', to = target}, function(relay)
        relay:send{'through two', 2}
        local back = inbox:receive()
        check.equal('through two', back[1])
        relay:kill()
        target:send 'directly'
        check.equal('directly', inbox:receive())
        target:kill()
    end)
end)

check.case('a handle that came in a message goes on in another', function()
    local target = harness.start{job = 'echo'}
    local between = harness.start{job = 'echo'}
    between:send(target)
    local received = inbox:receive()
    check.equal('ipc_actor_channel', getmetatable(received))
    harness.with_worker({job = 'relay', to = received}, function(relay)
        relay:send 'far'
        check.equal('far', inbox:receive())
        target:kill()
        between:kill()
    end)
end)

-- 30 §16.33
check.case('a handle that came in a message neither kills nor detaches', function()
    local target = harness.start{job = 'echo'}
    harness.with_worker({job = 'use_handle', handle = target}, function()
        local replies = {}
        for _ = 1, 2 do
            local m = inbox:receive()
            replies[type(m)] = m
        end
        check.equal('sent through a forwarded handle', replies.string)
        check.equal(generic.EPERM.code, replies.table.kill.code)
        check.equal(generic.EINVAL.code, replies.table.detach.code)
        check.equal(1, replies.table.detach.arg)
        check.equal(generic.EINVAL.code, replies.table.pid.code)
        check.equal('ok', replies.table.send)
        target:kill()
    end)
end)

check.case('a closed handle cannot be sent', function()
    harness.with_worker({job = 'echo'}, function(worker)
        local target = spawn_vm{module = './worker', subprocess = {}}
        target:close()
        check.raises_code(generic.EINVAL, 2, worker.send, worker, target)
        check.raises_code(generic.EINVAL, 2, worker.send, worker, {to = target})
    end)
end)

check.case('an actor that holds its own address hears itself', function()
    local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
    worker:send{job = 'relay', to = worker, reply_to = inbox}
    worker:send 'round and round'
    worker:kill()
    harness.expect_silence()
end)

check.done()
