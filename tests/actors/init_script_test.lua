-- Actors that an init.script has prepared: what the script may do, and what it leaves behind.
local check = require 'check'
local generic = require 'generic_error'
local harness = require './harness'
local inbox = require 'inbox'

-- What the example isolated_stats runs its actor under.
local deny_everything = (require './deny_everything').script

local written_by, complaint_of = harness.written_by, harness.complaint_of

-- Runs a script that must end the child before its module starts.
local function ends_the_child(script)
    complaint_of(script)
end

-- What the program that a script executes writes to its standard output.
local function output_of_exec(script)
    local output = harness.open_file():release()
    local worker = spawn_vm{module = './worker', subprocess = {
        stdout = output, stderr = 'share', init = {script = script, arg = output},
    }}
    worker:wait()
    return harness.contents(output)
end

check.case('a script runs before the actor and the actor runs after it', function()
    check.equal('script', written_by "C.write(arg, 'script')")
end)

-- 40 §17.11
check.case('arg is a descriptor number, and nil when none was given', function()
    check.equal('number', written_by "C.write(arg, type(arg))")
    ends_the_child "if arg == nil then error 'as it should be' end"
    check.equal('worker', harness.ask({job = 'context'},
        {stderr = 'share', init = {script = "assert(arg == nil)"}}).context)
end)

check.case('the script reads what arg holds and the caller keeps its object', function()
    local document = harness.open_file(nil, 'from the host'):release()
    harness.ask({job = 'context'}, {stderr = 'share', init = {arg = document, script = [[
        assert(C.read(arg, 100) == 'from the host')
        local text, errno = C.read(arg, 100)
        assert(text == '' and errno == 0)
        C.write(arg, ' and from the script')
    ]]}})
    check.equal('from the host and from the script', harness.contents(document))
end)

-- 40 §17.14
check.case('the script has no environment and the actor has its own', function()
    local given = {PATH = '/usr/bin', NAME = 'value'}
    check.equal('nil nil', written_by(
        "C.write(arg, tostring(os.getenv 'PATH') .. ' ' .. tostring(os.getenv 'NAME'))", given))
    local seen = harness.ask({job = 'context'},
        {stderr = 'share', environment = given, init = {script = '--'}}).environment
    check.equal('value', seen.NAME)
end)

-- 40 §17.15
check.case('the script has the standard libraries and none of the engine', function()
    check.equal('table table table table false false', written_by [[
        C.write(arg, table.concat({type(io), type(os), type(debug), type(require 'ffi'),
            tostring(pcall(require, 'inbox')), tostring(pcall(require, 'system'))}, ' '))
    ]])
end)

-- 40 §17.1, §17.2, §17.19, §17.34
check.case('helpers and constants are those of the interface', function()
    check.equal('key not found|1|420|0 0', written_by [[
        local _, e = pcall(function() return C.nope end)
        local no_new_privs, errno = set_no_new_privs()
        C.write(arg, table.concat({e, select('#', C.umask(18)), mode(6, 4, 4),
            no_new_privs .. ' ' .. errno}, '|'))
    ]])
end)

-- 40 §17.42
check.case('scripts have nothing of other systems', function()
    check.equal('key not found', written_by "C.write(arg, select(2, pcall(function() return C.jail_set end)))")
end)

-- 40 §17.3, §17.4
check.case('errexit decides whether a failing call ends the child', function()
    ends_the_child "C.open('/absent', C.O_RDONLY)"
    ends_the_child "errexit = false; C.open('/absent', C.O_RDONLY); errexit = 'yes'; C.open('/absent', 0)"
    check.equal('-1 true', written_by [[
        errexit = false
        local fd, errno = C.open('/absent', C.O_RDONLY)
        C.write(arg, fd .. ' ' .. tostring(errno == C.ENOENT))
    ]])
end)

-- 40 §17.3, §17.5, §3
check.case('what ends the child is told on its standard error', function()
    check.equal('<3>ipc_actor/init: open: No such file or directory\n', complaint_of "C.open('/absent', C.O_RDONLY)")
    check.equal("<3>ipc_actor/init/cap_set_proc: invalid capabilities: 'rubbish'\n",
        complaint_of "errexit = false; pcall(C.cap_set_proc, 'rubbish')")
    check.equal('<3>ipc_actor/init/setgroups: not a list of group ids\n',
        complaint_of "errexit = false; pcall(C.setgroups, {'x'})")
    check.equal('<3>ipc_actor/init/execve: string expected, got number\n',
        complaint_of "errexit = false; pcall(C.execve, '/absent', {1})")
end)

