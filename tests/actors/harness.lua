-- Starts workers and ends them.
--
--     with_worker({job = 'echo'}, function(worker) worker:send(1) … inbox:receive() … end)

local check = require 'check'
local file = require 'file'
local filesystem = require 'filesystem'
local inbox = require 'inbox'
local stream = require 'stream'
local system = require 'system'

-- Codes of the category emilua.core.
core = {
    invalid_module_name = 1,
    module_not_found = 2,
    leaf_cannot_import_child = 5,
    bad_index = 8,
    forbid_suspend_block = 12,
    interrupted = 13,
    channel_closed = 15,
    no_senders = 16,
    current_module_not_known = 24,
}

-- A worker at its job; the order gets the inbox as reply_to.
function start(order, subprocess)
    local worker = spawn_vm{module = '../worker', subprocess = subprocess or {stderr = 'share'}}
    order.reply_to = inbox
    worker:send(order)
    order.reply_to = nil
    return worker
end

-- Waits until no sender is left; what arrives meanwhile is an error.
function expect_silence()
    collectgarbage()
    local e = check.raises(inbox.receive, inbox)
    check.equal('emilua.core', tostring(e.category))
    check.equal(core.no_senders, e.code)
end

function with_worker(order, body, subprocess)
    local worker = start(order, subprocess)
    local ok, e = pcall(body, worker)
    pcall(worker.kill, worker)
    if not ok then
        while pcall(inbox.receive, inbox) do
        end
        error(e, 0)
    end
    expect_silence()
end

-- Waits until the process is no more.
function wait_for_end(worker)
    while pcall(worker.kill, worker, 0) do
        this_fiber.yield()
    end
end

-- Starts a module that must end without an answer. It may be gone before it is asked.
function expect_no_answer(module, subprocess)
    local worker = spawn_vm{module = module, subprocess = subprocess}
    pcall(worker.send, worker, inbox)
    expect_silence()
    wait_for_end(worker)
    worker:kill()
end

-- Asks a worker of this job one question.
function ask(order, subprocess)
    local answer
    with_worker(order, function()
        answer = inbox:receive()
    end, subprocess)
    return answer
end

-- Raises unless both are the same, tables by what is in them. What came in a message has no metatable.
function same(expected, actual, where)
    where = where or 'value'
    if type(expected) ~= 'table' then
        if expected ~= actual then
            error(('%s: expected %s, got %s'):format(where, tostring(expected), tostring(actual)), 0)
        end
        return
    end
    check.equal('table', type(actual))
    check.equal(nil, getmetatable(actual))
    for k, v in pairs(expected) do
        same(v, actual[k], where .. '.' .. tostring(k))
    end
    for k in pairs(actual) do
        if expected[k] == nil then
            error(where .. ': unexpected key ' .. tostring(k), 0)
        end
    end
end

local directory = system.environment.TEST_TMPDIR or '/tmp'

local files = 0

-- A new file with this text, open for reading and writing at its beginning; and its path, whose last
-- part is `name`, or anything.
function open_file(name, text)
    files = files + 1
    local path = directory .. '/' .. (name or 'file' .. files)
    local opened = file.stream.new()
    local flag = file.open_flag
    opened:open(filesystem.path.new(path), flag.read_write + flag.create + flag.truncate)
    if text and text ~= '' then
        stream.write_all(opened, text)
        opened:seek(0, 'set')
    end
    return opened, path
end

-- All that is in a descriptor's file.
function contents(descriptor)
    local opened = file.stream.new(descriptor:dup())
    local text = ''
    if opened.size > 0 then
        local buffer = byte_span.new(opened.size)
        opened:seek(0, 'set')
        stream.read_all(opened, buffer)
        text = tostring(buffer)
    end
    opened:close()
    return text
end

-- Runs a script whose `arg` is a file; returns what is in the file after the actor has started.
function written_by(script, environment)
    local output = open_file():release()
    ask({job = 'context'}, {stderr = 'share', environment = environment, init = {script = script, arg = output}})
    return contents(output)
end

-- Runs a script that must end the child before its module starts; returns its standard error.
function complaint_of(script)
    local errors = open_file():release()
    expect_no_answer('../worker', {stderr = errors, init = {script = script}})
    return contents(errors)
end
