-- Actors inside this process: 30 §2.2, §3–§6, §8, §9.
local check = require 'check'
local generic = require 'generic_error'
local harness = require './harness'
local inbox = require 'inbox'
local mutex = require 'mutex'

local core, same = harness.core, harness.same

-- Each case runs with the actor among our threads, and on a thread of its own.
local layouts = {
    ['in our pool'] = {module = './thread_worker'},
    ['in its own pool'] = {module = './thread_worker', inherit_context = false},
    ['in its own pool of one thread'] =
        {module = './thread_worker', inherit_context = false, concurrency_hint = 1},
}

local function with_worker(body)
    for name, options in pairs(layouts) do
        local worker = spawn_vm(options)
        local ok, e = pcall(body, worker)
        worker:close()
        if not ok then
            error(name .. ': ' .. tostring(e), 0)
        end
        harness.expect_silence()
    end
end

local function ask(worker, order)
    order.reply_to = inbox
    worker:send(order)
    return inbox:receive()
end

-- The value as an actor of this process gets it and sends it back.
local function echo(value)
    local worker = spawn_vm './thread_worker'
    local answer = ask(worker, {job = 'echo', value = value})
    worker:close()
    return answer[1]
end

-- Names ---------------------------------------------------------------------------------------------

-- 30 §16.1
check.case('a name that is no module of the project is refused', function()
    for _, name in ipairs{'', 'json', 'time', './a/b', '..', './x.lua'} do
        check.raises_core(core.invalid_module_name, spawn_vm, name)
        check.raises_core(core.invalid_module_name, spawn_vm, {module = name})
    end
    check.raises_core(core.invalid_module_name, spawn_vm, {})
    check.raises_code(generic.EINVAL, 1, spawn_vm, 1)
    check.raises_code(generic.EINVAL, 1, spawn_vm)
    check.raises_code(generic.EINVAL, 'module', spawn_vm, {module = 1})
end)

-- 30 §16.2
check.case('a module that is not there is named without its prefix', function()
    check.equal('missing', check.raises_core(core.module_not_found, spawn_vm, './missing').module)
    check.equal('a/b', check.raises_core(core.module_not_found, spawn_vm, '/a/b').module)
end)

-- 30 §16.3
check.case('a syntax error is raised here, with the compiler\'s words', function()
    local e = check.raises(spawn_vm, './broken_worker')
    check.equal('lua', tostring(e.category))
    check.equal(3, e.code)
    assert(e.message:find("broken_worker.lua:1: unexpected symbol near '='", 1, true), e.message)
    check.equal('lua', tostring(check.raises(spawn_vm, {module = './broken_worker', inherit_context = false}).category))
end)

check.case('a name may be relative or begin at the import root', function()
    for _, name in ipairs{'./thread_worker', '/thread_worker'} do
        local worker = spawn_vm(name)
        check.equal('here', ask(worker, {job = 'echo', value = 'here'})[1])
        worker:close()
    end
end)

-- 30 §16.4, §16.46
check.case('the entry is in context worker, a leaf, and keeps the import root', function()
    with_worker(function(worker)
        local facts = ask(worker, {job = 'facts'})
        check.equal('worker', facts.context)
        check.equal('', facts.helper_context)
        check.equal(core.leaf_cannot_import_child, facts.child)
    end)
end)

check.case('a caller whose module is not known is refused', function()
    local f = function()
        return (spawn_vm('./thread_worker'))
    end
    check.raises_core(core.current_module_not_known, setfenv(f, {spawn_vm = spawn_vm, _FILE = 'x'}))
end)

check.case('options of another type have their default', function()
    local worker = spawn_vm{module = './thread_worker', inherit_context = 'x', new_master = 1, concurrency_hint = {}}
    check.equal(1, ask(worker, {job = 'echo', value = 1})[1])
    worker:close()
end)

-- Handles -------------------------------------------------------------------------------------------

-- 30 §16.6, §16.7
check.case('a handle is a tx-channel with nothing but send and close', function()
    with_worker(function(worker)
        check.equal('tx-channel', getmetatable(worker))
        check.equal('rx-channel', getmetatable(inbox))
        local e = check.raises_core(core.bad_index, function() return worker.foo end)
        check.equal(2, e.index)
        check.raises_code(generic.EPERM, nil, function() worker.foo = 1 end)
        for _, name in ipairs{'kill', 'detach', 'child_pid'} do
            check.raises_core(core.bad_index, function() return worker[name] end)
        end
    end)
end)

