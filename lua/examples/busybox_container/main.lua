-- Runs busybox's shell in a container whose root directory is one of yours.
--
--     emilua lua/examples/busybox_container/main.lua [OPTION] ROOTFS [NAME=VALUE…] [ARGUMENT…]
--     emilua lua/examples/busybox_container/main.lua rootfs PATH=/bin -c 'id; ps'
--
-- ROOTFS has bin/busybox (a static one) and the directories proc and tmp. The variables are all the
-- environment that the shell has, the arguments are the shell's. It shares this program's standard
-- streams, and this program ends as it does: with its status, or 128 and the signal that ended it.
--
-- Root and ordinary users alike may do this. Inside is one user, root, who outside is the caller. With
-- --subuid=FIRST:COUNT there are COUNT more, 1 and on; outside they are FIRST and on, and their groups
-- too, which must be the caller's by /etc/subuid and /etc/subgid (needs newuidmap and newgidmap).
--
-- This half (the host) starts the new process and does for it what cannot be done from inside: it
-- writes the maps of its ids. The other half, init_script.lua, is that process (the guest): it makes
-- the container around itself, then becomes the shell. They talk over a pair of sockets:
--
--     host → guest   "one" or "range"
--     guest → host   if it is one: two descriptors, of its uid_map and its gid_map
--     host → guest   what to run; from here on ids are mapped
--     guest → host   the end of the connection: the shell runs. Or else why it does not

local asio_error = require 'asio_error'
local file = require 'file'
local stream = require 'stream'
local system = require 'system'
local unix = require 'unix'

local usage = 'usage: emilua main.lua [--subuid=FIRST:COUNT] ROOTFS [NAME=VALUE...] [ARGUMENT...]\n'

local function fail(message)
    stream.write_all(system.err, 'busybox_container: ' .. message .. '\n')
    system.exit(1)
end

-- The text of a file beside this one.
local function read(name)
    local source = file.stream.new()
    source:open(_FILE.parent_path / name, file.open_flag.read_only)
    local text = byte_span.new(source.size)
    stream.read_all(source, text)
    source:close()
    return tostring(text)
end

-- The guest's root is who runs this. The kernel takes a whole map in one write, and only one.
local function map_one(guest, id)
    local message = byte_span.new(4096)
    local n, fds = guest:receive_with_fds(message, 1)
    if not fds[1] then
        fail(tostring(message:slice(1, n)))
    end
    local map = file.stream.new(fds[1])
    map:write_some(byte_span.append(('0 %d 1\n'):format(id)))
    map:close()
end

-- The same, and a range of ids that only a set-uid program may give; it says itself what is wrong.
local function map_range(mapper, pid, id, first, count)
    local spawned, process = pcall(system.spawn, {
        program = mapper, stderr = 'share',
        arguments = {mapper, tostring(pid), '0', tostring(id), '1', '1', first, count},
    })
    if not spawned then
        fail(mapper .. ': ' .. tostring(process))
    end
    process:wait()
    if process.exit_code ~= 0 then
        system.exit(1)
    end
end

local function map_ids(guest, pid, first, count)
    local _, uid = system.getresuid()
    local _, gid = system.getresgid()
    guest:send(byte_span.append(first and 'range' or 'one'))
    if first then
        map_range('newuidmap', pid, uid, first, count)
        map_range('newgidmap', pid, gid, first, count)
    else
        map_one(guest, uid)
        map_one(guest, gid)
    end
end

-- In the new process. The path of the module matters to nobody: the script becomes another program.
local function start_guest(argument)
    local spawned, process = pcall(spawn_vm, {
        module = '/never/loaded',
        subprocess = {
            newns_user = true, newns_mount = true, newns_pid = true,
            newns_net = true, newns_ipc = true, newns_uts = true,
            stdin = 'share', stdout = 'share', stderr = 'share',
            init = {script = read 'init_script.lua', arg = argument},
        },
    })
    if not spawned then
        fail('no such namespaces here: ' .. tostring(process))
    end
    return process
end

-- How the shell has ended. `order`: the root directory, the number of variables, these, the arguments.
local function run(order, first, count)
    local guest, argument = unix.seqpacket_socket.pair()
    argument = argument:release()
    local process = start_guest(argument)
    argument:close() -- or else nobody would see that the guest has closed its own
    map_ids(guest, process.child_pid, first, count)
    guest:send(byte_span.append(table.concat(order, '\0')))

    local reason = byte_span.new(4096)
    local failed, n = pcall(guest.receive, guest, reason)
    if failed then
        fail(tostring(reason:slice(1, n)))
    elseif n ~= asio_error.misc.eof then
        error(n, 0)
    end
    return process:wait()
end

local arguments = {unpack(system.arguments, 3)}
local first, count
if arguments[1] and arguments[1]:find '^%-%-subuid' then
    first, count = table.remove(arguments, 1):match '^%-%-subuid=(%d+):(%d+)$'
    if not first then
        arguments = {}
    end
end
if not arguments[1] then
    stream.write_all(system.err, usage)
    system.exit(2)
end
local variables = 0
while (arguments[variables + 2] or ''):find '^[%a_][%w_]*=' do
    variables = variables + 1
end
table.insert(arguments, 2, tostring(variables))
if #table.concat(arguments, '\0') > 65536 then
    fail 'the arguments are longer than 65536 bytes'
end

local ok, status = pcall(run, arguments, first, count)
if not ok then
    fail(tostring(status))
end
system.exit(status.exit_code or 128 + status.exit_signal)
