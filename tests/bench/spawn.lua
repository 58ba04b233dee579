-- Prints the median of milliseconds from spawn_vm to the actor's first message.
--     emilua spawn.lua plain|boxed|big

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

local mode = system.arguments[3]
local subprocess = {stderr = 'share'}
local ballast
if mode == 'boxed' then
    subprocess.init = {script = deny_everything}
elseif mode == 'big' then
    ballast = byte_span.new(2 ^ 30)
    for i = 1, #ballast, 4096 do
        ballast[i] = 1  -- touched, so that it is really there
    end
end

local times = {}
for i = 1, 300 do
    local start = clock.now()
    local actor = spawn_vm{module = './spawn_worker', subprocess = subprocess}
    actor:send(inbox)
    inbox:receive()
    times[i] = clock.now() - start
    actor:kill()
end
table.sort(times)
print(times[#times / 2] * 1e3)
