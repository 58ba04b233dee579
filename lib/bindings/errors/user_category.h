// What `require` gives for a `.ttl` file: error codes by alias and by number, of a category of the
// program's own (lib/turtle/error_category.h says what is in the file).
//
//   local net = require './net_errors'             -- net_errors.ttl
//   error(net.unreachable)                         -- a fresh code; net[2] is equal
//
// getmetatable gives "rdf_error_category_module". Numbers are not checked against the file; 0 gives
// nil. All other keys, also numbers that are no code of 32 bits, raise bad_index with index = 2.
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>

namespace emilua::bindings {

// For fiber::builtins: pushes the module of the file at `path` (absolute) and returns true; or
// pushes the error code to raise, bad_rdf and its kin with the fields `path`, `reason` and (but for
// failures of the whole file) `line`, and returns false.
bool push_user_category(lua_State* L, const std::string& path, std::string_view source);

}  // namespace emilua::bindings
