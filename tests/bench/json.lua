-- Prints seconds for decoding and for encoding about 10 MB of one kind, the medians of several runs.
-- Under luajit, which is the yardstick, with lua-cjson.
--     emilua json.lua KIND          luajit json.lua KIND

local kind = arg and arg[1] or require 'system'.arguments[3]
local now, json
if os then
    json = require 'cjson'
    local ffi = require 'ffi'
    ffi.cdef 'struct timespec { long tv_sec, tv_nsec; }; int clock_gettime(int, struct timespec *);'
    local t = ffi.new 'struct timespec'
    function now()
        ffi.C.clock_gettime(1, t)  -- CLOCK_MONOTONIC, as below: os.clock is the processor's time
        return tonumber(t.tv_sec) + tonumber(t.tv_nsec) / 1e9
    end
else
    local clock = require 'time'.steady_clock
    local start = clock.now()
    function now()
        return clock.now() - start
    end
    json = require 'json'
end

-- The same for both: no math.random, which differs between seeds.
local seed = 1
local function random(bound)
    seed = (seed * 16807) % 2147483647
    return seed % bound
end

local words = {'alpha', 'beta', 'gamma', 'delta', 'caf\195\169', 'tab\\tand\\nline', 'quote \\" quote', '\\u00e9',
    'a somewhat longer run of plain text', 'x'}
local function text(count)
    local parts = {}
    for i = 1, count do
        parts[i] = words[1 + random(#words)]
    end
    return '"' .. table.concat(parts, ' ') .. '"'
end

local kinds = {}

function kinds.numbers()
    local form = random(3)
    if form == 0 then
        return ('%d'):format(random(100000) - 50000)
    elseif form == 1 then
        return ('%.3f'):format((random(2000000) - 1000000) / 1000)
    end
    return ('%.15g'):format((random(2147483647) + 0.5) / 1e10)
end

function kinds.strings()
    return text(1 + random(12))
end

function kinds.records()
    return ('{"id":%d,"name":%s,"price":%.2f,"stock":%s,"tags":[%s,%s],"parent":null,"size":{"w":%d,"h":%d}}'):format(
        random(1000000), text(2), random(100000) / 100, random(2) == 0 and 'true' or 'false', text(1), text(1),
        random(500), random(500))
end

local parts, size = {}, 0
while size < 10e6 do
    local part = kinds[kind]()
    parts[#parts + 1] = part
    size = size + #part + 1
end
local document = '[' .. table.concat(parts, ',') .. ']'
parts = nil

local function median(f, argument)
    local times, result = {}, nil
    for i = 1, 7 do
        result = nil
        collectgarbage()
        local start = now()
        result = f(argument)
        times[i] = now() - start
    end
    table.sort(times)
    return times[4], result
end

local decoding, value = median(json.decode, document)
local encoding = median(json.encode, value)
print(decoding, encoding)
