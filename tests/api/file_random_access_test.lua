-- file.random_access and the whole transfers of module file (50 §1, §5).
local check = require './check'
local asio_error = require 'asio_error'
local file = require 'file'
local filesystem = require 'filesystem'
local files = require './files'
local generic_error = require 'generic_error'
local io_cases = require './io_cases'
local pipe = require 'pipe'
local stream = require 'stream'
local system = require 'system'

local flags = file.open_flag
local EINVAL, EBADF = generic_error.EINVAL, generic_error.EBADF
local eof = asio_error.misc.eof

local directory = filesystem.path.new(system.environment.TEST_TMPDIR or '/tmp')

local function open(path, ...)
    local f = file.random_access.new()
    f:open(path, bit.bor(...))
    return f
end

-- A file with this text, open for reading and writing, and its path.
local function holding(text)
    local fd, path = files.temporary(text)
    return file.random_access.new(fd), path
end

local function read_at(f, offset, size)
    local buffer = byte_span.new(size or 100)
    return tostring(buffer:slice(1, f:read_some_at(offset, buffer)))
end

-- The errno error of the operating system, as such.
local function raises_system(name, f, ...)
    local e = check.raises_code(generic_error[name], nil, f, ...)
    check.equal('system', tostring(e.category))
    return e
end

check.case('the class has its name and members', function()
    local f = file.random_access.new()
    check.equal('file.random_access', getmetatable(f))
    check.equal(false, f.is_open)
    check.equal(2, check.raises_core(8, function() return f.seek end).index)
    check.equal(2, check.raises_core(8, function() return f.read_some end).index)
    check.equal('string', type(check.raises(function() f.size = 1 end)))
    for _, value in ipairs{0, '/dev/null', file.stream.new(), f} do
        check.raises_code(EINVAL, 1, file.random_access.new, value)
    end
    check.raises_code(EINVAL, 1, file.random_access.new, nil)
end)

-- 50 §11.46
check.case('offset 0 is the first byte, the size is the end', function()
    local f = holding('abcdef')
    check.equal('abc', read_at(f, 0, 3))
    check.equal('f', read_at(f, 5))
    check.equal('cdef', read_at(f, 2))
    local e = check.raises_code(eof, nil, f.read_some_at, f, f.size, byte_span.new(1))
    check.equal('asio.misc', tostring(e.category))
    check.raises_code(eof, nil, f.read_some_at, f, 1000, byte_span.new(1))
    check.equal('abcdef', read_at(f, 0))
    f:close()
end)

check.case('writes go where they are told, and leave holes of zeros', function()
    local f, path = holding('abc')
    check.equal(2, f:write_some_at(1, byte_span.append('XY')))
    check.equal(1, f:write_some_at(5, byte_span.append('Z')))
    check.equal('aXY\0\0Z', files.contents(path))
    check.equal(6, f.size)
    f:close()
end)

check.case('there is no position', function()
    local f = holding('abcdef')
    check.equal('abcdef', read_at(f, 0))
    check.equal('abcdef', read_at(f, 0))
    f:write_some_at(0, byte_span.append('123'))
    local s = file.stream.new(f:release())
    check.equal(0, s:seek(0, 'cur'))
    s:close()
end)

check.case('the length of the buffer bounds the transfer, an empty one asks nobody', function()
    local f = holding('abcdef')
    local buffer = byte_span.new(2, 10)
    check.equal(2, f:read_some_at(1, buffer))
    check.equal('bc\0', tostring(buffer:slice(1, 3)))
    check.equal(0, f:read_some_at(100, byte_span.new(0, 5)))
    check.equal(0, f:write_some_at(100, byte_span.new(0)))
    check.equal(6, f.size)
    f:close()
end)

check.case('offsets are truncated, and those out of range are the kernel\'s to refuse', function()
    local f = holding('abcdef')
    check.equal('cd', read_at(f, 2.9, 2))
    check.equal('ab', read_at(f, -0.5, 2))
    for _, offset in ipairs{-1, -2, -math.huge, 0 / 0, -2 ^ 63} do
        raises_system('EINVAL', f.read_some_at, f, offset, byte_span.new(1))
        raises_system('EINVAL', f.write_some_at, f, offset, byte_span.new(1))
    end
    for _, offset in ipairs{2 ^ 63, math.huge, 1e300} do
        check.raises(f.write_some_at, f, offset, byte_span.new(1))
        check.raises(f.resize, f, offset)
    end
    check.equal(6, f.size)
    f:close()
end)

