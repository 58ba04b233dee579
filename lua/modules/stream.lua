-- Whole transfers out of partial ones. Anything with read_some or write_some will do, plain tables
-- included; their errors pass through.

local byte_span, check_span = ...

local type = type

local stream = {}

local function transfer_at_least(io, method, buffer, minimum)
    local size = #buffer
    if minimum > size then
        minimum = size
    end
    local done = 0
    while done < minimum do
        done = done + io[method](io, done == 0 and buffer or buffer:slice(done + 1))
    end
    return done
end

-- Reads until `buffer` is full. Returns its length.
function stream.read_all(io, buffer)
    check_span(buffer, 2)
    return transfer_at_least(io, 'read_some', buffer, #buffer)
end

-- Reads at least `minimum` bytes and at most #buffer. Returns how many.
function stream.read_at_least(io, buffer, minimum)
    check_span(buffer, 2)
    return transfer_at_least(io, 'read_some', buffer, minimum)
end

-- Writes all of `buffer`, a byte_span or a string. Returns its length.
function stream.write_all(io, buffer)
    if type(buffer) == 'string' then
        buffer = byte_span.append(buffer)
    end
    check_span(buffer, 2)
    return transfer_at_least(io, 'write_some', buffer, #buffer)
end

-- Writes at least `minimum` bytes of `buffer`. Returns how many.
function stream.write_at_least(io, buffer, minimum)
    check_span(buffer, 2)
    return transfer_at_least(io, 'write_some', buffer, minimum)
end

return stream
