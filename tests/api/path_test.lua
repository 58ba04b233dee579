-- filesystem.path: its properties and operators (70 §2). Nothing here touches the disk.
local check = require './check'
local fs = require 'filesystem'
local generic_error = require 'generic_error'

local EINVAL = generic_error.EINVAL
local path = fs.path.new

-- The path p, and this text.
local function is(text, p)
    check.equal('filesystem.path', getmetatable(p))
    check.equal(text, tostring(p))
end

check.case('the module and the class are userdata with names', function()
    check.equal('userdata', type(fs))
    check.equal('filesystem', getmetatable(fs))
    check.equal('userdata', type(fs.path))
    check.equal('filesystem.path', getmetatable(fs.path))
    check.equal('filesystem.path', getmetatable(path('a')))
    check.equal(true, fs.path == fs.path)
end)

check.case('unknown members are bad_index', function()
    check.equal(2, check.raises_core(8, function() return fs.nope end).index)
    check.equal(2, check.raises_core(8, function() return fs.path.nope end).index)
    check.equal(2, check.raises_core(8, function() return path('a').nope end).index)
    check.equal(2, check.raises_core(8, function() return path('a')[1] end).index)
end)

check.case('nothing can be written', function()
    check.equal('string', type(check.raises(function() fs.x = 1 end)))
    check.equal('string', type(check.raises(function() fs.path.x = 1 end)))
    check.equal('string', type(check.raises(function() path('a').stem = 1 end)))
end)

check.case('new takes a string or nothing', function()
    is('', path())
    is('', path(nil))
    is('a//b/../c', path('a//b/../c'))
    check.raises_code(EINVAL, 1, path, 1)
    check.raises_code(EINVAL, 1, path, {})
    check.raises_code(EINVAL, 1, path, path('a'))
    check.raises_code(EINVAL, 1, path, false)
end)

check.case('from_generic must have its string', function()
    is('a/b', fs.path.from_generic('a/b'))
    check.raises_code(EINVAL, 1, fs.path.from_generic)
    check.raises_code(EINVAL, 1, fs.path.from_generic, nil)
    check.raises_code(EINVAL, 1, fs.path.from_generic, 1)
    check.raises_code(EINVAL, 1, fs.path.from_generic, path('a'))
end)

check.case('the text is kept byte for byte', function()
    for _, text in ipairs{'', '/', '//', 'a//b', '\255\254', 'a\0b', 'é', ' ', './', 'a\nb'} do
        check.equal(text, tostring(path(text)))
        check.equal(text, path(text):to_generic())
    end
    check.equal('/', fs.path.preferred_separator)
end)

check.case('the table of decompositions', function()
    -- text, root_directory, relative_path, parent_path, filename, stem, extension
    for _, row in ipairs{
        {'', '', '', '', '', '', ''},
        {'/', '/', '', '/', '', '', ''},
        {'a', '', 'a', '', 'a', 'a', ''},
        {'a/', '', 'a/', 'a', '', '', ''},
        {'a//b', '', 'a//b', 'a', 'b', 'b', ''},
        {'/a/b.c.d', '/', 'a/b.c.d', '/a', 'b.c.d', 'b.c', '.d'},
        {'.profile', '', '.profile', '', '.profile', '.profile', ''},
        {'.profile.txt', '', '.profile.txt', '', '.profile.txt', '.profile', '.txt'},
        {'foo.', '', 'foo.', '', 'foo.', 'foo', '.'},
        {'..foo', '', '..foo', '', '..foo', '.', '.foo'},
        {'/a/..', '/', 'a/..', '/a', '..', '..', ''},
        {'/a/.', '/', 'a/.', '/a', '.', '.', ''},
        {'..', '', '..', '', '..', '..', ''},
        {'.', '', '.', '', '.', '.', ''},
        {'/a', '/', 'a', '/', 'a', 'a', ''},
        {'///a//', '/', 'a//', '///a', '', '', ''},
        {'//host', '/', 'host', '/', 'host', 'host', ''},
    } do
        local text = row[1]
        local p = path(text)
        local function same(name, expected, actual)
            check.equal(('%s of %q is %q'):format(name, text, expected), ('%s of %q is %q'):format(name, text, actual))
        end
        same('root_name', '', p.root_name)
        same('root_directory', row[2], p.root_directory)
        same('filename', row[5], p.filename)
        same('stem', row[6], p.stem)
        same('extension', row[7], p.extension)
        same('root_path', row[2], tostring(p.root_path))
        same('relative_path', row[3], tostring(p.relative_path))
        same('empty', tostring(text == ''), tostring(p.empty))
        same('is_absolute', tostring(row[2] ~= ''), tostring(p.is_absolute))
        same('is_relative', tostring(row[2] == ''), tostring(p.is_relative))
        same('has_root_name', 'false', tostring(p.has_root_name))
        same('has_root_directory', tostring(row[2] ~= ''), tostring(p.has_root_directory))
        same('has_root_path', tostring(row[2] ~= ''), tostring(p.has_root_path))
        same('has_relative_path', tostring(row[3] ~= ''), tostring(p.has_relative_path))
        same('has_parent_path', tostring(row[4] ~= ''), tostring(p.has_parent_path))
        same('has_filename', tostring(row[5] ~= ''), tostring(p.has_filename))
        same('has_stem', tostring(row[6] ~= ''), tostring(p.has_stem))
        same('has_extension', tostring(row[7] ~= ''), tostring(p.has_extension))
        -- Redundant slashes of the root may go or stay, the components may not.
        check.equal(path(row[4]), p.parent_path)
    end
end)

