// Loads native plugins; see plugin.h for what they are.
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>

namespace emilua::engine {

// Pushes the module of the plugin at `path`, a shared library that was found for `id`, or raises:
// ENOTSUP in a box and in the static engine, ENOEXEC when the library is none or is not for this
// version of the engine, internal_module, cyclic_import, module_not_found for what NAME.deps names,
// and whatever the hooks say. Error codes have the fields `module` and, for some, `reason`.
void push_plugin(lua_State* L, const std::string& path, std::string_view id);

}  // namespace emilua::engine
