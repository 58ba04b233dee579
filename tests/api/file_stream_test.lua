-- file.stream on regular files and devices (50 §1, §5); pipes are in pipes_test.
local check = require './check'
local asio_error = require 'asio_error'
local file = require 'file'
local filesystem = require 'filesystem'
local generic_error = require 'generic_error'
local stream = require 'stream'
local system = require 'system'

local flags = file.open_flag
local EINVAL, EBADF = generic_error.EINVAL, generic_error.EBADF
local eof = asio_error.misc.eof

local directory = filesystem.path.new(system.environment.TEST_TMPDIR or '/tmp')

local function path(name)
    return directory / ('file_stream_' .. name)
end

local function open(name, ...)
    local f = file.stream.new()
    f:open(type(name) == 'string' and path(name) or name, bit.bor(...))
    return f
end

local function device(name)
    return filesystem.path.new('/dev/' .. name)
end

-- A file with this text, open for reading and writing, at its start.
local function holding(name, text)
    local f = open(name, flags.read_write, flags.create, flags.truncate)
    stream.write_all(f, text)
    f:seek(0, 'set')
    return f
end

local function content(name)
    local f = open(name, flags.read_only)
    local buffer = byte_span.new(f.size)
    stream.read_all(f, buffer)
    f:close()
    return tostring(buffer)
end

-- The errno error of the operating system, as such.
local function raises_system(name, f, ...)
    local e = check.raises_code(generic_error[name], nil, f, ...)
    check.equal('system', tostring(e.category))
    return e
end

check.case('the flags are integers for bit.bor', function()
    local seen = 0
    for _, name in ipairs{'append', 'create', 'exclusive', 'read_only', 'read_write', 'sync_all_on_write', 'truncate',
                          'write_only'} do
        check.equal('number', type(flags[name]))
        check.equal(0, bit.band(seen, flags[name]))
        seen = bit.bor(seen, flags[name])
    end
end)

check.case('a new object is not open', function()
    local f = file.stream.new()
    check.equal(false, f.is_open)
    check.equal('file.stream', getmetatable(f))
    check.equal(2, check.raises_core(8, function() return f.nope end).index)
    check.equal('string', type(check.raises(function() f.size = 1 end)))
end)

check.case('new wants a file_descriptor or nothing at all', function()
    check.raises_code(EINVAL, 1, file.stream.new, nil)
    check.raises_code(EINVAL, 1, file.stream.new, 0)
    check.raises_code(EINVAL, 1, file.stream.new, '/dev/null')
    check.raises_code(EINVAL, 1, file.stream.new, file.stream.new())
end)

-- 50 §11.47
check.case('without create a missing file is ENOENT', function()
    local f = file.stream.new()
    raises_system('ENOENT', f.open, f, path('missing'), flags.read_only)
    raises_system('ENOENT', f.open, f, path('missing'), flags.read_write)
    check.equal(false, f.is_open)
end)

-- 50 §11.47
check.case('create with exclusive on an existing file is EEXIST', function()
    holding('existing', 'x'):close()
    local f = file.stream.new()
    local how = bit.bor(flags.write_only, flags.create, flags.exclusive)
    local e = raises_system('EEXIST', f.open, f, path('existing'), how)
    check.equal(true, e:togeneric() == generic_error.EEXIST)
    check.equal('generic', tostring(e:togeneric().category))
    check.equal('x', content('existing'))
end)

check.case('errors of open are those of the system', function()
    local f = file.stream.new()
    raises_system('EISDIR', f.open, f, directory, flags.write_only)
    raises_system('ENOTDIR', f.open, f, device('null') / 'x', flags.read_only)
    raises_system('EINVAL', f.open, f, path('nul\0byte'), bit.bor(flags.create, flags.write_only))
    raises_system('ENAMETOOLONG', f.open, f, path(('x'):rep(300)), flags.read_only)
    check.equal(false, f.is_open)
end)

check.case('open wants a path and a number', function()
    local f = file.stream.new()
    check.raises_code(EINVAL, 2, f.open, f, '/dev/null', flags.read_only)
    check.raises_code(EINVAL, 2, f.open, f, nil, flags.read_only)
    check.raises_code(EINVAL, 2, f.open, f, filesystem, flags.read_only)
    check.equal('string', type(check.raises(f.open, f, device('null'))))
    check.equal('string', type(check.raises(f.open, f, device('null'), {})))
    check.equal(false, f.is_open)
end)