check.case('beyond 4 GiB', function()
    local f = holding('')
    local far = 5 * 2 ^ 30 + 7
    f:write_some_at(far, byte_span.append('far'))
    check.equal(far + 3, f.size)
    check.equal('far', read_at(f, far))
    check.equal('\0', read_at(f, far - 1, 1))
    f:resize(far + 1)
    check.equal('f', read_at(f, far))
    f:resize(0)
    f:close()
end)

check.case('resize truncates and extends', function()
    local f, path = holding('0123456789')
    f:resize(4)
    check.equal(4, f.size)
    f:resize(6)
    check.equal('0123\0\0', files.contents(path))
    raises_system('EINVAL', f.resize, f, -1)
    check.equal('string', type(check.raises(f.resize, f)))
    f:close()
end)

check.case('open has the flags of file.stream', function()
    local path = directory / 'random_access_open'
    raises_system('ENOENT', open, path, flags.read_only)
    local f = open(path, flags.write_only, flags.create, flags.exclusive)
    check.equal(1, f:write_some_at(0, byte_span.append('x')))
    raises_system('EBADF', f.read_some_at, f, 0, byte_span.new(1))
    check.raises_code(asio_error.misc.already_open, nil, f.open, f, path, flags.read_only)
    f:close()
    raises_system('EEXIST', open, path, flags.write_only, flags.create, flags.exclusive)
    f = open(path, flags.read_only)
    raises_system('EBADF', f.write_some_at, f, 0, byte_span.append('y'))
    check.equal('x', read_at(f, 0))
    f:close()
    f = open(path, flags.write_only, flags.truncate)
    check.equal(0, f.size)
    f:close()
    check.raises_code(EINVAL, 2, f.open, f, tostring(path), flags.read_only)
    check.equal('string', type(check.raises(f.open, f, path)))
end)

check.case('descriptors are close-on-exec, and no terminal becomes the controlling one', function()
    local f = open(directory / 'random_access_flags', flags.read_write, flags.create)
    local fd = f:release()
    check.equal(io_cases.O_CLOEXEC, bit.band(io_cases.flags_of(fd), io_cases.O_CLOEXEC))
    fd:close()
end)

check.case('append wins over the offset, as the kernel has it', function()
    local _, path = holding('abc')
    local f = open(path, flags.write_only, flags.append)
    f:write_some_at(0, byte_span.append('def'))
    f:close()
    check.equal('abcdef', files.contents(path))
end)

check.case('what has no offsets is ESPIPE', function()
    local r, w = pipe.pair()
    local f, g = file.random_access.new(r:release()), file.random_access.new(w:release())
    raises_system('ESPIPE', f.read_some_at, f, 0, byte_span.new(1))
    raises_system('ESPIPE', g.write_some_at, g, 0, byte_span.new(1))
    f:close()
    g:close()
end)

check.case('devices and directories', function()
    local f = open(filesystem.path.new('/dev/zero'), flags.read_write)
    check.equal('\0\0', read_at(f, 77, 2))
    check.equal(3, f:write_some_at(5, byte_span.append('abc')))
    f:close()
    f = open(filesystem.path.new('/dev/full'), flags.write_only)
    raises_system('ENOSPC', f.write_some_at, f, 0, byte_span.append('x'))
    f:close()
    f = open(directory, flags.read_only)
    raises_system('EISDIR', f.read_some_at, f, 0, byte_span.new(1))
    f:close()
end)

check.case('release, new and assign hand a descriptor on', function()
    local f = holding('abc')
    local fd = f:release()
    check.equal(false, f.is_open)
    check.equal(EBADF, check.raises(f.release, f))
    local g = file.random_access.new(fd)
    check.equal(nil, getmetatable(fd))
    check.equal('abc', read_at(g, 0))
    fd = g:release()
    f:assign(fd)
    check.equal(nil, getmetatable(fd))
    check.equal('abc', read_at(f, 0))
    local other = holding(''):release()
    check.raises_code(asio_error.misc.already_open, nil, f.assign, f, other)
    check.equal('file_descriptor', getmetatable(other))
    check.raises_code(EINVAL, 2, g.assign, g, fd)
    check.raises_code(EINVAL, 2, g.assign, g, 3)
    f:close()
end)

