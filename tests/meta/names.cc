// Every name that the engine gives to programs, as JSON on standard output:
//
//   {"globals": {"pcall": "function", "this_fiber": "object this_fiber", "this_fiber.id": …},
//    "modules": {"time": {"": "table", "sleep": "function", "steady_clock.now": "function", …}, …},
//    "classes": {"mutex": {"lock": "method", …}, "byte_span": {"capacity": "property", "__len":
//                "metamethod", "[]": "computed"}, …}}
//
// Read from the tables that the engine itself works with, in a VM that is like any other: what is
// new there is listed without being added here. A value whose members cannot be listed is an error.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <lua.hpp>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "lib/base/errno_name.h"
#include "lib/bindings/errors/errors.h"
#include "lib/engine/builtins.h"
#include "lib/fiber/vm.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua {
namespace {

using members = std::map<std::string, std::string>;  // kind by dotted name
using listing = std::map<std::string, members>;      // by module or class

constexpr std::string_view own_name = "list_names";

[[noreturn]] void fail(const std::string& reason) {
  std::fprintf(stderr, "names: %s\n", reason.c_str());
  std::exit(1);
}

members list_class(const lua::class_info& info) {
  members found;
  for (const auto& method : info.methods) found[method.name] = "method";
  for (const auto& property : info.properties) found[property.name] = "property";
  for (const auto& method : info.metamethods) {
    // With this one the class answers for names that nobody has declared.
    if (method.name == std::string_view{"__index"})
      found["[]"] = "computed";
    else
      found[method.name] = "metamethod";
  }
  if (info.read_number != nullptr) found["[]"] = "computed";
  return found;
}

bool has_objects(const lua::class_info* info) {
  return std::ranges::count(lua::known_classes(), info) != 0;
}

// Lists what can be reached from one value.
class walker {
 public:
  walker(lua_State* L, members& found) : L_(L), found_(found) {}

  // The value on top of the stack, called `name`.
  void add(const std::string& name) {
    luaL_checkstack(L_, 8, "names");
    switch (lua_type(L_, -1)) {
      case LUA_TTABLE:
        found_[name] = "table";
        if (visited_.insert(lua_topointer(L_, -1)).second) add_fields(name);
        break;
      case LUA_TUSERDATA:
        add_userdata(name);
        break;
      default:
        found_[name] = luaL_typename(L_, -1);
    }
  }

 private:
  static std::string join(const std::string& prefix, const std::string& name) {
    return prefix.empty() ? name : prefix + '.' + name;
  }

  void add_fields(const std::string& prefix) {
    lua_pushnil(L_);
    while (lua_next(L_, -2) != 0) {
      if (lua_type(L_, -2) == LUA_TSTRING) {
        const std::string name{lua::to_text(L_, -2)};
        if (name != own_name) add(join(prefix, name));
      }
      lua_pop(L_, 1);
    }
  }

  void add_userdata(const std::string& prefix) {
    if (const auto* info = lua::class_at(L_, -1)) {
      found_[prefix] = std::string{"object "} + info->name;
      if (!has_objects(info)) add_singleton(prefix, *info);
    } else {
      found_[prefix] = "codes";
      add_codes(prefix);
    }
  }

  void add_singleton(const std::string& prefix, const lua::class_info& info) {
    for (const auto& method : info.methods) found_[join(prefix, method.name)] = "function";
    for (const auto& property : info.properties) {
      const std::string name = join(prefix, property.name);
      lua_getfield(L_, -1, property.name);
      if (is_namespace())
        add(name);
      else
        found_[name] = "property";
      lua_pop(L_, 1);
    }
  }

  // Tells a part of a module from a value that the program asks for: the former has functions.
  bool is_namespace() {
    if (const auto* info = lua::class_at(L_, -1)) return !has_objects(info);
    bool functions = false;
    if (!lua_istable(L_, -1)) return false;
    lua_pushnil(L_);
    while (lua_next(L_, -2) != 0) {
      functions = functions || lua_isfunction(L_, -1);
      lua_pop(L_, 1);
    }
    return functions;
  }

