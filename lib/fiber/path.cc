#include "lib/fiber/path.h"

#include <algorithm>
#include <filesystem>

#include "lib/lua/error.h"

namespace emilua::fiber {
namespace {

namespace fs = std::filesystem;
using lua::check;

using part = fs::path (fs::path::*)() const;

template <part Part>
int text_part(lua_State* L) {
  lua::push_text(L, (fs::path{check<path>(L, 1).native}.*Part)().native());
  return 1;
}

template <part Part>
int path_part(lua_State* L) {
  push_path(L, (fs::path{check<path>(L, 1).native}.*Part)().native());
  return 1;
}

template <part Part>
int has_part(lua_State* L) {
  lua_pushboolean(L, !(fs::path{check<path>(L, 1).native}.*Part)().empty());
  return 1;
}

int is_empty(lua_State* L) {
  lua_pushboolean(L, check<path>(L, 1).native.empty());
  return 1;
}

int is_absolute(lua_State* L) {
  lua_pushboolean(L, check<path>(L, 1).native.starts_with('/'));
  return 1;
}

int is_relative(lua_State* L) {
  lua_pushboolean(L, !check<path>(L, 1).native.starts_with('/'));
  return 1;
}

int tostring(lua_State* L) {
  lua::push_text(L, check<path>(L, 1).native);
  return 1;
}

int lexically_normal(lua_State* L) {
  std::string normal = fs::path{check<path>(L, 1).native}.lexically_normal().native();
  // The library keeps redundant slashes of the root.
  normal.erase(0, std::min(normal.find_first_not_of('/'), normal.size()) -
                      (normal.starts_with('/') ? 1 : 0));
  push_path(L, normal);
  return 1;
}

// Operands of the operators: a path, or a string.
std::string_view operand(lua_State* L, int index) {
  if (const auto* p = lua::to<path>(L, index)) return p->native;
  const std::string_view text = lua::to_text(L, index);
  if (text.data() == nullptr) lua::raise_argument(L, index);
  return text;
}

int join(lua_State* L) {
  push_path(L, (fs::path{operand(L, 1)} / operand(L, 2)).native());
  return 1;
}

int concatenate(lua_State* L) {
  push_path(L, std::string{operand(L, 1)}.append(operand(L, 2)));
  return 1;
}

int compare(lua_State* L) {
  const auto *a = lua::to<path>(L, 1), *b = lua::to<path>(L, 2);
  return a != nullptr && b != nullptr ? fs::path{a->native}.compare(fs::path{b->native}) : 2;
}

int equal(lua_State* L) {
  lua_pushboolean(L, compare(L) == 0);
  return 1;
}

int less(lua_State* L) {
  check<path>(L, 1);
  check<path>(L, 2);
  lua_pushboolean(L, compare(L) < 0);
  return 1;
}

int less_equal(lua_State* L) {
  check<path>(L, 1);
  check<path>(L, 2);
  lua_pushboolean(L, compare(L) <= 0);
  return 1;
}

const lua::class_method methods[] = {
    {"to_generic", tostring},
    {"lexically_normal", lexically_normal},
};

const lua::class_property properties[] = {
    {"root_name", text_part<&fs::path::root_name>},
    {"root_directory", text_part<&fs::path::root_directory>},
    {"root_path", path_part<&fs::path::root_path>},
    {"relative_path", path_part<&fs::path::relative_path>},
    {"parent_path", path_part<&fs::path::parent_path>},
    {"filename", text_part<&fs::path::filename>},
    {"stem", text_part<&fs::path::stem>},
    {"extension", text_part<&fs::path::extension>},
    {"empty", is_empty},
    {"has_root_path", has_part<&fs::path::root_path>},
    {"has_root_name", has_part<&fs::path::root_name>},
    {"has_root_directory", has_part<&fs::path::root_directory>},
    {"has_relative_path", has_part<&fs::path::relative_path>},
    {"has_parent_path", has_part<&fs::path::parent_path>},
    {"has_filename", has_part<&fs::path::filename>},
    {"has_stem", has_part<&fs::path::stem>},
    {"has_extension", has_part<&fs::path::extension>},
    {"is_absolute", is_absolute},
    {"is_relative", is_relative},
};

const lua::class_method metamethods[] = {
    {"__tostring", tostring}, {"__eq", equal}, {"__lt", less},
    {"__le", less_equal},     {"__div", join}, {"__concat", concatenate},
};

int new_path(lua_State* L) {
  if (lua_isnoneornil(L, 1)) {
    push_path(L, {});
  } else {
    const std::string_view source = lua::to_text(L, 1);
    if (source.data() == nullptr) lua::raise_argument(L, 1);
    push_path(L, source);
  }
  return 1;
}

int from_generic(lua_State* L) {
  const std::string_view source = lua::to_text(L, 1);
  if (source.data() == nullptr) lua::raise_argument(L, 1);
  push_path(L, source);
  return 1;
}

int preferred_separator(lua_State* L) {
  lua_pushliteral(L, "/");
  return 1;
}

const lua::class_method class_functions[] = {{"new", new_path}, {"from_generic", from_generic}};
const lua::class_property class_attributes[] = {{"preferred_separator", preferred_separator}};

const lua::class_info class_object{
    .name = "filesystem.path", .methods = class_functions, .properties = class_attributes};

}  // namespace

void push_path(lua_State* L, std::string_view native) {
  lua::push_new<path>(L, path{std::string{native}});
}

const std::string* to_path(lua_State* L, int index) noexcept {
  const auto* p = lua::to<path>(L, index);
  return p != nullptr ? &p->native : nullptr;
}

void push_path_class(lua_State* L) { lua::push_singleton(L, class_object); }

}  // namespace emilua::fiber

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::fiber::path>() {
  using namespace emilua::fiber;
  static const class_info info{.name = "filesystem.path",
                               .methods = methods,
                               .properties = properties,
                               .metamethods = metamethods};
  return info;
}
