-- system, as far as one process can tell; streams and exit statuses are in stdio_test and exit_test.
local check = require './check'
local asio_error = require 'asio_error'
local generic_error = require 'generic_error'
local stream = require 'stream'
local system = require 'system'

local EINVAL = generic_error.EINVAL

-- 80 §12.1
check.case('system is a userdata that knows its members', function()
    check.equal('userdata', type(system))
    check.equal('system', getmetatable(system))
    check.equal(2, check.raises_core(8, function() return system.nope end).index)
    check.equal(2, check.raises_core(8, function() return system[1] end).index)
    check.raises(function() system.x = 1 end)
end)

-- 80 §12.2
check.case('arguments are fresh each time', function()
    local arguments = system.arguments
    check.equal(false, rawequal(arguments, system.arguments))
    check.equal(true, arguments[2]:find('system_test%.lua$') ~= nil)
    arguments[2] = 'edited'
    arguments[3] = 'added'
    check.equal(true, system.arguments[2] ~= 'edited')
    check.equal(nil, system.arguments[3])
end)

check.case('environment is fresh each time', function()
    local environment = system.environment
    check.equal(false, rawequal(environment, system.environment))
    environment.EMILUA_TEST_ADDED = 'x'
    check.equal(nil, system.environment.EMILUA_TEST_ADDED)
    for name, value in pairs(environment) do
        check.equal('string', type(name))
        check.equal('string', type(value))
    end
end)

-- 80 §12.9
check.case('the standard streams are plain tables, the same each time', function()
    for _, name in ipairs{'in_', 'out', 'err'} do
        check.equal('table', type(system[name]))
        check.equal(true, rawequal(system[name], system[name]))
        check.equal(nil, system[name].nope)
        check.equal('function', type(system[name].dup))
        check.equal('boolean', type(system[name]:isatty()))
    end
end)

check.case('each stream has one direction', function()
    check.equal('function', type(system.in_.read_some))
    check.equal(nil, system.in_.write_some)
    check.equal('function', type(system.out.write_some))
    check.equal('function', type(system.err.write_some))
    check.equal(nil, system.out.read_some)
    check.equal(nil, system.err.read_some)
end)

-- 80 §12.8. The runner gives us /dev/null.
check.case('the end of input is eof', function()
    local e = check.raises_code(asio_error.misc.eof, nil, system.in_.read_some, system.in_, byte_span.new(1))
    check.equal('asio.misc', tostring(e.category))
    check.raises_code(asio_error.misc.eof, nil, stream.read_all, system.in_, byte_span.new(1))
end)

-- 80 §12.7
check.case('self is ignored', function()
    check.equal(1, system.err.write_some(nil, byte_span.append('\n')))
    check.raises_code(asio_error.misc.eof, nil, system.in_.read_some, nil, byte_span.new(1))
end)

check.case('an empty buffer moves nothing', function()
    check.equal(0, system.err:write_some(byte_span.new(0)))
    check.equal(0, system.out:write_some(byte_span.new(0, 5)))
    check.equal(0, system.in_:read_some(byte_span.new(0)))
end)

-- 80 §12.7
check.case('what is no span is EINVAL with arg 2', function()
    for _, value in ipairs{'text', 1, {}, newproxy(), system} do
        check.raises_code(EINVAL, 2, system.in_.read_some, system.in_, value)
        check.raises_code(EINVAL, 2, system.out.write_some, system.out, value)
        check.raises_code(EINVAL, 2, system.err.write_some, nil, value)
    end
    check.raises_code(EINVAL, 2, system.out.write_some)
end)

check.case('the streams suspend, and so do not work in a forbid block', function()
    this_fiber.forbid_suspend()
    local ok, e = pcall(function()
        check.raises_core(12, system.in_.read_some, system.in_, byte_span.new(1))
        check.raises_core(12, system.out.write_some, system.out, byte_span.new(0))
        check.raises_core(12, system.err.write_some, system.err, byte_span.new(0))
    end)
    this_fiber.allow_suspend()
    check.equal(nil, e)
    check.equal(true, ok)
end)

check.case('an interrupted fiber writes nothing', function()
    local f = spawn(function() system.err:write_some(byte_span.append('must not be seen\n')) end)
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
end)

check.case('getpid and getppid are numbers', function()
    check.equal(true, system.getpid() > 1)
    check.equal(true, system.getppid() >= 0)
    check.equal(system.getpid(), system.getpid())
end)

-- 80 §12.5
check.case('exit refuses bad arguments, and the program goes on', function()
    check.raises_code(generic_error.ENOTSUP, nil, system.exit, 0, {force = 1})
    check.raises_code(EINVAL, 'force', system.exit, 0, {force = 'x'})
    check.raises_code(EINVAL, 'force', system.exit, 0, {force = 3})
    check.raises_code(EINVAL, 'force', system.exit, 0, {force = ''})
    check.raises_code(EINVAL, 2, system.exit, 0, {force = true})
    check.raises_code(EINVAL, 2, system.exit, 0, {force = {}})
    check.equal('string', type(check.raises(system.exit, 'x')))
    check.equal('string', type(check.raises(system.exit, {})))
    this_fiber.yield()
end)

check.done()