-- 40 §17.7, §17.8
check.case('the end of a file is no error, and an error is nil and its number', function()
    check.equal('0 0', written_by [[
        local text, errno = C.read(C.open('/dev/null', C.O_RDONLY), 10)
        C.write(arg, #text .. ' ' .. errno)
    ]])
    check.equal('nil true', written_by [[
        errexit = false
        local text, errno = C.read(-1, 10)
        C.write(arg, tostring(text) .. ' ' .. tostring(errno == C.EBADF))
    ]])
end)

-- 40 §17.6
check.case('wrong arguments are errors that pcall catches', function()
    check.equal('false', written_by "C.write(arg, tostring((pcall(C.open))))")
end)

-- 40 §17.17, 30 §16.47
check.case('a failing script ends the child before its module', function()
    ends_the_child "error 'oops'"
    ends_the_child 'error{}'
    ends_the_child 'this is no Lua'
    ends_the_child ''
    ends_the_child '\27LJ bytecode'
    ends_the_child(string.dump(function() end))
end)

-- 40 §17.16
check.case('a script that needs more memory than there is ends the child', function()
    ends_the_child "local s = ('x'):rep(2^21)"
    ends_the_child 'local t = {} while true do t[#t + 1] = {} end'
    ends_the_child('--' .. ('x'):rep(2 ^ 21))
end)

-- 40 §17.18, lifted by 00 decision 4: the limit is the memory that a script has
check.case('a script may be longer than a socket takes', function()
    check.equal('long', written_by("C.write(arg, 'long')\n--" .. ('x'):rep(300000)))
end)

-- 40 §17.37
check.case('exec replaces the actor, which loses its inbox', function()
    local worker = spawn_vm{module = './worker', subprocess = {init = {script = [[
        C.execve('/proc/self/exe', {'emilua', '-e', 'local t = require "time" t.sleep(3600)'}, {})
    ]]}}}
    pcall(worker.send, worker, inbox) -- it may have gone already
    harness.expect_silence()
    worker:kill() -- it has not ended: it is another program now
end)

-- 40 §17.10
check.case('a program that the script executes does not have arg', function()
    local look = "C.execve('/bin/sh', {'sh', '-c', '[ -e /proc/self/fd/' .. %s .. ' ] && echo there || echo gone'})"
    check.equal('gone\n', output_of_exec(look:format 'arg'))
    check.equal('there\n', output_of_exec(look:format 'C.dup(arg)'))
end)

check.case('messages sent while the script runs wait for the actor', function()
    harness.with_worker({job = 'echo'}, function(worker)
        for i = 1, 20 do
            worker:send(i)
        end
        for i = 1, 20 do
            check.equal(i, inbox:receive())
        end
    end, {stderr = 'share', init = {script = 'for i = 1, 1e6 do end'}})
end)

-- 00 decision 5, 40 §17.31: the sources have come along
check.case('an actor without any file starts with all its modules', function()
    local reply = harness.ask({job = 'context'}, {stderr = 'share', init = {script = deny_everything}})
    check.equal('worker', reply.context)
    check.equal('', reply.helper_context)
    local worker = spawn_vm{module = './family', subprocess = {stderr = 'share', init = {script = deny_everything}}}
    worker:send{reply_to = inbox}
    local names = inbox:receive()
    check.equal('child, whose mate is mate', names.child)
    check.equal('cousin of mate', names.cousin)
    harness.expect_silence()
end)

-- 40 §17.33
check.case('an actor of a restricted actor starts and is restricted too', function()
    local reply = harness.ask({job = 'nest'}, {stderr = 'share', init = {script = deny_everything}})
    check.equal('worker', reply.context)
    check.equal('', reply.helper_context)
end)

-- 40 §17.32
check.case('a restricted actor uses the descriptors it is sent', function()
    harness.with_worker({job = 'read'}, function(worker)
        worker:send{from = harness.open_file(nil, 'document'):release(), size = 8}
        check.equal('document', inbox:receive())
    end, {stderr = 'share', init = {script = deny_everything}})
end)

-- 40 §17.31
check.case('an absolute module is loaded after the script has closed the files', function()
    local opened, path = harness.open_file('denied.lua', "require('inbox'):receive():send 'ran'")
    opened:close()
    harness.expect_no_answer(path, {init = {script = deny_everything}})
    local worker = spawn_vm{module = path, subprocess = {init = {script = '--'}}}
    worker:send(inbox)
    check.equal('ran', inbox:receive())
    harness.expect_silence()
end)

-- 00 decision 18
local function loading(init)
    local opened, path = harness.open_file(nil, string.dump(function() return 'bytecode ran' end))
    opened:close()
    local order = {job = 'load', path = path, bytecode = string.dump(function() return 'bytecode ran' end)}
    return harness.ask(order, {stderr = 'share', init = init})
end

check.case('an actor without a script loads bytecode', function()
    local seen = loading(nil)
    check.equal('text ran', seen.text)
    for name, result in pairs(seen) do
        check.equal(name == 'text' and 'text ran' or 'bytecode ran', result)
    end
end)

check.case('an actor with a script loads text only', function()
    local seen = loading{script = '--'}
    check.equal('text ran', seen.text)
    for name, result in pairs(seen) do
        check.equal(name == 'text' and 'text ran' or 'refused', result)
    end
end)

check.case('an actor with a script takes no bytecode module', function()
    local opened, path = harness.open_file('bytecode.lua', string.dump(function()
        require 'inbox':receive():send 'ran'
    end))
    opened:close()
    harness.expect_no_answer(path, {init = {script = '--'}})
    local worker = spawn_vm{module = path, subprocess = {}}
    worker:send(inbox)
    check.equal('ran', inbox:receive())
    harness.expect_silence()
end)

check.case('actors of a text-only actor are text-only too', function()
    local seen
    harness.with_worker({job = 'nest_load'}, function()
        seen = inbox:receive()
    end, {stderr = 'share', init = {script = '--'}})
    check.equal('text ran', seen.text)
    check.equal('refused', seen.load)
    check.equal('refused', seen.loadstring)
end)

-- 00 decision 19
check.case('no actor but one without a script has a library that leads out of the language', function()
    check.equal('require ffi', table.concat(harness.ask({job = 'doors'}), ' '))
    check.equal(nil, harness.ask({job = 'doors'}, {stderr = 'share', init = {script = '--'}})[1])
end)

check.done()
