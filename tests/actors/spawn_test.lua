-- spawn_vm: its options, its errors, and what a module of a new process starts with.
if _CONTEXT == 'worker' then
    local inbox = require 'inbox'
    local order = inbox:receive()
    local ok, e = pcall(require, './helper')
    order.reply_to:send{context = _CONTEXT, child_code = not ok and e.code, name = tostring(_FILE)}
    return
end

local check = require 'check'
local file = require 'file'
local generic = require 'generic_error'
local harness = require './harness'
local inbox = require 'inbox'
local system = require 'system'

local core = harness.core

local function options(more)
    local o = {module = './worker', subprocess = {}}
    for k, v in pairs(more) do
        o[k] = v
    end
    return o
end

local function subprocess(more)
    return {module = './worker', subprocess = more}
end

-- A module text in a file of its own; returns its path.
local function module_file(name, text)
    local opened, path = harness.open_file(name, text)
    opened:close()
    return path
end

-- 30 §16.1
check.case('an argument that is neither string nor table is refused', function()
    check.raises_code(generic.EINVAL, 1, spawn_vm, 1)
    check.raises_code(generic.EINVAL, 1, spawn_vm)
    check.raises_code(generic.EINVAL, 1, spawn_vm, print)
end)

-- 30 §16.1
check.case('a module that is missing or no string is refused', function()
    check.raises_core(core.invalid_module_name, spawn_vm, {subprocess = {}})
    check.raises_core(core.invalid_module_name, spawn_vm, {})
    check.raises_code(generic.EINVAL, 'module', spawn_vm, {module = 1, subprocess = {}})
    check.raises_code(generic.EINVAL, 'module', spawn_vm, {module = {}, subprocess = {}})
end)

-- 30 §2.1
check.case('subprocess must be a table', function()
    for _, wrong in ipairs{1, 'x', true, print} do
        check.raises_code(generic.EINVAL, 'subprocess', spawn_vm, options{subprocess = wrong})
    end
end)

-- 30 §16.5
check.case('inherit_context and new_master do not combine with subprocess', function()
    for _, value in ipairs{true, false} do
        check.raises_code(generic.EINVAL, 1, spawn_vm, options{inherit_context = value})
        check.raises_code(generic.EINVAL, 1, spawn_vm, options{new_master = value})
    end
end)

check.case('concurrency_hint may be combined', function()
    for _, hint in ipairs{1, 2, 'safe'} do
        local worker = spawn_vm(options{concurrency_hint = hint})
        check.equal('ipc_actor_channel', getmetatable(worker))
        worker:kill()
    end
end)

check.case('an unknown subprocess option is refused by name', function()
    for _, name in ipairs{'newns_time', 'newns', 'seccomp', 'Stdin', 'pd_daemon'} do
        check.raises_code(generic.ENOTSUP, 'subprocess/' .. name, spawn_vm, subprocess{[name] = true})
    end
end)

check.case('an unknown option that is switched off is harmless', function()
    spawn_vm(subprocess{newns_time = false, newns_pid = false, newns_user = false}):kill()
end)

check.case('a namespace is asked for by a boolean', function()
    for _, name in ipairs{'uts', 'ipc', 'pid', 'user', 'net', 'mount', 'cgroup'} do
        for _, value in ipairs{1, 'true', {}} do
            check.raises_code(generic.EINVAL, 'subprocess/newns_' .. name, spawn_vm,
                subprocess{['newns_' .. name] = value})
        end
    end
end)

check.case('an unknown option that is no string is refused', function()
    local e = check.raises(spawn_vm, subprocess{[1] = true})
    check.equal(true, e == generic.ENOTSUP)
end)

check.case('standard streams take share, a descriptor or nothing', function()
    for _, name in ipairs{'stdin', 'stdout', 'stderr'} do
        for _, wrong in ipairs{'Share', '', 1, true, {}, print, file.stream.new()} do
            check.raises_code(generic.EINVAL, 'subprocess/' .. name, spawn_vm, subprocess{[name] = wrong})
        end
    end
end)

