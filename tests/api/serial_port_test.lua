-- The module serial_port (50 §8), on pseudoterminals; what wants a session of its own is in terminals_test.
local check = require './check'
local asio_error = require 'asio_error'
local file = require 'file'
local filesystem = require 'filesystem'
local generic_error = require 'generic_error'
local io_cases = require './io_cases'
local pipe = require 'pipe'
local serial_port = require 'serial_port'
local stream = require 'stream'

local EINVAL, EBADF, ENOTSUP = generic_error.EINVAL, generic_error.EBADF, generic_error.ENOTSUP
local aborted = asio_error.basic.operation_aborted

local read, parked = io_cases.read, io_cases.parked

-- Where there are no pseudoterminals, nothing of this can be tested.
if not pcall(serial_port.ptypair) then
    check.skip('everything', 'no pseudoterminals here')
    check.done()
    return
end

-- The port, and the program's side as a stream.
local function pair()
    local port, fd = serial_port.ptypair()
    return port, file.stream.new(fd)
end

local function raises_of(category, name, f, ...)
    local e = check.raises_code(generic_error[name], nil, f, ...)
    check.equal(category, tostring(e.category))
    return e
end

check.case('a pair is connected', function()
    local port, program = pair()
    check.equal('serial_port', getmetatable(port))
    check.equal(true, port.is_open)
    check.equal(true, port:isatty())
    stream.write_all(program, 'hello\n')
    check.equal('hello\r\n', read(port))
    stream.write_all(port, 'typed\n')
    check.equal('typed\n', read(program))
    check.equal('typed\r\n', read(port))
    port:close()
    program:close()
end)

check.case('the descriptor of a pair is non-blocking and close-on-exec', function()
    local port, fd = serial_port.ptypair()
    check.equal('file_descriptor', getmetatable(fd))
    local want = bit.bor(io_cases.O_NONBLOCK, io_cases.O_CLOEXEC)
    check.equal(want, bit.band(io_cases.flags_of(fd), want))
    local master = port:release()
    check.equal(io_cases.O_CLOEXEC, bit.band(io_cases.flags_of(master), io_cases.O_CLOEXEC))
    fd:close()
    master:close()
end)

check.case('reading waits, and writing when nobody reads', function()
    local port, program = pair()
    local reader = parked(function() return read(port) end)
    stream.write_all(program, 'x')
    check.equal('x', reader:join())
    local block = byte_span.new(4096)
    check.equal(true, io_cases.until_it_waits(function() return program:write_some(block) end) > 0)
    local writer = parked(function() return program:write_some(byte_span.append('last')) end)
    repeat
        local text = read(port, 65536)
    until text:find('last', 1, true)
    check.equal(4, writer:join())
    port:close()
    program:close()
end)

check.case('a port whose program has gone is EIO', function()
    local port, program = pair()
    stream.write_all(program, 'end')
    program:close()
    check.equal('end', read(port))
    raises_of('system', 'EIO', read, port)
    port:close()
end)

check.case('a program whose port has gone is at the end', function()
    local port, program = pair()
    local reader = parked(function() return check.raises(read, program) end)
    port:close()
    local e = reader:join()
    check.equal(true, e == asio_error.misc.eof or e == generic_error.EIO)
    program:close()
end)

check.case('close, cancel and release end what is pending', function()
    for _, method in ipairs{'close', 'cancel', 'release'} do
        local port, program = pair()
        local a = parked(function() return check.raises(read, port) end)
        local b = parked(function() return check.raises(read, port) end)
        local fd = port[method](port)
        check.equal(aborted, a:join())
        check.equal(aborted, b:join())
        check.equal(method == 'cancel', port.is_open)
        if fd then
            local again = serial_port.new(fd)
            check.equal(nil, getmetatable(fd))
            stream.write_all(program, 'still')
            check.equal('still', read(again))
            again:close()
        end
        port:close()
        program:close()
    end
end)

-- 50 §11.43
check.case('an interrupted reader leaves what comes for the next one', function()
    local port, program = pair()
    local reader = parked(function() return read(port) end)
    reader:interrupt()
    reader:join()
    check.equal(true, reader.interruption_caught)
    stream.write_all(program, 'later')
    check.equal('later', read(port))
    port:close()
    program:close()
end)

