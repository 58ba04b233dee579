-- The loop of scan: what a program sees of a record, and when its parts run.
--
-- Native code is called through the FFI, so that the loop and the program in it compile to one trace.
-- A field's string is made when the program asks for it. A program that uses F as a value, as in
-- ipairs(F) or emit(F), gets a table with all fields of the record in it.
local native, ffi, split, source = ...

ffi.cdef [[
struct scan_field { const char* data; uint32_t size; };
struct scan_record { const char* data; const struct scan_field* fields; uint32_t size, known; };
]]

local input, record = ffi.cast('void*', native.input), ffi.cast('const struct scan_record*', native.record)
local next_record = ffi.cast('int (*)(void*)', native.next_record)
local find_field = ffi.cast('int (*)(void*, uint32_t)', native.find_field)
local to_number = ffi.cast('double (*)(void*, uint32_t)', native.number)
local text = ffi.string
local fail = native.fail  -- raises an error that input has kept
local _G, error, loadstring, next, pcall, rawget, rawset, setmetatable, tonumber, tostring, type =
    _G, error, loadstring, next, pcall, rawget, rawset, setmetatable, tonumber, tostring, type
local ALL = 0xffffffff

local function field(i)
    if not (i >= 1 and i < ALL and i % 1 == 0) then
        return nil
    end
    if i > record.known then
        local found = find_field(input, i)
        if found <= 0 then
            if found < 0 then
                fail()
            end
            return nil
        end
    end
    local f = record.fields[i - 1]
    return text(f.data, f.size)
end

local function count()
    if find_field(input, ALL) < 0 then
        fail()
    end
    return record.known
end

-- F: made of strings when they are asked for, or a table with all of them.
local F = {}
local is_table = false

local function fill()
    local n = count()
    for i = 1, n do
        local f = record.fields[i - 1]
        rawset(F, i, text(f.data, f.size))
    end
    for i = #F, n + 1, -1 do
        F[i] = nil
    end
    is_table = true
end

local function empty()
    for i in next, F do
        F[i] = nil
    end
    is_table = false
end

local lazily = {
    __index = function(_, i)
        if type(i) == 'number' and not is_table then
            return field(i)
        end
        return nil
    end,
    -- What is changed is a table until the next record.
    __newindex = function(_, i, value)
        if not is_table then
            fill()
        end
        rawset(F, i, value)
    end,
}

-- N: the numbers that fields are.
local N = setmetatable({}, {
    __index = function(_, i)
        if type(i) == 'number' and i >= 1 and i < ALL and i % 1 == 0 then
            local value = to_number(input, i)
            if value == value then
                return value
            end
            local f = field(i)
            if f then
                return tonumber(f) or error(('field %d is not a number: %q'):format(i, f), 2)
            end
        end
        error(('there is no field %s'):format(tostring(i)), 2)
    end,
    __newindex = function()
        error('N cannot be changed', 2)
    end,
})

local globals = {
    __index = function(_, name)
        if name == 'line' then
            return text(record.data, record.size)
        elseif name == 'NF' then
            return count()
        end
        return nil
    end,
    __newindex = function(_, name, value)
        if name == 'line' or name == 'NF' then
            error(name .. ' cannot be changed', 2)
        end
        rawset(_G, name, value)
    end,
}

local EXIT = {}
local status

local function exit(code)
    if code ~= nil and (type(code) ~= 'number' or code % 1 ~= 0 or code < 0 or code > 255) then
        error('exit: no status from 0 to 255: ' .. tostring(code), 2)
    end
    status = code or status or 0
    error(EXIT, 0)
end

local function each_record(f, whole)
    local records, of_file = 0, 0
    while true do
        local what = next_record(input)
        if what <= 0 then
            if what < 0 then
                fail()
            end
            return
        end
        if what == 2 then
            of_file = 0
            _G.FILENAME = native.file()
        end
        records, of_file = records + 1, of_file + 1
        _G.NR, _G.FNR = records, of_file
        if whole then
            fill()
        elseif is_table then
            empty()
        end
        f()
    end
end

-- An error as one line: where in the program, what, and the line of the program.
local function description(e)
    if type(e) ~= 'string' then
        local ok, made = pcall(tostring, e)
        return ok and made or 'an error that is no text'
    end
    local number, message = e:match('^LUA:(%d+): (.*)$')
    if not number then
        return e
    end
    local at = 0
    for one in (source .. '\n'):gmatch('(.-)\n') do
        at = at + 1
        if at == tonumber(number) then
            return ('line %d: %s: %s'):format(number, message, one:match('^%s*(.-)%s*$'))
        end
    end
    return ('line %d: %s'):format(number, message)
end

-- Returns the status that the program asks for, if it does; or nil, where something has failed, and what.
local function run()
    local whole_source, message = loadstring(source, '=LUA')
    if not whole_source then
        return nil, 'LUA', description(message)
    end
    local parts = split(source)
    if not parts.whole then
        setmetatable(F, lazily)
    end
    for name, value in pairs{F = F, N = N, NR = 0, FNR = 0, FILENAME = '', emit = native.emit, exit = exit} do
        _G[name] = value
    end
    setmetatable(_G, globals)

    local each = parts.each and assert(loadstring(parts.each, '=LUA'))
    local where
    local function step(name, f, ...)
        where = name
        local ok, e = pcall(f, ...)
        if not ok and e ~= EXIT then
            error(e, 0)
        end
    end
    local ok, e = pcall(function()
        step('LUA', assert(loadstring(parts.definitions, '=LUA')))
        local BEGIN, END = rawget(_G, 'BEGIN'), rawget(_G, 'END')
        if BEGIN then
            step('BEGIN', BEGIN)
        end
        if not status and (each or END) then
            step('record', each_record, each or function() end, parts.whole and each)
        end
        END = rawget(_G, 'END')
        if END then
            step('END', END)
        end
    end)
    if ok then
        return status or 0
    end
    return nil, where, description(e)
end

return run
