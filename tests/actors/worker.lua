-- The other half of most cases here: does the job that its first message names.
--
--     {job = 'echo', reply_to = inbox, …}

local file = require 'file'
local filesystem = require 'filesystem'
local inbox = require 'inbox'
local stream = require 'stream'
local system = require 'system'
local time = require 'time'

local no_senders = 16

local jobs = {}

-- Every error as a plain table that can be sent.
local function described(e)
    if getmetatable(e) == 'error_code' then
        return {code = e.code, category = tostring(e.category), arg = e.arg}
    end
    return {text = tostring(e)}
end

-- Each message, until the parent has let go of us.
local function messages()
    return function()
        local ok, value = pcall(inbox.receive, inbox)
        if ok then
            return {value = value}
        elseif value.code ~= no_senders then
            error(value, 0)
        end
    end
end

function jobs.echo(order)
    for message in messages() do
        order.reply_to:send(message.value)
    end
end

-- Gives its own address away, and keeps none.
function jobs.hand_over(order)
    order.reply_to:send(order.address)
    order.address:close()
    jobs.echo(order)
end

-- What came, told by its metatable and whether it can send.
function jobs.describe(order)
    for message in messages() do
        local value = message.value
        order.reply_to:send{
            type = type(value),
            metatable = tostring(getmetatable(value)),
        }
    end
end

function jobs.context(order)
    order.reply_to:send{
        context = _CONTEXT,
        helper_context = (require '../helper').context,
        pid = system.getpid(),
        parent = system.getppid(),
        environment = system.environment,
        arguments = system.arguments,
    }
end

-- What is in the file of each path, or the error.
function jobs.read_path(order)
    for message in messages() do
        local opened, text = file.stream.new(), ''
        local ok, e = pcall(function()
            opened:open(filesystem.path.new(message.value), file.open_flag.read_only)
            local buffer = byte_span.new(4096)
            local n = opened:read_some(buffer)
            text = tostring(buffer:slice(1, n))
        end)
        order.reply_to:send(ok and {text = text} or described(e))
    end
end

-- Reads `size` bytes from a descriptor, as often as one comes.
function jobs.read(order)
    for message in messages() do
        local input = file.stream.new(message.value.from)
        local buffer = byte_span.new(message.value.size)
        stream.read_all(input, buffer)
        input:close()
        order.reply_to:send(tostring(buffer))
    end
end

-- The sum of the first byte of each descriptor.
function jobs.first_bytes(order)
    for message in messages() do
        local sum = 0
        for _, descriptor in ipairs(message.value) do
            local input = file.stream.new(descriptor)
            input:seek(0, 'set')
            local buffer = byte_span.new(1)
            stream.read_all(input, buffer)
            input:close()
            sum = sum + buffer[1]
        end
        order.reply_to:send(sum)
    end
end

-- Hands what it gets to a third actor, and tells whether that went well.
function jobs.relay(order)
    for message in messages() do
        order.to:send(message.value)
    end
end

-- What the handle in the order permits.
function jobs.use_handle(order)
    local function attempt(f, ...)
        local ok, e = pcall(f, ...)
        return ok and 'ok' or described(e)
    end
    order.reply_to:send{
        kill = attempt(order.handle.kill, order.handle),
        detach = attempt(order.handle.detach, order.handle),
        pid = attempt(function() return order.handle.child_pid end),
        send = attempt(order.handle.send, order.handle, 'sent through a forwarded handle'),
    }
end

function jobs.close_inbox(order)
    local waiting = spawn(function() return pcall(inbox.receive, inbox) end)
    this_fiber.yield()
    inbox:close()
    inbox:close()
    local _, while_waiting = waiting:join()
    local _, afterwards = pcall(inbox.receive, inbox)
    order.reply_to:send{while_waiting = described(while_waiting), afterwards = described(afterwards)}
    time.sleep(3600) -- alive, and deaf, until it is killed
end

-- Sends one message for each one asked for.
function jobs.on_request(order)
    for message in messages() do
        for i = 1, message.value do
            order.reply_to:send(i)
        end
    end
end

function jobs.print(order)
    print(order.text)
    stream.write_all(system.out, order.text .. '\n')
    order.reply_to:send 'printed'
end

function jobs.print_unread(order)
    for _ = 1, 100 do
        print(('x'):rep(1000))
    end
    order.reply_to:send 'survived'
end

function jobs.standard_streams(order)
    local function attempt(f, ...)
        local ok, e = pcall(f, ...)
        return ok and {n = e} or described(e)
    end
    order.reply_to:send{
        input = attempt(system.in_.read_some, system.in_, byte_span.new(16)),
        output = attempt(system.out.write_some, system.out, byte_span.append 'x'),
        errors = attempt(system.err.write_some, system.err, byte_span.append 'x'),
    }
end

-- An actor's actor.
function jobs.nest(order)
    local child = spawn_vm{module = '../worker', subprocess = {stderr = 'share'}}
    child:send{job = 'context', reply_to = inbox}
    local reply = inbox:receive()
    reply.grandparent = system.getpid()
    order.reply_to:send(reply)
end

-- What an actor's actor reads.
function jobs.nest_read_path(order)
    local child = spawn_vm{module = '../worker', subprocess = {stderr = 'share'}}
    child:send{job = 'read_path', reply_to = inbox}
    child:send(order.path)
    order.reply_to:send(inbox:receive())
end

-- How an actor's actor loads.
function jobs.nest_load(order)
    local child = spawn_vm{module = '../worker', subprocess = {stderr = 'share'}}
    child:send{job = 'load', path = '/nowhere', reply_to = inbox}
    order.reply_to:send(inbox:receive())
end

function jobs.exit(order)
    system.exit(order.code)
end

-- How each way of loading takes text and bytecode.
function jobs.load(order)
    local dumped = order.bytecode or string.dump(function() return 'bytecode ran' end)
    local pieces = {dumped}
    local function try(f, ...)
        local ok, chunk = pcall(f, ...)
        if not ok or type(chunk) ~= 'function' then
            return 'refused'
        end
        return chunk()
    end
    order.reply_to:send{
        text = try(load, 'return "text ran"'),
        load = try(load, dumped),
        load_with_mode = try(load, dumped, 'name', 'b'),
        load_any_mode = try(load, dumped, 'name', 'bt'),
        load_reader = try(load, function() return table.remove(pieces) end),
        loadstring = try(loadstring, dumped),
        loadfile = try(loadfile, order.path),
        dofile = select(2, pcall(dofile, order.path)) == 'bytecode ran' and 'bytecode ran' or 'refused',
    }
end

-- Which of the doors out of the language there are.
function jobs.doors(order)
    local open = {}
    for _, name in ipairs{'debug', 'io', 'os', 'package', 'ffi'} do
        if _G[name] ~= nil then
            open[#open + 1] = name
        end
    end
    for _, name in ipairs{'ffi', 'debug', 'io', 'os', 'package', 'jit.util'} do
        if pcall(require, name) then
            open[#open + 1] = 'require ' .. name
        end
    end
    order.reply_to:send(open)
end

local order = inbox:receive()
jobs[order.job](order)
