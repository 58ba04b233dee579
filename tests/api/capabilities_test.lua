-- linux_capabilities as objects; what changes the process is in credentials_test.
local check = require 'check'
local files = require './files'
local generic = require 'generic_error'
local system = require 'system'

local EINVAL = generic.EINVAL
local flags = {'effective', 'inheritable', 'permitted'}

-- 80 §12.37
check.case('a new object is empty', function()
    local caps = system.cap_init()
    check.equal('linux_capabilities', getmetatable(caps))
    check.equal('=', tostring(caps))
    check.equal(2, check.raises_core(8, function() return caps.nope end).index)
    for _, flag in ipairs(flags) do
        check.equal(false, caps:get_flag('cap_chown', flag))
    end
end)

check.case('texts are read and written', function()
    check.equal('cap_chown=ep', tostring(system.cap_from_text 'cap_chown=ep'))
    check.equal('cap_chown,cap_net_raw=i', tostring(system.cap_from_text 'cap_net_raw,cap_chown=i'))
    check.equal('=', tostring(system.cap_from_text '='))
    for _, text in ipairs{'rubbish', 'cap_chown=x', 'cap_nope=ep', 'cap_chown='..('e'):rep(10) .. '!'} do
        local e = check.raises_code(EINVAL, nil, system.cap_from_text, text)
        check.equal('system', tostring(e.category))
    end
    for _, value in ipairs{1, {}, 'cap_chown=ep\0'} do
        check.raises_code(EINVAL, 1, system.cap_from_text, value)
    end
    check.raises_code(EINVAL, 1, system.cap_from_text)
end)

-- 80 §12.37
check.case('a copy is independent', function()
    local caps = system.cap_from_text 'cap_chown=ep'
    local copy = caps:dup()
    copy:clear()
    check.equal('=', tostring(copy))
    check.equal('cap_chown=ep', tostring(caps))
end)

check.case('flags are set and cleared', function()
    local caps = system.cap_init()
    check.equal(0, select('#', caps:set_flag('permitted', {'cap_kill', 'cap_chown'}, true)))
    check.equal(true, caps:get_flag('cap_kill', 'permitted'))
    check.equal(false, caps:get_flag('cap_kill', 'effective'))
    caps:set_flag('permitted', {'cap_chown'}, false)
    caps:set_flag('permitted', {}, true)
    check.equal('cap_kill=p', tostring(caps))
    caps:fill('effective', 'permitted')
    check.equal('cap_kill=ep', tostring(caps))
    caps:clear_flag('permitted')
    check.equal('cap_kill=e', tostring(caps))
    caps:fill_flag('inheritable', system.cap_from_text 'cap_chown=p', 'permitted')
    check.equal(true, caps:get_flag('cap_chown', 'inheritable'))
    check.equal(false, caps:get_flag('cap_kill', 'inheritable'))
end)

-- 80 §7, §12.37
check.case('arguments are blamed by position', function()
    local caps = system.cap_init()
    check.raises_code(EINVAL, 2, caps.clear_flag, caps, 'nope')
    check.raises_code(EINVAL, 2, caps.clear_flag, caps)
    check.raises_code(EINVAL, 2, caps.get_flag, caps, 'cap_nope', 'effective')
    check.raises_code(EINVAL, 2, caps.get_flag, caps, 1, 'effective')
    check.raises_code(EINVAL, 3, caps.get_flag, caps, 'cap_chown', 'nope')
    check.raises_code(EINVAL, 2, caps.set_flag, caps, 'nope', {'cap_chown'}, true)
    check.raises_code(EINVAL, 3, caps.set_flag, caps, 'effective', {'cap_nope'}, true)
    check.raises_code(EINVAL, 3, caps.set_flag, caps, 'effective', 'cap_chown', true)
    check.equal('string', type(check.raises(caps.set_flag, caps, 'effective', {'cap_chown'}, 1)))
    check.equal('string', type(check.raises(caps.set_flag, caps, 'effective', {'cap_chown'})))
    check.raises_code(EINVAL, 2, caps.fill, caps, 'nope', 'effective')
    check.raises_code(EINVAL, 3, caps.fill, caps, 'effective', 'nope')
    check.raises_code(EINVAL, 2, caps.fill_flag, caps, 'nope', caps, 'effective')
    check.raises_code(EINVAL, 3, caps.fill_flag, caps, 'effective', {}, 'effective')
    check.raises_code(EINVAL, 4, caps.fill_flag, caps, 'effective', caps, 'nope')
    check.raises_code(EINVAL, 1, caps.clear, {})
    for _, name in ipairs{'cap_get_bound', 'cap_drop_bound', 'cap_get_ambient'} do
        check.raises_code(EINVAL, 1, system[name], 'cap_nope')
        check.raises_code(EINVAL, 1, system[name], 0)
        check.raises_code(EINVAL, 1, system[name])
    end
    check.raises_code(EINVAL, 1, system.cap_set_ambient, 'cap_nope', true)
    check.equal('string', type(check.raises(system.cap_set_ambient, 'cap_nope', 1)))
end)

check.case('the owner of a namespace is a user id', function()
    local caps = system.cap_init()
    check.equal(0, caps:get_nsowner())
    caps:set_nsowner(1000)
    check.equal(1000, caps:get_nsowner())
    check.raises_code(EINVAL, 2, caps.set_nsowner, caps, 2 ^ 32)
    check.equal('string', type(check.raises(caps.set_nsowner, caps)))
end)

check.case('those of the process can be asked for', function()
    local status = files.contents '/proc/self/status'
    local effective = status:match('CapEff:%s*(%x+)')
    local caps = system.cap_get_proc()
    check.equal(tonumber(effective:sub(-1), 16) % 2 == 1, caps:get_flag('cap_chown', 'effective'))
    check.equal(tonumber(status:match('CapBnd:%s*(%x+)'):sub(-1), 16) % 2 == 1, system.cap_get_bound 'cap_chown')
    check.equal(false, system.cap_get_ambient 'cap_chown')
    check.equal('number', type(system.cap_get_secbits()))
end)

-- 80 §7
check.case('securebits have names', function()
    for i, name in ipairs{'NOROOT', 'NOROOT_LOCKED', 'NO_SETUID_FIXUP', 'NO_SETUID_FIXUP_LOCKED', 'KEEP_CAPS',
        'KEEP_CAPS_LOCKED', 'NO_CAP_AMBIENT_RAISE', 'NO_CAP_AMBIENT_RAISE_LOCKED'} do
        check.equal(2 ^ (i - 1), system['SECBIT_' .. name])
    end
end)

check.done()