-- 50 §11.48
check.case('opening twice is already_open', function()
    local f = open(device('null'), flags.read_only)
    check.equal(true, f.is_open)
    local e = check.raises_code(asio_error.misc.already_open, nil, f.open, f, device('zero'), flags.read_only)
    check.equal('asio.misc', tostring(e.category))
    -- Still the first one.
    check.raises_code(eof, nil, f.read_some, f, byte_span.new(1))
    f:close()
end)

check.case('what is written is read, and the position moves', function()
    local f = open('moves', flags.read_write, flags.create, flags.truncate)
    check.equal(5, f:write_some(byte_span.append('hello')))
    check.equal(5, f:seek(0, 'cur'))
    check.equal(0, f:seek(0, 'set'))
    local buffer = byte_span.new(3)
    check.equal(3, f:read_some(buffer))
    check.equal('hel', tostring(buffer))
    check.equal(2, f:read_some(buffer))
    check.equal('lol', tostring(buffer))
    check.raises_code(eof, nil, f.read_some, f, buffer)
    check.raises_code(eof, nil, f.read_some, f, buffer)
    f:close()
end)

check.case('the length of the buffer bounds the transfer, not its capacity', function()
    local f = holding('bounds', 'abcdef')
    local buffer = byte_span.new(2, 100)
    check.equal(2, f:read_some(buffer))
    check.equal('ab\0', tostring(buffer:slice(1, 3)))
    check.equal(0, f:read_some(byte_span.new(0, 10)))
    check.equal(0, f:write_some(byte_span.new(0)))
    check.equal(2, f:seek(0, 'cur'))
    f:close()
end)

-- 50 §11.45
check.case('seek is zero-based and knows three origins', function()
    local f = holding('seek', '0123456789')
    check.equal(10, f:seek(0, 'end'))
    check.equal(f.size, f:seek(0, 'end'))
    check.equal(7, f:seek(-3, 'end'))
    check.equal(8, f:seek(1, 'cur'))
    check.equal(4, f:seek(4, 'set'))
    check.equal(20, f:seek(20, 'set'))
    check.equal(10, f.size)
    f:seek(2, 'set')
    local buffer = byte_span.new(1)
    f:read_some(buffer)
    check.equal('2', tostring(buffer))
    f:close()
end)

check.case('bad seeks', function()
    local f = holding('bad_seek', '0123456789')
    f:seek(3, 'set')
    check.equal('string', type(check.raises(f.seek, f, 0)))
    check.equal('string', type(check.raises(f.seek, f)))
    check.equal('string', type(check.raises(f.seek, f, {}, 'set')))
    local e = check.raises_code(EINVAL, nil, f.seek, f, 0, 'middle')
    check.equal('generic', tostring(e.category))
    raises_system('EINVAL', f.seek, f, -1, 'set')
    raises_system('EINVAL', f.seek, f, -11, 'end')
    check.equal(3, f:seek(0, 'cur'))
    f:close()
end)

check.case('resize truncates and extends with zeros, the position stays', function()
    local f = holding('resize', '0123456789')
    f:seek(8, 'set')
    check.equal(0, select('#', f:resize(4)))
    check.equal(4, f.size)
    check.equal(8, f:seek(0, 'cur'))
    check.raises_code(eof, nil, f.read_some, f, byte_span.new(1))
    f:resize(6)
    f:seek(0, 'set')
    local buffer = byte_span.new(6)
    stream.read_all(f, buffer)
    check.equal('0123\0\0', tostring(buffer))
    raises_system('EINVAL', f.resize, f, -1)
    check.equal('string', type(check.raises(f.resize, f, {})))
    check.equal(6, f.size)
    f:close()
end)

check.case('size is live', function()
    local f = holding('size', '')
    local g = open('size', flags.write_only)
    check.equal(0, f.size)
    stream.write_all(g, 'abc')
    check.equal(3, f.size)
    g:close()
    f:close()
end)

check.case('truncate empties, create alone does not', function()
    holding('truncated', 'old'):close()
    open('truncated', flags.write_only, flags.create):close()
    check.equal('old', content('truncated'))
    open('truncated', flags.write_only, flags.truncate):close()
    check.equal('', content('truncated'))
end)

