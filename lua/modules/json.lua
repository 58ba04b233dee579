-- json.encode: native code writes what has no `__tojson` of its own. Those hooks are called from
-- here, so that they may suspend.

local json, native = ...

local begin, resume = native.begin, native.resume
local new_writer, set_indent, generate = native.new_writer, native.set_indent, native.generate
local raise_argument = native.raise_argument
local type = type

-- `shared`: the state is the caller's.
local function write(value, state, shared)
    local writer, visited = state.writer, state.visited
    local hook, object, around, walk = begin(writer, visited, value, shared)
    while hook ~= nil do
        hook(object, state)
        hook, object = resume(writer, visited, around, walk)
    end
end

-- With the option `state` the text goes to the writer in there, and nothing is returned.
function json.encode(value, options)
    local indent
    if options ~= nil then
        if type(options) ~= 'table' then
            raise_argument(2)
        end
        local state = options.state
        if state ~= nil then
            if type(state) ~= 'table' then
                raise_argument('state')
            end
            if state.visited == nil then
                state.visited = {}
            end
            if state.indent ~= nil then
                set_indent(state.writer, state.indent)
            end
            write(value, state, true)
            return
        end
        indent = options.indent
    end
    local writer = new_writer()
    if indent ~= nil then
        set_indent(writer, indent)
    end
    write(value, {writer = writer, visited = {}, indent = indent}, false)
    return generate(writer)
end

return json
