-- system.spawn: what the program finds, for each option that takes no privileges. See probe.lua.
local check = require 'check'
local files = require './files'
local filesystem = require 'filesystem'
local generic = require 'generic_error'
local probe = require './probe'
local system = require 'system'

local EINVAL, ENOENT = generic.EINVAL, generic.ENOENT

local function path(text)
    return filesystem.path.new(text)
end

local function spawn_error(expected, step, options)
    local e = check.raises_code(expected, nil, system.spawn, options)
    check.equal('system', tostring(e.category))
    check.equal(step, e.step)
    return e
end

local function sorted(list)
    table.sort(list)
    return table.concat(list, ' ')
end

-- --- program ---------------------------------------------------------------

-- 80 §12.24, 40 §17.39
check.case('a program that is not there is ENOENT from spawn', function()
    spawn_error(ENOENT, 'program', {program = '/nonexistent'})
    spawn_error(ENOENT, 'program', {program = 'no-such-program-anywhere'})
    spawn_error(ENOENT, 'program', {program = path '/nonexistent'})
    spawn_error(ENOENT, 'program', {program = ''})
end)

check.case('other reasons why a program cannot be executed have their errno', function()
    spawn_error(generic.EACCES, 'program', {program = '/etc'})
    spawn_error(generic.EACCES, 'program', {program = '/etc/passwd'})
    spawn_error(generic.ENOTDIR, 'program', {program = '/etc/passwd/x'})
    local fd, name = files.temporary 'neither a binary nor a script'
    fd:close()
    system.spawn{program = 'chmod', arguments = {'chmod', '+x', tostring(name)}}:wait()
    spawn_error(generic.ENOEXEC, 'program', {program = name})
    spawn_error(generic.E2BIG, 'program', {program = '/bin/true', arguments = {('x'):rep(4 * 1024 * 1024)}})
end)

-- 80 §12.25
check.case('a name is looked up in the parent\'s PATH, whatever the environment of the child', function()
    local child = system.spawn{program = 'true'}
    child:wait()
    check.equal(0, child.exit_code)
    child = system.spawn{program = 'true', environment = {PATH = '/nonexistent'}}
    child:wait()
    check.equal(0, child.exit_code)
end)

-- 80 §12.26
check.case('a path is not searched, and starts at the working directory of the child', function()
    spawn_error(ENOENT, 'program', {program = path 'true'})
    local child = system.spawn{program = path 'true', working_directory = path '/bin'}
    child:wait()
    check.equal(0, child.exit_code)
    child = system.spawn{program = 'bin/true', working_directory = path '/'}
    child:wait()
    check.equal(0, child.exit_code)
end)

-- 80 §6: any number
check.case('a program can be a descriptor, whatever its number', function()
    local copies = {}
    for i = 1, 20 do
        copies[i] = files.open '/bin/true'
    end
    for _, fd in ipairs(copies) do
        local child = system.spawn{program = fd}
        child:wait()
        check.equal(0, child.exit_code)
    end
    -- One that is among the numbers of the program is executed all the same.
    local child = system.spawn{program = copies[1], extra_fds = {[3] = copies[2], [4] = copies[3], [5] = copies[4]}}
    child:wait()
    check.equal(0, child.exit_code)
end)

check.case('a descriptor of what is no program fails', function()
    spawn_error(generic.EACCES, 'program', {program = files.open '/etc/passwd'})
end)

-- 80 §12.24
check.case('what is no program is EINVAL', function()
    check.raises_code(EINVAL, 'program', system.spawn, {})
    for _, value in ipairs{1, true, {}, system, '/bin/true\0x', path '/bin/true\0x'} do
        check.raises_code(EINVAL, 'program', system.spawn, {program = value})
    end
    check.equal('string', type(check.raises(system.spawn)))
    check.equal('string', type(check.raises(system.spawn, '/bin/true')))
end)

-- --- arguments and environment ---------------------------------------------

