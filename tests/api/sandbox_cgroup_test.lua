-- limits.cgroup: limits of a box as a whole. Where the machine's cgroups (version 2) do not have the
-- controllers, each policy must be refused by name instead. //tests/tools:cgroup_machine_test runs
-- this on a machine that has them.
local check = require 'check'
local files = require './files'
local filesystem = require 'filesystem'
local generic = require 'generic_error'
local inbox = require 'inbox'
local pipe = require 'pipe'
local sandbox = require 'sandbox'
local stream = require 'stream'
local system = require 'system'

local here = sandbox.support().cgroup
local megabyte = 2^20
-- In the order in which they are asked for.
local controllers = {
    {'memory', 'memory_max', 'memory_swap_max'}, {'pids', 'pids_max'}, {'cpu', 'cpu_max'}, {'io', 'io_max'}}

-- The first that the limits need and this machine does not give.
local function missing_controller(limits)
    for _, each in ipairs(controllers) do
        if (limits[each[2]] or limits[each[3]]) and not here[each[1]] then
            return each[1]
        end
    end
end

-- Calls f with a policy that has the limits, and whatever else. The pid namespace is left out, so that
-- numbers are the same inside.
local function case(name, limits, rest, f)
    check.case(name, function()
        local policy = {limits = {cgroup = limits}, namespaces = {'user', 'mount', 'cgroup'}}
        for key, value in pairs(rest) do
            policy[key] = value
        end
        local missing = missing_controller(limits)
        if not missing then
            return f(policy)
        end
        local box = sandbox.new(policy)
        for _, attempt in ipairs{
            function() box:context './boxed_worker' end,
            function() box:call('./boxed_function', {job = 'nothing'}) end,
            function() box:spawn{program = filesystem.path.new '/bin/busybox', arguments = {'busybox', 'true'}} end,
            function() box:explain() end,
        } do
            local e = check.raises_code(generic.ENOTSUP, nil, attempt)
            check.equal('limits.cgroup', e.clause)
            check.equal(true, e.reason:find('no cgroup', 1, true) ~= nil or
                e.reason:find('the controller ' .. missing, 1, true) ~= nil)
        end
    end)
end

-- Without a pid namespace others' processes might be signalled; shells want /dev/null for what they do
-- not wait for.
local with_children = {
    syscalls = 'stdio rpath wpath proc error', namespaces = 'auto',
    fs = {mounts = {{type = 'dev', target = '/dev'}}}}

-- Starts a shell; gives its handle, and the other ends of its input and output.
local function shell(policy, script)
    local input, writer = pipe.pair()
    local reader, output = pipe.pair()
    local child = sandbox.new(policy):spawn{
        program = filesystem.path.new '/bin/busybox', arguments = {'busybox', 'sh', '-c', script},
        stdin = input:release(), stdout = output:release(), stderr = 'share'}
    return child, writer, reader
end

-- What comes until the text is there, or the end.
local function hear(reader, text)
    local buffer, heard = byte_span.new(1024), ''
    while not heard:find(text, 1, true) do
        local ok, n = pcall(reader.read_some, reader, buffer)
        if not ok then
            break
        end
        heard = heard .. tostring(buffer:slice(1, n))
    end
    return heard
end

-- Where version 2 is mounted.
local function mount_point()
    for line in files.contents('/proc/self/mountinfo'):gmatch('[^\n]+') do
        local at = line:match('^%d+ %d+ %S+ / (%S+) .* %- cgroup2 ')
        if at then
            return at
        end
    end
end

local function leaf_of(pid)
    local name = files.contents(('/proc/%d/cgroup'):format(pid)):match('0::(%S*/emilua%-box%-%S+)')
    return mount_point() .. assert(name, 'it has no cgroup of its own')
end

local function is_gone(leaf)
    return files.contents(leaf .. '/cgroup.procs') == nil
end

-- --- what there is ---------------------------------------------------------

-- 90 §4
check.case('support tells the controllers that a box can have', function()
    for _, each in ipairs(controllers) do
        check.equal('boolean', type(here[each[1]]))
    end
end)

-- --- limits ----------------------------------------------------------------

-- 90 §2
case('processes of a box are counted together', {pids_max = 3}, with_children, function(policy)
    local child, _, reader = shell(policy, 'exec 2>&1; (:; :) & (:; :) & (:; :) & (:; :) & wait')
    check.equal(true, hear(reader, "can't fork"):find("can't fork", 1, true) ~= nil)
    child:wait()
    check.equal(2, child.exit_code)
end)

-- 90 §2
case('a program that takes too much memory is killed', {memory_max = 16 * megabyte, memory_swap_max = 0}, {},
    function(policy)
        local child = shell(policy, 'x=0123456789abcdef; while :; do x=$x$x; done')
        child:wait()
        check.equal(128 + system.signal.SIGKILL, child.exit_code)
    end)

-- 90 §2
case('a program that takes too much time is slowed down', {cpu_max = '1000 100000'}, {}, function(policy)
    local child = shell(policy, 'while :; do :; done')
    local statistics = leaf_of(child.pid) .. '/cpu.stat'
    while not files.contents(statistics):find('nr_throttled [1-9]') do
    end
    child:kill(system.signal.SIGKILL)
    child:wait()
end)

