-- Prints the median of milliseconds from spawn_vm to the actor's first message; for namespaces also
-- that of what bwrap takes from start to end to do nothing in the same ones, by turns.
--     emilua spawn.lua local|plain|boxed|namespaces [GIBIBYTES]

local byte_span = require 'byte_span'
local clock = require 'time'.steady_clock
local inbox = require 'inbox'
local system = require 'system'

local deny_everything = [[
    local ruleset = C.landlock_create_ruleset{handled_access_fs = {
        'execute', 'write_file', 'read_file', 'read_dir', 'remove_dir', 'remove_file', 'make_char',
        'make_dir', 'make_reg', 'make_sock', 'make_fifo', 'make_block', 'make_sym',
    }}
    set_no_new_privs()
    C.landlock_restrict_self(ruleset)
]]

local mode, gibibytes = system.arguments[3], tonumber(system.arguments[4] or 0)
local ballast = {}
for n = 1, gibibytes do
    ballast[n] = byte_span.new(2 ^ 30)
    for i = 1, #ballast[n], 4096 do
        ballast[n][i] = 1  -- touched, so that it is really there
    end
end

local options = {module = './spawn_worker'}
if mode ~= 'local' then
    options.subprocess = {stderr = 'share'}
    if mode == 'boxed' then
        options.subprocess.init = {script = deny_everything}
    elseif mode == 'namespaces' then
        for _, name in ipairs{'user', 'mount', 'pid', 'ipc', 'uts'} do
            options.subprocess['newns_' .. name] = true
        end
    end
end

local function spawn_and_hear()
    local actor = spawn_vm(options)
    actor:send(inbox)
    inbox:receive()
    return actor
end

local function bwrap()
    local child = system.spawn{
        program = 'bwrap', stderr = 'share', environment = system.environment,
        arguments = {'bwrap', '--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts',
                     '--ro-bind', '/', '/', 'true'},
    }
    child:wait()
    assert(child.exit_code == 0)
end

local function median(times)
    table.sort(times)
    return times[math.ceil(#times / 2)] * 1e3
end

local ours, theirs = {}, {}
for i = 1, 300 do
    local start = clock.now()
    local actor = spawn_and_hear()
    ours[i] = clock.now() - start
    if options.subprocess then
        actor:kill()
        actor:wait()
    else
        actor:close()
    end
    if mode == 'namespaces' then
        start = clock.now()
        bwrap()
        theirs[i] = clock.now() - start
    end
end
print(median(ours), mode == 'namespaces' and median(theirs) or '')
