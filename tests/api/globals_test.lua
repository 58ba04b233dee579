-- What a program finds in its environment (20 §3).
local check = require './check'

-- 20 §12.22
check.case('io, os, debug, package, module and arg are absent', function()
    for _, name in ipairs{'io', 'os', 'debug', 'package', 'module', 'arg'} do
        check.equal(nil, rawget(_G, name))
        check.equal(nil, getfenv(1)[name])
    end
end)

check.case('the kept functions are there', function()
    local names = [[assert collectgarbage dofile error gcinfo getfenv getmetatable ipairs load loadfile
        loadstring newproxy next pairs print rawequal rawget rawset select setfenv setmetatable tonumber
        tostring type unpack require pcall xpcall spawn]]
    for name in names:gmatch('%S+') do
        check.equal('function function ' .. name, 'function ' .. type(_G[name]) .. ' ' .. name)
    end
end)

check.case('the kept libraries are there', function()
    for _, name in ipairs{'string', 'table', 'math', 'bit', 'jit', 'coroutine'} do
        check.equal('table', type(_G[name]))
    end
    check.equal('Lua 5.1', _VERSION)
    check.equal(6, bit.bor(2, 4))
    check.equal('string', type(jit.version))
    check.equal('xx', ('x'):rep(2))
end)

check.case('byte_span and this_fiber are globals', function()
    check.equal('table', type(byte_span))
    check.equal('userdata', type(this_fiber))
end)

check.case('coroutine has its six members and isyieldable', function()
    for _, name in ipairs{'create', 'resume', 'wrap', 'yield', 'status', 'running', 'isyieldable'} do
        check.equal('function', type(coroutine[name]))
    end
end)

check.case('ffi is no global', function() check.equal(nil, ffi) end)

check.case('_G is the environment of the module', function()
    check.equal(true, rawequal(_G, getfenv(1)))
    check.equal(true, rawequal(_G, _G._G))
    a_global = 'set'
    check.equal('set', _G.a_global)
    a_global = nil
end)

check.case('_CONTEXT is main and _FILE a path in the entry script', function()
    check.equal('main', _CONTEXT)
    check.equal('filesystem.path', getmetatable(_FILE))
    check.equal('globals_test.lua', _FILE.filename)
    check.equal(true, _FILE.is_absolute)
end)

check.case('error codes of the runtime do not pass for strings', function()
    local e = check.raises(function() return this_fiber.nope end)
    check.equal('table', type(e))
    check.equal('error_code', getmetatable(e))
end)

-- 20 §4.4
check.case('string errors name the place in the program and what was called there', function()
    local time = require 'time'
    local function place_of(f)
        return check.raises(f):match('globals_test.lua:%d+: (.*)$')
    end
    check.equal("bad argument #1 to 'sleep' (number expected, got table)", place_of(function() time.sleep{} end))
    check.equal("bad argument #1 to 'require' (string expected, got number)", place_of(function() require(5) end))
    check.equal("bad argument #1 to 'spawn' (function expected, got nil)", place_of(function() spawn(nil) end))
    check.equal("bad argument #1 to 'resume' (coroutine expected)", place_of(function() coroutine.resume(1) end))
    check.equal("bad argument #1 to 'add' (number expected, got no value)", place_of(function()
        local point = time.steady_clock.now()
        point:add()
    end))
    local function sort_by_sleeping()
        table.sort({1, 2}, function() time.sleep(0) end)
    end
    check.equal('attempt to suspend inside a function that native code calls', place_of(sort_by_sleeping))
end)

check.case('error, assert, tostring and unpack are stock', function()
    check.equal(true, check.raises(error, 'text', 0) == 'text')
    local _, e = pcall(function() error('here') end)
    check.equal(true, e:find('globals_test.lua:%d+: here$') ~= nil)
    check.equal('said so', check.raises(assert, false, 'said so'))
    check.equal(3, select('#', unpack({1, nil, 3}, 1, 3)))
    check.equal('nil', tostring(nil))
end)

check.case('chunks made by loadstring and load see the globals of the program', function()
    check.equal('globals_test.lua', assert(loadstring('return _FILE.filename'))())
    check.equal('main', assert(load('return _CONTEXT'))())
    assert(loadstring('made_by_loadstring = 1'))()
    check.equal(1, made_by_loadstring)
    made_by_loadstring = nil
end)

check.case('a fiber sees the globals of the program', function()
    shared_global = 1
    spawn(function() shared_global = shared_global + 1 end):join()
    check.equal(2, shared_global)
    shared_global = nil
end)

check.case('metatables of the engine are out of reach', function()
    check.equal('string', type(check.raises(setmetatable, this_fiber, {})))
    local e = check.raises(function() return this_fiber.nope end)
    check.equal('string', type(check.raises(setmetatable, e, {})))
end)

check.case('bytecode of its own making is accepted outside of boxes', function()
    local dumped = string.dump(function() return 'from bytecode' end)
    check.equal('from bytecode', assert(loadstring(dumped))())
    check.equal(nil, (load(dumped, 'x', 't')))
end)

check.done()
