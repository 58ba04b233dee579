-- box:call: one function, one process, one box. See boxed_function.lua.
local check = require 'check'
local file = require 'file'
local files = require './files'
local filesystem = require 'filesystem'
local generic = require 'generic_error'
local inbox = require 'inbox'
local sandbox = require 'sandbox'
local system = require 'system'

local function call(job, policy, opts)
    return sandbox.new(policy):call('./boxed_function', job, opts)
end

local function fails(code, job, policy, opts)
    return check.raises_code(code, nil, call, job, policy, opts)
end

local function is_gone(pid)
    local ok, e = pcall(system.kill, pid, 0)
    return not ok and e == generic.ESRCH
end

-- --- values ----------------------------------------------------------------

check.case('a call returns what the function returns', function()
    check.equal(144, call{job = 'square', n = 12})
    local value = call{job = 'echo', value = {'a', {b = true}, n = 0.5}}
    check.equal('a', value[1])
    check.equal(true, value[2].b)
    check.equal(0.5, value.n)
    check.equal(false, call{job = 'echo', value = false})
end)

check.case('nothing is a result, and no argument an argument', function()
    check.equal(nil, call{job = 'nothing'})
    check.equal('nil', sandbox.new():call './boxed_identity')
end)

check.case('large values cross both ways', function()
    local text = ('x'):rep(1000000)
    check.equal(true, text == call{job = 'echo', value = text})
end)

check.case('descriptors are handed in', function()
    local fd = files.temporary 'through the hole'
    check.equal('through the hole', call{job = 'read', document = fd})
end)

check.case('modules that require others work', function()
    check.equal('helped', call{job = 'module'})
end)

check.case('many calls run at a time in one box', function()
    local box = sandbox.new()
    local fibers = {}
    for i = 1, 8 do
        fibers[i] = spawn(function()
            return box:call('./boxed_function', {job = 'square', n = i})
        end)
    end
    for i = 1, 8 do
        check.equal(i * i, fibers[i]:join())
    end
end)

check.case('the report is that of the last call', function()
    local box = sandbox.new()
    check.equal(nil, box.report)
    box:call('./boxed_function', {job = 'nothing'})
    check.equal('table', type(box.report))
end)

-- --- the box ---------------------------------------------------------------

check.case('the function is in the box', function()
    local fd, name = files.temporary 'secret'
    fd:close()
    local job = {job = 'open', path = tostring(name)}
    local e = check.raises(call, job)
    check.equal('string', type(e))
    check.equal(nil, call(job, {fs = {read = {tostring(name)}}}))
end)

check.case('a step that fails is raised, and the function has not run', function()
    local e = fails(generic.ENOENT, {job = 'nothing'}, {fs = {read = {'/absent'}}})
    check.equal('fs.read[0]', e.clause)
    check.equal('Landlock', e.mechanism)
    check.equal('Landlock: allow read_file read_dir beneath /absent', e.step)
end)

-- --- ends ------------------------------------------------------------------

check.case('what the function raises is raised, as text', function()
    local e = check.raises(call, {job = 'raise', text = 'bad luck'})
    check.equal(true, e:find('boxed_function.lua:%d+: bad luck$') ~= nil)
    check.equal('a table', check.raises(call, {job = 'raise_table'}))
    check.equal('the result cannot be sent', check.raises(call, {job = 'closure'}))
    check.equal(4096, #check.raises(call, {job = 'raise', text = ('x'):rep(100000)}))
end)

check.case('a module that returns no function is an error, as one that is not Lua', function()
    local box = sandbox.new()
    local e = check.raises(box.call, box, './boxed_helper')
    check.equal(true, e:find('boxed_helper.lua: returns no function', 1, true) ~= nil)
    e = check.raises(box.call, box, './boxed_syntax')
    check.equal(true, e:find('boxed_syntax.lua:1: ', 1, true) ~= nil)
end)

check.case('a process that ends without an answer is told with its status or signal', function()
    local e = fails(generic.ECONNRESET, {job = 'exit', code = 3})
    check.equal(3, e.exit_code)
    check.equal(nil, e.exit_signal)
    check.equal("the box's process has left with status 3 before it had answered", e.reason)
    -- SIGSYS, since nothing says that what is refused is to be an error.
    e = fails(generic.ECONNRESET, {job = 'open', path = '/'}, {syscalls = 'stdio thread'})
    check.equal(31, e.exit_signal)
    check.equal(nil, e.exit_code)
    check.equal("the box's process was ended by signal 31 before it had answered", e.reason)
end)

check.case('silence ends with the time', function()
    local e = fails(generic.ETIMEDOUT, {job = 'fall_silent', tell = inbox}, nil, {timeout = 0.2})
    check.equal('there was no answer in time', e.reason)
    pcall(inbox.receive, inbox)  -- it may not even have begun
end)

check.case('the time of the policy is over for the process, too', function()
    local e = fails(generic.ECONNRESET, {job = 'fall_silent', tell = inbox}, {limits = {wall_time = 0.2}})
    -- On a busy machine it is over before the function begins.
    check.equal(true, e.exit_signal == system.signal.SIGKILL or e.reason:find('was never started', 1, true) ~= nil)
    pcall(inbox.receive, inbox)
end)

check.case('a process that works on after its answer is ended', function()
    local pid = call({job = 'work_on'}, {namespaces = {}})
    check.equal('number', type(pid))
    check.equal(true, is_gone(pid))
end)

check.case('an interruption ends the process', function()
    local caller = spawn(function()
        call({job = 'fall_silent', tell = inbox}, {namespaces = {}})
    end)
    this_fiber.yield()  -- it has sent our address
    local pid = inbox:receive()
    check.equal(false, is_gone(pid))
    caller:interrupt()
    caller:join()
    check.equal(true, caller.interruption_caught)
    check.equal(true, is_gone(pid))
end)

check.case('an interruption that comes first starts nothing', function()
    local caller = spawn(function()
        call{job = 'nothing'}
    end)
    caller:interrupt()
    caller:join()
    check.equal(true, caller.interruption_caught)
end)

-- --- arguments -------------------------------------------------------------

check.case('wrong arguments are named by their position', function()
    local box = sandbox.new()
    check.raises_code(generic.EINVAL, 1, box.call, {}, './boxed_function')
    check.raises_code(generic.EINVAL, 2, box.call, box)
    check.raises_code(generic.EINVAL, 3, box.call, box, './boxed_function', print)
    check.raises_code(generic.EINVAL, 3, box.call, box, './boxed_function', {setmetatable({}, {})})
    check.raises_code(generic.EINVAL, 4, box.call, box, './boxed_function', 1, 2)
    for _, timeout in ipairs{'1', -1, 0 / 0, 1e10} do
        check.raises_code(generic.EINVAL, 'timeout', box.call, box, './boxed_function', 1, {timeout = timeout})
    end
    check.raises_core(2, box.call, box, './absent')
    check.raises_core(1, box.call, box, '/in/the/box')
end)

check.done()