check.case('assign fills a port once', function()
    local port, fd = serial_port.ptypair()
    local other = serial_port.new()
    check.equal(false, other.is_open)
    other:assign(fd)
    check.equal(nil, getmetatable(fd))
    local _, another = serial_port.ptypair()
    check.raises_code(asio_error.misc.already_open, nil, other.assign, other, another)
    check.equal('file_descriptor', getmetatable(another))
    check.raises_code(EINVAL, 2, serial_port.new().assign, serial_port.new(), 1)
    stream.write_all(other, 'x')
    check.equal('x', read(port))
    for _, value in ipairs{0, '/dev/null', port} do
        check.raises_code(EINVAL, 1, serial_port.new, value)
    end
    check.raises_code(EINVAL, 1, serial_port.new, nil)
    another:close()
    other:close()
    port:close()
end)

check.case('open wants a device that is a terminal', function()
    local port = serial_port.new()
    raises_of('system', 'ENOENT', port.open, port, '/dev/there_is_none')
    raises_of('system', 'ENOTTY', port.open, port, '/dev/null')
    raises_of('system', 'EINVAL', port.open, port, '/dev/null\0')
    raises_of('system', 'EISDIR', port.open, port, '/')
    check.equal('string', type(check.raises(port.open, port)))
    check.equal('string', type(check.raises(port.open, port, filesystem.path.new('/dev/null'))))
    check.equal(false, port.is_open)
end)

-- 50 §11.48
check.case('opening what is open is already_open', function()
    local port, fd = serial_port.ptypair()
    check.raises_code(asio_error.misc.already_open, nil, port.open, port, '/dev/null')
    check.equal(true, port.is_open)
    fd:close()
    port:close()
end)

check.case('what is not open', function()
    local port = serial_port.new()
    port:close()
    raises_of('system', 'EBADF', port.cancel, port)
    raises_of('system', 'EBADF', port.send_break, port)
    raises_of('generic', 'EBADF', port.release, port)
    raises_of('generic', 'EBADF', port.isatty, port)
    raises_of('generic', 'EBADF', port.tcgetpgrp, port)
    raises_of('generic', 'EBADF', port.tcsetpgrp, port, 1)
    raises_of('system', 'EBADF', port.read_some, port, byte_span.new(1))
    raises_of('system', 'EBADF', port.write_some, port, byte_span.new(1))
    local values = {baud_rate = 9600, flow_control = 'software', parity = 'odd', stop_bits = 'one', character_size = 8}
    for name, value in pairs(values) do
        raises_of('system', 'EBADF', function() return port[name] end)
        raises_of('system', 'EBADF', function() port[name] = value end)
    end
end)

check.case('baud rates', function()
    local port, program = pair()
    for _, rate in ipairs{9600, 115200, 50, 4000000} do
        port.baud_rate = rate
        check.equal(rate, port.baud_rate)
    end
    port.baud_rate = 38400.7
    check.equal(38400, port.baud_rate)
    for _, rate in ipairs{0, 1, -9600, 9601, 2 ^ 32 + 9600, math.huge, 0 / 0} do
        raises_of('system', 'EINVAL', function() port.baud_rate = rate end)
    end
    for _, value in ipairs{{}, true, 'fast', '9600'} do
        check.equal('string', type(check.raises(function() port.baud_rate = value end)))
    end
    check.equal('string', type(check.raises(function() port.baud_rate = nil end)))
    check.equal(38400, port.baud_rate)
    port:close()
    program:close()
end)

check.case('flow control', function()
    local port, program = pair()
    for _, value in ipairs{'software', 'hardware'} do
        port.flow_control = value
        check.equal(value, port.flow_control)
    end
    port.flow_control = nil
    check.equal(nil, port.flow_control)
    raises_of('generic', 'ENOTSUP', function() port.flow_control = 'none' end)
    for _, value in ipairs{1, true, {}} do
        check.raises_code(EINVAL, 3, function() port.flow_control = value end)
    end
    port:close()
    program:close()
end)

-- Pseudoterminals have eight bits and no parity whatever one says; lines are tested in C++.
check.case('parity and character size', function()
    local port, program = pair()
    for _, value in ipairs{'odd', 'even'} do
        port.parity = value
    end
    port.parity = nil
    check.equal(nil, port.parity)
    check.raises_code(ENOTSUP, nil, function() port.parity = 'mark' end)
    check.raises_code(EINVAL, 3, function() port.parity = 1 end)
    check.raises_code(EINVAL, 3, function() port.parity = false end)
    port.character_size = 8
    check.equal(8, port.character_size)
    port.character_size = 5
    for _, value in ipairs{4, 9, -8, math.huge, 0 / 0} do
        raises_of('generic', 'ERANGE', function() port.character_size = value end)
    end
    for _, value in ipairs{{}, true, '8'} do
        check.equal('string', type(check.raises(function() port.character_size = value end)))
    end
    port:close()
    program:close()
end)

