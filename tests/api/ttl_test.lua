-- Error categories of the program's own: 20 §6. What needs an environment is in ttl_environment_test.py.
local check = require 'check'
local file = require 'file'
local filesystem = require 'filesystem'
local generic_error = require 'generic_error'
local inbox = require 'inbox'
local stream = require 'stream'

local bad_index, bad_rdf, bad_rdf_module, bad_rdf_error_category = 8, 19, 20, 21

local net = require '/ttl/net'
local directory = require './ttl'

local function member(module, key)
    return function() return module[key] end
end

check.case('a category is a userdata of its own class', function()
    check.equal('userdata', type(net))
    check.equal('rdf_error_category_module', getmetatable(net))
end)

check.case('root, child and relative imports of one file give the same module', function()
    check.equal(true, rawequal(net, require '/ttl/net'))
    check.equal(true, rawequal(net, directory.net))
    check.equal(true, rawequal(net, directory.leaf.net))
end)

-- 20 §12.19
check.case('an alias and its number give equal codes', function()
    check.equal(true, net.unreachable == net[2])
    check.equal(true, net.unreachable == net.no_route)
    check.equal(true, net.unreachable == directory.leaf.net.unreachable)
    check.equal(2, net.unreachable.code)
    check.equal(true, net.unreachable ~= net.bad_frame)
    check.equal(true, net.unreachable ~= net[3])
end)

check.case('each read makes a fresh error code', function()
    local e = net.unreachable
    check.equal('error_code', getmetatable(e))
    check.equal('table', type(e))
    check.equal(false, rawequal(e, net.unreachable))
    e.host = 'example.org'
    check.equal(nil, net.unreachable.host)
    check.equal(true, e == net.unreachable)
end)

check.case('a raised code arrives with its fields', function()
    local e = check.raises(directory.leaf.fail)
    check.equal(true, e == net.unreachable)
    check.equal('example.org', e.host)
end)

check.case('the category is named after the file', function()
    local category = net.unreachable.category
    check.equal('error_category', getmetatable(category))
    check.equal('file://' .. tostring(_FILE.parent_path / 'ttl/net.ttl'), tostring(category))
    check.equal(true, rawequal(category, net[3].category))
end)

check.case('messages', function()
    check.equal('The network cannot be reached', tostring(net.unreachable))
    check.equal('A frame is damaged', tostring(net[3]))
    check.equal('No alias', net[2].category:message(5))
    check.equal('No alias', net[2].category.message(5))
    check.equal('Strange names', tostring(net[-1]))
    check.equal('Unknown', tostring(net[4]))
    check.equal('Unknown', net[2].category:message(0))
end)

check.case('numbers are not checked, and 0 is no error', function()
    check.equal(12345, net[12345].code)
    check.equal(-2147483648, net[-2147483648].code)
    check.equal(2147483647, net[2147483647].code)
    check.equal(nil, net[0])
end)

-- 20 §12.19
check.case('all other keys are bad_index', function()
    for _, key in ipairs{'Unreachable', 'unreachable ', 'message', 'category', '2', true, {}, print, net,
                         1.5, 2147483648, -2147483649, 1 / 0, -1 / 0, 0 / 0} do
        check.equal(2, check.raises_core(bad_index, member(net, key)).index)
    end
    check.equal(2, check.raises_core(bad_index, function() return net[nil] end).index)
end)

check.case('any string can be an alias', function()
    for _, alias in ipairs{'', '1', 'code', 'negative'} do
        check.equal(-1, net[alias].code)
    end
end)

check.case('a category is read-only', function()
    check.raises_code(generic_error.EPERM, nil, function() net.unreachable = 1 end)
    check.raises_code(generic_error.EPERM, nil, function() net.new = 1 end)
end)

check.case('togeneric maps what has a generic_error', function()
    local portable = net.unreachable:togeneric()
    check.equal(true, portable == generic_error.ENETUNREACH)
    check.equal('generic', tostring(portable.category))
    check.equal(true, net.bad_frame:togeneric() == net.bad_frame)
    check.equal(false, rawequal(net.bad_frame:togeneric(), net.bad_frame))
    check.equal(true, net[77]:togeneric() == net[77])
    local decorated = net.bad_frame
    decorated.frame = 7
    check.equal(nil, decorated:togeneric().frame)
end)

