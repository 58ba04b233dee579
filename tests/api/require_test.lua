-- require of the program's own files and of built-ins; external packages are in packages_test.
local check = require './check'
local generic = require 'generic_error'
local time = require 'time'

local function in_child(f)
    return spawn(f):join()
end

leaked_from_importer = 'must not be seen by the module'
local dir = require './require'

-- 20 §12.2
check.case('two imports give the same table, and top-level code runs once', function()
    check.equal(true, rawequal(dir, require './require'))
    check.equal(true, rawequal(dir.child, require '/require/leaf'))
    check.equal(1, dir.child.loads)
end)

-- 20 §12.4
check.case('environments are isolated, libraries shared', function()
    check.equal(nil, dir.sees_importer_global)
    check.equal(nil, leaked_from_module)
    check.equal('must not be seen by the importer', dir.leaked_from_module)
    check.equal('libraries are shared', math.added_by_require_test)
    check.equal(true, rawequal(dir, dir.own_G))
    check.equal(nil, dir.hidden)
    check.equal('not exported', dir.touch())
    check.equal(true, rawequal(dir.string, string))
    check.equal(true, rawequal(dir.print, print))
end)

check.case('what a chunk of loadstring sets stays in its module', function()
    assert(loadstring('set_by_loadstring = 1'))()
    local other = require './require_late'
    check.equal(nil, other.set_by_loadstring)
    check.equal(nil, other.seen)
    local inside = require '/require/loads_text'
    check.equal('loads_text.lua', inside.made_here)
    check.equal(nil, made_here)
end)

-- 20 §12.9
check.case('_FILE is the path of the module, and _CONTEXT empty', function()
    check.equal('filesystem.path', getmetatable(dir.file))
    check.equal(tostring(_FILE.parent_path / 'require' / 'init.lua'), tostring(dir.file))
    check.equal(tostring(_FILE.parent_path / 'require/leaf.lua'), tostring(dir.child.file))
    check.equal('', dir.context)
end)

-- 20 §12.5
check.case('a leaf has no children and the entry no parent', function()
    check.equal(5, dir.child.child_error.code)
    check.equal(nil, dir.child.child_error.module)
    local e = check.raises_core(3, require, '../x')
    check.equal(nil, e.module)
    check.raises_core(3, require, './../x')
    check.equal(3, dir.child.too_high.code)
end)

check.case('../ of a leaf starts at its own directory', function()
    check.equal('sibling', dir.child.sibling.name)
    check.equal('uncle', dir.child.uncle.name)
    check.equal(true, rawequal(dir.child.sibling, dir.child.root_import))
end)

check.case('../ of a directory module starts above it', function()
    local only = require '/require/only'
    check.equal('only/init.lua', only.which)
    check.equal('sibling', only.up.name)
    local deeper = only.deep.deeper
    check.equal('beside', deeper.up_one.name)
    check.equal('sibling', deeper.up_two.name)
    check.equal(true, rawequal(deeper.up_one, deeper.tolerated))
end)

-- 20 §12.7
check.case('x.lua wins over x/init.lua', function()
    check.equal('both.lua', require('/require/both').which)
end)

-- 20 §12.3 with decision 17
check.case('a value that the chunk returns is the module', function()
    local module = require '/require/returns'
    check.equal('returned', module.value)
    check.equal(nil, module.not_exported)
    check.equal(true, rawequal(module, require '/require/returns'))
    check.equal('a string', require '/require/returns_string')
    check.equal(false, require '/require/returns_false')
    check.equal(false, require '/require/returns_false')
    check.equal('kept', require('/require/returns_nil').exported)
end)

check.case('a tail call of require works', function()
    check.equal('sibling', require('/require/tail').name)
end)

check.case('a module that sets the environment of its fiber exports that', function()
    check.equal('through setfenv', require('/require/setfenv_zero').exported)
end)

check.case('an empty module is valid', function()
    local zero = require '/require/zero'
    check.equal('table', type(zero))
    check.equal('zero.lua', zero._FILE.filename)
    check.equal('table', type(require '/require/only_shebang'))
end)

check.case('a line that starts with #! is skipped, and counted', function()
    local module = require '/require/shebang'
    check.equal(2, module.line)
    check.equal(true, check.raises(module.fail):find('/shebang%.lua:4: located$') ~= nil)
end)

check.case('a syntax error reaches the importer as a string', function()
    local e = check.raises(require, '/require/syntax')
    check.equal('string', type(e))
    check.equal(true, e:find('/syntax%.lua:1: ') ~= nil)
end)

-- 20 §12.10
check.case('an error of the module is raised unchanged, and it is not imported again', function()
    local e = check.raises(require, '/require/fails')
    check.equal('table', type(e))
    check.equal('raised by the module', e.what)
    check.raises_core(4, require, '/require/fails')
end)

