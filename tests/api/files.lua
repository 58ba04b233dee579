-- Files for tests: the engine has neither `io` nor `os`.
local file = require 'file'
local filesystem = require 'filesystem'
local stream = require 'stream'
local system = require 'system'

local flags = file.open_flag
local directory = system.environment.TEST_TMPDIR or '/tmp'
local count = 0

-- A descriptor of a new file, open for reading and writing, and its path.
function temporary(content)
    count = count + 1
    local path = filesystem.path.new(('%s/file.%d.%d'):format(directory, system.getpid(), count))
    local s = file.stream.new()
    s:open(path, bit.bor(flags.read_write, flags.create, flags.truncate))
    if content then
        stream.write_all(s, content)
        s:seek(0, 'set')
    end
    return s:release(), path
end

function open(path)
    local s = file.stream.new()
    s:open(filesystem.path.new(tostring(path)), flags.read_only)
    return s:release()
end

-- All that is in the file, or nil if there is none.
function contents(path)
    local ok, fd = pcall(open, path)
    if not ok then
        return nil
    end
    local s, parts, buffer = file.stream.new(fd), {}, byte_span.new(65536)
    while true do
        local more, n = pcall(s.read_some, s, buffer)
        if not more then
            break
        end
        parts[#parts + 1] = tostring(buffer:slice(1, n))
    end
    s:close()
    return table.concat(parts)
end
