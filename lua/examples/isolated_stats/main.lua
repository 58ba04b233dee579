-- Counts the bytes, words and lines of a file in a process that can touch nothing but that file.
--
--     emilua lua/examples/isolated_stats/main.lua FILE
--
-- This half opens FILE. The other half (stats.lua) reads hostile bytes for a living, so it runs in a
-- process of its own that holds nothing: no file system, no environment, no descriptor but its inbox.
-- What it gets is one open descriptor, in a message.

local file = require 'file'
local filesystem = require 'filesystem'
local inbox = require 'inbox'
local stream = require 'stream'
local system = require 'system'

-- Runs in the new process before anything else, and takes its powers away for good.
local deny_everything = [[
    errexit = false
    local abi = C.landlock_create_ruleset(nil, {'version'})
    errexit = true
    if abi < 1 then error 'this kernel has no Landlock' end

    local rights = {
        'execute', 'write_file', 'read_file', 'read_dir', 'remove_dir', 'remove_file', 'make_char',
        'make_dir', 'make_reg', 'make_sock', 'make_fifo', 'make_block', 'make_sym',
    }
    if abi >= 2 then rights[#rights + 1] = 'refer' end
    if abi >= 3 then rights[#rights + 1] = 'truncate' end
    if abi >= 5 then rights[#rights + 1] = 'ioctl_dev' end

    -- All rights handled, no rule that allows one: every path is denied.
    local ruleset = C.landlock_create_ruleset{handled_access_fs = rights}
    set_no_new_privs()
    C.landlock_restrict_self(ruleset)
]]

local function fail(message)
    stream.write_all(system.err, 'isolated_stats: ' .. message .. '\n')
    system.exit(1)
end

local name = system.arguments[3]
if not name then
    stream.write_all(system.err, 'usage: emilua main.lua FILE\n')
    system.exit(2)
end

local input = file.stream.new()
local opened, reason = pcall(input.open, input, filesystem.path.new(name), file.open_flag.read_only)
if not opened then
    fail(name .. ': ' .. tostring(reason))
end

local actor = spawn_vm{
    module = './stats',
    subprocess = {
        stderr = 'share',
        init = {script = deny_everything},
    },
}
actor:send{document = input:release(), reply_to = inbox}

local received, reply = pcall(inbox.receive, inbox)
if not received then
    fail(name .. ': the actor has ended without an answer')
elseif reply.error then
    fail(name .. ': ' .. reply.error)
end
print(('%d lines, %d words, %d bytes; longest line: %d bytes'):format(
    reply.lines, reply.words, reply.bytes, reply.longest_line))