check.case('what is not open', function()
    local f = holding('abc')
    f:close()
    check.equal(0, select('#', f:close()))
    check.equal(false, f.is_open)
    raises_system('EBADF', f.cancel, f)
    raises_system('EBADF', f.resize, f, 0)
    raises_system('EBADF', function() return f.size end)
    raises_system('EBADF', f.read_some_at, f, 0, byte_span.new(1))
    raises_system('EBADF', f.write_some_at, f, 0, byte_span.new(1))
    raises_system('EBADF', f.read_some_at, f, -1, byte_span.new(0))
    check.equal('generic', tostring(check.raises_code(EBADF, nil, f.release, f).category))
end)

-- 50 §11.22
check.case('wrong arguments, in their order', function()
    local f = holding('abc')
    for _, method in ipairs{'read_some_at', 'write_some_at'} do
        for _, value in ipairs{'text', 1, {}, newproxy(), f} do
            check.raises_code(EINVAL, 3, f[method], f, 0, value)
        end
        check.raises_code(EINVAL, 3, f[method], f, 0)
        for _, self in ipairs{'x', {}, newproxy(), byte_span.new(1), file.stream.new()} do
            check.raises_code(EINVAL, 1, f[method], self, 0, byte_span.new(1))
        end
        for _, offset in ipairs{{}, true, byte_span.new(1)} do
            check.equal('string', type(check.raises(f[method], f, offset, byte_span.new(1))))
        end
        check.equal('string', type(check.raises(f[method], f)))
        -- The type of a number, permission to suspend, objects.
        check.refuses_to_suspend(f[method], f, 0, byte_span.new(1))
        check.refuses_to_suspend(f[method], f, 0, 'text')
        check.refuses_to_suspend(f[method], {}, 0, 'text')
        this_fiber.forbid_suspend()
        local e = check.raises(f[method], f, {}, 'text')
        this_fiber.allow_suspend()
        check.equal('string', type(e))
    end
    f:close()
end)