-- 20 §12.10
check.case('mutual imports are cyclic_import, through / too', function()
    local a = require '/require/cycle_a'
    check.equal(4, a.b.code.code)
    check.equal('emilua.core', tostring(a.b.code.category))
    check.equal(4, a.b.by_root.code)
    check.equal(4, a.b.itself.code)
    check.equal(true, rawequal(a.b, require '/require/cycle_b'))
end)

check.case('the entry script cannot be imported', function()
    check.raises_core(4, require, '/require_test')
    check.raises_core(4, require, './require_test')
end)

-- 20 §12.11
check.case('a module that suspends delays only its importer', function()
    local order = {}
    local other = spawn(function()
        order[#order + 1] = 'other'
        this_fiber.yield()
        order[#order + 1] = 'still other'
    end)
    local module = require '/require/suspends'
    order[#order + 1] = module.state
    other:join()
    check.equal('other still other complete', table.concat(order, ' '))
end)

-- 20 §12.1
check.case('only the main fiber may import', function()
    for _, id in ipairs{'time', './require', '/require/sibling', 'no_such_package', 'not valid'} do
        local f = spawn(function() return require(id) end)
        check.raises_core(6, f.join, f)
    end
    check.equal(6, require('/require/interruptible').import_in_fiber.code)
end)

check.case('a coroutine of the main fiber may import', function()
    check.equal(true, rawequal(dir, coroutine.wrap(function() return require './require' end)()))
    check.equal('in a coroutine', coroutine.wrap(function()
        return require('/require_late').late and 'in a coroutine'
    end)())
end)

-- decision 22
check.case('require works directly in pcall, xpcall and coroutines', function()
    local ok, module = pcall(require, './require')
    check.equal(true, ok)
    check.equal(true, rawequal(dir, module))
    ok, module = xpcall(require, error, './require')
    check.equal(true, rawequal(dir, module))
    check.equal(true, rawequal(dir, coroutine.wrap(require)('./require')))
    check.equal(true, rawequal(time, select(2, pcall(require, 'time'))))
end)

check.case('an importer that hides _FILE is not known', function()
    local module = require '/require/overwritten'
    check.equal(24, module.missing.code)
    check.equal(24, module.text.code)
end)

-- 20 §12.6
check.case('names of other shapes are invalid, and echoed', function()
    for _, id in ipairs{'', '.', '..', './', '../', '/', 'foo/bar', './a/b', './a.lua', '../a/b', 'a-b', 'a b',
                        '1a', './1a', '/a/', '//a', '/a//b', '/a/../b', './a\0', 'a\0', 'a.', '.a', '...', './.',
                        './..', '.././a', 'C:/x', '/a.b', 'é'} do
        local e = check.raises_core(1, require, id)
        check.equal(id, e.module)
    end
end)

check.case('a module that is nowhere is module_not_found, with its name', function()
    for _, id in ipairs{'./nope', '/nope', '/require/nope', 'nope', '/nope/nope', './a_dir'} do
        check.equal(id, check.raises_core(2, require, id).module)
    end
end)

check.case('a directory is no module even if its name ends in .lua', function()
    check.raises_core(2, require, '/require/a_dir')
end)

-- 20 §2
check.case('modules that this engine has not got keep their names', function()
    for _, name in ipairs{'ip', 'tls'} do
        local e = check.raises_code(generic.ENOSYS, nil, require, name)
        check.equal('generic', tostring(e.category))
        check.equal(name, e.module)
    end
end)

check.case('require wants a string', function()
    for _, value in ipairs{1, {}, true, print} do
        check.equal('string', type(check.raises(require, value)))
    end
    check.equal('string', type(check.raises(require)))
end)

check.case('built-ins are the same value each time', function()
    for _, name in ipairs{'asio_error', 'byte_span', 'file', 'filesystem', 'generic_error', 'stream', 'system',
                          'time'} do
        check.equal(true, rawequal(require(name), require(name)))
        check.equal(true, require(name) ~= nil)
    end
    check.equal('function', type(require('byte_span').new))
end)

check.case('require is no interruption point, and a module is not interrupted', function()
    check.equal(true, in_child(function() return true end))
    check.equal('sibling', require('/require/sibling').name)
end)

check.case('importing a file is refused in a forbid block, what is loaded is not', function()
    this_fiber.forbid_suspend()
    local ok, e = pcall(require, '/require/unloaded')
    local loaded = pcall(require, './require')
    local builtin = pcall(require, 'time')
    this_fiber.allow_suspend()
    check.equal(true, loaded)
    check.equal(true, builtin)
    check.equal(false, ok)
    check.equal(12, e.code)
    check.equal('loaded at last', require('/require/unloaded').state)
end)

check.done()