check.case('a descriptor that was closed or used up is refused', function()
    local closed = harness.open_file():release()
    closed:close()
    check.raises_code(generic.EINVAL, 'subprocess/stdout', spawn_vm, subprocess{stdout = closed})
    local used = harness.open_file():release()
    file.stream.new(used):close()
    check.raises_code(generic.EINVAL, 'subprocess/init/arg', spawn_vm,
        subprocess{init = {script = '', arg = used}})
end)

check.case('the environment is a dictionary of strings', function()
    for _, wrong in ipairs{1, 'A=1', true, print, {'A=1'}, {A = 1}, {A = true}, {[1] = 'x'}, {A = {}}} do
        check.raises_code(generic.EINVAL, 'subprocess/environment', spawn_vm, subprocess{environment = wrong})
    end
end)

-- 30 §16.47
check.case('init needs a script that is a string', function()
    for _, wrong in ipairs{1, 'x', true, print} do
        check.raises_code(generic.EINVAL, 'subprocess/init', spawn_vm, subprocess{init = wrong})
    end
    for _, wrong in ipairs{{}, {script = 1}, {script = {}}, {script = true}} do
        check.raises_code(generic.EINVAL, 'subprocess/init/script', spawn_vm, subprocess{init = wrong})
    end
    check.raises_code(generic.EINVAL, 'subprocess/init/arg', spawn_vm,
        subprocess{init = {script = '', arg = 0}})
end)

-- 30 §2.1: the first failure wins
check.case('options are checked in their documented order', function()
    local wrong = {stdin = 1, stdout = 1, stderr = 1, environment = 1, init = {arg = 1}}
    check.raises_code(generic.EINVAL, 'module', spawn_vm, {module = 1, subprocess = 1, inherit_context = true})
    check.raises_code(generic.EINVAL, 1, spawn_vm, options{subprocess = wrong, inherit_context = true})
    for _, step in ipairs{{'stdin'}, {'stdout'}, {'stderr'}, {'environment'}, {'init', 'init/arg'}} do
        check.raises_code(generic.EINVAL, 'subprocess/' .. (step[2] or step[1]), spawn_vm, subprocess(wrong))
        wrong[step[1]] = nil
    end
end)

check.case('options are checked before the module is looked for', function()
    check.raises_code(generic.EINVAL, 'subprocess/stdin', spawn_vm,
        {module = './missing', subprocess = {stdin = 1}})
end)

-- 30 §16.1
check.case('names that are no module of the project are invalid', function()
    for _, name in ipairs{'', 'json', 'inbox', './', '..', '../', './a/b', './a.lua', './-', '.x'} do
        check.raises_core(core.invalid_module_name, spawn_vm, options{module = name})
    end
end)

-- 30 §16.2
check.case('a missing module is reported without its prefix', function()
    local e = check.raises_core(core.module_not_found, spawn_vm, options{module = './missing'})
    check.equal('missing', e.module)
end)

check.case('a module above the import root is refused', function()
    check.raises_core(3, spawn_vm, options{module = '../worker'})
end)

-- 30 §2.2
check.case('a caller without a known module is refused', function()
    local call = setfenv(function()
        local worker = spawn_vm{module = './worker', subprocess = {}}
        return worker
    end, {spawn_vm = spawn_vm})
    check.raises_core(core.current_module_not_known, call)
end)

-- 30 §16.4
check.case('the entry is in context worker and its modules are in none', function()
    local reply = harness.ask{job = 'context'}
    check.equal('worker', reply.context)
    check.equal('', reply.helper_context)
end)

-- 30 §16.46
check.case('a file that starts itself is a leaf', function()
    local worker = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
    worker:send{reply_to = inbox}
    local reply = inbox:receive()
    check.equal('worker', reply.context)
    check.equal(core.leaf_cannot_import_child, reply.child_code)
    check.equal(tostring(_FILE), reply.name)
    harness.expect_silence()
end)

local function ask_family(o)
    local worker = spawn_vm{module = './family', subprocess = o}
    worker:send{reply_to = inbox}
    local reply = inbox:receive()
    check.equal('child, whose mate is mate', reply.child)
    check.equal('', reply.helper)
    check.equal('cousin of mate', reply.cousin)
    harness.expect_silence()
end

check.case('a worker may be a directory and require in every way', function()
    ask_family{stderr = 'share'}
end)

check.case('a worker starts in a directory that is gone and an environment that is strange', function()
    ask_family{stderr = 'share', environment = {EMILUA_PATH = ':::', EMILUA_LOG_LEVELS = 'x', [''] = '', ['='] = '='}}
end)

