-- The parameters of LuaJIT's compiler (20 §3).
local check = require 'check'

check.case('jit tells what it is', function()
    check.equal(true, jit.version:find('^LuaJIT 2%.1') ~= nil)
    check.equal(true, jit.version_num >= 20100)
    check.equal('Linux', jit.os)
    check.equal('string', type(jit.arch))
    check.equal('boolean', type((jit.status())))
end)

check.case('the compiler is switched off and on', function()
    local before = jit.status()
    jit.off()
    check.equal(false, (jit.status()))
    jit.on()
    check.equal(true, (jit.status()))
    jit.flush()
    if not before then
        jit.off()
    end
end)

check.case('one function can be left to the interpreter', function()
    local function f(n) return n + 1 end
    jit.off(f)
    check.equal(2, f(1))
    jit.on(f)
    jit.flush(f)
    check.equal(3, f(2))
end)

local function sum(n)
    local total = 0
    for i = 1, n do
        total = total + i
    end
    return total
end

local function status_has(name)
    for _, option in ipairs{select(2, jit.status())} do
        if option == name then
            return true
        end
    end
    return false
end

check.case('jit.opt.start sets parameters and optimizations', function()
    jit.opt.start('hotloop=10', 'maxtrace=2000')
    check.equal(5050, sum(100))
    check.equal(true, status_has 'fold')
    jit.opt.start '-fold'
    check.equal(false, status_has 'fold')
    jit.opt.start(3)
    check.equal(true, status_has 'fold')
end)

check.case('jit.opt.start names what it does not know', function()
    for _, option in ipairs{'nonsense=1', 'hotloop=x', 'nonsense'} do
        local e = check.raises(jit.opt.start, option)
        check.equal(true, e:find(option, 1, true) ~= nil)
    end
end)

check.case('compiled and interpreted code give the same', function()
    jit.opt.start 'hotloop=2'
    local compiled = sum(100000)
    jit.off(sum)
    check.equal(sum(100000), compiled)
    jit.on(sum)
    jit.opt.start 'hotloop=56'
end)

check.case('modules that need package are absent', function()
    for _, id in ipairs{'jit.util', 'jit.profile', 'jit.opt', 'string.buffer'} do
        local e = check.raises(require, id)
        check.equal('emilua.core', tostring(e.category))
    end
end)

check.done()