-- 90 §2
case('a call that takes too much memory is ended', {memory_max = 32 * megabyte, memory_swap_max = 0}, {},
    function(policy)
        local box = sandbox.new(policy)
        check.equal(megabyte, box:call('./boxed_function', {job = 'hoard', n = megabyte}))
        local e = check.raises_code(generic.ECONNRESET, nil, box.call, box, './boxed_function',
            {job = 'hoard', n = 64 * megabyte})
        check.equal(system.signal.SIGKILL, e.exit_signal)
    end)

-- 90 §2
case('an actor that takes too much memory is ended', {memory_max = 32 * megabyte, memory_swap_max = 0}, {},
    function(policy)
        local box = sandbox.new(policy)
        local worker = spawn_vm(box:context './boxed_worker')
        box:handshake()
        check.equal(true, box.report[1] ~= nil)
        worker:send{job = 'hoard', n = 64 * megabyte, reply_to = inbox}
        check.equal(system.signal.SIGKILL, worker:wait().exit_signal)
    end)

case('the limits are those of the policy', {memory_max = 16 * megabyte, pids_max = 5, cpu_max = '50000 100000'}, {},
    function(policy)
        local child, writer = shell(policy, 'read x')
        local leaf = leaf_of(child.pid)
        check.equal(tostring(16 * megabyte), (files.contents(leaf .. '/memory.max'):gsub('\n', '')))
        check.equal('5\n', files.contents(leaf .. '/pids.max'))
        check.equal('50000 100000\n', files.contents(leaf .. '/cpu.max'))
        writer:close()
        child:wait()
    end)

case('the report names them', {pids_max = 5}, {}, function(policy)
    local box = sandbox.new(policy)
    check.equal(true, box:explain():find("join the box's cgroup, in a namespace: pids.max 5", 1, true) ~= nil)
    box:call('./boxed_function', {job = 'nothing'})
    local levels = {}
    for _, clause in ipairs(box.report) do
        levels[clause.clause] = clause.level
    end
    check.equal('enforced', levels['limits.cgroup'])
end)

case('a box sees its own cgroup as the root of all', {pids_max = 5},
    {fs = {mounts = {{type = 'proc', target = '/proc'}}}, namespaces = 'auto'}, function(policy)
        local child, _, reader = shell(policy, 'while read line; do echo "$line"; done < /proc/self/cgroup')
        check.equal('/', hear(reader, '0::/\n'):match('0::(%S+)'))
        child:wait()
    end)

-- --- ends ------------------------------------------------------------------

-- 90 §2
case('the cgroup of a program is gone when it has ended', {pids_max = 5}, {}, function(policy)
    local child, writer = shell(policy, 'read x; exit 3')
    local leaf = leaf_of(child.pid)
    check.equal(false, is_gone(leaf))
    writer:close()
    child:wait()
    check.equal(3, child.exit_code)
    check.equal(true, is_gone(leaf))
end)

case('who is left in the box of a program ends with it', {pids_max = 5}, with_children, function(policy)
    local child, writer, reader = shell(policy, '(while :; do :; done) & echo started; read x')
    check.equal('started\n', hear(reader, '\n'))
    local leaf = leaf_of(child.pid)
    check.equal(true, select(2, files.contents(leaf .. '/cgroup.procs'):gsub('\n', '')) >= 3)
    writer:close()
    child:wait()
    check.equal(true, is_gone(leaf))
end)

-- 90 §2
case('the cgroup of an actor is gone when it has ended', {pids_max = 20}, {}, function(policy)
    for _, ending in ipairs{'close', 'kill'} do
        local box = sandbox.new(policy)
        local worker = spawn_vm(box:context './boxed_worker')
        box:handshake()
        worker:send{job = 'pid', reply_to = inbox}
        local leaf = leaf_of(inbox:receive().value)
        worker[ending](worker)
        worker:wait()
        check.equal(true, is_gone(leaf))
    end
end)

-- 90 §2
case('the cgroup of a call is gone when it returns', {pids_max = 20}, {}, function(policy)
    local box = sandbox.new(policy)
    local caller = spawn(function()
        box:call('./boxed_function', {job = 'fall_silent', tell = inbox})
    end)
    this_fiber.yield()
    local leaf = leaf_of(inbox:receive())
    caller:interrupt()
    caller:join()
    check.equal(true, is_gone(leaf))
end)

-- --- failures --------------------------------------------------------------

case('a limit that the kernel refuses is named', {cpu_max = 'plenty'}, {}, function(policy)
    local box = sandbox.new(policy)
    for _, attempt in ipairs{
        function() spawn_vm(box:context './boxed_worker') end,
        function() box:call('./boxed_function', {job = 'nothing'}) end,
        function() box:spawn{program = filesystem.path.new '/bin/busybox', arguments = {'busybox', 'true'}} end,
    } do
        local e = check.raises_code(generic.EINVAL, nil, attempt)
        check.equal('limits.cgroup', e.clause)
        check.equal('cpu.max', e.step)
        check.equal('cgroup', e.mechanism)
        check.equal('cpu.max: Invalid argument', e.reason)
    end
end)

check.done()
