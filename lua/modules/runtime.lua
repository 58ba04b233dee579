-- What the scheduler needs on the Lua side. The chunk gets the engine's primitives and returns the
-- functions that programs see.
--
-- A fiber suspends by yielding SUSPEND from its own stack. Inside user coroutines the value passes
-- through each resumer in turn, so that the whole fiber suspends and later goes on where it was.
-- Suspending functions of the engine return (true, results…) or (false, error): only Lua code can
-- raise after a suspension.

local SUSPEND, native = ...

local check_interruption, ending = native.check_interruption, native.ending
local enter_coroutine, leave_coroutine = native.enter_coroutine, native.leave_coroutine
local create, raw_resume, raw_status, raw_yield =
    coroutine.create, coroutine.resume, coroutine.status, coroutine.yield
local raw_pcall, raw_xpcall, error, type = pcall, xpcall, error, type

local runtime = {}

-- Suspension ----------------------------------------------------------------------------------------

local function finish(ok, ...)
    if ok then
        return ...
    end
    error((...), 0)
end

function runtime.suspending(f)
    return function(...)
        return finish(f(...))
    end
end

-- Protected calls -----------------------------------------------------------------------------------

-- Nothing stops the end of the VM.
local function protected(ok, ...)
    if not ok and ending() then
        error((...), 0)
    end
    return ok, ...
end

function runtime.pcall(...)
    check_interruption()
    return protected(raw_pcall(...))
end

function runtime.xpcall(...)
    check_interruption()
    return protected(raw_xpcall(...))
end

-- Coroutines ----------------------------------------------------------------------------------------

-- Coroutines whose body is parked in a suspending call of some fiber.
local busy = setmetatable({}, {__mode = 'k'})

local propagate

local function continue(co, ...)
    busy[co] = nil
    return propagate(co, raw_resume(co, ...))
end

function propagate(co, ok, ...)
    if ok and (...) == SUSPEND then
        busy[co] = true
        return continue(co, raw_yield(SUSPEND))
    end
    leave_coroutine()
    if not ok and ending() then
        error((...), 0)
    end
    return ok, ...
end

local function resume(co, ...)
    enter_coroutine(co, busy[co])
    return propagate(co, raw_resume(co, ...))
end

runtime.coroutine = {
    create = create,
    resume = resume,
    wrap = function(f)
        local co = create(f)
        return function(...)
            return finish(resume(co, ...))
        end
    end,
    status = function(co)
        return busy[co] and 'normal' or raw_status(co)
    end,
    yield = native.coroutine_yield,
    running = native.coroutine_running,
    isyieldable = coroutine.isyieldable,
}

-- Text-only loading -----------------------------------------------------------------------------------

local raw_load, raw_loadfile = load, loadfile

runtime.text_only = {
    load = function(chunk, name, mode, ...)
        return raw_load(chunk, name, 't', ...)
    end,
    loadstring = function(chunk, name)
        return raw_load(chunk, name, 't')
    end,
    loadfile = function(file, mode, ...)
        return raw_loadfile(file, 't', ...)
    end,
    dofile = function(file)
        local f, message = raw_loadfile(file, 't')
        if not f then
            error(message, 0)
        end
        return f()
    end,
}

return runtime
