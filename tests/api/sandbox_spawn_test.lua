-- box:spawn: unmodified programs under a policy. busybox is static: it needs nothing of the host but
-- its file, which the box does not show it.
local check = require 'check'
local byte_span = require 'byte_span'
local file = require 'file'
local files = require './files'
local filesystem = require 'filesystem'
local generic = require 'generic_error'
local pipe = require 'pipe'
local sandbox = require 'sandbox'
local stream = require 'stream'
local system = require 'system'

local busybox = filesystem.path.new '/bin/busybox'

-- What dynamic programs need: the linker, and libraries.
local libraries = {'/usr/lib', '/lib', '/lib64'}
local dynamic = {fs = {exec = libraries}, syscalls = 'stdio rpath prot_exec error'}

-- Runs one of busybox's programs to its end: its output and the subprocess.
local function run(policy, arguments, options)
    local out, path = files.temporary()
    options = options or {}
    options.program = options.program or busybox
    options.arguments = {'busybox', unpack(arguments)}
    options.stdout = out
    options.stderr = options.stderr or 'share'
    local box = sandbox.new(policy)
    local child = box:spawn(options)
    out:close()
    child:wait()
    return files.contents(path), child, box
end

local function refusal(code, policy, options)
    local box = sandbox.new(policy)
    options.program = options.program or busybox
    options.arguments = options.arguments or {'busybox', 'true'}
    local e = check.raises_code(code, options.arg, box.spawn, box, options)
    check.equal(nil, box.report)
    return e
end

-- --- programs --------------------------------------------------------------

check.case('a program runs in a box that grants nothing', function()
    local text, child = run(nil, {'echo', 'from', 'inside'})
    check.equal('from inside\n', text)
    check.equal(0, child.exit_code)
    check.equal(nil, child.exit_signal)
    check.equal('subprocess', getmetatable(child))
end)

check.case('input and output are pipes as well as files', function()
    local reader, writer = pipe.pair()
    local result, out = pipe.pair()
    local box = sandbox.new()
    local child = box:spawn{program = busybox, arguments = {'busybox', 'tr', 'a-z', 'A-Z'},
                            stdin = reader:release(), stdout = out:release(), stderr = 'share'}
    stream.write_all(writer, 'quiet')
    writer:close()
    local buffer = byte_span.new(5)
    stream.read_all(result, buffer)
    check.equal('QUIET', tostring(buffer))
    child:wait()
end)

check.case('without streams input is at its end, and output goes nowhere', function()
    local child = sandbox.new():spawn{program = busybox, arguments = {'busybox', 'sh', '-c', 'read line || exit 3'}}
    child:wait()
    check.equal(3, child.exit_code)
    child = sandbox.new():spawn{program = busybox, arguments = {'busybox', 'yes'}}
    child:wait()
    check.equal(128 + system.signal.SIGPIPE, child.exit_code)
end)

check.case('files of the host are out of reach unless they are granted', function()
    local fd, name = files.temporary 'secret'
    fd:close()
    local words = {'cat', tostring(name)}
    local text, child = run(nil, words, {stderr = files.temporary()})
    check.equal('', text)
    check.equal(1, child.exit_code)
    check.equal('secret', (run({fs = {read = {tostring(name)}}}, words)))
end)

check.case('a program is found by PATH, by its path and by a descriptor', function()
    check.equal('x\n', (run(nil, {'echo', 'x'}, {program = 'busybox'})))
    local opened = files.open(busybox)
    check.equal('x\n', (run(nil, {'echo', 'x'}, {program = opened})))
    check.equal('x\n', (run({fs = {exec = {'/bin/busybox'}}}, {'echo', 'x'}, {program = opened})))
end)

check.case('a dynamic program runs where its libraries may be executed', function()
    local child = sandbox.new(dynamic):spawn{program = '/usr/bin/env', arguments = {'env'}, stderr = 'share'}
    child:wait()
    check.equal(0, child.exit_code)
end)

check.case('a script runs where its interpreter may be executed', function()
    local fd, name = files.temporary '#!/bin/sh\necho $0 $1\n'
    fd:close()
    name = tostring(name)
    system.spawn{program = 'chmod', arguments = {'chmod', '+x', name}}:wait()
    local policy = {fs = {exec = {name, '/bin/sh', unpack(libraries)}}}
    local text = run(policy, {'one'}, {program = filesystem.path.new(name)})
    check.equal(name .. ' one\n', text)
end)

check.case('more descriptors have the numbers that they are given', function()
    local fd = files.temporary 'seven'
    local text = run(nil, {'sh', '-c', 'read line <&7; echo $line; read line <&8 || echo closed'},
                     {extra_fds = {[7] = fd}, stderr = files.temporary()})
    check.equal('seven\nclosed\n', text)
end)

check.case('the environment is the policy\'s, and that of the options', function()
    local words = {'sh', '-c', 'echo $A $B $HOME'}
    check.equal('1 2\n', (run({env = {A = '1'}}, words, {environment = {B = '2'}})))
    local e = refusal(generic.ENOTSUP, {env = {A = '1'}}, {environment = {A = '2'}, arg = 'environment'})
    check.equal('env', e.clause)
end)

check.case('what the policy says of the process holds for the program', function()
    local policy = {cwd = '/w', umask = 63, hostname = 'inside', fs = {mounts = {{type = 'tmpfs', target = '/w'}}},
                    syscalls = 'stdio rpath wpath cpath fattr error'}
    check.equal('/w\n0077\ninside\n', (run(policy, {'sh', '-c', 'pwd; umask; hostname'})))
end)