check.case('append writes at the end wherever the position is', function()
    holding('append', 'abc'):close()
    local f = open('append', flags.write_only, flags.append)
    f:seek(0, 'set')
    stream.write_all(f, 'def')
    f:seek(1, 'set')
    stream.write_all(f, 'ghi')
    f:close()
    check.equal('abcdefghi', content('append'))
end)

check.case('sync_all_on_write writes too', function()
    local f = open('sync', flags.write_only, flags.create, flags.truncate, flags.sync_all_on_write)
    stream.write_all(f, 'synced')
    f:close()
    check.equal('synced', content('sync'))
end)

check.case('the wrong direction is EBADF', function()
    local f = open(device('zero'), flags.read_only)
    raises_system('EBADF', f.write_some, f, byte_span.new(1))
    f:close()
    f = open('wrong_way', flags.write_only, flags.create)
    raises_system('EBADF', f.read_some, f, byte_span.new(1))
    f:close()
end)

check.case('a directory opens for reading, and reading it is EISDIR', function()
    local f = open(directory, flags.read_only)
    raises_system('EISDIR', f.read_some, f, byte_span.new(1))
    f:close()
end)

check.case('/dev/full is ENOSPC, /dev/null swallows, /dev/zero never ends', function()
    local f = open(device('full'), flags.write_only)
    raises_system('ENOSPC', f.write_some, f, byte_span.append('x'))
    raises_system('ENOSPC', stream.write_all, f, ('x'):rep(100000))
    f:close()
    f = open(device('null'), flags.read_write)
    check.equal(100000, stream.write_all(f, ('x'):rep(100000)))
    check.raises_code(eof, nil, f.read_some, f, byte_span.new(1))
    f:close()
    f = open(device('zero'), flags.read_only)
    local buffer = byte_span.append(('x'):rep(100000))
    check.equal(100000, stream.read_all(f, buffer))
    check.equal(true, tostring(buffer) == ('\0'):rep(100000))
    f:close()
end)

check.case('what is not open', function()
    for _, f in ipairs{file.stream.new(), (function()
        local closed = open(device('zero'), flags.read_write)
        closed:close()
        return closed
    end)()} do
        check.equal(false, f.is_open)
        check.equal(0, select('#', f:close()))
        raises_system('EBADF', f.cancel, f)
        local e = check.raises_code(EBADF, nil, f.release, f)
        check.equal('generic', tostring(e.category))
        raises_system('EBADF', f.resize, f, 0)
        raises_system('EBADF', f.seek, f, 0, 'set')
        raises_system('EBADF', function() return f.size end)
    end
end)

check.case('reading and writing what is not open is EBADF of the system', function()
    local f = file.stream.new()
    raises_system('EBADF', f.read_some, f, byte_span.new(1))
    raises_system('EBADF', f.write_some, f, byte_span.new(1))
    raises_system('EBADF', f.read_some, f, byte_span.new(0))
    local g = open(device('zero'), flags.read_write)
    g:close()
    raises_system('EBADF', g.read_some, g, byte_span.new(1))
end)

check.case('close is repeatable, and the object opens again', function()
    holding('again', 'text'):close()
    local f = open(device('null'), flags.read_only)
    f:close()
    f:close()
    f:open(path('again'), flags.read_only)
    local buffer = byte_span.new(4)
    check.equal(4, f:read_some(buffer))
    check.equal('text', tostring(buffer))
    f:close()
end)

check.case('cancel on an idle open file does nothing', function()
    local f = open(device('zero'), flags.read_only)
    check.equal(0, select('#', f:cancel()))
    check.equal(1, f:read_some(byte_span.new(1)))
    f:close()
end)

-- 50 §11.22
check.case('read_some and write_some want a span', function()
    local f = open(device('null'), flags.read_write)
    for _, method in ipairs{'read_some', 'write_some'} do
        for _, value in ipairs{'text', 1, {}, newproxy(), f} do
            check.raises_code(EINVAL, 2, f[method], f, value)
        end
        check.raises_code(EINVAL, 2, f[method], f)
    end
    f:close()
end)