-- 50 §1, rule 5
check.case('an operation goes through the scheduler even if its result is there', function()
    local f = holding('abc')
    for _, offset in ipairs{0, 100, -1} do
        local order = {}
        local other = spawn(function() order[#order + 1] = 'other' end)
        pcall(f.read_some_at, f, offset, byte_span.new(1))
        order[#order + 1] = 'read'
        other:join()
        check.equal('other read', table.concat(order, ' '))
    end
    f:close()
end)

-- 50 §11.44
check.case('a fiber that is interrupted already does not touch the file', function()
    local f, path = holding('abc')
    local fiber = spawn(function() f:write_some_at(0, byte_span.append('XYZ')) end)
    fiber:interrupt()
    fiber:join()
    check.equal(true, fiber.interruption_caught)
    check.equal('abc', files.contents(path))
    f:close()
end)

check.case('many fibers read and write one file at once', function()
    local f, path = holding('')
    local fibers = {}
    for i = 1, 50 do
        fibers[i] = spawn(function()
            file.write_all_at(f, (i - 1) * 1000, ('%03d|'):format(i):rep(250))
            local buffer = byte_span.new(1000)
            file.read_all_at(f, (i - 1) * 1000, buffer)
            return tostring(buffer)
        end)
    end
    for i = 1, 50 do
        check.equal(('%03d|'):format(i):rep(250), fibers[i]:join())
    end
    check.equal(50000, #files.contents(path))
    f:close()
end)

-- --- the functions ---

-- Objects with read_some_at or write_some_at that move at most `step` bytes, and note their calls.
local function reader(text, step)
    local self = {calls = {}}
    function self:read_some_at(offset, buffer)
        self.calls[#self.calls + 1] = offset
        if offset >= #text then
            error(eof)
        end
        return buffer:copy(text:sub(offset + 1, offset + step))
    end
    return self
end

local function writer(step)
    local self = {calls = {}, written = {}}
    function self:write_some_at(offset, buffer)
        self.calls[#self.calls + 1] = offset
        local part = tostring(buffer:slice(1, math.min(step, #buffer)))
        self.written[#self.written + 1] = part
        return #part
    end
    return self
end

check.case('read_all_at fills the buffer, moving on', function()
    local io = reader('0123456789', 3)
    local buffer = byte_span.new(7, 20)
    check.equal(7, file.read_all_at(io, 2, buffer))
    check.equal('2345678', tostring(buffer))
    check.equal('2 5 8', table.concat(io.calls, ' '))
end)

check.case('read_at_least_at stops once it has enough', function()
    local io = reader('0123456789', 4)
    local buffer = byte_span.new(10)
    check.equal(8, file.read_at_least_at(io, 1, buffer, 5))
    check.equal('1 5', table.concat(io.calls, ' '))
    check.equal('12345678', tostring(buffer:slice(1, 8)))
    buffer = byte_span.new(3)
    check.equal(3, file.read_at_least_at(io, 0, buffer, 100))
end)

check.case('write_all_at takes strings and spans', function()
    local io = writer(3)
    check.equal(8, file.write_all_at(io, 10, 'abc\0defg'))
    check.equal('abc\0defg', table.concat(io.written))
    check.equal('10 13 16', table.concat(io.calls, ' '))
    check.equal(2, file.write_all_at(io, 0, byte_span.append('hi')))
end)

check.case('write_at_least_at stops once enough is accepted', function()
    local io = writer(3)
    check.equal(6, file.write_at_least_at(io, 5, byte_span.append('abcdefgh'), 4))
    check.equal('5 8', table.concat(io.calls, ' '))
    check.equal('abcdef', table.concat(io.written))
end)

-- 50 §11.19
check.case('nothing to do makes no call', function()
    local r, w = reader('abc', 1), writer(1)
    check.equal(0, file.read_all_at(r, 0, byte_span.new(0, 5)))
    check.equal(0, file.read_at_least_at(r, 0, byte_span.new(5), 0))
    check.equal(0, file.read_at_least_at(r, 0, byte_span.new(5), -1))
    check.equal(0, file.write_all_at(w, 0, ''))
    check.equal(0, file.write_at_least_at(w, 0, byte_span.new(5), 0))
    check.equal(0, #r.calls + #w.calls)
end)

-- 50 §11.23
check.case('an early end raises, and what was read is in the buffer', function()
    local f = holding('abcd')
    local buffer = byte_span.new(6)
    check.raises_code(eof, nil, file.read_all_at, f, 0, buffer)
    check.equal('abcd\0\0', tostring(buffer))
    check.raises_code(eof, nil, file.read_at_least_at, f, 2, buffer, 3)
    check.equal(2, file.read_at_least_at(f, 2, buffer, 2))
    f:close()
end)

check.case('errors of the object pass through unchanged', function()
    local value = {}
    local io = {}
    function io.read_some_at() error(value) end
    io.write_some_at = io.read_some_at
    check.equal(true, rawequal(value, check.raises(file.read_all_at, io, 0, byte_span.new(1))))
    check.equal(true, rawequal(value, check.raises(file.read_at_least_at, io, 0, byte_span.new(1), 1)))
    check.equal(true, rawequal(value, check.raises(file.write_all_at, io, 0, 'x')))
    check.equal(true, rawequal(value, check.raises(file.write_at_least_at, io, 0, byte_span.new(1), 1)))
    check.equal('string', type(check.raises(file.read_all_at, {}, 0, byte_span.new(1))))
end)

check.case('buffers are argument 3, offsets numbers', function()
    local r, w = reader('abc', 1), writer(1)
    for _, value in ipairs{1, {}, true, newproxy()} do
        check.raises_code(EINVAL, 3, file.read_all_at, r, 0, value)
        check.raises_code(EINVAL, 3, file.read_at_least_at, r, 0, value, 1)
        check.raises_code(EINVAL, 3, file.write_all_at, w, 0, value)
        check.raises_code(EINVAL, 3, file.write_at_least_at, w, 0, value, 1)
    end
    check.raises_code(EINVAL, 3, file.read_all_at, r, 0, 'text')
    check.raises_code(EINVAL, 3, file.write_at_least_at, w, 0, 'text', 1)
    for _, name in ipairs{'read_all_at', 'read_at_least_at', 'write_all_at', 'write_at_least_at'} do
        local e = check.raises(function() return (file[name](r, nil, byte_span.new(1), 1)) end)
        check.equal(true, e:find("file_random_access_test.lua:%d+: bad argument #2 to '" .. name .. "'") ~= nil)
    end
    check.equal(0, #r.calls + #w.calls)
end)

check.case('a file is written and read back whole', function()
    local f = holding('')
    local text = ('line of text\n'):rep(20000)
    check.equal(#text, file.write_all_at(f, 7, text))
    local buffer = byte_span.new(#text)
    check.equal(#text, file.read_all_at(f, 7, buffer))
    check.equal(true, tostring(buffer) == text)
    f:close()
end)

check.done()
