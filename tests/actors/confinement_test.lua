-- What init scripts take away, with the calls of their interface: namespaces, capabilities, Landlock,
-- system call filters. Each restriction is shown beside the same action without it.
local check = require 'check'
local file = require 'file'
local filesystem = require 'filesystem'
local generic = require 'generic_error'
local harness = require './harness'
local inbox = require 'inbox'
local system = require 'system'

local written_by, complaint_of = harness.written_by, harness.complaint_of
local SIGSYS = 31

local scratch = system.environment.TEST_TMPDIR or '/tmp'

-- The first bytes of a file, by an actor that `init` has prepared.
local function read_by_actor(path, init)
    local answer
    harness.with_worker({job = 'read_path'}, function(worker)
        worker:send(path)
        answer = inbox:receive()
    end, {stderr = 'share', init = init})
    return answer
end

local function exists_here(path)
    return (pcall(function()
        local opened = file.stream.new()
        opened:open(filesystem.path.new(path), file.open_flag.read_only)
        opened:close()
    end))
end

-- --- namespaces ------------------------------------------------------------

-- A user namespace (and the others that are named), with the ids mapped to themselves when asked for.
local function namespaces(names, map)
    local script = [[
        local status = io.open('/proc/self/status'):read('*a')
        local uid, gid = status:match 'Uid:%s*%d+%s+(%d+)', status:match 'Gid:%s*%d+%s+(%d+)'
        local flags = C.CLONE_NEWUSER
        for name in ('NAMES'):gmatch '%w+' do flags = bit.bor(flags, C['CLONE_NEW' .. name]) end
        C.unshare(flags)
        local function put(path, text) return C.write(C.open(path, C.O_WRONLY), text) end
        local function map()
            put('/proc/self/uid_map', uid .. ' ' .. uid .. ' 1')
            put('/proc/self/setgroups', 'deny')
            put('/proc/self/gid_map', gid .. ' ' .. gid .. ' 1')
        end
    ]]
    return (script:gsub('NAMES', names)) .. (map and 'map()\n' or '')
end

local private_mounts = namespaces('NS', true) .. "C.mount(nil, '/', nil, bit.bor(C.MS_REC, C.MS_PRIVATE))\n"

local namespaces_work = written_by [[
    errexit = false
    C.write(arg, tostring(C.unshare(bit.bor(C.CLONE_NEWUSER, C.CLONE_NEWNS))))
]] == '0'

local function namespace_case(name, body)
    if namespaces_work then
        check.case(name, body)
    else
        check.skip(name, 'no user namespaces')
    end
end

-- 40 §17.21
namespace_case('nothing is made on a new tmpfs before ids are mapped', function()
    check.equal('true 0', written_by(namespaces('NS') .. [[
        C.mount('none', '/mnt', 'tmpfs', 0)
        errexit = false
        local _, before = C.mkdir('/mnt/d', mode(7, 0, 0))
        errexit = true
        map()
        local _, after = C.mkdir('/mnt/d', mode(7, 0, 0))
        C.write(arg, tostring(before == C.EOVERFLOW) .. ' ' .. after)
    ]]))
end)

-- 40 §17.22
namespace_case('groups are mapped only after setgroups was denied', function()
    check.equal('true 0', written_by(namespaces '' .. [[
        errexit = false
        local _, before = put('/proc/self/gid_map', gid .. ' ' .. gid .. ' 1')
        put('/proc/self/setgroups', 'deny')
        local _, after = put('/proc/self/gid_map', gid .. ' ' .. gid .. ' 1')
        C.write(arg, tostring(before == C.EPERM) .. ' ' .. after)
    ]]))
end)

-- 40 §17.23
namespace_case('ids are mapped once', function()
    check.equal('0 true', written_by(namespaces '' .. [[
        local line = uid .. ' ' .. uid .. ' 1'
        local _, first = put('/proc/self/uid_map', line)
        errexit = false
        local _, second = put('/proc/self/uid_map', line)
        C.write(arg, first .. ' ' .. tostring(second == C.EPERM))
    ]]))
end)

namespace_case('the loopback interface is brought up by the script', function()
    check.equal('false 0 0 true', written_by(namespaces('NET') .. [[
        local function has_loopback()
            return io.open('/proc/self/net/fib_trie'):read('*a'):find('127.0.0.1', 1, true) ~= nil
        end
        local before = has_loopback()
        local result, reason = bring_up_loopback()
        C.write(arg, ('%s %d %d %s'):format(tostring(before), result, reason, tostring(has_loopback())))
    ]]))
end)

