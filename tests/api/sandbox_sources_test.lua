-- Mounts of a box that come from descriptors.
local check = require 'check'
local byte_span = require 'byte_span'
local file = require 'file'
local files = require './files'
local filesystem = require 'filesystem'
local generic = require 'generic_error'
local inbox = require 'inbox'
local sandbox = require 'sandbox'
local stream = require 'stream'
local system = require 'system'

local busybox = filesystem.path.new '/bin/busybox'

local function outside(...)
    local child = system.spawn{program = busybox, arguments = {'busybox', ...}, stderr = 'share'}
    child:wait()
    check.equal(0, child.exit_code)
end

-- A descriptor of a new directory, with a file of that text in it, and its path.
local function directory(text)
    local fd, path = files.temporary()
    fd:close()
    outside('rm', tostring(path))
    outside('mkdir', tostring(path))
    local s = file.stream.new()
    s:open(path / 'file', bit.bor(file.open_flag.write_only, file.open_flag.create))
    stream.write_all(s, text)
    s:close()
    return files.open(path), path
end

local function mounted(...)
    return {fs = {mounts = {...}}}
end

-- What a program of busybox's prints in the box.
local function run(box, ...)
    local out, path = files.temporary()
    local child = box:spawn{program = busybox, arguments = {'busybox', ...}, stdout = out, stderr = 'share'}
    child:wait()
    check.equal(0, child.exit_code)
    return files.contents(path)
end

local function ask(worker, job)
    job.reply_to = inbox
    worker:send(job)
    local answer = inbox:receive()
    check.equal(true, answer.ok)
    return answer.value
end

local function actor(box, body)
    local worker = spawn_vm(box:context './boxed_worker')
    box:handshake()
    body(worker)
    worker:close()
end

check.case('programs and actors see the directory and the text that a descriptor stands for', function()
    local held = directory 'of the directory'
    local text = files.temporary 'of the file'
    local box = sandbox.new(mounted({type = 'bind', source = held, target = '/data', readonly = true},
                                    {type = 'file', source = text, target = '/etc/text', mode = 256}))
    check.equal('of the directory', run(box, 'cat', '/data/file'))
    check.equal('of the file', run(box, 'cat', '/etc/text'))
    for _ = 1, 2 do
        actor(box, function(worker)
            check.equal('of the directory', ask(worker, {job = 'open', path = '/data/file'}))
            check.equal('of the file', ask(worker, {job = 'open', path = '/etc/text'}))
        end)
    end
end)

check.case('the policy has a copy of the descriptor, whatever becomes of the object', function()
    local held = directory 'kept'
    local box = sandbox.new(mounted{type = 'bind', source = held, target = '/data'})
    held:close()
    local again = files.temporary()  -- may have the number now
    collectgarbage()
    check.equal('kept', run(box, 'cat', '/data/file'))
    local context = box:context './boxed_worker'
    local twice = sandbox.new(box.policy)
    local less = box:restrict(box)
    box = nil
    collectgarbage()
    collectgarbage()
    check.equal('kept', run(twice, 'cat', '/data/file'))
    check.equal('kept', run(less, 'cat', '/data/file'))
    check.equal('file_descriptor', getmetatable(less.policy.fs.mounts[1].source))
    check.equal(true, context.subprocess.sandbox ~= nil)
    again:close()
end)

check.case('a context alone keeps them open', function()
    local box = sandbox.new(mounted{type = 'bind', source = directory 'kept', target = '/data'})
    local worker = spawn_vm(box:context './boxed_worker')
    box:handshake()
    check.equal('kept', ask(worker, {job = 'open', path = '/data/file'}))
    worker:close()
end)

-- 91 row 6
check.case('a source is not left open in the box', function()
    local held = directory ''
    local mounts = {{type = 'proc', target = '/proc'}}
    for i = 1, 20 do
        mounts[#mounts + 1] = {type = 'bind', source = held:dup(), target = '/data/' .. i}
    end
    local policy = {fs = {mounts = mounts}, syscalls = 'stdio rpath error'}
    local seen = run(sandbox.new(policy), 'sh', '-c', 'echo /proc/self/fd/*')
    for number in seen:gmatch '/fd/(%d+)' do
        check.equal(true, tonumber(number) <= 3)
    end
    actor(sandbox.new{fs = {mounts = mounts}}, function(worker)
        check.equal('', ask(worker, {job = 'directories'}))
    end)
end)

-- 91 row 10
check.case('what has the name now, but is not the same, is not mounted', function()
    local held, path = directory 'inside'
    local _, other = directory 'outside'
    local box = sandbox.new(mounted{type = 'bind', source = held, target = '/data'})
    outside('rm', '-r', tostring(path))
    outside('ln', '-s', tostring(other), tostring(path))
    local e = check.raises(box.spawn, box, {program = busybox, arguments = {'busybox', 'true'}})
    check.equal('fs.mounts[0]', e.clause)
    check.equal('mount namespace', e.mechanism)
end)

check.case('anything else is no source', function()
    local function refusal(...)
        return check.raises_code(generic.EINVAL, nil, sandbox.new, mounted(...))
    end
    local text = files.temporary 'x'
    local e = refusal{type = 'bind', source = {fd = 0}, target = '/x'}
    check.equal('fs.mounts[0].source', e.clause)
    check.equal('a path or a file_descriptor expected', e.reason)
    e = refusal{type = 'bind', source = file.stream.new(), target = '/x'}
    check.equal(true, e.reason:find('userdata', 1, true) ~= nil)
    check.equal('fs.mounts[0].source', refusal({type = 'tmpfs', source = text, target = '/x'}).clause)
    check.equal('fs.mounts[0].content', refusal({type = 'file', source = text, content = 'y', target = '/x'}).clause)
    local many = {}
    for i = 1, 129 do
        many[i] = {type = 'file', source = text, target = '/' .. i}
    end
    check.equal('fs.mounts', refusal(unpack(many)).clause)
end)

check.case('as many as there may be all arrive', function()
    local mounts = {}
    for i = 1, 128 do
        mounts[i] = {type = 'file', source = files.temporary(tostring(i)), target = '/' .. i}
    end
    local box = sandbox.new(mounted(unpack(mounts)))
    check.equal('1128', run(box, 'cat', '/1', '/128'))
    actor(box, function(worker)
        check.equal('128', ask(worker, {job = 'open', path = '/128'}))
    end)
end)

check.done()
