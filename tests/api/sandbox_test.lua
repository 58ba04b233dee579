-- Boxes for actors: what is granted, what is not, and what is said when it cannot be done. The worker
-- does what it is told and tells what came of it.
local check = require 'check'
local byte_span = require 'byte_span'
local file = require 'file'
local filesystem = require 'filesystem'
local generic = require 'generic_error'
local inbox = require 'inbox'
local json = require 'json'
local pipe = require 'pipe'
local sandbox = require 'sandbox'
local stream = require 'stream'
local system = require 'system'

local scratch = system.environment.TEST_TMPDIR or '/tmp'

local function write_file(path, text)
    local out = file.stream.new()
    local flags = bit.bor(file.open_flag.create, file.open_flag.write_only, file.open_flag.truncate)
    out:open(filesystem.path.new(path), flags)
    stream.write_all(out, text)
    out:close()
    return path
end

local secret = write_file(scratch .. '/secret', 'secret')

-- Starts the worker in a box, and calls f with it once it is in there.
local function in_box(policy, f, opts)
    local box = sandbox.new(policy)
    local worker = spawn_vm(box:context('./boxed_worker', opts or {subprocess = {stderr = 'share'}}))
    box:handshake()
    local ok, problem = pcall(f, worker, box)
    worker:close()
    if not ok then
        error(problem, 0)
    end
end

-- What the worker says to {job = …}: ok, and a value or an error's text.
local function ask(worker, job)
    job.reply_to = inbox
    worker:send(job)
    local answer = inbox:receive()
    return answer.ok, answer.value
end

-- --- the promise -----------------------------------------------------------

check.case('two lines put an actor into a box that grants nothing', function()
    local box = sandbox.new()
    local worker = spawn_vm(box:context './boxed_worker')
    local report = box:handshake()
    check.equal('table', type(report))
    local ok, value = ask(worker, {job = 'compute', n = 1000})
    check.equal(true, ok)
    check.equal(500500, value)
    worker:close()
end)

check.case('modules that require others work in a box', function()
    in_box(nil, function(worker)
        local ok, value = ask(worker, {job = 'module'})
        check.equal(true, ok)
        check.equal('helped', value)
    end)
end)

check.case('descriptors that are handed in are what there is to work on', function()
    in_box(nil, function(worker)
        local document = file.stream.new()
        document:open(filesystem.path.new(secret), file.open_flag.read_only)
        local ok, value = ask(worker, {job = 'read', document = document:release()})
        check.equal(true, ok)
        check.equal('secret', value)
    end)
end)

check.case('paths, sockets, programs, processes and namespaces are refused', function()
    in_box(nil, function(worker)
        for _, job in ipairs{'open', 'unix', 'abstract', 'spawn', 'actor'} do
            local ok, value = ask(worker, {job = job, path = secret})
            check.equal(false, ok)
            check.equal('string', type(value))
        end
    end)
end)

check.case('the same attempts succeed outside', function()
    local worker = spawn_vm{module = './boxed_worker', subprocess = {stderr = 'share'}}
    for _, job in ipairs{'open', 'unix', 'abstract', 'spawn', 'actor'} do
        local ok, value = ask(worker, {job = job, path = secret})
        check.equal(true, ok and true or value)
    end
    worker:close()
end)

check.case('large messages cross both ways', function()
    in_box(nil, function(worker)
        local text = ('x'):rep(1000000)
        local ok, value = ask(worker, {job = 'echo', text = text})
        check.equal(true, ok)
        check.equal(true, text == value)
    end)
end)

check.case('timers, fibers, pipes and threads of the engine work in a box', function()
    in_box(nil, function(worker)
        local ok, value = ask(worker, {job = 'engine'})
        check.equal(true, ok and true or value)
    end)
end)

-- --- grants ----------------------------------------------------------------

check.case('a granted path can be read, and its neighbour cannot', function()
    local granted = write_file(scratch .. '/granted', 'granted')
    in_box({fs = {read = {granted}}}, function(worker)
        local ok, value = ask(worker, {job = 'open', path = granted})
        check.equal('granted', value)
        check.equal(true, ok)
        check.equal(false, (ask(worker, {job = 'open', path = secret})))
    end)
end)

check.case('an empty root holds what is mounted', function()
    local source = write_file(scratch .. '/mounted', 'mounted')
    in_box({fs = {root = 'empty', mounts = {
        {type = 'bind', source = source, target = '/data/file', readonly = true},
        {type = 'file', target = '/etc/note', content = 'note'},
    }}}, function(worker)
        for path, text in pairs{['/data/file'] = 'mounted', ['/etc/note'] = 'note'} do
            local _, value = ask(worker, {job = 'open', path = path})
            check.equal(text, value)
        end
        check.equal(false, (ask(worker, {job = 'open', path = secret})))
    end)
end)

