-- interruption of fibers: where it is raised, and where it is not.
local check = require './check'
local file = require 'file'
local filesystem = require 'filesystem'
local time = require 'time'

-- Runs `f` as a fiber that has been interrupted before it runs; returns what join returns.
local function interrupted(f)
    local fiber = spawn(f)
    fiber:interrupt()
    return fiber:join()
end

-- 10 §13.6
check.case('joining an interrupted fiber gives no values and raises nothing', function()
    local f = spawn(function() time.sleep(60) end)
    this_fiber.yield()
    f:interrupt()
    check.equal(0, select('#', f:join()))
    check.equal(true, f.interruption_caught)
    check.equal(false, f.joinable)
end)

check.case('joining a fiber that was interrupted long ago gives the same', function()
    local f = spawn(function() this_fiber.yield() end)
    f:interrupt()
    for _ = 1, 10 do
        this_fiber.yield()
    end
    check.equal(0, select('#', f:join()))
    check.equal(true, f.interruption_caught)
end)

-- 10 §13.8
check.case('a fiber that swallows the interruption returns its values', function()
    local f = spawn(function()
        local ok, e = pcall(time.sleep, 60)
        return ok, e
    end)
    this_fiber.yield()
    f:interrupt()
    local ok, e = f:join()
    check.equal(false, ok)
    check.equal('error_code', getmetatable(e))
    check.equal(13, e.code)
    check.equal('emilua.core', tostring(e.category))
    check.equal('Fiber interrupted', tostring(e))
    check.equal(false, f.interruption_caught)
end)

check.case("raising somebody else's interruption counts as one", function()
    local f = spawn(function()
        local _, e = pcall(time.sleep, 60)
        return e
    end)
    this_fiber.yield()
    f:interrupt()
    local stolen = f:join()
    local g = spawn(function() error(stolen) end)
    check.equal(0, select('#', g:join()))
    check.equal(true, g.interruption_caught)
end)

check.case('interrupting twice is the same as once, and catching it does not reset it', function()
    local reached = ''
    local f = spawn(function()
        pcall(time.sleep, 60)
        reached = reached .. 'a'
        time.sleep(60)
        reached = reached .. 'b'
    end)
    this_fiber.yield()
    f:interrupt()
    f:interrupt()
    check.equal(0, select('#', f:join()))
    check.equal(true, f.interruption_caught)
    check.equal('a', reached)
end)

-- 10 §13.11
check.case('interrupt on joined, detached and finished handles is silent', function()
    local f = spawn(function() return 1 end)
    f:join()
    check.equal(0, select('#', f:interrupt()))
    check.equal(false, f.interruption_caught)
    local survived = false
    local g = spawn(function()
        this_fiber.yield()
        this_fiber.yield()
        survived = true
    end)
    g:detach()
    check.equal(0, select('#', g:interrupt()))
    local h = spawn(function() return 'finished' end)
    for _ = 1, 10 do
        this_fiber.yield()
    end
    check.equal(true, survived)
    check.equal(0, select('#', h:interrupt()))
    check.equal('finished', h:join())
    check.equal(false, h.interruption_caught)
end)

-- 10 §13.12
check.case('a fiber interrupted before its first turn runs up to an interruption point', function()
    local reached = ''
    local f = spawn(function()
        reached = reached .. 'a'
        spawn(function() end):detach()
        reached = reached .. 'b'
        this_fiber.yield()
        reached = reached .. 'c'
    end)
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
    check.equal('ab', reached)
end)

-- 10 §13.13
check.case('interrupting oneself does nothing until the next interruption point', function()
    local reached = ''
    local me
    me = spawn(function()
        me:interrupt()
        reached = reached .. 'a'
        this_fiber.yield()
        reached = reached .. 'b'
    end)
    me:join()
    check.equal('a', reached)
    check.equal(true, me.interruption_caught)
end)

