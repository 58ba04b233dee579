---@meta
-- require 'regex': regular expressions over bytes, in the classic locale. Positions are 1-based and
-- inclusive. No pattern or subject takes unbounded time or memory: beyond the limits, matching raises
-- the codes 11 (complexity) or 12 (stack) of the category `regex`.
--
--     local regex = require 'regex'
--     local r = regex.new{pattern = '([0-9]+)-([0-9]+)', grammar = 'extended'}
--     local first, last = regex.match(r, '10-20')           -- '10', '20'
--     local found = regex.search(r, 'pages 10-20')
--     if not found.empty then
--         print(found[0].start, found[0].end_, found[2].start)   --> 7 11 10
--     end
--     local comma = regex.new{pattern = ' *, *', grammar = 'basic'}
--     print(unpack(regex.split(comma, 'a , b,c')))           --> a b c
--     local word = regex.new{pattern = '\\w+', grammar = 'ecma', optimize = true}
--     print(#regex.patsplit(word, 'to be or not'))           --> 4

---An unknown member raises `bad_index`, writing EPERM.
---@class regex
---@field mark_count integer Groups; 0 with `nosubs`.
---@field grammar "basic"|"extended"|"ecma"
---@field ignore_case boolean
---@field nosubs boolean
---@field optimized boolean What was asked for.
local regex_object = {}

---@class regex.options
---@field pattern string
---@field grammar "basic"|"extended"|"ecma" POSIX basic and extended (leftmost-longest), ECMAScript (leftmost-first)
---@field ignore_case? boolean of ASCII letters; default: false
---@field nosubs? boolean groups are not reported; default: false
---@field optimize? boolean to machine code, where that is allowed; default: false

---@class regex.range
---@field start integer
---@field end_ integer `start - 1` if it is empty.

---The fields 0 and up are the match and its groups; groups that took no part are absent.
---@class regex.found
---@field empty boolean Nothing was found.
---@field [integer] regex.range

local regex = {}

---EINVAL{arg=option}; a string error unless `pattern` and `grammar` are strings. A faulty pattern is a code of
---the category `regex`, with its `position` if there is one: 1 ctype, 2 escape, 3 backref, 4 brack, 5 paren,
---6 brace, 7 badbrace, 8 range, 9 space, 10 badrepeat, 12 stack.
---@param options regex.options
---@return regex
function regex.new(options) end

---All of `str` must match: its groups, or `str` itself if there are none; nil if it does not. A group that took
---no part is empty. Parts of spans share their memory. EINVAL{arg=i}; `regex` 11, 12.
---@param re regex
---@param str string|byte_span
---@param flags? integer bit-or of regex.match_flag
---@return string|byte_span|nil ...
function regex.match(re, str, flags) end

---The leftmost match. EINVAL{arg=i}; `regex` 11, 12.
---@param re regex
---@param str string|byte_span
---@param flags? integer bit-or of regex.match_flag
---@return regex.found
function regex.search(re, str, flags) end

---What is between the non-empty matches; nothing behind the last one is no field. ENOTSUP if there are groups.
---EINVAL{arg=i}; `regex` 11, 12.
---@param re regex
---@param str string|byte_span
---@return string[]|byte_span[]
function regex.split(re, str) end

---The matches that do not overlap, empty ones included. ENOTSUP if there are groups. EINVAL{arg=i}; `regex` 11,
---12.
---@param re regex
---@param str string|byte_span
---@return string[]|byte_span[]
function regex.patsplit(re, str) end

---@class regex.match_flag
---@field not_bol integer `^` does not match at the beginning.
---@field not_eol integer `$` does not match at the end.
---@field not_bow integer `\b` does not match at the beginning.
---@field not_eow integer `\b` does not match at the end.
---@field any integer Any match will do, not only the longest.
---@field not_null integer No empty match.
---@field continuous integer Only at the beginning.
regex.match_flag = {}

return regex
