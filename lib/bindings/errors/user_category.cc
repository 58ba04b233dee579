#include "lib/bindings/errors/user_category.h"

#include <limits>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/fiber/vm.h"
#include "lib/lua/class.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"
#include "lib/turtle/error_category.h"

namespace emilua::bindings {
namespace {

struct category_module {
  const turtle::user_error_category* category;
};

std::string_view value_of(const std::vector<std::pair<std::string, std::string>>& environment,
                          std::string_view name) {
  for (const auto& [key, value] : environment)
    if (key == name) return value;
  return {};
}

// Of the whole process, so that codes of all VMs are equal; with the locale it has started with.
turtle::category_registry& registry(lua_State* L) {
  static auto& instance = *new turtle::category_registry{[L] {
    const auto& environment = fiber::vm::of(L).process().config().environment;
    return turtle::message_locale(value_of(environment, "LC_ALL"),
                                  value_of(environment, "LC_MESSAGES"),
                                  value_of(environment, "LANG"));
  }()};
  return instance;
}

std::optional<int> to_code(lua_State* L, int index) {
  using limits = std::numeric_limits<int>;
  const lua_Number number = lua_tonumber(L, index);
  if (!(number >= limits::min() && number <= limits::max())) return std::nullopt;
  const int code = static_cast<int>(number);
  return code == number ? std::optional{code} : std::nullopt;
}

int read_code(lua_State* L) {
  const auto* category = lua::check<category_module>(L, 1).category;
  std::optional<int> code;
  if (lua_type(L, 2) == LUA_TNUMBER)
    code = to_code(L, 2);
  else if (lua_type(L, 2) == LUA_TSTRING)
    code = category->code_of(lua::to_text(L, 2));
  if (!code) lua::raise(L, lua::core_errc::bad_index, {"index", 2});
  lua::push(L, {*code, *category});
  return 1;
}

const lua::class_method metamethods[] = {{"__index", read_code}};

}  // namespace

bool push_user_category(lua_State* L, const std::string& path, std::string_view source) {
  const auto category = registry(L).get(path, source);
  if (category) {
    lua::push_new<category_module>(L, category_module{*category});
    return true;
  }
  const turtle::category_failure& failure = category.error();
  lua::push(L, failure.code, {"path", path});
  lua::push_text(L, failure.reason);
  lua_setfield(L, -2, "reason");
  if (failure.line != 0) {
    lua_pushinteger(L, static_cast<lua_Integer>(failure.line));
    lua_setfield(L, -2, "line");
  }
  return false;
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::category_module>() {
  static const class_info info{.name = "rdf_error_category_module",
                               .metamethods = emilua::bindings::metamethods,
                               .unknown_write = on_write::eperm};
  return info;
}
