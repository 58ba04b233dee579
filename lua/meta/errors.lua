---@meta
-- Error codes: what the engine raises, besides the strings of Lua itself.

---What codes are of: "generic" (argument errors), "system" (errno values of the system), "asio.misc" and
---others. tostring gives the name; `==` is true for one category of one process.
---@class error_category
error_category = {}

---The text for a code. Also without self: category.message(code).
---@param code integer
---@return string
function error_category:message(code) end

---A table; `==` compares code and category, with system and generic as one, and tostring gives the message.
---Further fields say more: `arg`, `index`, `module`, `path`. Codes of the category emilua.core are
---1 invalid_module_name, 2 module_not_found, 3 root_cannot_import_parent, 4 cyclic_import,
---5 leaf_cannot_import_child, 6 only_main_fiber_may_import, 7 bad_root_context, 8 bad_index,
---9 bad_coroutine, 10 suspension_already_allowed, 11 interruption_already_allowed,
---12 forbid_suspend_block, 13 interrupted, 14 unmatched_scope_cleanup, 15 channel_closed,
---16 no_senders, 17 internal_module, 18 raise_error, 19 bad_rdf, 20 bad_rdf_module,
---21 bad_rdf_error_category, 22 broken_promise, 23 promise_already_satisfied,
---24 current_module_not_known.
---@class error_code
---@field code integer
---@field category error_category
---@field arg? integer|string the wrong argument's position (self is 1) or option
---@field index? integer
---@field module? string what was to be imported
---@field path? string the file that was not to be read
error_code = {}

---The portable form: a fresh code of category generic where there is one; nil for code 0. EINVAL{arg=1}
---when `code` or `category` are damaged.
---@return error_code?
function error_code:togeneric() end
