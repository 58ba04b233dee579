-- The working directory and the file mask: of this process, and of actors that come after (70 §10, 30 §9).
local byte_span = require 'byte_span'
local file = require 'file'
local filesystem = require 'filesystem'
local generic = require 'generic_error'
local inbox = require 'inbox'

local cwd, umask, path = filesystem.current_working_directory, filesystem.umask, filesystem.path.new

local function described(ok, e)
    return ok and 'ok' or getmetatable(e) == 'error_code' and e == generic.EPERM and e.path1 == nil and 'EPERM' or tostring(e)
end

if _CONTEXT == 'worker' then
    local order = inbox:receive()
    local mask
    if order.umask then
        mask = umask(order.umask)
    end
    local _, before = pcall(cwd)
    if order.go then
        cwd(path(order.go))
    end
    if order.nest then
        local child = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
        child:send{reply_to = order.reply_to, umask = 0}
        child:wait()
        return
    end
    order.reply_to:send{
        before = tostring(before), directory = tostring(cwd()), umask = mask,
        change = described(pcall(cwd, path '/')), change_wrongly = described(pcall(cwd, 1)),
        mask = described(pcall(umask, 0)), mask_wrongly = described(pcall(umask)),
    }
    return
end

local check = require 'check'
local system = require 'system'

local scratch = cwd() / (system.environment.TEST_TMPDIR or '/tmp')

local function run(program, ...)
    local child = system.spawn{program = program, arguments = {program, ...}, stderr = 'share'}
    child:wait()
    check.equal(0, child.exit_code)
end

local function ask(order, subprocess)
    local actor = spawn_vm{module = '.', subprocess = subprocess}
    order.reply_to = inbox
    actor:send(order)
    return inbox:receive()
end

local in_a_process = {stderr = 'share'}

-- Runs this, and comes back whatever happens.
local function case(name, body)
    check.case(name, function()
        local directory, mask = cwd(), umask(18)
        local ok, e = pcall(body)
        cwd(directory)
        umask(mask)
        if not ok then
            error(e, 0)
        end
    end)
end

case('the working directory is a path, and is changed by one', function()
    check.equal('filesystem.path', getmetatable(cwd()))
    check.equal(true, cwd().is_absolute)
    check.equal(cwd(), cwd(nil))
    check.equal(0, select('#', cwd(path '/')))
    check.equal('/', tostring(cwd()))
    cwd(path 'proc')
    check.equal('/proc', tostring(cwd()))
    cwd(path '..')
    check.equal('/', tostring(cwd()))
end)

case('relative names of files and programs start there', function()
    cwd(path '/proc/self')
    local opened, text = file.stream.new(), byte_span.new(5)
    opened:open(path 'status', file.open_flag.read_only)
    opened:read_some(text)
    check.equal('Name:', tostring(text))
    cwd(scratch)
    run('mkdir', '-p', 'below')
    cwd(path 'below')
    run('test', '.', '-ef', tostring(scratch / 'below'))
end)

-- 70 §10, §11
case('where one cannot go has its path in the error', function()
    local here = cwd()
    for name, code in pairs{
        ['/nonexistent/x'] = generic.ENOENT, [''] = generic.ENOENT, ['/dev/null'] = generic.ENOTDIR,
        ['/dev/null/x'] = generic.ENOTDIR, ['/\0proc'] = generic.EINVAL, [('x'):rep(300)] = generic.ENAMETOOLONG,
    } do
        local e = check.raises_code(code, nil, cwd, path(name))
        check.equal('system', tostring(e.category))
        check.equal(path(name), e.path1)
    end
    for _, value in ipairs{'/', 1, true, {}} do
        check.equal(nil, check.raises_code(generic.EINVAL, 1, cwd, value).path1)
    end
    check.equal(here, cwd())
end)

case('a directory that was removed has no name', function()
    run('mkdir', '-p', tostring(scratch / 'removed'))
    cwd(scratch / 'removed')
    run('rmdir', tostring(scratch / 'removed'))
    local e = check.raises_code(generic.ENOENT, nil, cwd)
    check.equal('system', tostring(e.category))
    check.equal(nil, e.path1)
end)

-- 70 §10
case('umask gives what was before, and takes permissions only', function()
    umask(18)
    check.equal(18, umask(63))
    check.equal(63, umask(-1))
    check.equal(511, umask(512 + 7))
    check.equal(7, umask(18.9))
    check.equal(18, umask('7'))
    check.equal(7, umask(18))
    check.raises_code(generic.EINVAL, 1, umask, 1e20)
    for _, value in ipairs{'x', {}, true} do
        check.equal('string', type(check.raises(umask, value)))
    end
    check.equal('string', type(check.raises(umask)))
    check.equal(18, umask(18))
end)

case('new files have what the mask leaves', function()
    cwd(scratch)
    for _, mask in ipairs{0, 18, 63, 511} do
        local name = 'masked' .. mask
        umask(mask)
        local opened = file.stream.new()
        opened:open(path(name), bit.bor(file.open_flag.write_only, file.open_flag.create))
        opened:close()
        run('sh', '-c', ('test $(stat -c %%a %s) = %o'):format(name, 511 - mask))
    end
end)

-- 80 §12.13, 30 §9
case('only the master changes them, and that is looked at first', function()
    local here = tostring(cwd())
    local seen = ask{}
    check.equal(here, seen.directory)
    for _, attempt in ipairs{'change', 'change_wrongly', 'mask', 'mask_wrongly'} do
        check.equal('EPERM', seen[attempt])
    end
    check.equal(here, tostring(cwd()))
end)

-- 30 §9, 70 §10
case('later subprocess actors begin with them, and their actors too', function()
    for _, directory in ipairs{scratch, path '/'} do
        for _, mask in ipairs{0, 63} do
            cwd(directory)
            umask(mask)
            for _, nest in ipairs{false, true} do
                local seen = ask({umask = 7, nest = nest}, in_a_process)
                check.equal(tostring(directory), seen.before)
                check.equal(nest and 7 or mask, seen.umask)
            end
        end
    end
end)

case('an actor that goes elsewhere takes along only its own', function()
    cwd(scratch)
    check.equal('/proc', ask({go = '/proc', umask = 0}, in_a_process).directory)
    check.equal(scratch, cwd())
    check.equal(18, umask(18))
    check.equal('/', ask({go = '/', nest = true}, in_a_process).before)
    check.equal(tostring(scratch), ask({}, in_a_process).before)
end)

case('actors begin in a directory that has no name too', function()
    run('mkdir', '-p', tostring(scratch / 'gone'))
    cwd(scratch / 'gone')
    run('rmdir', tostring(scratch / 'gone'))
    local seen = ask({go = '/'}, in_a_process)
    check.equal('No such file or directory', seen.before)
    check.equal('/', seen.directory)
end)

check.done()