check.case('a code equals neither its generic form nor the same code of another file', function()
    check.equal(false, net.unreachable == generic_error.ENETUNREACH)
    local other = directory.leaf.other
    check.equal(false, net.unreachable == other.unreachable)
    check.equal(false, net.unreachable.category == other.unreachable.category)
    check.equal(true, net.unreachable:togeneric() == other.unreachable:togeneric())
    check.equal('Somewhere else', tostring(other[2]))
end)

check.case('Lua files of the name come first', function()
    check.equal('both.lua', require('/ttl/both').which)
    check.equal('dir/init.lua', require('/ttl/dir').which)
end)

local function fails(code, id, name, line)
    local e = check.raises_core(code, require, id)
    check.equal(tostring(_FILE.parent_path / name), e.path)
    check.equal(line, e.line)
    check.equal('string', type(e.reason))
    -- As they are: `module` belongs to module_not_found.
    check.equal(nil, e.module)
end

check.case('no statements and bad syntax are bad_rdf', function()
    fails(bad_rdf, '/ttl/empty', 'ttl/empty.ttl', nil)
    fails(bad_rdf, '/ttl/no_statements', 'ttl/no_statements.ttl', nil)
    fails(bad_rdf, '/ttl/bad_syntax', 'ttl/bad_syntax.ttl', 3)
end)

check.case('a missing, doubled or literal type is bad_rdf_module', function()
    fails(bad_rdf_module, '/ttl/no_type', 'ttl/no_type.ttl', nil)
    fails(bad_rdf_module, '/ttl/two_types', 'ttl/two_types.ttl', 2)
    fails(bad_rdf_module, '/ttl/text_type', 'ttl/text_type.ttl', 1)
end)

-- 20 §12.19
check.case('a missing untagged message and an alias used twice are bad_rdf_error_category', function()
    fails(bad_rdf_error_category, '/ttl/no_untagged', 'ttl/no_untagged.ttl', 3)
    fails(bad_rdf_error_category, '/ttl/two_aliases', 'ttl/two_aliases.ttl', 4)
end)

check.case('child imports fail in the same way, and again', function()
    for _ = 1, 2 do
        fails(bad_rdf_error_category, './ttl_bad', 'ttl_bad.ttl', 1)
    end
end)

check.case('importing a category suspends nothing, so a forbid block does not mind', function()
    this_fiber.forbid_suspend()
    local ok, unloaded = pcall(require, '/ttl/unloaded')
    this_fiber.allow_suspend()
    check.equal(true, ok)
    check.equal('Loaded in a forbid block', tostring(unloaded[1]))
end)

check.case('only the main fiber may import one', function()
    local f = spawn(function() return require '/ttl/net' end)
    check.raises_core(6, f.join, f)
end)

check.case('a category is no module to run as an actor', function()
    check.raises_core(2, spawn_vm, {module = './ttl_bad', subprocess = {}})
end)

-- The init.script of the example isolated_stats, which denies every path.
local function deny_everything()
    local opened = file.stream.new()
    opened:open(filesystem.path.new 'lua/examples/isolated_stats/main.lua', file.open_flag.read_only)
    local source = byte_span.new(opened.size)
    stream.read_all(opened, source)
    opened:close()
    return assert(tostring(source):match 'deny_everything = %[%[(.-)%]%]', 'the example has changed')
end

check.case('categories are shipped to an actor that can open no file', function()
    local actor = spawn_vm{
        module = './ttl_worker',
        subprocess = {stderr = 'share', init = {script = deny_everything()}},
    }
    actor:send{reply_to = inbox}
    local answer = inbox:receive()
    check.equal('The network cannot be reached', answer.message)
    check.equal(tostring(net.unreachable.category), answer.name)
    check.equal(true, answer.same)
    check.equal(true, answer.generic)
    check.equal(bad_rdf, answer.bad_syntax)
    check.equal(true, answer.disk_is_denied)
end)

check.done()
