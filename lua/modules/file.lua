-- Whole transfers at an offset. Anything with read_some_at or write_some_at will do, plain tables
-- included; their errors pass through.

local file, stream, check_span = ...

local error, type = error, type

local function check_offset(offset, name)
    if type(offset) ~= 'number' then
        error(("bad argument #2 to '%s' (number expected, got %s)"):format(name, type(offset)), 3)
    end
end

-- A stream that begins at `offset` and moves on by what each call transfers.
local function stream_at(io, offset)
    local self = {}
    function self:read_some(buffer)
        local count = io:read_some_at(offset, buffer)
        offset = offset + count
        return count
    end
    function self:write_some(buffer)
        local count = io:write_some_at(offset, buffer)
        offset = offset + count
        return count
    end
    return self
end

-- Reads until `buffer` is full. Returns its length.
function file.read_all_at(io, offset, buffer)
    check_offset(offset, 'read_all_at')
    check_span(buffer, 3)
    return stream.read_all(stream_at(io, offset), buffer)
end

-- Reads at least `minimum` bytes and at most #buffer. Returns how many.
function file.read_at_least_at(io, offset, buffer, minimum)
    check_offset(offset, 'read_at_least_at')
    check_span(buffer, 3)
    return stream.read_at_least(stream_at(io, offset), buffer, minimum)
end

-- Writes all of `buffer`, a byte_span or a string. Returns its length.
function file.write_all_at(io, offset, buffer)
    check_offset(offset, 'write_all_at')
    if type(buffer) ~= 'string' then
        check_span(buffer, 3)
    end
    return stream.write_all(stream_at(io, offset), buffer)
end

-- Writes at least `minimum` bytes of `buffer`. Returns how many.
function file.write_at_least_at(io, offset, buffer, minimum)
    check_offset(offset, 'write_at_least_at')
    check_span(buffer, 3)
    return stream.write_at_least(stream_at(io, offset), buffer, minimum)
end