-- --- ends ------------------------------------------------------------------

check.case('exit codes and signals come back', function()
    local _, child = run(nil, {'sh', '-c', 'exit 7'})
    check.equal(7, child.exit_code)
    for _, namespaces in ipairs{'auto', {}} do
        child = sandbox.new{namespaces = namespaces}:spawn{program = busybox, arguments = {'busybox', 'sleep', '1000'}}
        check.equal('number', type(child.pid))
        child:kill(system.signal.SIGKILL)
        child:wait()
        check.equal(137, child.exit_code)
        check.equal(system.signal.SIGKILL, child.exit_signal)
        check.raises_code(generic.ECHILD, nil, child.wait, child)
        check.raises_code(generic.ESRCH, nil, child.kill, child, system.signal.SIGKILL)
    end
end)

check.case('process 1 of the box passes signals on, and leaves with 128 more than the number', function()
    local child = sandbox.new():spawn{program = busybox, arguments = {'busybox', 'sleep', '1000'}}
    child:kill(system.signal.SIGTERM)
    child:wait()
    check.equal(128 + system.signal.SIGTERM, child.exit_code)
    check.equal(nil, child.exit_signal)
end)

check.case('the time that the policy leaves is enforced', function()
    for _, namespaces in ipairs{'auto', {}} do
        local _, child, box = run({limits = {wall_time = 1}, namespaces = namespaces}, {'sleep', '1000'})
        check.equal(system.signal.SIGKILL, child.exit_signal)
        local found
        for _, clause in ipairs(box.report) do
            found = found or clause.clause == 'limits.wall_time' and clause.level
        end
        check.equal('enforced', found)
    end
    local text = run({limits = {wall_time = 1000}}, {'echo', 'in time'})
    check.equal('in time\n', text)
end)

check.case('a wait can be interrupted, and tried again', function()
    local child = sandbox.new():spawn{program = busybox, arguments = {'busybox', 'sleep', '1000'}}
    local waiter = spawn(function()
        child:wait()
    end)
    this_fiber.yield()
    waiter:interrupt()
    waiter:join()
    check.equal(true, waiter.interruption_caught)
    child:kill(system.signal.SIGKILL)
    child:wait()
    check.equal(system.signal.SIGKILL, child.exit_signal)
end)

-- --- refusals --------------------------------------------------------------

check.case('a program that cannot be executed is an error of spawn', function()
    local e = refusal(generic.ENOENT, nil, {program = 'no-such-program-anywhere'})
    check.equal('program', e.step)
    check.equal('execve', e.mechanism)
    e = refusal(generic.EACCES, nil, {program = '/etc/passwd'})
    check.equal('program', e.step)
    e = refusal(generic.ENOENT, nil, {program = '/usr/bin/env'})
    check.equal(true, e.reason:find('its dynamic linker /lib64/', 1, true) ~= nil)
end)

check.case('a step that fails is named with its mechanism and its error', function()
    local e = refusal(generic.ENOENT, {fs = {read = {'/absent'}}}, {})
    check.equal('fs.read[0]', e.clause)
    check.equal('Landlock', e.mechanism)
    check.equal('Landlock: allow read_file read_dir beneath /absent', e.step)
    check.equal(e.step .. ': No such file or directory', e.reason)
end)

check.case('what cannot be enforced is refused with the clause and the reason', function()
    local e = refusal(generic.ENOTSUP, {user = {map = 'subid'}}, {})
    check.equal('user.map', e.clause)
    check.equal('string', type(e.reason))
end)

check.case('options that are for the policy to say are refused by name', function()
    local fd = files.temporary()
    for option, value in pairs{
        scheduler = {policy = 'batch'}, start_new_session = true, process_group = 0, extra_groups = {},
        ruid = 0, euid = 0, rgid = 0, egid = 0, umask = 0, pdeathsig = 9, setns_user = fd, setns_mount = fd,
        setns_uts = fd, setns_ipc = fd, setns_net = fd, working_directory = filesystem.path.new '/',
    } do
        local e = refusal(generic.ENOTSUP, nil, {[option] = value, arg = option})
        check.equal('is for the policy to say', e.reason)
        check.equal(true, #e.clause > 0)
    end
    refusal(generic.ENOTSUP, nil, {process_group = 0, foreground = fd, arg = 'process_group'})
    refusal(generic.ENOTSUP, nil, {environment = {PID = '\0pid'}, arg = 'environment'})
end)

check.case('other faults are those of system.spawn', function()
    local box = sandbox.new()
    check.raises_code(generic.EINVAL, 1, box.spawn, {}, {program = busybox})
    check.raises_code(generic.EINVAL, 2, box.spawn, box)
    check.raises_code(generic.EINVAL, 'program', box.spawn, box, {})
    check.raises_code(generic.EINVAL, 'stdin', box.spawn, box, {program = busybox, stdin = 1})
    check.raises_code(generic.EINVAL, 'arguments', box.spawn, box, {program = busybox, arguments = {'a\0b'}})
end)

check.case('few descriptors leave no room for more of them', function()
    check.equal('x\n', (run({limits = {open_files = 8}}, {'echo', 'x'})))
    local fd = files.temporary()
    local e = refusal(generic.ENOTSUP, {limits = {open_files = 8}}, {extra_fds = {[8] = fd}, arg = 'extra_fds'})
    check.equal('limits.open_files', e.clause)
end)

check.done()
