-- What a program of scan consists of: statements for each record, and functions that are defined once.
--
--     local parts = split 's = (s or 0) + F[3] function END() emit(s) end'
--     parts.definitions     the functions, at their places: lines of blanks stand for the rest
--     parts.each            the rest, `do end` where functions were; nil if it is nothing at all
--     parts.whole           whether F is used as a value, not only as F[…]
--
-- Lua's compiler says what is wrong with a source. Here, what cannot be understood is left as it is.
local find, match, sub, gsub = string.find, string.match, string.sub, string.gsub

local opens = {['function'] = true, ['do'] = true, ['if'] = true, ['repeat'] = true}
local closes = {['end'] = true, ['until'] = true}

-- The end of the token that begins at `at`, and the token if it is a name, a word or one character.
local function token(source, at)
    local level = match(source, '^%[(=*)%[', at)
    if level then
        local _, last = find(source, ']' .. level .. ']', at, true)
        return last
    end
    local char = sub(source, at, at)
    if char == '"' or char == "'" then
        local i = at + 1
        while i <= #source do
            local c = sub(source, i, i)
            if c == char then
                return i
            end
            i = i + (c == '\\' and 2 or 1)
        end
        return nil
    end
    local word, last = match(source, '^([%a_][%w_]*)()', at)
    if word then
        return last - 1, word
    end
    last = match(source, '^%d[%w_.]*()', at)
    if last then
        return last - 1
    end
    return at, char
end

local function skip_blanks(source, at)
    while true do
        at = find(source, '%S', at)
        if not at or sub(source, at, at + 1) ~= '--' then
            return at
        end
        local level, last = match(source, '^%[(=*)%[', at + 2)
        if level then
            _, last = find(source, ']' .. level .. ']', at, true)
        else
            last = (find(source, '\n', at, true) or #source + 1) - 1
        end
        if not last then
            return nil
        end
        at = last + 1
    end
end

local function blank(text)
    return (gsub(text, '[^\n]', ' '))
end

return function(source)
    local definitions, each = {}, {}
    local kept, something, whole = 1, false, false
    local depth, previous, start = 0
    local at = skip_blanks(source, 1)
    while at do
        local last, word = token(source, at)
        if not last then
            something = true  -- a text without an end
            break
        end
        local after = skip_blanks(source, last + 1)
        if word == 'function' and depth == 0 and previous ~= 'local' and after
            and find(source, '^[%a_]', after) then
            start = at
        elseif not start then
            something = true
        end
        if word == 'F' and previous ~= '.' and previous ~= ':' and sub(source, after or 0, after or 0) ~= '['
            or word == '_G' or word == 'getfenv' then
            whole = true
        end
        if opens[word] then
            depth = depth + 1
        elseif closes[word] then
            depth = depth - 1
        end
        if start and depth == 0 then
            each[#each + 1] = sub(source, kept, start - 1)
            definitions[#definitions + 1] = blank(each[#each])
            local text = sub(source, start, last)
            definitions[#definitions + 1] = text
            each[#each + 1] = 'do end' .. sub(blank(text), 7)
            kept, start = last + 1, nil
        end
        previous, at = word, after
    end
    each[#each + 1] = sub(source, kept)
    return {
        definitions = table.concat(definitions),
        each = (something or start) and table.concat(each) or nil,
        whole = whole,
    }
end