check.case('stop bits', function()
    local port, program = pair()
    for _, value in ipairs{'two', 'one', 'two'} do
        port.stop_bits = value
        check.equal(value, port.stop_bits)
    end
    raises_of('system', 'EOPNOTSUPP', function() port.stop_bits = 'one_point_five' end)
    raises_of('generic', 'ENOTSUP', function() port.stop_bits = 'three' end)
    for _, value in ipairs{1, true, {}} do
        check.raises_code(EINVAL, 3, function() port.stop_bits = value end)
    end
    check.raises_code(EINVAL, 3, function() port.stop_bits = nil end)
    check.equal('two', port.stop_bits)
    port:close()
    program:close()
end)

check.case('properties of what is no terminal are ENOTTY', function()
    local r = pipe.pair()
    local port = serial_port.new(r:release())
    check.equal(false, port:isatty())
    raises_of('system', 'ENOTTY', function() return port.baud_rate end)
    raises_of('system', 'ENOTTY', function() port.parity = nil end)
    raises_of('system', 'ENOTTY', port.tcgetpgrp, port)
    raises_of('system', 'ENOTTY', port.tcsetpgrp, port, 1)
    raises_of('system', 'ENOTTY', port.send_break, port)
    port:close()
end)

check.case('a pair has no foreground process group, nor can one outside of its session be set', function()
    local port, program = pair()
    check.equal(0, port:tcgetpgrp())
    raises_of('system', 'ENOTTY', port.tcsetpgrp, port, 1)
    check.equal('string', type(check.raises(port.tcsetpgrp, port)))
    check.raises_code(EINVAL, 2, port.tcsetpgrp, port, 2 ^ 40)
    port:close()
    program:close()
end)

check.case('send_break', function()
    local port, program = pair()
    check.equal(0, select('#', port:send_break()))
    port:close()
    program:close()
end)

check.case('who sends a break waits for its end alone', function()
    local port, program = pair()
    local others = 0
    local other = spawn(function() others = others + 1 end)
    port:send_break()
    check.equal(1, others)
    other:join()
    local fiber = spawn(function()
        port:send_break()
        others = others + 1
    end)
    this_fiber.yield()
    fiber:interrupt()
    fiber:join()
    check.equal(false, fiber.interruption_caught)
    check.equal(2, others)
    port:close()
    program:close()
end)

check.case('a break is sent where nobody may wait, too', function()
    local port, program = pair()
    this_fiber.forbid_suspend()
    port:send_break()
    this_fiber.allow_suspend()
    table.sort({1, 2}, function(a, b)
        port:send_break()
        return a < b
    end)
    local sent = false
    local interrupted = spawn(function()
        port:send_break()
        sent = true
    end)
    interrupted:interrupt()
    interrupted:join()
    check.equal(true, sent)
    port:close()
    program:close()
end)

check.case('a port may be closed while it sends a break', function()
    local port, program = pair()
    local fiber = spawn(function() port:send_break() end)
    this_fiber.yield()
    port:close()
    fiber:join()
    program:close()
end)

check.case('other members are bad_index', function()
    local port = serial_port.new()
    check.equal(2, check.raises_core(8, function() return port.nope end).index)
    check.equal(2, check.raises_core(8, function() port.nope = 1 end).index)
    check.equal(2, check.raises_core(8, function() port.is_open = true end).index)
    check.equal(2, check.raises_core(8, function() port.read_some = 1 end).index)
    check.equal(2, check.raises_core(8, function() port[1] = 1 end).index)
end)

-- 50 §11.22
check.case('wrong arguments', function()
    local port, program = pair()
    for _, method in ipairs{'read_some', 'write_some'} do
        for _, value in ipairs{'text', 1, {}, newproxy(), port} do
            check.raises_code(EINVAL, 2, port[method], port, value)
        end
        check.refuses_to_suspend(port[method], port, byte_span.new(1))
        check.refuses_to_suspend(port[method], port, 'text')
    end
    for _, method in ipairs{'open', 'close', 'cancel', 'assign', 'release', 'send_break', 'isatty', 'tcgetpgrp',
                            'read_some', 'write_some'} do
        for _, self in ipairs{'x', {}, newproxy(), program} do
            check.raises_code(EINVAL, 1, port[method], self, byte_span.new(1))
        end
    end
    check.raises_code(EINVAL, 1, port.tcsetpgrp, {}, 1)
    port:close()
    program:close()
end)

check.case('no descriptor is leaked', function()
    local before = io_cases.next_number()
    for _ = 1, 20 do
        local port, program = pair()
        local reader = parked(function() pcall(read, port) end)
        port:close()
        reader:join()
        program:close()
        pcall(port.open, port, '/dev/null')
    end
    io_cases.nothing_leaked(before)
end)

check.done()