-- 30 §16.8
check.case('handles of one actor are equal, of different ones not', function()
    local a, b = spawn_vm './thread_worker', spawn_vm './thread_worker'
    check.equal(false, a == b)
    local own = ask(a, {job = 'own_address'})
    check.equal(true, own == a)
    check.equal(false, own == b)
    a:close()
    check.equal(false, a == b)
    check.equal(false, b == a)
    b:close()
    check.raises_code(generic.ENOTSUP, nil, function() return a == b end)
    check.equal(true, a == a)
    own:close()
end)

-- 30 §16.30
check.case('a closed handle sends nothing, and may be closed again', function()
    with_worker(function(worker)
        worker:close()
        worker:close()
        check.raises_core(core.channel_closed, worker.send, worker, 1)
        check.raises_core(core.channel_closed, worker.send, worker, print)
    end)
end)

-- 30 §16.14
check.case('send wants a handle and a value', function()
    with_worker(function(worker)
        check.raises_code(generic.EINVAL, nil, worker.send, worker)
        check.raises_code(generic.EINVAL, 1, worker.send, 1, 2)
        check.raises_code(generic.EINVAL, nil, worker.send, worker, nil)
    end)
end)

-- Values --------------------------------------------------------------------------------------------

-- 30 §16.21, §16.24
check.case('plain values arrive unchanged', function()
    for _, value in ipairs{true, false, 0, 2 ^ 53, 0.1, 1 / 0, -1 / 0, 5e-324, '', 'a\0b', ('x'):rep(2 ^ 20)} do
        check.equal(value, echo(value))
    end
    check.equal(-1 / 0, 1 / echo(-0.0))
    local nan = echo(0 / 0)
    check.equal(true, nan ~= nan)
end)

check.case('tables arrive as deep copies', function()
    local value = {1, 'two', {3, {}, {{a = {b = {}}}}}, {x = 1, y = {true, false}, ['a b'] = {z = 'z'}}}
    same(value, echo(value))
    same({}, echo{})
    same({a = {}, b = {{}, {{}}}}, echo{a = {}, b = {{}, {{}}}})
end)

-- 30 §16.15, §16.16, §16.18
check.case('what cannot be sent ends a list and is left out of a dictionary', function()
    same({1, 2}, echo{1, 2, nil, 4})
    same({1}, echo{1, print, 3})
    same({a = 1}, echo{a = 1, f = print, g = coroutine.create(print), m = mutex.new(), t = setmetatable({}, {})})
    same({10}, echo{10, x = 1})
    same({a = 1}, echo{a = 1, [{}] = 2, [true] = 3, [0.5] = 4, [-1] = 5})
    same({{}, {1}}, echo{{print}, {1, print}})
    same({a = {b = {}}}, echo{a = {b = {c = print}}, d = setmetatable({}, {})})
end)

-- 30 §16.14, §16.20
check.case('what cannot be sent is refused as a message of its own', function()
    with_worker(function(worker)
        for _, value in ipairs{print, coroutine.create(print), setmetatable({}, {})} do
            check.raises_code(generic.EINVAL, nil, worker.send, worker, value)
        end
        local process = spawn_vm{module = './worker', subprocess = {}}
        local closed = spawn_vm './thread_worker'
        closed:close()
        for _, value in ipairs{mutex.new(), spawn(function() end), process, closed, byte_span.new(1),
            generic.EPERM.category} do
            check.raises_code(generic.ENOTSUP, nil, worker.send, worker, value)
        end
        process:kill()
    end)
end)

-- 30 §16.19
check.case('a table inside itself is an error, a table in two places is two tables', function()
    with_worker(function(worker)
        local t = {}
        t.t = t
        for _, value in ipairs{t, {t}, {{{x = t}}}} do
            local e = check.raises(worker.send, worker, value)
            check.equal('emilua.json.dom', tostring(e.category))
            check.equal(4, e.code)
        end
    end)
    local shared = {1}
    local answer = echo{a = shared, b = shared, c = {shared, shared}}
    same({a = {1}, b = {1}, c = {{1}, {1}}}, answer)
    check.equal(false, rawequal(answer.a, answer.b))
end)

