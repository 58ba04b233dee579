-- scope, scope_cleanup_push and scope_cleanup_pop: spec 10 §6.

local check = require './check'
local generic_error = require 'generic_error'
local time = require 'time'

local UNMATCHED = 14

-- Collects words; `words.text()` gives them separated by blanks.
local function words()
    local list = {}
    return setmetatable({text = function() return table.concat(list, ' ') end}, {
        __call = function(_, word)
            list[#list + 1] = word
        end,
    })
end

check.case('handlers run at the end of their scope, the last first', function()
    local say = words()
    scope(function()
        scope_cleanup_push(function() say 'outer' end)
        pcall(function()
            scope_cleanup_push(function() say 'inner 1' end)
            scope_cleanup_push(function() say 'inner 2' end)
            error 'x'
        end)
        say 'mid'
    end)
    check.equal('inner 2 inner 1 mid outer', say.text())
end)

-- 10 §13.23
check.case('scope returns nothing', function()
    check.equal(0, select('#', scope(function() return 1 end)))
end)

check.case('scope raises the error of its function unchanged, after the handlers', function()
    local say, e = words(), {}
    local raised = check.raises(scope, function()
        scope_cleanup_push(function() say 'cleanup' end)
        error(e)
    end)
    check.equal(true, rawequal(e, raised))
    check.equal('cleanup', say.text())
end)

check.case('scope of what cannot be called raises the ordinary error', function()
    check.equal(true, check.raises(scope, nil):find('attempt to call a nil value', 1, true) ~= nil)
end)

check.case('handlers get no arguments and xpcall runs them after its message handler', function()
    local say, count = words()
    xpcall(function()
        scope_cleanup_push(function(...)
            count = select('#', ...)
            say 'cleanup'
        end)
        error 'x'
    end, function() say 'message' end)
    check.equal('message cleanup', say.text())
    check.equal(0, count)
end)

check.case('only functions are handlers', function()
    for _, value in ipairs{1, 'x', {}, setmetatable({}, {__call = print})} do
        check.raises_code(generic_error.EINVAL, nil, scope_cleanup_push, value)
    end
    check.raises_code(generic_error.EINVAL, nil, scope_cleanup_push)
end)

-- 10 §13.24
check.case('pop runs or drops the most recent handler of the innermost scope', function()
    local say = words()
    scope(function()
        scope_cleanup_push(function() say 'a' end)
        scope_cleanup_push(function() say 'b' end)
        scope_cleanup_push(function() say 'c' end)
        scope_cleanup_pop(false)
        check.equal(0, select('#', scope_cleanup_pop()))
        say 'end'
    end)
    check.equal('b end a', say.text())
end)

-- 10 §13.24
check.case('pop in an empty scope is unmatched, whatever the outer scope has', function()
    scope(function()
        scope_cleanup_push(function() end)
        scope(function() check.raises_core(UNMATCHED, scope_cleanup_pop) end)
        check.raises_core(UNMATCHED, scope_cleanup_pop)  -- pcall is a scope of its own
        scope_cleanup_pop()
    end)
end)

check.case('what a handler pushes belongs to the enclosing scope', function()
    local say = words()
    scope(function()
        scope(function()
            scope_cleanup_push(function()
                say 'inner'
                scope_cleanup_push(function() say 'pushed' end)
            end)
        end)
        say 'mid'
    end)
    check.equal('inner mid pushed', say.text())
end)

-- 10 §6
check.case('what a handler pushes that was popped belongs to the scope that is left later', function()
    local say = words()
    scope(function()
        scope_cleanup_push(function() scope_cleanup_push(function() say 'pushed' end) end)
        scope_cleanup_pop()
        say 'end'
    end)
    check.equal('end pushed', say.text())
end)

-- 10 §13.22
check.case('handlers of an interrupted fiber may suspend', function()
    local say = words()
    local f = spawn(function()
        scope(function()
            scope_cleanup_push(function()
                time.sleep(0)
                this_fiber.yield()
                say 'cleaned'
            end)
            time.sleep(3600)
        end)
    end)
    this_fiber.yield()
    f:interrupt()
    f:join()
    check.equal(true, f.interruption_caught)
    check.equal('cleaned', say.text())
end)

check.case('the interruption counter is what it was after the handlers', function()
    local f = spawn(function()
        scope(function() scope_cleanup_push(function() end) end)
        coroutine.wrap(function() scope_cleanup_push(function() end) end)()
        check.raises_core(11, this_fiber.restore_interruption)
        return 'fine'
    end)
    check.equal('fine', f:join())
end)

-- 10 §6
check.case('a handler that restores more than it disables does not make its fiber deaf', function()
    local f = spawn(function()
        scope(function() scope_cleanup_push(function() this_fiber.restore_interruption() end) end)
        check.raises_core(11, this_fiber.restore_interruption)
        this_fiber.yield()
        this_fiber.yield()
        return 'not interrupted'
    end)
    this_fiber.yield()
    f:interrupt()
    check.equal(nil, (f:join()))
    check.equal(true, f.interruption_caught)
end)

-- 10 §13.26
check.case('root handlers of a fiber run before its joiner sees the result', function()
    local say = words()
    local f = spawn(function()
        scope_cleanup_push(function()
            this_fiber.yield()
            say 'root'
        end)
        return 1, nil, 3
    end)
    check.equal(3, select('#', f:join()))
    check.equal('root', say.text())
    local g = spawn(function()
        scope_cleanup_push(function() say 'failed' end)
        error('x', 0)
    end)
    check.equal('x', check.raises(function() g:join() end))
    check.equal('root failed', say.text())
end)

check.case('what root handlers push goes nowhere', function()
    local say = words()
    spawn(function()
        scope_cleanup_push(function()
            say 'root'
            scope_cleanup_push(function() say 'never' end)
        end)
    end):join()
    check.equal('root', say.text())
end)

check.case('a coroutine has a root scope of its own', function()
    local say = words()
    scope(function()
        scope_cleanup_push(function() say 'fiber' end)
        local co = coroutine.wrap(function()
            check.raises_core(UNMATCHED, scope_cleanup_pop)
            scope_cleanup_push(function()
                time.sleep(0)
                say 'coroutine'
            end)
            coroutine.yield()
            error('x', 0)
        end)
        co()
        say 'yielded'
        check.equal('x', check.raises(co))
    end)
    check.equal('yielded coroutine fiber', say.text())
end)

check.case('a scope is left by the coroutine that entered it', function()
    local say = words()
    local co = coroutine.wrap(function()
        scope(function()
            scope_cleanup_push(function() say 'inner' end)
            coroutine.yield()
        end)
        say 'after'
    end)
    co()
    say 'between'
    scope(function() scope_cleanup_push(function() say 'mine' end) end)
    co()
    check.equal('between mine inner after', say.text())
end)

check.case('scopes nest a thousand deep', function()
    local count = 0
    local function nest(depth)
        if depth == 0 then
            return
        end
        scope(function()
            scope_cleanup_push(function() count = count + 1 end)
            nest(depth - 1)
        end)
    end
    nest(1000)
    check.equal(1000, count)
end)

check.done()
