-- Gives open files to programs that may open none: a server that passes descriptors, and its client.
--
--     emilua lua/examples/file_broker/main.lua serve SOCKET FILE...
--     emilua lua/examples/file_broker/main.lua get SOCKET NAME > COPY
--
-- Who can connect to SOCKET can read the files on the server's command line, by their last component, and
-- no others: a name is looked up in a table, never in the file system. What travels is one descriptor,
-- opened for reading only; the client reads it with its own hands, and needs no rights of its own.

local asio_error = require 'asio_error'
local file = require 'file'
local path = require('filesystem').path
local stream = require 'stream'
local system = require 'system'
local unix = require 'unix'

local usage = 'usage: emilua main.lua serve SOCKET FILE...\n       emilua main.lua get SOCKET NAME\n'

local function fail(message)
    stream.write_all(system.err, 'file_broker: ' .. message .. '\n')
    system.exit(1)
end

-- A fresh descriptor for each request: clients do not share a position.
local function answer(client, files)
    local buffer = byte_span.new(255)
    while true do
        local name = tostring(buffer:slice(1, client:receive(buffer)))
        local source, refusal = file.stream.new(), 'there is no file of that name'
        if files[name] then
            local opened, e = pcall(source.open, source, files[name], file.open_flag.read_only)
            refusal = opened and '' or tostring(e)
        end
        if refusal == '' then
            local fd = source:release()
            client:send_with_fds(byte_span.append('ok'), {fd})
            fd:close()
        else
            client:send(byte_span.append(refusal))
        end
    end
end

local function serve(address, names)
    local files = {}
    for _, name in ipairs(names) do
        files[tostring(path.new(name).filename)] = path.new(name)
    end
    local acceptor = unix.seqpacket_acceptor.new()
    acceptor:open()
    acceptor:bind(address)
    acceptor:listen()
    stream.write_all(system.out, 'ready\n')
    while true do
        local client = acceptor:accept()
        -- Its end is an error (eof, or whatever befell the client), and the other clients' business is not it.
        spawn(function() pcall(answer, client, files) client:close() end):detach()
    end
end

local function get(address, name)
    local broker = unix.seqpacket_socket.new()
    broker:connect(address)
    broker:send(byte_span.append(name))
    local reply = byte_span.new(255)
    local answered, n, fds = pcall(broker.receive_with_fds, broker, reply, 1)
    if not answered then
        fail('no answer: ' .. tostring(n))
    elseif not fds[1] then
        fail(name .. ': ' .. tostring(reply:slice(1, n)))
    end
    local input, block = file.stream.new(fds[1]), byte_span.new(65536)
    while true do
        local more, count = pcall(input.read_some, input, block)
        if not more then
            if count == asio_error.misc.eof then
                return
            end
            error(count, 0)
        end
        stream.write_all(system.out, block:slice(1, count))
    end
end

local command, address, name = system.arguments[3], system.arguments[4], system.arguments[5]
if not name or name == '' or command ~= 'serve' and command ~= 'get' then
    stream.write_all(system.err, usage)
    system.exit(2)
end

address = path.new(address)
local ok, e
if command == 'serve' then
    ok, e = pcall(serve, address, {unpack(system.arguments, 5)})
else
    ok, e = pcall(get, address, name)
end
if not ok then
    fail(tostring(e))
end
