---@meta
-- require 'json': RFC 8259, strictly. Values are strings, numbers, booleans, tables and json.null.

local json = {}

---JSON's null; equal to itself alone. Reading a member is bad_index, writing EPERM.
---@class json.null
json.null = {}

---What is wrong with a text: 1 unexpected_token, 2 invalid_key, 3 invalid_value (a leading zero), 4
---incompatible_type, 5 unbalanced_end_array, 6 unbalanced_end_object, 7 expected_end_array, 8
---expected_end_object, 9 insufficient_tokens.
---@type error_category
json.lexer_ecat = nil

---What fits into no value, or no text: 1 result_out_of_range (an integer outside signed 64 bits), 2
---too_many_levels (nothing raises it: only memory bounds nesting), 3 array_too_long (2^27 elements), 4
---cycle_exists. Errors of code 1 and 3 have the field `path`: the keys and positions that lead to the culprit.
---@type error_category
json.dom_ecat = nil

---One value. Arrays come tagged, null is json.null, the last of equal keys counts, integers above 2^53 are
---rounded. EINVAL{arg=1} for other types; malformed texts are errors of lexer_ecat or dom_ecat, with the field
---`position`: the 1-based offset of the byte that was not expected, one more than the size at the text's end.
---@param raw_json string
---@return boolean|number|string|table|json.null value
function json.decode(raw_json) end

---@class json.encode_state
---@field writer json.writer where the text goes
---@field visited? table<any, true> the objects on the way to the value
---@field indent? string as the option

---@class json.encode_options
---@field indent? string white space: each element on a line of its own, after so much for each level
---@field state? json.encode_state write there instead; returns nothing, other options are ignored

---Tables are arrays if tagged or if `#t > 0` (up to the first nil), else objects of their string keys. An object
---whose metatable has a raw `__tojson` is written by that, which may suspend: `__tojson(object, state)`. Numbers
---are in their shortest form; NaN and infinities are null. EINVAL for functions, threads and other userdata, but
---skipped as members of objects; dom_ecat 4 for cycles; EINVAL with `arg` for wrong options. After an error the
---state is as good as lost.
---@param value any
---@param options? json.encode_options
---@return string? text
function json.encode(value, options) end

---Whether the table is tagged as an array; of anything else, false.
---@param value any
---@return boolean
function json.is_array(value) end

---Tags a table as an array, and returns it. EINVAL{arg=1} for other types and tables with another metatable.
---@param t? table a new one if there is no argument
---@return table t
function json.into_array(t) end

json.writer = {}

---Puts a text together value by value. Neither keys nor completeness are checked.
---@class json.writer
---@field level integer how many containers are open
local json_writer = {}

---@return json.writer
function json.writer.new() end

---Writes a leaf, with the comma or colon before it; in objects, keys and values by turns. EINVAL{arg=2} for other
---types.
---@param value boolean|number|string|json.null
function json_writer:value(value) end

function json_writer:begin_object() end

---lexer_ecat 1 unless the innermost open container is an object.
function json_writer:end_object() end

function json_writer:begin_array() end

---lexer_ecat 1 unless the innermost open container is an array.
function json_writer:end_array() end

---Appends text as it is: without separator, and not counted as an element.
---@param raw string
function json_writer:literal(raw) end

---Returns the text, and ends the writer: it has no members any more.
---@return string
function json_writer:generate() end

return json
