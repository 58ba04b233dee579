-- Named cases for tests written in Lua.
--
--     local check = require './check'
--     check.case('join returns all results', function()
--         check.equal(3, select('#', spawn(function() return 1, nil, nil end):join()))
--     end)
--     check.done()
--
-- Each case runs at once, in the main fiber. See tests/run_cases.py for the lines printed.

local system = require 'system'

-- The sanitizers' thread checks want threads to check.
if system.environment.EMILUA_TEST_THREADS then
    spawn_context_threads(tonumber(system.environment.EMILUA_TEST_THREADS))
end

local count, failed = 0, 0

local function text(value)
    return type(value) == 'string' and ('%q'):format(value) or tostring(value)
end

-- Raises unless the two are equal.
function equal(expected, actual)
    if expected ~= actual then
        error(('expected %s, got %s'):format(text(expected), text(actual)), 2)
    end
end

-- Calls f and returns what it raises; raises itself if nothing is.
function raises(f, ...)
    local ok, e = pcall(f, ...)
    if ok then
        error('nothing was raised', 2)
    end
    return e
end

-- Calls f, which must raise an error code equal to `expected`; with `arg`, its field of that name
-- must be that. Returns the error.
function raises_code(expected, arg, f, ...)
    local e = raises(f, ...)
    if e ~= expected then
        error(('expected %s, got %s'):format(text(expected), text(e)), 2)
    end
    if e.arg ~= arg then
        error(('expected arg %s, got %s'):format(text(arg), text(e.arg)), 2)
    end
    return e
end

-- The same for a code of the category emilua.core, by number.
function raises_core(code, f, ...)
    local e = raises(f, ...)
    if getmetatable(e) ~= 'error_code' then
        error('expected an error code, got ' .. text(e), 2)
    end
    if tostring(e.category) ~= 'emilua.core' or e.code ~= code then
        error(('expected emilua.core %d, got %s %d'):format(code, tostring(e.category), e.code), 2)
    end
    return e
end

-- Calls f where suspension is forbidden: it must refuse.
function refuses_to_suspend(f, ...)
    this_fiber.forbid_suspend()
    local ok, e = pcall(raises_core, 12, f, ...)
    this_fiber.allow_suspend()
    if not ok then
        error(e, 0)
    end
end

function case(name, f)
    count = count + 1
    local ok, e = pcall(f)
    if ok then
        print('ok ' .. name)
    else
        failed = failed + 1
        print(('not ok %s: %s'):format(name, (tostring(e):gsub('\n', ' '))))
    end
end

function skip(name, reason)
    count = count + 1
    print(('skip %s: %s'):format(name, reason))
end

function done()
    print('done ' .. count)
    system.exit(failed == 0 and 0 or 1)
end
