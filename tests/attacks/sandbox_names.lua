-- Asks for what a box forbids, by one function of the engine; see sandbox_names_test.py.
--
--   emilua sandbox_names.lua outside|POLICY ATTEMPT DIRECTORY PID DEVICE
--
-- Prints "done RESULT" or "refused ERROR". With a policy (JSON) an actor in that box makes the attempt.
local byte_span = require 'byte_span'
local file = require 'file'
local filesystem = require 'filesystem'
local inbox = require 'inbox'
local json = require 'json'
local sandbox = require 'sandbox'
local serial_port = require 'serial_port'
local stream = require 'stream'
local system = require 'system'
local unix = require 'unix'

local function contents(input, ...)
    local buffer = byte_span.new(64)
    local n = select('#', ...) > 0 and input:read_some_at(..., buffer) or input:read_some(buffer)
    return tostring(buffer:slice(1, n))
end

local function path(text)
    return filesystem.path.new(text)
end

local hello = byte_span.append 'hello'
local attempts = {}

-- --- files -------------------------------------------------------------------

local function flags(...)
    local sum = 0
    for _, name in ipairs{...} do
        sum = bit.bor(sum, file.open_flag[name])
    end
    return sum
end

function attempts.read_stream(p)
    local f = file.stream.new()
    f:open(path(p.secret), flags 'read_only')
    return contents(f)
end

function attempts.make_stream(p)
    file.stream.new():open(path(p.made), flags('write_only', 'create'))
end

function attempts.read_random_access(p)
    local f = file.random_access.new()
    f:open(path(p.secret), flags 'read_only')
    return contents(f, 0)
end

function attempts.make_random_access(p)
    file.random_access.new():open(path(p.made), flags('read_write', 'create'))
end

function attempts.open_device(p)
    serial_port.new():open(p.device)
end

function attempts.make_pseudoterminal()
    serial_port.ptypair()
end

function attempts.change_directory(p)
    filesystem.current_working_directory(path(p.directory))
    local f = file.stream.new()
    f:open(path 'secret', flags 'read_only')
    return contents(f)
end

-- --- code --------------------------------------------------------------------

function attempts.dofile(p)
    return dofile(p.chunk)
end

function attempts.loadfile(p)
    return assert(loadfile(p.chunk))()
end

function attempts.require(p)
    return require(p.module).secret
end

-- An actor tells the secret, if there is one.
local function told_by(actor)
    actor:send{reply_to = inbox}
    return inbox:receive()
end

function attempts.spawn_thread(p)
    return told_by(spawn_vm(p.module))
end

function attempts.spawn_process(p)
    return told_by(spawn_vm{module = p.module, subprocess = {}})
end

function attempts.spawn_boxed(p)
    local box = sandbox.new{fs = {read = {p.directory}}}
    local actor = spawn_vm(box:context(p.module))
    box:handshake()
    return told_by(actor)
end

function attempts.call_boxed(p)
    return sandbox.new{fs = {read = {p.directory}}}:call(p.callee, 'x')
end

-- --- processes ---------------------------------------------------------------

function attempts.spawn_boxed_program(p)
    local box = sandbox.new{fs = {exec = {'/usr'}, write = {p.directory}}}
    box:spawn{program = path '/usr/bin/touch', arguments = {'touch', p.made}}:wait()
end

function attempts.spawn_program(p)
    system.spawn{program = path '/bin/touch', arguments = {'touch', p.made}}:wait()
end

function attempts.kill(p)
    system.kill(p.pid, system.signal.SIGKILL)
end

function attempts.process_group(p)
    return system.getpgid(p.pid)
end

function attempts.session(p)
    return system.getsid(p.pid)
end

-- --- sockets: those that it opens itself, and those that it was handed -------

for _, kind in ipairs{'stream', 'datagram', 'seqpacket'} do
    local function fresh()
        local socket = unix[kind .. '_socket'].new()
        socket:open()
        return socket
    end
    local function handed(p)
        return unix[kind .. '_socket'].new(p.socket)
    end
    for prefix, socket in pairs{open = fresh, hand = handed} do
        local name = prefix .. '_' .. kind .. '_'
        attempts[name .. 'bind'] = function(p)
            socket(p):bind(path(p.made))
        end
        attempts[name .. 'connect'] = function(p)
            local s = socket(p)
            s:connect(path(p[kind]))
            if kind == 'stream' then
                s:write_some(hello)
            else
                s:send(hello)
            end
        end
    end
    attempts['open_' .. kind] = function()
        fresh()
    end
    if kind ~= 'datagram' then
        attempts['accept_' .. kind] = function(p)
            local acceptor = unix[kind .. '_acceptor'].new()
            acceptor:open()
            acceptor:bind(path(p.made))
            acceptor:listen()
        end
        attempts['accept_handed_' .. kind] = function(p)
            unix[kind .. '_acceptor'].new(p.socket):bind(path(p.made))
        end
    end
end

function attempts.send_to(p)
    unix.datagram_socket.new(p.socket):send_to(hello, path(p.datagram))
end

function attempts.send_to_with_fds(p)
    unix.datagram_socket.new(p.socket):send_to_with_fds(hello, path(p.datagram), {})
end

-- --- what is there -----------------------------------------------------------

-- The functions that can be reached, by dotted names.
local function walk(value, name, found, visited)
    if type(value) == 'function' then
        found[#found + 1] = name
    elseif type(value) == 'table' and not visited[value] then
        visited[value] = true
        for key, member in pairs(value) do
            if type(key) == 'string' then
                walk(member, name .. '.' .. key, found, visited)
            end
        end
    end
end

function attempts.list(p)
    local found = {}
    walk(_G, 'globals', found, {})
    for name in p.modules:gmatch '%S+' do
        local ok, module = pcall(require, name)
        if ok then
            walk(module, 'module ' .. name, found, {})
        end
    end
    return table.concat(found, ';')
end

-- --- making them -------------------------------------------------------------

local function make(order)
    local ok, result = pcall(attempts[order.attempt], order)
    if ok then
        return 'done ' .. tostring(result)
    elseif type(result) == 'table' then
        return ('refused %s %d'):format(tostring(result.category), result.code)
    end
    return 'refused ' .. tostring(result)
end

if _CONTEXT == 'worker' then
    local order = inbox:receive()
    order.reply_to:send(make(order))
    return
end

local where, directory = system.arguments[3], system.arguments[5]
local order = {
    attempt = system.arguments[4],
    directory = directory,
    secret = directory .. '/secret',
    made = directory .. '/made',
    module = './module',
    callee = './callee',
    chunk = directory .. '/chunk.lua',
    pid = tonumber(system.arguments[6]),
    device = system.arguments[7],
    modules = system.arguments[8],
}
for _, kind in ipairs{'stream', 'datagram', 'seqpacket'} do
    order[kind] = directory .. '/' .. kind
    if order.attempt:find(kind) or kind == 'datagram' and order.attempt:find 'send_to' then
        local socket = unix[kind .. '_socket'].new()
        socket:open()
        order.socket = socket:release()
    end
end

if where == 'outside' then
    stream.write_all(system.out, make(order) .. '\n')
else
    local box = sandbox.new(json.decode(where))
    local worker = spawn_vm(box:context('.', {subprocess = {stderr = 'share'}}))
    box:handshake()
    order.reply_to = inbox
    worker:send(order)
    stream.write_all(system.out, inbox:receive() .. '\n')
end