check.case('methods want a file', function()
    local f = file.stream.new()
    for _, method in ipairs{'open', 'close', 'cancel', 'assign', 'release', 'read_some', 'write_some'} do
        for _, self in ipairs{'x', {}, newproxy(), byte_span.new(1)} do
            check.raises_code(EINVAL, 1, f[method], self, byte_span.new(1))
        end
    end
    check.raises_code(EINVAL, 1, f.seek, {}, 0, 'set')
    check.raises_code(EINVAL, 1, f.resize, {}, 0)
end)

-- 50 §1, rule 4: permission to suspend, then userdata checks.
check.case('suspension is checked before the buffer', function()
    local f = open(device('null'), flags.read_write)
    this_fiber.forbid_suspend()
    local ok, e = pcall(function()
        check.raises_core(12, f.read_some, f, byte_span.new(1))
        check.raises_core(12, f.write_some, f, byte_span.new(1))
        check.raises_core(12, f.write_some, f, 'text')
        check.raises_core(12, f.read_some, f)
    end)
    this_fiber.allow_suspend()
    f:close()
    check.equal(nil, e)
    check.equal(true, ok)
end)

check.case('what does not suspend works in a forbid block', function()
    this_fiber.forbid_suspend()
    local ok, e = pcall(function()
        local f = open('forbidden', flags.read_write, flags.create)
        f:seek(0, 'end')
        f:resize(1)
        f:cancel()
        check.equal(1, f.size)
        f:assign((f:release()))
        f:close()
    end)
    this_fiber.allow_suspend()
    check.equal(nil, e)
    check.equal(true, ok)
end)

-- 50 §1, rule 5
check.case('an operation goes through the scheduler even if its result is there', function()
    local order = {}
    local f = open(device('zero'), flags.read_only)
    local other = spawn(function() order[#order + 1] = 'other' end)
    f:read_some(byte_span.new(1))
    order[#order + 1] = 'read'
    other:join()
    local failing = file.stream.new()
    other = spawn(function() order[#order + 1] = 'other' end)
    check.raises(failing.read_some, failing, byte_span.new(1))
    order[#order + 1] = 'failed'
    other:join()
    other = spawn(function() order[#order + 1] = 'other' end)
    f:read_some(byte_span.new(0))
    order[#order + 1] = 'empty'
    other:join()
    f:close()
    check.equal('other read other failed other empty', table.concat(order, ' '))
end)

check.case('fibers share one position', function()
    local f = holding('shared', ('abcdefgh'):rep(100))
    local fibers = {}
    for i = 1, 20 do
        fibers[i] = spawn(function()
            local buffer = byte_span.new(40)
            stream.read_all(f, buffer)
            return #buffer
        end)
    end
    local total = 0
    for i = 1, 20 do
        total = total + fibers[i]:join()
    end
    check.equal(800, total)
    check.equal(800, f:seek(0, 'cur'))
    check.raises_code(eof, nil, f.read_some, f, byte_span.new(1))
    f:close()
end)

check.case('many fibers work on files of their own', function()
    local fibers = {}
    for i = 1, 30 do
        fibers[i] = spawn(function()
            local f = holding('own' .. i, ('%05d'):format(i):rep(1000))
            local buffer = byte_span.new(5000)
            stream.read_all(f, buffer)
            f:close()
            return tostring(buffer)
        end)
    end
    for i = 1, 30 do
        check.equal(true, fibers[i]:join() == ('%05d'):format(i):rep(1000))
    end
end)

check.case('reading inside a coroutine suspends the fiber', function()
    local f = holding('coroutine', 'abc')
    local bytes = coroutine.wrap(function()
        local buffer = byte_span.new(1)
        while pcall(f.read_some, f, buffer) do
            coroutine.yield(tostring(buffer))
        end
    end)
    local text = ''
    for byte in bytes do
        text = text .. byte
    end
    check.equal('abc', text)
    f:close()
end)

check.case('an object closed while an operation is under way is safe', function()
    for _ = 1, 20 do
        local f = open(device('zero'), flags.read_only)
        local reader = spawn(function()
            return pcall(f.read_some, f, byte_span.new(100000))
        end)
        this_fiber.yield()
        f:close()
        local ok, result = reader:join()
        -- /dev/zero may give less than was asked for.
        check.equal(true, ok and result > 0 or result == asio_error.basic.operation_aborted)
    end
end)

check.done()
