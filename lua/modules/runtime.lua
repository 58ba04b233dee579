-- What the scheduler needs on the Lua side. The chunk gets the engine's primitives and returns the
-- functions that programs see.
--
-- A fiber suspends by yielding SUSPEND from its own stack. Inside user coroutines the value passes
-- through each resumer in turn, so that the whole fiber suspends and later goes on where it was.
-- Suspending functions of the engine return (true, results…) or (false, error): only Lua code can
-- raise after a suspension.
--
-- Where the VM ends although native code is on the stack, an error is raised, and raised again at the
-- next instruction of whatever Lua code catches it: nothing here need know.

local SUSPEND, native = ...

local check_interruption = native.check_interruption
local enter_coroutine, leave_coroutine = native.enter_coroutine, native.leave_coroutine
local disable_interruption, restore_interruption =
    native.disable_interruption, native.restore_interruption
local raise_invalid_handler, raise_unmatched, cleanup_failed =
    native.raise_invalid_handler, native.raise_unmatched, native.cleanup_failed
local create, raw_resume, raw_running, raw_status, raw_yield =
    coroutine.create, coroutine.resume, coroutine.running, coroutine.status, coroutine.yield
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

-- Scopes ----------------------------------------------------------------------------------------------

-- The cleanup handlers of each Lua thread that has pushed one: stack[1] to stack[stack.n], of which
-- those above stack.mark belong to the innermost scope. A scope is entered by moving the mark up, so
-- that it costs next to nothing as long as nobody pushes.
local stacks = setmetatable({}, {__mode = 'k'})
runtime.stacks = stacks

-- Calls the handlers, the last first. Whatever they do, the fiber is not interrupted; one that
-- fails ends the VM.
local function run(handlers)
    disable_interruption()
    for i = #handlers, 1, -1 do
        if not raw_pcall(handlers[i]) then
            cleanup_failed()
        end
    end
    restore_interruption()
end

-- Ends the innermost scope of `stack`; the enclosing one begins at `mark`.
local function leave(stack, mark)
    local first, last = stack.mark + 1, stack.n
    stack.mark = mark
    if last < first then
        return
    end
    local handlers = {}
    for i = first, last do
        handlers[i - first + 1], stack[i] = stack[i], nil
    end
    stack.n = first - 1
    run(handlers)
end

-- Runs the handlers that a thread has left when its body ended. What they push goes nowhere.
function runtime.run_root(stack)
    local thread = raw_running()
    local own = stacks[thread]
    stacks[thread] = {n = 0, mark = 0}
    run(stack)
    stacks[thread] = own
end

-- Returns the thread's stack, if there is one, and the mark to go back to.
local function enter()
    local stack = stacks[raw_running()]
    if not stack then
        return nil, 0
    end
    local mark = stack.mark
    stack.mark = stack.n
    return stack, mark
end

local function protected(stack, mark, ok, ...)
    stack = stack or stacks[raw_running()]
    if stack then
        leave(stack, mark)
    end
    return ok, ...
end

function runtime.pcall(...)
    check_interruption()
    local stack, mark = enter()
    return protected(stack, mark, raw_pcall(...))
end

function runtime.xpcall(f, handler, ...)
    check_interruption()
    local stack, mark = enter()
    -- As Lua code the handler is not run either once the VM ends.
    local function guarded(...)
        return handler(...)
    end
    return protected(stack, mark, raw_xpcall(f, guarded, ...))
end

function runtime.scope(f)
    local stack, mark = enter()
    local ok, e = protected(stack, mark, raw_pcall(f))
    if not ok then
        error(e, 0)
    end
end

function runtime.scope_cleanup_push(handler)
    if type(handler) ~= 'function' then
        raise_invalid_handler()
    end
    local thread = raw_running()
    local stack = stacks[thread]
    if not stack then
        stack = {n = 0, mark = 0}
        stacks[thread] = stack
    end
    stack.n = stack.n + 1
    stack[stack.n] = handler
end

function runtime.scope_cleanup_pop(execute)
    local stack = stacks[raw_running()]
    if not stack or stack.n == stack.mark then
        raise_unmatched()
    end
    local handler = stack[stack.n]
    stack[stack.n] = nil
    stack.n = stack.n - 1
    if execute ~= false then
        run({handler})
    end
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
    local stack = stacks[co]
    if stack and raw_status(co) == 'dead' then
        stacks[co] = nil
        runtime.run_root(stack)
    end
    return ok, ...
end

local function resume(co, ...)
    if type(co) ~= 'thread' then
        return raw_resume(co)  -- the stock error, at the caller
    end
    enter_coroutine(co, busy[co])
    return propagate(co, raw_resume(co, ...))
end

runtime.coroutine = {
    create = create,
    resume = resume,
    wrap = function(f)
        if type(f) ~= 'function' then
            return create(f)  -- the same
        end
        local co = create(f)
        return function(...)
            return finish(resume(co, ...))
        end
    end,
    status = function(co)
        if busy[co] then
            return 'normal'
        end
        return raw_status(co)
    end,
    yield = native.coroutine_yield,
    running = native.coroutine_running,
    isyieldable = coroutine.isyieldable,
}

-- Finalizers ------------------------------------------------------------------------------------------

-- LuaJIT does not survive many errors of finalizers, which it throws at whatever allocates next: they
-- are reported instead. newproxy and the FFI are a program's only ways to have a finalizer.
local raw_newproxy, getmetatable, setmetatable, rawget, rawset =
    newproxy, getmetatable, setmetatable, rawget, rawset
local finalizer_failed = native.finalizer_failed

local function harmless(finalizer)
    return function(object)
        local ok, e = raw_pcall(finalizer, object)
        if not ok then
            finalizer_failed(e)
        end
    end
end

local guard = {}
function guard.__newindex(metatable, key, value)
    if key == '__gc' and type(value) == 'function' then
        value = harmless(value)
    end
    rawset(metatable, key, value)
end

function runtime.newproxy(option)
    local proxy = raw_newproxy(option)
    if option == true then
        setmetatable(getmetatable(proxy), guard)
    end
    return proxy
end

-- Replaces the functions of the FFI library that take finalizers: Lua functions or cdata, ffi.C.free
-- say. One is made harmless once, as long as it lives, so that ffi.gc in a loop makes no closures.
function runtime.guard_ffi(ffi)
    local raw_gc, raw_metatype = ffi.gc, ffi.metatype
    local made = setmetatable({}, {__mode = 'v'})
    local function once(finalizer)
        local f = made[finalizer]
        if not f then
            f = harmless(finalizer)
            made[finalizer] = f
        end
        return f
    end

    function ffi.gc(cdata, finalizer)
        return raw_gc(cdata, finalizer ~= nil and once(finalizer) or nil)
    end

    function ffi.metatype(ct, metatable)
        local finalizer = type(metatable) == 'table' and rawget(metatable, '__gc')
        if finalizer then
            metatable.__gc = once(finalizer)
        end
        return raw_metatype(ct, metatable)
    end
end

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
