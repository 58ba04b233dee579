-- Ids, groups and sessions of the process; what takes privileges is in credentials_test.
local check = require 'check'
local generic = require 'generic_error'
local system = require 'system'

local EINVAL, EPERM, ESRCH = generic.EINVAL, generic.EPERM, generic.ESRCH
local nobody = 2 ^ 22 + 1 -- above the highest pid

-- 80 §12.11
check.case('groups and sessions', function()
    check.equal(system.getpgrp(), system.getpgid(0))
    check.equal(system.getpgrp(), system.getpgid(system.getpid()))
    check.equal(system.getsid(0), system.getsid(system.getpid()))
    for _, f in ipairs{system.getpgid, system.getsid} do
        check.raises_code(ESRCH, nil, f, nobody)
        check.equal('system', tostring(check.raises(f, nobody).category))
        check.equal('string', type(check.raises(f)))
        check.raises_code(EINVAL, 1, f, 1e20)
    end
end)

-- 80 §12.11
check.case('kill probes', function()
    check.equal(0, select('#', system.kill(system.getpid(), 0)))
    check.raises_code(ESRCH, nil, system.kill, nobody, 0)
    check.raises_code(EINVAL, nil, system.kill, system.getpid(), 999)
    check.raises_code(EINVAL, 2, system.kill, system.getpid(), 1e20)
    check.equal('string', type(check.raises(system.kill, system.getpid())))
    check.equal('string', type(check.raises(system.kill)))
end)

check.case('setpgid moves children and ourselves', function()
    system.setpgid(0, 0)
    check.equal(system.getpid(), system.getpgrp())
    local child = system.spawn{program = 'sleep', arguments = {'sleep', '60'}}
    -- It has executed a program already.
    check.raises_code(generic.EACCES, nil, system.setpgid, child.pid, child.pid)
    child:kill(9)
    child:wait()
    check.raises_code(ESRCH, nil, system.setpgid, nobody, 0)
    check.raises_code(EINVAL, nil, system.setpgid, 0, -1)
    check.equal('string', type(check.raises(system.setpgid, 0)))
end)

check.case('a group leader cannot make a session', function()
    check.raises_code(EPERM, nil, system.setsid)
end)

-- 80 §12.12
check.case('setresuid and setresgid with -1 change nothing', function()
    for _, kind in ipairs{'uid', 'gid'} do
        local get, set = system['getres' .. kind], system['setres' .. kind]
        local before = table.concat({get()}, ' ')
        check.equal(3, select('#', get()))
        set(-1, -1, -1)
        set(get())
        check.equal(before, table.concat({get()}, ' '))
    end
end)

-- 80 §4
check.case('a missing id is not taken for "keep"', function()
    for _, set in ipairs{system.setresuid, system.setresgid} do
        check.equal('string', type(check.raises(set)))
        check.equal('string', type(check.raises(set, -1)))
        check.equal('string', type(check.raises(set, -1, -1)))
        check.equal('string', type(check.raises(set, -1, -1, 'x')))
        for i, arguments in ipairs{{2 ^ 32, -1, -1}, {-1, -2, -1}, {-1, -1, 0 / 0}} do
            check.raises_code(EINVAL, i, set, unpack(arguments))
        end
    end
end)

check.case('getgroups is a list of numbers', function()
    for i, group in ipairs(system.getgroups()) do
        check.equal('number', type(group), i)
    end
end)

check.case('setgroups checks its list', function()
    check.equal('string', type(check.raises(system.setgroups)))
    check.equal('string', type(check.raises(system.setgroups, 1)))
    for _, list in ipairs{{'0'}, {0, {}}, {-1}, {2 ^ 32}} do
        check.raises_code(EINVAL, 2, system.setgroups, list)
    end
end)

-- 40 §17.42
check.case('there are no jails', function()
    for _, name in ipairs{'jail_set', 'jail_get', 'jail_remove', 'jailparam_all'} do
        check.raises_code(generic.ENOSYS, nil, system[name], {})
    end
end)

-- 80 §12.10
check.case('what is no terminal has no foreground group', function()
    for _, name in ipairs{'in_', 'out', 'err'} do
        local stream = system[name]
        if not stream:isatty() then
            check.raises_code(generic.ENOTTY, nil, stream.tcgetpgrp, stream)
            check.raises_code(generic.ENOTTY, nil, stream.tcsetpgrp, stream, system.getpgrp())
        end
        check.equal('string', type(check.raises(stream.tcsetpgrp, stream)))
    end
end)

check.done()