check.case('arguments are passed as they are, argv[0] among them', function()
    local r = probe.report{arguments = {'name', '', 'a b', '\255\n', nil, 'beyond'}}
    check.equal(4, #r.arguments)
    check.equal('name||a b|\255\n', table.concat(r.arguments, '|'))
end)

-- 80 §12.28
check.case('arguments and environment take strings only', function()
    for _, value in ipairs{{'x', 1}, {true}, {'a\0b'}, 'x', 1} do
        check.raises_code(EINVAL, 'arguments', system.spawn, {program = '/bin/true', arguments = value})
    end
    for _, value in ipairs{{A = 1}, {'x'}, {['A=B'] = 'x'}, {[''] = 'x'}, {A = 'a\0b'}, {['A\0'] = 'x'}, 'x', 1} do
        check.raises_code(EINVAL, 'environment', system.spawn, {program = '/bin/true', environment = value})
    end
end)

-- 80 §12.25
check.case('the environment is what is given, and empty without', function()
    check.equal(0, #probe.report{}.environment)
    local r = probe.report{environment = {A = '1', B = '', C = 'x=y'}}
    check.equal('A=1 B= C=x=y', sorted(r.environment))
end)

-- 40 §9
check.case('one value stands for the pid of the child', function()
    local r = probe.report{environment = {LISTEN_PID = '\0pid', OTHER = '\0pid', X = 'x'}}
    check.equal(('LISTEN_PID=%d OTHER=%d X=x'):format(r.pid, r.pid), sorted(r.environment))
    check.raises_code(EINVAL, 'environment', system.spawn, {program = '/bin/true', environment = {A = '\0pi'}})
end)

-- --- descriptors -----------------------------------------------------------

-- 80 §12.36: no descriptor leaks
check.case('only the standard streams and what is asked for is open', function()
    local fd, name = files.temporary()
    local keep = {}
    for i = 1, 20 do
        keep[i] = fd:dup()
    end
    local numbers = {}
    for number in pairs(probe.report{}.descriptors) do
        numbers[#numbers + 1] = number
    end
    check.equal('0 1 2', sorted(numbers))
    numbers = {}
    local r = probe.report{extra_fds = {[3] = fd, [9] = fd, [2] = 'ignored', [10] = 'ignored', x = 'ignored'}}
    for number, what in pairs(r.descriptors) do
        numbers[#numbers + 1] = number
        if number > 2 then
            check.equal(tostring(name), what.target)
        end
    end
    check.equal('0 1 2 3 9', sorted(numbers))
end)

check.case('descriptors may change places', function()
    -- The numbers 3 to 9 of this process, as far as they are free, and more.
    local fds, names = {}, {}
    for i = 1, 10 do
        fds[i], names[i] = files.temporary()
    end
    for shift = 0, 9 do
        local wanted = {}
        for number = 3, 9 do
            wanted[number] = fds[(number + shift) % 10 + 1]
        end
        local r = probe.report{stdin = fds[shift + 1], extra_fds = wanted}
        check.equal(tostring(names[shift + 1]), r.descriptors[0].target)
        for number = 3, 9 do
            check.equal(tostring(names[(number + shift) % 10 + 1]), r.descriptors[number].target)
        end
    end
    for _, name in ipairs(names) do
        end
end)

-- 80 §12.29
check.case('extra_fds takes descriptors only', function()
    for _, value in ipairs{{[3] = 'x'}, {[9] = 1}, {[5] = true}, 'x', 1} do
        check.raises_code(EINVAL, 'extra_fds', system.spawn, {program = '/bin/true', extra_fds = value})
    end
end)

check.case('given descriptors stay with the caller', function()
    local fd, name = files.temporary()
    probe.shell('echo out; echo err >&2; echo three >&3', {stderr = fd, extra_fds = {[3] = fd}})
    fd:close()
    check.equal('err\nthree\n', files.contents(name))
end)

check.case('a closed descriptor is EINVAL for every option that takes one', function()
    local closed = system.err:dup()
    closed:close()
    for _, name in ipairs{'program', 'stdin', 'stdout', 'stderr', 'working_directory', 'nsenter_user', 'nsenter_mount',
        'nsenter_uts', 'nsenter_ipc', 'nsenter_net', 'setns_user', 'setns_mount', 'setns_uts', 'setns_ipc',
        'setns_net'} do
        for _, value in ipairs{closed, 7, {}, 'text/plain'} do
            if name ~= 'program' or value ~= 'text/plain' then
                local options = {program = '/bin/true'}
                options[name] = value
                check.raises_code(EINVAL, name, system.spawn, options)
            end
        end
    end
    check.raises_code(EINVAL, 'set_ctty', system.spawn,
        {program = '/bin/true', start_new_session = true, set_ctty = closed})
    check.raises_code(EINVAL, 'foreground', system.spawn,
        {program = '/bin/true', process_group = 0, foreground = closed})
end)

-- 80 §12.27
check.case('without stdin there is nothing to read, and without stdout nobody who reads', function()
    check.equal('end 1\n', (probe.shell('read x; echo end $?')))
    local child = system.spawn{program = 'cat', arguments = {'cat', '/etc/passwd'}}
    child:wait()
    check.equal(141, child.exit_code)
    check.equal(13, child.exit_signal)
end)

check.case('shared streams are those of the parent', function()
    local r = probe.report{stdin = 'share', stderr = 'share'}
    check.equal('/dev/null', r.descriptors[0].target)
    for _, name in ipairs{'stdin', 'stdout', 'stderr'} do
        check.raises_code(EINVAL, name, system.spawn, {program = '/bin/true', [name] = 'shared'})
    end
end)

-- --- signals ---------------------------------------------------------------

-- 80 §12.36
check.case('every signal is at its default and unblocked, also what the parent ignores', function()
    system.signal.ignore(system.signal.SIGUSR1)
    local set = system.signal.set.new(system.signal.SIGUSR2)
    -- Not from the probe: sanitizers have handlers of their own.
    local status = probe.shell 'exec cat /proc/self/status'
    for _, field in ipairs{'SigBlk', 'SigIgn', 'SigCgt', 'SigPnd', 'ShdPnd'} do
        check.equal(('0'):rep(16), status:match(field .. ':%s*(%x+)'))
    end
    set:clear()
    system.signal.default(system.signal.SIGUSR1)
end)

-- --- sessions and groups ---------------------------------------------------

check.case('by default the child is in the session and the group of its parent', function()
    local r = probe.report{}
    check.equal(system.getpgrp(), r.pgid)
    check.equal(system.getsid(0), r.sid)
    check.equal(system.getpid(), r.ppid)
end)

check.case('start_new_session makes a session', function()
    local r = probe.report{start_new_session = true}
    check.equal(r.pid, r.sid)
    check.equal(r.pid, r.pgid)
    check.equal(system.getsid(0), probe.report{start_new_session = false}.sid)
    check.raises_code(EINVAL, 'start_new_session', system.spawn, {program = '/bin/true', start_new_session = 1})
end)

check.case('process_group makes a group, or joins one', function()
    local r = probe.report{process_group = 0}
    check.equal(r.pid, r.pgid)
    local leader = system.spawn{program = 'sleep', arguments = {'sleep', '60'}, process_group = 0}
    check.equal(leader.pid, system.getpgid(leader.pid))
    check.equal(leader.pid, probe.report{process_group = leader.pid}.pgid)
    leader:kill(system.signal.SIGKILL)
    leader:wait()
    for _, value in ipairs{-1, 0.5, '0', true, 1e10} do
        check.raises_code(EINVAL, 'process_group', system.spawn, {program = '/bin/true', process_group = value})
    end
end)

-- 80 §6
check.case('a session leader cannot change its group', function()
    spawn_error(generic.EPERM, 'process_group', {program = '/bin/true', start_new_session = true, process_group = 0})
end)

-- 80 §12.35, 40 §17.41
check.case('the options of job control need each other', function()
    local fd = system.err:dup()
    check.raises_code(EINVAL, 'set_ctty', system.spawn, {program = '/bin/true', set_ctty = fd})
    check.raises_code(EINVAL, 'foreground', system.spawn, {program = '/bin/true', foreground = fd})
    check.raises_code(EINVAL, 'foreground', system.spawn, {program = '/bin/true', foreground = 'stdin', stdin = 'share'})
    check.raises_code(EINVAL, 'set_ctty/foreground', system.spawn,
        {program = '/bin/true', set_ctty = fd, foreground = fd, start_new_session = true, process_group = 0})
    for _, stdin in ipairs{fd, false} do
        check.raises_code(EINVAL, 'foreground', system.spawn,
            {program = '/bin/true', foreground = 'stdin', process_group = 0, stdin = stdin or nil})
    end
    check.raises_code(EINVAL, 'foreground', system.spawn,
        {program = '/bin/true', foreground = 'stdnothing', process_group = 0})
end)

check.case('what is no terminal cannot become one', function()
    local fd = files.open '/dev/null'
    spawn_error(generic.ENOTTY, 'set_ctty', {program = '/bin/true', start_new_session = true, set_ctty = fd})
    spawn_error(generic.ENOTTY, 'foreground', {program = '/bin/true', process_group = 0, foreground = fd})
end)

-- --- scheduler -------------------------------------------------------------

check.case('the policies without real time need no privilege', function()
    for name, number in pairs{other = 0, batch = 3, idle = 5} do
        local r = probe.report{scheduler = {policy = name}}
        check.equal(number, r.policy)
        check.equal(false, r.reset_on_fork)
        check.equal(true, probe.report{scheduler = {policy = name, priority = 0, reset_on_fork = true}}.reset_on_fork)
    end
    check.equal(0, probe.report{scheduler = {priority = 0}}.priority)
    check.equal(0, probe.report{scheduler = {}}.policy)
end)

-- 80 §12.34
check.case('scheduler options are checked', function()
    for arg, values in pairs{
        ['scheduler'] = {'batch', 1, true},
        ['scheduler.policy'] = {{policy = 'deadline'}, {policy = 1}, {policy = {}}},
        ['scheduler.priority'] = {{policy = 'fifo'}, {policy = 'rr'}, {policy = 'fifo', priority = 0},
            {policy = 'rr', priority = 100}, {policy = 'other', priority = 1}, {priority = '1'},
            {policy = 'fifo', priority = 1.5}},
        ['scheduler.reset_on_fork'] = {{reset_on_fork = false}, {reset_on_fork = true},
            {policy = 'other', reset_on_fork = 1}},
    } do
        for _, value in ipairs(values) do
            check.raises_code(EINVAL, arg, system.spawn, {program = '/bin/true', scheduler = value})
        end
    end
    spawn_error(EINVAL, 'scheduler', {program = '/bin/true', scheduler = {priority = 5}})
end)

-- --- surroundings ----------------------------------------------------------

check.case('umask is the child\'s', function()
    check.equal(63, probe.report{umask = 63}.umask)
    check.equal(0, probe.report{umask = 0}.umask)
    for _, value in ipairs{-1, 512, 1.5, '18', true} do
        check.raises_code(EINVAL, 'umask', system.spawn, {program = '/bin/true', umask = value})
    end
end)

check.case('pdeathsig is armed', function()
    check.equal(0, probe.report{}.pdeathsig)
    check.equal(15, probe.report{pdeathsig = 15}.pdeathsig)
    for _, value in ipairs{-1, 65, 1.5, '15'} do
        check.raises_code(EINVAL, 'pdeathsig', system.spawn, {program = '/bin/true', pdeathsig = value})
    end
end)

check.case('the working directory is a path or a descriptor', function()
    check.equal('/usr/bin', probe.report{working_directory = path '/usr/bin'}.working_directory)
    check.equal('/usr', probe.report{working_directory = files.open '/usr'}.working_directory)
    spawn_error(ENOENT, 'working_directory', {program = '/bin/true', working_directory = path '/nonexistent'})
    spawn_error(generic.ENOTDIR, 'working_directory', {program = '/bin/true', working_directory = path '/etc/passwd'})
    spawn_error(generic.ENOTDIR, 'working_directory',
        {program = '/bin/true', working_directory = files.open '/etc/passwd'})
    -- 80 §12.28
    check.raises_code(EINVAL, 'working_directory', system.spawn, {program = '/bin/true', working_directory = '/'})
    check.raises_code(EINVAL, 'working_directory', system.spawn,
        {program = '/bin/true', working_directory = path '/\0'})
end)

check.case('ids are checked', function()
    for _, name in ipairs{'ruid', 'euid', 'rgid', 'egid'} do
        for _, value in ipairs{-1, 2 ^ 32, 1.5, '0', true} do
            check.raises_code(EINVAL, name, system.spawn, {program = '/bin/true', [name] = value})
        end
    end
    for _, value in ipairs{{-1}, {'0'}, {0, 1.5}, {2 ^ 32}, 'x', 0} do
        check.raises_code(EINVAL, 'extra_groups', system.spawn, {program = '/bin/true', extra_groups = value})
    end
    local uid, gid = system.getresuid(), system.getresgid()
    local r = probe.report{ruid = uid, euid = uid, rgid = gid, egid = gid}
    check.equal(('%d\t%d\t%d\t%d'):format(uid, uid, uid, uid), r.status.Uid)
end)

check.case('a descriptor of no namespace cannot be entered', function()
    local fd = system.err:dup()
    for _, kind in ipairs{'user', 'mount', 'uts', 'ipc', 'net'} do
        spawn_error(EINVAL, 'setns_' .. kind, {program = '/bin/true', ['nsenter_' .. kind] = fd})
        spawn_error(EINVAL, 'setns_' .. kind, {program = '/bin/true', ['setns_' .. kind] = fd})
        check.raises_code(EINVAL, 'setns_' .. kind, system.spawn,
            {program = '/bin/true', ['setns_' .. kind] = fd, ['nsenter_' .. kind] = fd})
    end
end)

-- 80 §6
check.case('unknown options are ignored', function()
    local child = system.spawn{program = '/bin/true', nonsense = 1, pd_daemon = true, show_window = 3}
    child:wait()
    check.equal(0, child.exit_code)
end)

check.done()