-- 40 §17.25
namespace_case('mounts of an actor stay in its namespace', function()
    local directory = scratch .. '/mounted'
    local function init(mount)
        return {script = ("local directory = '%s'\n"):format(directory) .. private_mounts .. mount .. [[
            write_all(C.open(directory .. '/inside', bit.bor(C.O_CREAT, C.O_WRONLY), mode(6, 4, 4)), 'by the script')
        ]]}
    end
    written_by(("errexit = false; C.mkdir('%s', mode(7, 5, 5))"):format(directory))
    local mounted = init "C.mount('none', directory, 'tmpfs', 0)\n"
    check.equal('by the script', read_by_actor(directory .. '/inside', mounted).text)
    check.equal(false, exists_here(directory .. '/inside'))
    check.equal('by the script', read_by_actor(directory .. '/inside', init '').text)
    check.equal(true, exists_here(directory .. '/inside'))
    written_by(("os.remove '%s/inside' os.remove '%s'"):format(directory, directory))
end)

-- 40 §17.26
namespace_case('an actor with a root of its own finds its module there and nothing else', function()
    local directory = scratch .. '/root'
    written_by(("errexit = false; C.mkdir('%s', mode(7, 5, 5))"):format(directory))
    local script = ("local directory = '%s'\n"):format(directory) .. private_mounts .. [==[
        C.umask(0)
        C.mount('none', directory, 'tmpfs', bit.bor(C.MS_NOSUID, C.MS_NODEV))
        C.chdir(directory)
        C.mkdir('old', mode(7, 5, 5))
        C.mkdir('srv', mode(7, 5, 5))
        write_all(C.open('srv/module.lua', bit.bor(C.O_CREAT, C.O_WRONLY), mode(4, 4, 4)), [[
            local file, filesystem, inbox = require 'file', require 'filesystem', require 'inbox'
            local seen = {}
            for _, path in ipairs{'/srv/module.lua', '/old/etc/passwd', '/etc/passwd', '/proc/self/status'} do
                local ok, e = pcall(function()
                    file.stream.new():open(filesystem.path.new(path), file.open_flag.read_only)
                end)
                seen[path] = ok and 0 or e.code
            end
            inbox:receive():send(seen)
        ]])
        C.pivot_root('.', 'old')
        C.chroot '.'
        C.umount2('/old', C.MNT_DETACH)
    ]==]
    local worker = spawn_vm{module = '/srv/module.lua', subprocess = {stderr = 'share', init = {script = script}}}
    worker:send(inbox)
    local seen = inbox:receive()
    check.equal(0, seen['/srv/module.lua'])
    for _, path in ipairs{'/old/etc/passwd', '/etc/passwd', '/proc/self/status'} do
        check.equal(generic.ENOENT.code, seen[path])
        check.equal(true, path:find('old') ~= nil or exists_here(path))
    end
    harness.expect_silence()
    worker:wait()
    written_by(("os.remove '%s'"):format(directory))
end)

-- --- capabilities -----------------------------------------------------------

-- 40 §17.27
namespace_case('without capabilities nothing is mounted', function()
    local mount = "C.mount('none', '/mnt', 'tmpfs', 0)\n"
    check.equal('mounted', written_by(private_mounts .. mount .. "C.write(arg, 'mounted')"))
    check.equal('<3>ipc_actor/init: mount: Operation not permitted\n',
        complaint_of(private_mounts .. "C.cap_set_proc('=')\n" .. mount))
end)

local function capabilities_of(status)
    return status:match 'CapEff:%s*(%x+)', status:match 'CapBnd:%s*(%x+)', status:match 'CapAmb:%s*(%x+)'
end

local function own_status()
    local opened, buffer = file.stream.new(), byte_span.new(4096)
    opened:open(filesystem.path.new '/proc/self/status', file.open_flag.read_only)
    local text = tostring(buffer:slice(1, opened:read_some(buffer)))
    opened:close()
    return text
end

-- 40 §17.46
namespace_case('the capabilities of an actor are its own', function()
    local before = table.concat({capabilities_of(own_status())}, ' ')
    local function actor(script)
        return {capabilities_of(read_by_actor('/proc/self/status', {script = namespaces '' .. script}).text)}
    end
    local full = actor ''
    local few = actor [[
        C.cap_drop_bound 'cap_sys_admin'
        C.cap_set_proc 'cap_chown=eip'
        C.cap_set_ambient('cap_chown', true)
    ]]
    check.equal(('0'):rep(15) .. '1', few[1])
    check.equal(true, few[2] ~= full[2])
    check.equal(few[1], few[3])
    check.equal(true, full[1] ~= few[1] and full[1] ~= ('0'):rep(16))
    check.equal(table.concat(full, ' '), table.concat(actor '', ' '))
    check.equal(before, table.concat({capabilities_of(own_status())}, ' '))
end)