  // generic_error and asio_error, which answer reads by a function or a table of such values.
  void add_codes(const std::string& prefix) {
    if (luaL_getmetafield(L_, -1, "__index") == 0) fail(prefix + " is an unknown userdata");
    if (lua_istable(L_, -1)) {
      add_fields(prefix);
    } else {
      luaL_getmetafield(L_, -2, "__metatable");
      add_names_of(std::string{lua::to_text(L_, -1)}, prefix);
      lua_pop(L_, 1);
    }
    lua_pop(L_, 1);
  }

  void add_names_of(const std::string& type, const std::string& prefix) {
    constexpr std::string_view asio = "asio_error.";
    if (type == "generic_error") {
      for (const auto& code : base::errno_names())
        found_[join(prefix, std::string{code.name})] = "code";
    } else if (type.starts_with(asio)) {
      for (const auto& code : bindings::asio_error_names(type.substr(asio.size())))
        found_[join(prefix, std::string{code.name})] = "code";
    } else {
      fail("the members of " + type + " cannot be listed");
    }
  }

  lua_State* L_;
  members& found_;
  std::set<const void*> visited_;
};

// Error codes are tables with a metatable, and no class.
members list_error_code(lua_State* L) {
  members found;
  lua::push(L, std::make_error_code(std::errc::invalid_argument));
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    found[lua_tostring(L, -2)] = "property";
    lua_pop(L, 1);
  }
  lua_getmetatable(L, -1);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    const std::string name = lua_tostring(L, -2);
    if (lua_isfunction(L, -1)) found[name] = "metamethod";
    lua_pop(L, 1);
  }
  lua_getfield(L, -1, "__index");
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    found[lua_tostring(L, -2)] = "method";
    lua_pop(L, 1);
  }
  lua_pop(L, 3);
  return found;
}

listing list_classes(lua_State* L) {
  listing classes{{"error_code", list_error_code(L)}};
  for (const auto* info : lua::known_classes())
    if (!classes.emplace(info->name, list_class(*info)).second)
      fail(std::string{"two classes are named "} + info->name);
  return classes;
}

void print(const members& names, const char* indent) {
  std::fputs("{", stdout);
  const char* separator = "";
  for (const auto& [name, kind] : names) {
    if (name.find_first_of("\"\\\n") != name.npos) fail("a name with a quote in it");
    std::printf("%s\n%s\"%s\": \"%s\"", separator, indent, name.c_str(), kind.c_str());
    separator = ",";
  }
  std::fputs("}", stdout);
}

void print(const listing& parts) {
  std::fputs("{", stdout);
  const char* separator = "";
  for (const auto& [name, names] : parts) {
    std::printf("%s\n  \"%s\": ", separator, name.c_str());
    print(names, "    ");
    separator = ",";
  }
  std::fputs("}", stdout);
}

// list_names(globals)
int list_names(lua_State* L) {
  members globals;
  walker{L, globals}.add("");
  globals.erase("");

  listing modules;
  for (const auto& module : engine::builtin_names().modules) {
    if (module.name == "ffi") continue;  // LuaJIT's own, which editors know
    if (module.push == nullptr) continue;
    module.push(L);
    walker{L, modules[std::string{module.name}]}.add("");
    lua_pop(L, 1);
  }
  std::fputs("{\"globals\": ", stdout);
  print(globals, "  ");
  std::fputs(",\n\"modules\": ", stdout);
  print(modules);
  std::fputs(",\n\"classes\": ", stdout);
  print(list_classes(L));
  std::fputs("}\n", stdout);
  return 0;
}

int run() {
  fiber::context process{{}};
  fiber::builtins names = engine::builtin_names();
  std::vector<fiber::builtin_global> globals{names.globals.begin(), names.globals.end()};
  globals.push_back({own_name.data(), [](lua_State* L) { lua_pushcfunction(L, list_names); }});
  names.globals = globals;
  const auto v = fiber::vm::create(process, process.main_pool(), {.names = names});
  const std::string message = v->start({.path = "/names.lua",
                                        .source = "list_names(_G)",
                                        .chunk_name = "=names",
                                        .import_root = "/"});
  if (!message.empty()) fail(message);
  process.run();
  return process.exit_code();
}

}  // namespace
}  // namespace emilua

int main() { return emilua::run(); }