check.case('the environment is the policy\'s, and a variable of the options', function()
    in_box({env = {GIVEN = 'by policy'}}, function(worker)
        local _, value = ask(worker, {job = 'environment'})
        check.equal('GIVEN=by policy', value)
    end)
end)

check.case('machine code is made only where it is granted', function()
    in_box({jit = true}, function(worker)
        local _, value = ask(worker, {job = 'jit'})
        check.equal(true, value)
    end)
    in_box(nil, function(worker)
        local _, value = ask(worker, {job = 'jit'})
        check.equal(false, value)
    end)
end)

check.case('a promise adds what it names', function()
    in_box({syscalls = 'stdio thread unix error', net = {unix = true}}, function(worker)
        check.equal(true, (ask(worker, {job = 'unix'})))
    end)
end)

-- --- what is told ----------------------------------------------------------

check.case('the report names the mechanism of every clause', function()
    in_box(nil, function(_, box)
        local levels = {}
        for _, clause in ipairs(box.report) do
            levels[clause.clause] = clause.level
        end
        for _, clause in ipairs{'fs', 'net', 'ipc', 'ipc.signals', 'ipc.abstract_unix', 'syscalls', 'capabilities',
                                'die_with_parent'} do
            check.equal('enforced', levels[clause])
        end
    end)
    check.equal(nil, sandbox.new().report)
end)