check.case('depth and length are bounded by memory only', function()
    local deep = {}
    for i = 1, 200000 do
        deep = i % 2 == 0 and {deep} or {d = deep}
    end
    local answer, depth = echo(deep), 0
    while next(answer) do
        answer, depth = answer[1] or answer.d, depth + 1
    end
    check.equal(200000, depth)
    local long = {}
    for i = 1, 300000 do
        long[i] = i
    end
    answer = echo(long)
    check.equal(300000, #answer)
    check.equal(300000, answer[300000])
end)

-- 30 §16.25
check.case('descriptors are duplicated, also two of one', function()
    local opened = harness.open_file(nil, 'text')
    local fd = opened:release()
    local answer = echo{fd, fd}
    check.equal('text', harness.contents(answer[1]))
    check.equal('text', harness.contents(answer[2]))
    check.equal('text', harness.contents(fd))
    for _, object in ipairs{fd, answer[1], answer[2]} do
        object:close()
    end
end)

-- 30 §16.26
check.case('the inbox arrives as an address, and addresses may be passed on', function()
    local a, b = spawn_vm './thread_worker', spawn_vm{module = './thread_worker', inherit_context = false}
    a:send{job = 'forward', to = b, value = {job = 'forward', to = inbox, value = 'round'}}
    check.equal('round', inbox:receive())
    check.equal('tx-channel', getmetatable(echo(inbox)))
    a:close()
    b:close()
end)

-- 30 §16.27
check.case('a message is what it was when it was sent', function()
    with_worker(function(worker)
        local order = {job = 'echo', value = 'before', reply_to = inbox}
        local sender = spawn(function() worker:send(order) end)
        this_fiber.yield()
        order.value = 'after'
        check.equal('before', inbox:receive()[1])
        sender:join()
    end)
end)

-- Rendezvous ----------------------------------------------------------------------------------------

-- 00 decision 2
check.case('send returns once the message has been received', function()
    with_worker(function(worker)
        local received, sent = false, false
        worker:send{job = 'own_address', reply_to = inbox}
        local sender = spawn(function()
            worker:send{job = 'echo', value = 1, reply_to = inbox}
            sent = true
        end)
        -- The worker waits for us to take its first answer, not for the second order.
        for _ = 1, 50 do
            this_fiber.yield()
        end
        check.equal(false, sent)
        inbox:receive():close()
        received = inbox:receive()[1]
        sender:join()
        check.equal(1, received)
        check.equal(true, sent)
    end)
end)

check.case('messages of one sender arrive in order', function()
    with_worker(function(worker)
        worker:send{job = 'count', count = 500, reply_to = inbox}
        for i = 1, 500 do
            check.equal(i, inbox:receive())
        end
    end)
end)

check.case('messages of many senders all arrive', function()
    local workers, sum = {}, 0
    for i = 1, 8 do
        workers[i] = spawn_vm{module = './thread_worker', inherit_context = i % 2 == 0}
        workers[i]:send{job = 'count', count = 100, reply_to = inbox}
    end
    for _ = 1, 800 do
        sum = sum + inbox:receive()
    end
    check.equal(8 * 5050, sum)
    for _, worker in ipairs(workers) do
        worker:close()
    end
    harness.expect_silence()
end)

-- 30 §16.12
check.case('an interrupted send takes its message back', function()
    with_worker(function(worker)
        worker:send{job = 'own_address', reply_to = inbox}
        local sender = spawn(function() worker:send{job = 'echo', value = 'taken back', reply_to = inbox} end)
        this_fiber.yield()
        sender:interrupt()
        sender:join()
        check.equal(true, sender.interruption_caught)
        inbox:receive():close()
        check.equal('next', ask(worker, {job = 'echo', value = 'next'})[1])
    end)
end)

-- 30 §16.12
check.case('an interrupted receive loses nothing', function()
    with_worker(function(worker)
        local own = echo(inbox)
        local receiver = spawn(function() inbox:receive() end)
        this_fiber.yield()
        receiver:interrupt()
        receiver:join()
        own:close()
        check.equal(true, receiver.interruption_caught)
        check.equal('still here', ask(worker, {job = 'echo', value = 'still here'})[1])
    end)
end)

-- An actor that waits takes what is sent to it at once: whatever ends its wait now comes too late.
check.case('a message that has met its receiver is received before an interruption', function()
    local own = echo(inbox)
    local got
    local receiver = spawn(function()
        got = inbox:receive()
        this_fiber.yield()
    end)
    this_fiber.yield()
    own:send 'met'
    receiver:interrupt()
    own:close()
    receiver:join()
    check.equal('met', got)
    check.equal(true, receiver.interruption_caught)
end)

check.case('a message that has met its receiver is received though the inbox closes', function()
    for _, options in pairs(layouts) do
        local worker = spawn_vm(options)
        check.equal('met', ask(worker, {job = 'meet_and_close', own = worker}))
        worker:close()
    end
end)

-- 30 §16.10
check.case('one fiber receives at a time', function()
    with_worker(function(worker)
        local own = echo(inbox)
        local receiver = spawn(function() return inbox:receive()[1] end)
        this_fiber.yield()
        check.raises_code(generic.EBUSY, nil, inbox.receive, inbox)
        own:close()
        worker:send{job = 'echo', value = 'for the first', reply_to = inbox}
        check.equal('for the first', receiver:join())
    end)
end)

check.case('a message that is there is received without giving up the turn', function()
    local own = echo(inbox)
    spawn(function() own:send 'to myself' end):detach()
    this_fiber.yield()
    local other = false
    spawn(function() other = true end):detach()
    check.equal('to myself', inbox:receive())
    check.equal(false, other)
    own:close()
end)

-- Ends ----------------------------------------------------------------------------------------------

-- 30 §16.13, §16.28
check.case('an actor that has ended receives nothing more', function()
    for _, inherit in ipairs{true, false} do
        local silent = spawn_vm{module = './silent_worker', inherit_context = inherit}
        check.raises_core(core.channel_closed, silent.send, silent, 1)
        -- 30 §16.29
        check.raises_core(core.channel_closed, silent.send, silent, print)
    end
end)

check.case('closing the inbox refuses those who wait and those who come', function()
    for _, options in pairs(layouts) do
        local worker = spawn_vm(options)
        worker:send{job = 'own_address', reply_to = inbox}
        local waiting = spawn(function()
            return pcall(worker.send, worker, {job = 'close', reply_to = inbox})
        end)
        local late = spawn(function()
            local ok, e
            repeat
                ok, e = pcall(worker.send, worker, {job = 'forward', to = inbox, value = 'ignored'})
            until not ok
            return e.code
        end)
        inbox:receive():close()
        local answer
        repeat
            answer = inbox:receive()
        until answer == 'closed'
        check.equal(true, (waiting:join()))
        check.equal(core.channel_closed, late:join())
        worker:close()
    end
end)

-- 30 §16.43, 80 §12.6
check.case('an actor ends itself, and only itself', function()
    with_worker(function(worker)
        worker:send{job = 'stop'}
        repeat
            local ok, e = pcall(worker.send, worker, {job = 'stop'})
        until not ok and e.code == core.channel_closed
    end)
end)

-- 30 §16.42, 80 §12.6
check.case('only the master may force an exit', function()
    with_worker(function(worker)
        check.equal(generic.EPERM.code, ask(worker, {job = 'facts'}).exit)
    end)
end)

-- 30 §16.9
check.case('without any sender there is nothing to wait for', function()
    harness.expect_silence()
end)

check.case('the last sender wakes who waits in vain', function()
    local own = echo(inbox)
    local receiver = spawn(function() return select(2, pcall(inbox.receive, inbox)).code end)
    this_fiber.yield()
    own:close()
    check.equal(core.no_senders, receiver:join())
end)

check.case('an actor that ends is no sender any more', function()
    with_worker(function(worker)
        worker:send{job = 'stop', reply_to = inbox}
        check.raises_core(core.no_senders, inbox.receive, inbox)
    end)
end)

-- Mixed with processes --------------------------------------------------------------------------------

check.case('a process passes an order on to an actor in a thread', function()
    local thread = spawn_vm{module = './thread_worker', inherit_context = false}
    local process = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
    -- The addresses of both inboxes become sockets on the way.
    process:send{job = 'echo', reply_to = thread}
    process:send{job = 'forward', to = inbox, value = 'by way of a thread'}
    check.equal('by way of a thread', (inbox:receive()))
    process:kill()
    thread:close()
    harness.expect_silence()
end)

-- 30 §16.5
check.case('inherit_context and new_master are not for processes', function()
    for _, value in ipairs{true, false} do
        check.raises_code(generic.EINVAL, 1, spawn_vm, {module = '.', inherit_context = value, subprocess = {}})
        check.raises_code(generic.EINVAL, 1, spawn_vm, {module = '.', new_master = value, subprocess = {}})
    end
end)

check.done()
