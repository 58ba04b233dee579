-- The first actor of a process makes its VM itself; later ones begin with a copy of one that their
-- helper has made meanwhile. No actor can tell which of them it is.
if _CONTEXT == 'worker' then
    local inbox = require 'inbox'
    local order = inbox:receive()
    local names = {}
    for _, table_name in ipairs{'_G', 'string', 'table', 'math', 'bit', 'jit', 'coroutine', 'this_fiber'} do
        local t = _G[table_name]
        if type(t) == 'table' then
            for name, value in pairs(t) do
                names[#names + 1] = table_name .. '.' .. tostring(name) .. ': ' .. type(value)
            end
        end
    end
    table.sort(names)
    local seen = {
        names = table.concat(names, '\n'),
        jit = tostring(jit.status()),
        bytecode = tostring((load(string.dump(function() end)))),
        random = math.random(),
        length = ('x').rep and #('x'):rep(7) or 'none',
    }
    seen.bytecode = seen.bytecode:match('^%a+')
    -- What nobody else is to see.
    _G.left_behind = true
    string.rep = nil
    getmetatable('').__index.left_behind = true
    if order.deeper then
        local below = {}
        for i = 1, 2 do
            local actor = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
            actor:send{reply_to = inbox}
            below[i] = inbox:receive()
            actor:kill()
        end
        seen.below, seen.later = below[1].names, below[2].names
    end
    order.reply_to:send(seen)
    return
end

local check = require 'check'
local inbox = require 'inbox'
local sandbox = require 'sandbox'

-- What one actor says of itself.
local function ask(options, order)
    local actor = spawn_vm(options)
    order = order or {}
    order.reply_to = inbox
    actor:send(order)
    local seen = inbox:receive()
    actor:wait()
    return seen
end

local function plain(more)
    local subprocess = more or {}
    subprocess.stderr = 'share'
    return {module = '.', subprocess = subprocess}
end

local function boxed()
    local box = sandbox.new{namespaces = {}}
    return box:context('.', {subprocess = {stderr = 'share'}})
end

local kinds = {
    {'a plain actor', plain, 'true', 'function'},
    {'an actor with an init.script', function() return plain{init = {script = 'local nothing'}} end, 'true', 'nil'},
    {'an actor in a box', boxed, 'false', 'nil'},
}

for _, kind in ipairs(kinds) do
    local name, options, jit, bytecode = unpack(kind)
    check.case(name .. ' is the same whichever it is', function()
        local first = ask(options())
        check.equal(jit, first.jit)
        check.equal(bytecode, first.bytecode)
        check.equal(7, first.length)
        for _ = 1, 3 do
            local later = ask(options())
            for _, what in ipairs{'names', 'jit', 'bytecode', 'random', 'length'} do
                check.equal(first[what], later[what])
            end
        end
    end)
end

check.case('the actors of later actors are the same, too', function()
    local first = ask(plain(), {deeper = true})
    local later = ask(plain(), {deeper = true})
    check.equal(first.names, later.names)
    for _, seen in ipairs{first, later} do
        check.equal(first.below, seen.below)
        check.equal(first.below, seen.later)
    end
end)

check.done()