check.case('explain tells the steps before anything runs', function()
    local box = sandbox.new{fs = {read = {'/usr'}}}
    local text = box:explain()
    check.equal(true, text:find('beneath /usr', 1, true) ~= nil)
    check.equal(text, box:explain 'text')
    local plan = json.decode(box:explain 'json')
    check.equal('syscalls', plan.steps[#plan.steps].clause)
    check.raises_code(generic.EINVAL, 2, box.explain, box, 'xml')
end)

check.case('a policy comes back as it was given, with what goes without saying', function()
    local policy = sandbox.new{fs = {read = {'/usr'}}, limits = {open_files = 64}}.policy
    check.equal('/usr', policy.fs.read[1])
    check.equal(64, policy.limits.open_files)
    check.equal('strict', policy.mode)
    check.equal('/usr', sandbox.new(policy).policy.fs.read[1])
end)

check.case('support tells what the kernel can do', function()
    local here = sandbox.support()
    check.equal('number', type(here.landlock_abi))
    check.equal('boolean', type(here.namespaces.user))
    check.equal(true, here.seccomp)
end)

-- --- restrict --------------------------------------------------------------

-- 90 §2 Combining
check.case('a restricted box can do only what both policies permit', function()
    local granted = write_file(scratch .. '/granted', 'granted')
    local all, mine = sandbox.new{fs = {read = {scratch}}}, {fs = {read = {granted, '/usr'}}}
    for _, box in ipairs{all:restrict(mine), all:restrict(sandbox.new(mine)), sandbox.new(mine):restrict(all)} do
        check.equal('sandbox.box', getmetatable(box))
        in_box(box.policy, function(worker)
            local _, value = ask(worker, {job = 'open', path = granted})
            check.equal('granted', value)
            check.equal(false, (ask(worker, {job = 'open', path = secret})))
        end)
    end
    check.equal(nil, all.policy.fs.within[1])
end)

check.case('what no policy expresses is refused by the name of the field', function()
    local box = sandbox.new{fs = {read = {'/usr'}}}
    local e = check.raises_code(generic.EINVAL, nil, box.restrict, box,
                                {fs = {mounts = {{type = 'proc', target = '/proc'}}}})
    check.equal('fs.root', e.clause)
    e = check.raises_code(generic.EINVAL, nil, box.restrict, box, {fs = {raed = {}}})
    check.equal('fs.raed', e.clause)
    check.raises_code(generic.EINVAL, 2, box.restrict, box)
    check.raises_code(generic.EINVAL, 2, box.restrict, box, 'reader')
end)

-- --- refusals --------------------------------------------------------------

local function faulty(policy, clause, reason)
    local e = check.raises_code(generic.EINVAL, nil, sandbox.new, policy)
    check.equal(clause, e.clause)
    check.equal(reason, e.reason)
end

check.case('a fault of a policy is named with its path', function()
    faulty({fs = {raed = {}}}, 'fs.raed', 'unknown field')
    faulty({fs = {read = {'usr'}}}, 'fs.read[0]', "'usr' is not an absolute path")
    faulty({fs = {mounts = {{type = 'bind', source = true, target = '/x'}}}}, 'fs.mounts[0].source',
           'a table expected, got a boolean')
    faulty({fs = {read = {print}}}, 'fs.read.1', 'a function has no place in a policy')
    faulty({net = 'all'}, 'net', 'a boolean or a table expected, got a string')
    faulty({[true] = 1}, '', 'a key that is neither a name nor an integer')
    faulty({limits = {open_files = 1.5}}, 'limits.open_files',
           'an integer from 0 to 18446744073709551615 expected, got 1.5E0')
    local deep = {}
    deep.fs = deep
    local e = check.raises_code(generic.EINVAL, nil, sandbox.new, deep)
    check.equal('nested too deeply', e.reason)
end)

check.case('wrong arguments are named by their position', function()
    check.raises_code(generic.EINVAL, 1, sandbox.new, 3)
    local box = sandbox.new()
    check.raises_code(generic.EINVAL, 2, box.context, box)
    check.raises_code(generic.EINVAL, 3, box.context, box, '.', 3)
    check.raises_code(generic.EINVAL, 1, box.context, {}, '.')
    check.raises_code(generic.EINVAL, 1, box.handshake, {})
    check.raises_core(8, function() return box.nothing end)
    check.raises_code(generic.EPERM, nil, function() box.policy = 1 end)
    check.equal('sandbox.box', getmetatable(box))
end)

check.case('what cannot be enforced is refused with the clause and the reason', function()
    local box = sandbox.new{user = {map = {{inside = 0, outside = 4294967290, count = 1}}}, namespaces = {}}
    local e = check.raises_code(generic.ENOTSUP, nil, box.context, box, './boxed_worker')
    check.equal('user.map', e.clause)
    check.equal(true, e.reason:find('it needs a namespace that is not asked for', 1, true) ~= nil)
    in_box({user = {map = 'subid'}, namespaces = {}, mode = 'best_effort'}, function(_, lax)
        local found
        for _, clause in ipairs(lax.report) do
            found = found or clause.clause == 'user.map' and clause.level
        end
        check.equal('off', found)
    end)
end)

check.case('an actor ends when its time is over', function()
    local box = sandbox.new{limits = {wall_time = 0.1}}
    local worker = spawn_vm(box:context './boxed_worker')
    pcall(box.handshake, box)  -- on a busy machine it is over before that
    check.equal(system.signal.SIGKILL, worker:wait().exit_signal)
end)

check.case('an actor that can have no children is process 1, and signals end it as any other', function()
    for _, name in ipairs{'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'} do
        local box = sandbox.new()
        local worker = spawn_vm(box:context './boxed_worker')
        box:handshake()
        local _, pid = ask(worker, {job = 'pid'})
        check.equal(1, pid)
        worker:kill(system.signal[name])
        check.equal(128 + system.signal[name], worker:wait().exit_code)
    end
end)

check.case('one that can is not: process 1 stays behind and reaps', function()
    in_box({syscalls = 'stdio thread proc error'}, function(worker)
        local _, pid = ask(worker, {job = 'pid'})
        check.equal(true, pid > 1)
    end)
end)

check.case('a step that fails is raised by handshake, and nothing of the actor has run', function()
    local box = sandbox.new{fs = {read = {scratch .. '/absent'}}}
    local reader, writer = pipe.pair()
    local worker = spawn_vm(box:context('./boxed_worker', {subprocess = {stderr = writer:release()}}))
    local e = check.raises_code(generic.ENOENT, nil, box.handshake, box)
    check.equal('fs.read[0]', e.clause)
    check.equal(true, e.reason:find('absent: No such file', 1, true) ~= nil)
    local line = byte_span.new(200)
    local complaint = tostring(line:slice(1, reader:read_some(line)))
    check.equal('<3>ipc_actor: sandbox: No such file or directory\n', complaint)
    worker:close()
end)

check.case('a handshake needs an actor, once', function()
    local box = sandbox.new()
    check.raises_code(generic.ENOTCONN, nil, box.handshake, box)
    local options = box:context './boxed_worker'
    local worker = spawn_vm(options)
    box:handshake()
    check.raises_code(generic.ENOTCONN, nil, box.handshake, box)
    check.raises_code(generic.EINVAL, 'subprocess/sandbox', spawn_vm, options)
    worker:close()
end)

check.case('a handshake ends after its time', function()
    local box = sandbox.new()
    box:context './boxed_worker' -- which nobody starts
    check.raises_code(generic.ETIMEDOUT, nil, box.handshake, box, 0.01)
end)

check.case('a box and an init script exclude each other', function()
    local box = sandbox.new()
    local options = box:context('./boxed_worker', {subprocess = {init = {script = 'return'}}})
    check.raises_code(generic.EINVAL, 'subprocess/sandbox', spawn_vm, options)
    options = box:context('./boxed_worker', {subprocess = {newns_pid = true}})
    check.raises_code(generic.EINVAL, 'subprocess/sandbox', spawn_vm, options)
    check.raises_code(generic.EINVAL, 'subprocess/sandbox', spawn_vm,
                      {module = './boxed_worker', subprocess = {sandbox = {}}})
end)

check.done()