-- 10 §13.14
check.case('pcall and xpcall raise the interruption instead of returning it', function()
    for _, call in ipairs{pcall, xpcall} do
        local called, returned = false, false
        local handled = false
        local f = spawn(function()
            call(function() called = true end, function() handled = true end)
            returned = true
        end)
        f:interrupt()
        f:join()
        check.equal(true, f.interruption_caught)
        check.equal(false, called or returned or handled)
    end
end)

check.case('a fiber that catches everything in a loop still ends', function()
    local rounds = 0
    local f = spawn(function()
        while true do
            rounds = rounds + 1
            pcall(time.sleep, 60)
        end
    end)
    this_fiber.yield()
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
    check.equal(2, rounds)
end)

check.case('coroutine.resume and wrapped functions raise it, the coroutine untouched', function()
    local entered = 0
    local co = coroutine.create(function()
        entered = entered + 1
        return 'ran'
    end)
    local f = spawn(function() return coroutine.resume(co) end)
    f:interrupt()
    check.equal(0, select('#', f:join()))
    check.equal(true, f.interruption_caught)
    check.equal(0, entered)
    check.equal('suspended', coroutine.status(co))
    check.equal('ran', select(2, coroutine.resume(co)))
    local wrapped = coroutine.wrap(function() return 'wrapped' end)
    local g = spawn(function() return wrapped() end)
    g:interrupt()
    g:join()
    check.equal(true, g.interruption_caught)
    check.equal('wrapped', wrapped())
end)

check.case('an interrupted fiber may compute, spawn, detach and interrupt', function()
    local result = interrupted(function()
        local child = spawn(function() this_fiber.yield() end)
        child:interrupt()
        child:detach()
        local co = coroutine.create(function() end)
        coroutine.status(co)
        coroutine.running()
        return #table.concat{'a', 'b'}
    end)
    check.equal(2, result)
end)

-- 10 §13.15
check.case('an interruption during yield surfaces one interruption point later', function()
    local reached = ''
    local f = spawn(function()
        this_fiber.yield()
        reached = reached .. 'a'
        this_fiber.yield()
        reached = reached .. 'b'
    end)
    this_fiber.yield()
    f:interrupt()
    f:join()
    check.equal('a', reached)
    check.equal(true, f.interruption_caught)
end)

check.case('an interrupted joiner leaves its target joinable', function()
    local stop = false
    local target = spawn(function()
        while not stop do
            this_fiber.yield()
        end
        return 'untouched'
    end)
    local joiner = spawn(function() target:join() end)
    this_fiber.yield()
    check.equal(false, target.joinable)
    joiner:interrupt()
    joiner:join()
    check.equal(true, joiner.interruption_caught)
    check.equal(true, target.joinable)
    stop = true
    check.equal('untouched', target:join())
    check.equal(false, target.interruption_caught)
end)

check.case('joining a finished fiber still checks for an interruption first', function()
    local target = spawn(function() return 'ready' end)
    for _ = 1, 5 do
        this_fiber.yield()
    end
    local joiner = spawn(function() return target:join() end)
    joiner:interrupt()
    check.equal(0, select('#', joiner:join()))
    check.equal(true, joiner.interruption_caught)
    check.equal('ready', target:join())
end)

check.case('a target may be interrupted while somebody joins it', function()
    local target = spawn(function() time.sleep(60) end)
    local joiner = spawn(function() return select('#', target:join()) end)
    this_fiber.yield()
    target:interrupt()
    check.equal(0, joiner:join())
    check.equal(true, target.interruption_caught)
    check.equal(false, joiner.interruption_caught)
end)

-- 10 §13.19, §13.20
check.case('disable_interruption counts, and restoring raises nothing itself', function()
    local reached = ''
    local f = spawn(function()
        this_fiber.disable_interruption()
        this_fiber.disable_interruption()
        this_fiber.yield()
        reached = reached .. 'a'
        this_fiber.restore_interruption()
        this_fiber.yield()
        reached = reached .. 'b'
        this_fiber.restore_interruption()
        reached = reached .. 'c'
        this_fiber.yield()
        reached = reached .. 'd'
    end)
    f:interrupt()
    f:join()
    check.equal('abc', reached)
    check.equal(true, f.interruption_caught)
end)