check.case('some parts are strings, others paths', function()
    local p = path('/a/b.c')
    for _, name in ipairs{'root_name', 'root_directory', 'filename', 'stem', 'extension'} do
        check.equal('string', type(p[name]))
    end
    for _, name in ipairs{'root_path', 'relative_path', 'parent_path'} do
        check.equal('filesystem.path', getmetatable(p[name]))
    end
end)

check.case('the table of lexically_normal', function()
    for input, output in pairs{
        ['a/./b/../c'] = 'a/c', ['a/b/..'] = 'a/', ['a/../'] = '.', ['../a/..'] = '..', ['a/b/.'] = 'a/b/',
        ['./'] = '.', ['/../a'] = '/a', ['/a/b/../../..'] = '/', ['a//b'] = 'a/b', [''] = '', ['.'] = '.',
        ['..'] = '..', ['../'] = '..', ['a/..'] = '.', ['a/.'] = 'a/', ['/'] = '/', ['//'] = '/', ['a/'] = 'a/',
        ['../../a/../..'] = '../../..', ['/..'] = '/', ['./a'] = 'a', ['a/../../b'] = '../b', ['///a'] = '/a',
    } do
        local p = path(input)
        is(output, p:lexically_normal())
        check.equal(input, tostring(p))
    end
end)

check.case('/ joins, either operand may be a string', function()
    is('a/b', path('a') / 'b')
    is('a/b', 'a' / path('b'))
    is('a/b', path('a') / path('b'))
    is('a/b', path('a/') / 'b')
    is('a/', path('a') / '')
    is('b', path('') / 'b')
    is('/b', path('/') / 'b')
    is('/b', path('a') / '/b')
    is('/b', 'a' / path('/b'))
    is('', path('') / '')
    is('a/b/c', path('a') / 'b' / 'c')
    is('a/../b', path('a') / '../b')
    is('a\0/b', path('a\0') / 'b')
end)

check.case('.. juxtaposes text and makes a path', function()
    is('ab', path('a') .. 'b')
    is('ab', 'a' .. path('b'))
    is('ab', path('a') .. path('b'))
    is('f.bak', path('f') .. '.bak')
    is('a/b', path('a') .. '/b')
    is('', path('') .. '')
    is('abc', path('a') .. 'b' .. 'c')
end)

check.case('other operands are EINVAL by position', function()
    for _, value in ipairs{1, {}, newproxy(), true, fs} do
        check.raises_code(EINVAL, 2, function() return path('a') / value end)
        check.raises_code(EINVAL, 1, function() return value / path('a') end)
        check.raises_code(EINVAL, 2, function() return path('a') .. value end)
        check.raises_code(EINVAL, 1, function() return value .. path('a') end)
    end
    check.raises_code(EINVAL, 2, function() return path('a') / nil end)
    check.raises_code(EINVAL, 1, function() return nil / path('a') end)
    check.raises_code(EINVAL, 2, function() return path('a') .. nil end)
end)

check.case('== compares components', function()
    check.equal(true, path('a//b') == path('a/b'))
    check.equal(true, path('//x') == path('/x'))
    check.equal(true, path('') == path())
    check.equal(false, path('a/b/') == path('a/b'))
    check.equal(false, path('a/./b') == path('a/b'))
    check.equal(false, path('a') == path('/a'))
    check.equal(false, path('a') == path('A'))
    check.equal(false, path('text') == 'text')
    check.equal(false, 'text' == path('text'))
    check.equal(false, path('a') == newproxy())
    check.equal(false, path('a') == nil)
end)

check.case('< and <= order components, relative before absolute', function()
    local function before(a, b)
        check.equal(true, path(a) < path(b))
        check.equal(true, path(a) <= path(b))
        check.equal(false, path(b) < path(a))
        check.equal(false, path(b) <= path(a))
        check.equal(true, path(b) > path(a))
    end
    before('a', '/a')
    before('z', '/a')
    before('a/b', 'a.b')
    before('a', 'a/')
    before('a', 'b')
    before('a/b', 'a/c')
    before('', 'a')
    before('a\127', 'a\128')
    check.equal(false, path('a//b') < path('a/b'))
    check.equal(true, path('a//b') <= path('a/b'))
end)

check.case('a path cannot be ordered against a string', function()
    check.equal('string', type(check.raises(function() return path('a') < 'b' end)))
    check.equal('string', type(check.raises(function() return 'a' < path('b') end)))
    check.equal('string', type(check.raises(function() return path('a') <= 'b' end)))
end)

check.case('equal paths are different keys', function()
    local t = {[path('a')] = 1}
    check.equal(nil, t[path('a')])
end)

check.case('methods and properties want a path', function()
    local p = path('a')
    for _, self in ipairs{'a', 1, {}, newproxy(), fs} do
        check.raises_code(EINVAL, 1, p.to_generic, self)
        check.raises_code(EINVAL, 1, p.lexically_normal, self)
    end
    check.raises_code(EINVAL, 1, p.lexically_normal)
end)

check.case('results outlive their path', function()
    local parent = path('/some/long/path/that/is/no/short/string'):lexically_normal().parent_path
    collectgarbage()
    collectgarbage()
    is('/some/long/path/that/is/no/short', parent)
end)

check.case('paths work where suspension is forbidden', function()
    this_fiber.forbid_suspend()
    local ok, text = pcall(function() return tostring((path('a') / 'b').parent_path) end)
    this_fiber.allow_suspend()
    check.equal(true, ok)
    check.equal('a', text)
end)

check.done()
