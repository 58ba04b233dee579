-- file_descriptor, and how it moves in and out of file.stream (50 §1 and §6).
local check = require './check'
local asio_error = require 'asio_error'
local file = require 'file'
local filesystem = require 'filesystem'
local generic_error = require 'generic_error'
local stream = require 'stream'
local system = require 'system'

local flags = file.open_flag
local EINVAL, ENODATA = generic_error.EINVAL, 61

local function open(name, how)
    local f = file.stream.new()
    f:open(filesystem.path.new(name), how or flags.read_write)
    return f
end

check.case('release gives a descriptor, and the object is not open', function()
    local f = open('/dev/null')
    local fd = f:release()
    check.equal('file_descriptor', getmetatable(fd))
    check.equal(false, f.is_open)
    fd:close()
end)

-- 50 §6
check.case('the capabilities of a file need a file', function()
    local fd = open('/dev/null'):release()
    local e = check.raises(fd.cap_get, fd)
    check.equal(ENODATA, e.code)
    check.equal('system', tostring(e.category))
    check.equal('system', tostring(check.raises_code(EINVAL, nil, fd.cap_set, fd, system.cap_init()).category))
    for _, value in ipairs{'=', 1, {}, fd} do
        check.raises_code(EINVAL, 2, fd.cap_set, fd, value)
    end
    check.raises_code(EINVAL, 2, fd.cap_set, fd)
    for _, name in ipairs{'cap_rights_limit', 'cap_ioctls_limit', 'cap_fcntls_limit'} do
        check.equal('generic', tostring(check.raises_code(generic_error.ENOSYS, nil, fd[name], fd, {}).category))
    end
    local get, set, limit = fd.cap_get, fd.cap_set, fd.cap_rights_limit
    fd:close()
    for _, method in ipairs{get, set, limit} do
        check.raises_code(EINVAL, 1, method, fd)
    end
end)

-- 50 §11.42
check.case('tostring names it, dup has another number', function()
    local fd = open('/dev/null'):release()
    local number = tostring(fd):match('^/dev/fd/(%d+)$')
    check.equal('string', type(number))
    check.equal(true, tonumber(number) > 2)
    local other = fd:dup()
    check.equal('file_descriptor', getmetatable(other))
    check.equal(true, tostring(other):match('^/dev/fd/%d+$') ~= nil)
    check.equal(true, tostring(other) ~= tostring(fd))
    fd:close()
    other:close()
end)

-- 50 §11.40
check.case('release and new make a round trip, position included', function()
    local directory = filesystem.path.new(system.environment.TEST_TMPDIR or '/tmp')
    local f = file.stream.new()
    f:open(directory / 'file_descriptor', bit.bor(flags.read_write, flags.create, flags.truncate))
    stream.write_all(f, 'abcdef')
    f:seek(2, 'set')
    local g = file.stream.new(f:release())
    check.equal(true, g.is_open)
    check.equal(false, f.is_open)
    local buffer = byte_span.new(2)
    g:read_some(buffer)
    check.equal('cd', tostring(buffer))
    f:assign(g:release())
    f:read_some(buffer)
    check.equal('ef', tostring(buffer))
    check.equal(false, g.is_open)
    f:close()
end)

check.case('a dup shares the position, and outlives the original', function()
    local directory = filesystem.path.new(system.environment.TEST_TMPDIR or '/tmp')
    local f = file.stream.new()
    f:open(directory / 'file_descriptor_dup', bit.bor(flags.read_write, flags.create, flags.truncate))
    stream.write_all(f, 'abcdef')
    f:seek(0, 'set')
    local fd = f:release()
    local a, b = file.stream.new(fd:dup()), file.stream.new(fd:dup())
    fd:close()
    local buffer = byte_span.new(3)
    a:read_some(buffer)
    check.equal('abc', tostring(buffer))
    a:close()
    b:read_some(buffer)
    check.equal('def', tostring(buffer))
    b:close()
end)

-- 50 §11.41
check.case('a consumed descriptor is inert', function()
    for _, consume in ipairs{
        function(fd) file.stream.new(fd) end,
        function(fd) file.stream.new():assign(fd) end,
        function(fd) fd:close() end,
    } do
        local fd = open('/dev/null'):release()
        local close, dup = fd.close, fd.dup
        consume(fd)
        check.equal(nil, getmetatable(fd))
        check.equal('string', type(check.raises(function() return fd.close end)))
        check.equal('string', type(check.raises(function() return fd:dup() end)))
        check.raises_code(EINVAL, 1, file.stream.new, fd)
        local f = file.stream.new()
        check.raises_code(EINVAL, 2, f.assign, f, fd)
        check.equal(false, f.is_open)
        check.raises_code(EINVAL, 1, close, fd)
        check.raises_code(EINVAL, 1, dup, fd)
        check.equal(true, tostring(fd):find('^userdata') ~= nil)
    end
end)

check.case('assign to an open object does not consume', function()
    local f = open('/dev/zero')
    local fd = open('/dev/null'):release()
    check.raises_code(asio_error.misc.already_open, nil, f.assign, f, fd)
    check.equal('file_descriptor', getmetatable(fd))
    check.equal(1, f:read_some(byte_span.new(1)))
    f:close()
    f:assign(fd)
    check.raises_code(asio_error.misc.eof, nil, f.read_some, f, byte_span.new(1))
    f:close()
end)

check.case('assign wants a descriptor', function()
    local f = file.stream.new()
    for _, value in ipairs{0, '/dev/null', {}, newproxy(), f} do
        check.raises_code(EINVAL, 2, f.assign, f, value)
    end
    check.raises_code(EINVAL, 2, f.assign, f)
    check.raises_code(EINVAL, 2, f.assign, f, nil)
end)

check.case('there are no unknown members, and no writes', function()
    local fd = open('/dev/null'):release()
    check.equal(2, check.raises_core(8, function() return fd.nope end).index)
    check.equal('string', type(check.raises(function() fd.x = 1 end)))
    for _, self in ipairs{1, {}, newproxy(), this_fiber} do
        check.raises_code(EINVAL, 1, fd.dup, self)
        check.raises_code(EINVAL, 1, fd.close, self)
    end
    check.equal(false, fd == fd:dup())
    check.equal(true, fd == fd)
    fd:close()
end)

check.case('collected objects close their descriptors', function()
    -- More than there may be open at once, were they kept.
    for i = 1, 3000 do
        local fd = open('/dev/null'):release():dup()
        if i % 100 == 0 then
            collectgarbage()
            collectgarbage()
        end
        check.equal('file_descriptor', getmetatable(fd))
    end
end)

check.case('the standard streams give descriptors of their own', function()
    for _, io in ipairs{system.in_, system.out, system.err} do
        local fd = io:dup()
        check.equal('file_descriptor', getmetatable(fd))
        check.equal(true, tonumber(tostring(fd):match('%d+$')) > 2)
        fd:close()
    end
    check.equal('boolean', type(system.out:isatty()))
end)

check.done()