check.case('one restore too many is interruption_already_allowed', function()
    this_fiber.disable_interruption()
    this_fiber.disable_interruption()
    this_fiber.restore_interruption()
    this_fiber.restore_interruption()
    check.raises_core(11, this_fiber.restore_interruption)
    check.raises_core(11, this_fiber.restore_interruption)
end)

check.case('errors do not rebalance the interruption counter', function()
    local f = spawn(function()
        pcall(function()
            this_fiber.disable_interruption()
            error('leaves it disabled')
        end)
        this_fiber.yield()
        this_fiber.restore_interruption()
        return pcall(this_fiber.restore_interruption)
    end)
    local ok, e = f:join()
    check.equal(false, ok)
    check.equal(11, e.code)
end)

-- 10 §13.21
check.case('an operation begun with interruption disabled runs to its end', function()
    local reached = ''
    local f = spawn(function()
        this_fiber.disable_interruption()
        time.sleep(0.005)
        reached = reached .. 'a'
        this_fiber.restore_interruption()
        reached = reached .. 'b'
        time.sleep(0)
        reached = reached .. 'c'
    end)
    this_fiber.yield()
    f:interrupt()
    f:join()
    check.equal('ab', reached)
    check.equal(true, f.interruption_caught)
end)

check.case('a join begun with interruption disabled waits on', function()
    local stop = false
    local target = spawn(function()
        while not stop do
            this_fiber.yield()
        end
        return 'joined'
    end)
    local joiner = spawn(function()
        this_fiber.disable_interruption()
        local value = target:join()
        this_fiber.restore_interruption()
        return value
    end)
    this_fiber.yield()
    joiner:interrupt()
    for _ = 1, 5 do
        this_fiber.yield()
    end
    check.equal(true, joiner.joinable)
    check.equal(false, target.joinable)
    stop = true
    check.equal('joined', joiner:join())
    check.equal(false, joiner.interruption_caught)
end)

-- 10 §5.3.8
check.case('where suspension is forbidden too, forbid_suspend_block is raised', function()
    local f = spawn(function()
        this_fiber.forbid_suspend()
        this_fiber.yield()
    end)
    f:interrupt()
    check.raises_core(12, f.join, f)
    check.equal(false, f.interruption_caught)
    check.raises_core(12, function()
        interrupted(function()
            this_fiber.forbid_suspend()
            time.sleep(0)
        end)
    end)
end)

check.case('interruption belongs to the fiber, not to the coroutine', function()
    local co = coroutine.wrap(function()
        coroutine.yield('first')
        this_fiber.yield()
        coroutine.yield('second')
    end)
    check.equal('first', co())
    local f = spawn(function() return co() end)
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
    check.equal('second', co())
end)

check.case('a fiber interrupted inside a coroutine unwinds it', function()
    local caught
    local co = coroutine.create(function()
        local ok, e = pcall(time.sleep, 60)
        caught = not ok and e.code
        return 'unwound'
    end)
    local f = spawn(function() return coroutine.resume(co) end)
    this_fiber.yield()
    check.equal('normal', coroutine.status(co))
    f:interrupt()
    local ok, value = f:join()
    check.equal(true, ok)
    check.equal('unwound', value)
    check.equal(13, caught)
    check.equal('dead', coroutine.status(co))
end)

-- 50 §11.44
check.case('an interrupted fiber touches no file', function()
    local stream = file.stream.new()
    stream:open(filesystem.path.new('/dev/zero'), file.open_flag.read_only)
    local span = byte_span.append('xxxx')
    local f = spawn(function() return stream:read_some(span) end)
    f:interrupt()
    check.equal(0, select('#', f:join()))
    check.equal(true, f.interruption_caught)
    check.equal('xxxx', tostring(span))
    check.equal(4, stream:read_some(span))
    stream:close()
end)

check.done()
