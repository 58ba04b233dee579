-- Builds a tree with make and the compiler, in a box: the system's programs and the tree can be read,
-- only the tree's directory `build` can be written, and nobody can be reached, whatever the makefile
-- or what it downloads says.
--
--     emilua lua/examples/confined_build/main.lua TREE [ARGUMENT…]
--
-- lua/examples/confined_build/tree is one; its target `mischief` tries what it must not.

local sandbox = require 'sandbox'
local stream = require 'stream'
local system = require 'system'

local tree = system.arguments[3]
if not tree or tree:sub(1, 1) ~= '/' then
    stream.write_all(system.err, 'usage: emilua main.lua TREE [ARGUMENT...]; TREE is absolute, and has a directory build\n')
    system.exit(2)
end

local build = tree .. '/build'
local system_paths = {'/usr'}
for _, path in ipairs{'/bin', '/lib', '/lib64'} do
    system_paths[#system_paths + 1] = {path = path, optional = true}
end

local box = sandbox.new{
    fs = {
        read = {'/usr', tree, {path = '/etc/alternatives', optional = true}},
        exec = system_paths,
        write = {build},
        rules = {{path = '/dev/null', access = {'read_file', 'write_file'}}},
    },
    -- What the paths need; and id, since make sets its ids to what they are, and takes that seriously.
    syscalls = 'stdio rpath wpath cpath fattr tmppath flock proc thread exec prot_exec tty id error',
    cwd = tree,
    env = {PATH = '/usr/bin:/bin', TMPDIR = build, LC_ALL = 'C'},
    limits = {wall_time = 60, file_size = 64 * 1024 * 1024},
}

local started, child = pcall(box.spawn, box, {
    program = 'make', arguments = {'make', unpack(system.arguments, 4)}, stdout = 'share', stderr = 'share',
})
if not started then
    stream.write_all(system.err, 'confined_build: ' .. (child.reason or tostring(child)) .. '\n')
    system.exit(1)
end
child:wait()
system.exit(child.exit_code)