-- --- Landlock ---------------------------------------------------------------

-- 40 §17.30
check.case('the version of Landlock is a small number', function()
    local version = tonumber(written_by "C.write(arg, tostring(C.landlock_create_ruleset(nil, {'version'})))")
    check.equal(true, version >= 1 and version < 100)
end)

-- 40 §17.28
check.case('without no_new_privs an ordinary user cannot restrict itself', function()
    local script = [[
        local ruleset = C.landlock_create_ruleset{handled_access_fs = {'execute'}}
        C.cap_set_proc('=')
    ]]
    local restrict = "C.landlock_restrict_self(ruleset)"
    check.equal('<3>ipc_actor/init: landlock_restrict_self: Operation not permitted\n', complaint_of(script .. restrict))
    check.equal('restricted', written_by(script .. 'set_no_new_privs()' .. restrict .. "C.write(arg, 'restricted')"))
end)

-- 40 §17.29
check.case('a misspelt right is a Lua error', function()
    check.equal('invalid LANDLOCK_ACCESS_FS|true', written_by [[
        local create = C.landlock_create_ruleset
        local ok, e = pcall(create, {handled_access_fs = {'read_file' .. 'read_dir'}})
        local well = create{handled_access_fs = {'read_file', 'read_dir'}}
        C.write(arg, tostring(not ok and e) .. '|' .. tostring(well > 2))
    ]])
end)

-- --- system call filters ----------------------------------------------------

-- A BPF program that answers openat(2) with this action, and permits the rest. `jit` knows the machine.
local function filter(action)
    local script = [[
        local function instruction(code, jt, jf, k)
            return string.char(code, 0, jt, jf, k % 256, math.floor(k / 2^8) % 256,
                               math.floor(k / 2^16) % 256, math.floor(k / 2^24))
        end
        local openat = ({x64 = 257, arm64 = 56})[jit.arch]
        local program = instruction(0x20, 0, 0, 0) .. instruction(0x15, 0, 1, openat) ..
                        instruction(0x06, 0, 0, ACTION) .. instruction(0x06, 0, 0, 0x7fff0000)
        set_no_new_privs()
        C.seccomp_set_mode_filter(program)
    ]]
    return {script = (script:gsub('ACTION', action))}
end

local KILL, ALLOW, REFUSE = '0x80000000', '0x7fff0000', '0x00050012' -- REFUSE: EXDEV

-- 40 §17.35
check.case('a filter that is none is invalid', function()
    check.equal('-1 true 0', written_by [[
        errexit = false
        set_no_new_privs()
        local result, errno = C.seccomp_set_mode_filter('')
        local allow = '\6\0\0\0\0\0\255\127'
        C.write(arg, result .. ' ' .. tostring(errno == C.EINVAL) .. ' ' .. C.seccomp_set_mode_filter(allow .. '1234567'))
    ]])
    check.equal('<3>ipc_actor/init: seccomp_set_mode_filter: Invalid argument\n',
        complaint_of "C.seccomp_set_mode_filter('')")
end)

-- 40 §17.36
check.case('an actor that makes a forbidden call is killed and its creator hears of it', function()
    check.equal('string', type(read_by_actor('/etc/passwd', filter(ALLOW)).text))
    local worker = harness.start({job = 'read_path'}, {stderr = 'share', init = filter(KILL)})
    worker:send '/etc/passwd'
    harness.expect_silence()
    check.equal(SIGSYS, worker:wait().exit_signal)
    -- Its own helper may have been born just before, and hold the inbox for a moment still.
    while pcall(worker.send, worker, 'anything') do
        this_fiber.yield()
    end
    check.raises_code(generic.EPIPE, nil, worker.send, worker, 'anything')
end)

check.case('an actor that makes a refused call goes on', function()
    check.equal(generic.EXDEV.code, read_by_actor('/etc/passwd', filter(REFUSE)).code)
end)

-- 40 §17.33
check.case('the actors of a filtered actor are filtered too', function()
    local function nested(action)
        return harness.ask({job = 'nest_read_path', path = '/etc/passwd'}, {stderr = 'share', init = filter(action)})
    end
    check.equal('string', type(nested(ALLOW).text))
    check.equal(generic.EXDEV.code, nested(REFUSE).code)
end)

check.done()