check.case('an absolute path is a file of the child', function()
    local path = module_file('absolute.lua', [[
        local inbox = require 'inbox'
        inbox:receive():send{_CONTEXT, tostring(_FILE), (require '../beside').value}
    ]])
    module_file('beside.lua', 'value = "beside"')
    local worker = spawn_vm{module = path, subprocess = {stderr = 'share'}}
    worker:send(inbox)
    local reply = inbox:receive()
    check.equal('worker', reply[1])
    check.equal(path, reply[2])
    check.equal('beside', reply[3])
    harness.expect_silence()
end)

check.case('an absolute path that is missing only ends the child', function()
    harness.expect_no_answer('/nowhere/to/be/found.lua', {})
end)

-- 30 §16.3
check.case('a syntax error in the worker only ends the child', function()
    local path = module_file('syntax.lua', 'this is no Lua')
    harness.expect_no_answer(path, {})
end)

check.case('an error in the worker only ends the child', function()
    local path = module_file('raises.lua', 'error "at once"')
    harness.expect_no_answer(path, {})
end)

check.case('an empty worker is a valid program', function()
    harness.expect_no_answer(module_file('empty.lua', ''), {})
end)

-- 30 §16.36
check.case('the environment is empty by default', function()
    check.equal(nil, (next(harness.ask{job = 'context'}.environment)))
end)

check.case('the environment is exactly what is given', function()
    local given = {A = '1', ['B C'] = 'x=y', EMPTY = '', LONG = ('v'):rep(100000), UTF = '\195\164'}
    local seen = harness.ask({job = 'context'}, {stderr = 'share', environment = given}).environment
    for name, value in pairs(given) do
        check.equal(value, seen[name])
    end
    for name in pairs(seen) do
        check.equal('string', type(given[name]))
    end
end)

-- 30 §16.36
check.case('the parent of an actor is the helper', function()
    local reply = harness.ask{job = 'context'}
    check.equal(false, reply.parent == system.getpid())
    check.equal(true, reply.parent > 1)
    check.equal(reply.parent, harness.ask{job = 'context'}.parent)
end)

-- 30 §16.45
check.case('an actor starts actors of its own', function()
    local reply = harness.ask{job = 'nest'}
    check.equal('worker', reply.context)
    check.equal('', reply.helper_context)
    check.equal(false, reply.pid == reply.grandparent)
end)

check.case('spawn_vm does not suspend', function()
    local others_ran = false
    local other = spawn(function() others_ran = true end)
    this_fiber.forbid_suspend()
    local worker = spawn_vm{module = './worker', subprocess = {}}
    this_fiber.allow_suspend()
    check.equal(false, others_ran)
    worker:kill()
    other:join()
end)

check.case('extra arguments are ignored', function()
    spawn_vm(subprocess{}, 1, print):kill()
end)

-- 30 §11.3
check.case('streams that are not given are at their end and unread', function()
    local reply = harness.ask({job = 'standard_streams'}, {})
    check.equal('asio.misc', reply.input.category)
    check.equal(2, reply.input.code)
    for _, name in ipairs{'output', 'errors'} do
        check.equal(generic.EPIPE.code, reply[name].code)
    end
end)

-- 30 §16.37
check.case('printing to an output that nobody reads is survived', function()
    local worker = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
    worker:send{job = 'print_unread', reply_to = inbox}
    check.equal('survived', inbox:receive())
    harness.expect_silence()
end)

check.case('a given descriptor is the standard stream', function()
    local output, input = harness.open_file(), harness.open_file(nil, 'typed')
    local streams = {stdin = input:release(), stdout = output:release(), stderr = 'share'}
    harness.with_worker({job = 'print', text = 'hello'}, function(worker)
        check.equal('printed', inbox:receive())
        harness.wait_for_end(worker)
    end, streams)
    check.equal('hello\nhello\n', harness.contents(streams.stdout))
    check.equal(5, harness.ask({job = 'standard_streams'}, {stdin = streams.stdin, stderr = streams.stdout,
        stdout = streams.stdout}).input.n)
    check.equal('hello\nhello\nxx', harness.contents(streams.stdout))
end)

check.done()
