-- stream.scanner: records and fields of anything with read_some. Native code finds them; what is here
-- reads the settings from the table that a scanner is, calls its stream, which may suspend, and the
-- functions that split.

local native, regex = ...

local begin_reading, end_reading, is_end, raise_argument =
    native.begin_reading, native.end_reading, native.is_end, native.raise_argument
local error, pairs, pcall, setmetatable, type, unpack = error, pairs, pcall, setmetatable, type, unpack

-- The key of what is known of a scanner besides its fields: {state, advance, split, queue, ...}, and the
-- settings of the last call by name, as native code relies on these strings and expressions.
-- Where it can, advance() puts what the record gives, `width` values, to `queue`, and behind them those of
-- as many records more as `ahead` says, of which `taken` were returned: most calls are spared that of
-- native code.
local OWN = {}

local methods = {}
local scanner = {mt = {__index = methods}}

-- Forgets what was found ahead: it will be found again.
local function settle(own)
    if own.taken ~= own.ahead then
        native.settle(own.state, own.taken)
    end
    own.taken, own.ahead = 0, 0
end

local function configure(self, own)
    settle(own)
    local record_separator, field_separator, field_pattern, trim_record, max_record_size, columns, containing, as =
        self.record_separator, self.field_separator, self.field_pattern, self.trim_record,
        self.max_record_size, self.columns, self.containing, self.as
    own.queues = native.configure(own.state, record_separator, field_separator, field_pattern, trim_record,
        max_record_size, columns, containing, as)
    own.width = columns and #columns or 1
    own.record_separator, own.field_separator, own.field_pattern = record_separator, field_separator, field_pattern
    own.trim_record, own.max_record_size, own.columns = trim_record, max_record_size, columns
    own.containing, own.as = containing, as
    own.split = type(field_separator) == 'function' and field_separator or nil
end

local function fail(self, own, terminator, reason)
    self.record_number = self.record_number + 1
    self.record_terminator = terminator == true and own.record_separator or terminator
    error(reason, 0)
end

-- What the record of that number in the queue gives.
local function from_queue(own, number)
    local queue, width = own.queue, own.width
    if width == 1 then
        return queue[number + 1]
    end
    local first = number * width + 1
    if width == 2 then
        return queue[first], queue[first + 1]
    end
    return unpack(queue, first, first + width - 1)
end

local read

-- The first is what advance() returns; `...` what get_line returns, or more of the former. `reason` is
-- the error that the stream has raised, if it has, `split` the function of the settings.
local function finish(self, own, stream, split, reason, terminator, ...)
    if terminator == true then
        terminator = own.record_separator
    elseif not terminator then
        if terminator == false then
            error(reason, 0)
        end
        return read(self, own, stream, split, (...))
    elseif terminator == 0 then
        return fail(self, own, ...)
    end
    self.record_number = self.record_number + 1
    self.record_terminator = terminator
    if split then
        return split(...)
    end
    if not own.queues then
        return ...
    end
    own.taken, own.ahead = 0, (...)
    return from_queue(own, 0)
end

-- Reads to `room` once, and goes on.
function read(self, own, stream, split, room)
    if stream == nil then
        raise_argument('stream')
    end
    local read_some = stream.read_some
    begin_reading(own.state)
    local ok, result = pcall(read_some, stream, room)
    if ok then
        return finish(self, own, stream, split, nil, own.advance(result))
    end
    if is_end(result) then
        return finish(self, own, stream, split, result, own.advance(true))
    end
    end_reading(own.state)
    error(result, 0)
end

function methods:get_line()
    local own = self[OWN] or raise_argument(1)
    if self.record_separator ~= own.record_separator or self.field_separator ~= own.field_separator
        or self.field_pattern ~= own.field_pattern or self.trim_record ~= own.trim_record
        or self.max_record_size ~= own.max_record_size or self.columns ~= own.columns
        or self.containing ~= own.containing or self.as ~= own.as then
        configure(self, own)
    end
    if not own.queues then
        return finish(self, own, self.stream, own.split, nil, own.advance())
    end
    local number = 0
    if own.taken ~= own.ahead then
        number = own.taken + 1
        own.taken = number
    else
        local terminator, ahead, reason = own.advance()
        if terminator ~= true then
            return finish(self, own, self.stream, nil, nil, terminator, ahead, reason)
        end
        own.taken, own.ahead = 0, ahead
    end
    self.record_number = self.record_number + 1
    self.record_terminator = own.record_separator
    return from_queue(own, number)
end

local function state_of(self)
    local own = self[OWN] or raise_argument(1)
    settle(own)
    return own.state
end

function methods:buffered_line()
    return native.buffered_line(state_of(self))
end

function methods:remove_line()
    native.remove_line(state_of(self))
    self.record_terminator = nil
end

function methods:buffer()
    return native.buffer(state_of(self))
end

function methods:set_buffer(buffer, offset)
    local state = state_of(self)
    native.set_buffer(state, buffer, offset, self[OWN].advance)
    self.record_terminator = nil
end

local defaults = {record_separator = '\r\n', trim_record = false, max_record_size = 65536, record_number = 0}

function scanner.new(options)
    if options == nil then
        options = {}
    elseif type(options) ~= 'table' then
        raise_argument(1)
    end
    local size = options.buffer_size_hint
    if size == nil then
        size = 4096
    end
    local own = {ahead = 0, taken = 0}
    own.state, own.advance, own.queue = native.make(size)
    own.record_separator = own  -- not what it is: the first call configures
    options[OWN] = own
    options.buffer_size_hint = nil
    options.record_terminator = nil
    for name, value in pairs(defaults) do
        if options[name] == nil then
            options[name] = value
        end
    end
    return setmetatable(options, scanner.mt)
end

local blanks = regex.new{pattern = '[ \f\n\r\t\v]+', grammar = 'extended'}

function scanner.with_awk_defaults(read_stream)
    return scanner.new{
        stream = read_stream,
        record_separator = '\n',
        trim_record = true,
        field_separator = blanks,
    }
end

return scanner
