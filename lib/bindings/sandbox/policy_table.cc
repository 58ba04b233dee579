#include "lib/bindings/sandbox/policy_table.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "lib/base/file.h"
#include "lib/bindings/io/file_descriptor.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

namespace json = boost::json;

constexpr int max_depth = 16;

// Turns Lua's values into JSON's, which the policy is read from, whatever it was written in. What
// has no counterpart is thrown as a policy_error.
class converter {
 public:
  explicit converter(lua_State* L) : L_(L) {}

  [[nodiscard]] held_descriptors& descriptors() { return descriptors_; }

  json::value value(int index, const std::string& path, int depth) {
    if (path.ends_with(".source"))
      if (const auto* held = lua::to<file_descriptor>(L_, index)) return source(*held, path);
    switch (lua_type(L_, index)) {
      case LUA_TBOOLEAN:
        return lua_toboolean(L_, index) != 0;
      case LUA_TNUMBER:
        return number(lua_tonumber(L_, index));
      case LUA_TSTRING: {
        std::size_t size = 0;
        const char* const text = lua_tolstring(L_, index, &size);
        return json::string{std::string_view{text, size}};
      }
      case LUA_TTABLE:
        if (depth == max_depth) throw sandbox::policy_error{path, "nested too deeply"};
        return table(index, path, depth);
      default:
        throw sandbox::policy_error{path, std::string{"a "} +
                                              lua_typename(L_, lua_type(L_, index)) +
                                              " has no place in a policy"};
    }
  }

 private:
  // As JSON names it. The number is that of a copy, whatever becomes of the object.
  json::value source(const file_descriptor& object, const std::string& path) {
    if (object.is_busy()) throw sandbox::policy_error{path, "an operation uses it"};
    auto copy = base::duplicate(object.number());
    if (!copy) throw sandbox::policy_error{path, copy.error().message()};
    const int number = copy->get();
    descriptors_.push_back(std::make_shared<const base::unique_fd>(std::move(*copy)));
    return {{"fd", number}};
  }

  static json::value number(double value) {
    if (std::trunc(value) == value && std::fabs(value) <= 9007199254740992.0)
      return static_cast<std::int64_t>(value);
    return value;
  }

  json::value table(int index, const std::string& path, int depth) {
    if (!lua_checkstack(L_, 4)) throw sandbox::policy_error{path, "nested too deeply"};
    const auto length = static_cast<int>(lua_objlen(L_, index));
    json::object members;
    std::size_t count = 0;
    lua_pushnil(L_);
    while (lua_next(L_, index) != 0) {
      ++count;
      const std::string key = key_text(path);
      members[key] = value(lua_gettop(L_), path.empty() ? key : path + "." + key, depth + 1);
      lua_pop(L_, 1);
    }
    // A sequence is a list; an empty table is read as what it has to be.
    if (length == 0 || count != static_cast<std::size_t>(length)) return members;
    json::array list;
    for (int i = 1; i <= length; ++i) {
      const json::value* const element = members.if_contains(std::to_string(i));
      if (element == nullptr) return members;
      list.push_back(*element);
    }
    return list;
  }

  // The key below the value on top: {[0] = …} has the names that JSON gives it.
  std::string key_text(const std::string& path) {
    if (lua_type(L_, -2) == LUA_TSTRING) {
      std::size_t size = 0;
      const char* const text = lua_tolstring(L_, -2, &size);
      return {text, size};
    }
    const double number = lua_type(L_, -2) == LUA_TNUMBER ? lua_tonumber(L_, -2) : 0.5;
    if (std::trunc(number) != number || std::fabs(number) > 1e9)
      throw sandbox::policy_error{path, "a key that is neither a name nor an integer"};
    return std::to_string(static_cast<long long>(number));
  }

  lua_State* L_;
  held_descriptors descriptors_;
};

// Numbers that come from nowhere might be anything of ours.
void expect_held(const sandbox::policy& policy, const held_descriptors& descriptors) {
  for (std::size_t i = 0; i < policy.fs.mounts.size(); ++i) {
    const int number = policy.fs.mounts[i].source.descriptor;
    const bool held = std::ranges::any_of(
        descriptors, [&](const auto& descriptor) { return descriptor->get() == number; });
    if (number != -1 && !held)
      throw sandbox::policy_error{"fs.mounts[" + std::to_string(i) + "].source",
                                  "a path or a file_descriptor expected"};
  }
}

void push_value(lua_State* L, const json::value& value) {
  luaL_checkstack(L, 4, "policy");
  if (const auto* object = value.if_object()) {
    lua_newtable(L);
    for (const auto& [name, member] : *object) {
      lua_pushlstring(L, name.data(), name.size());
      push_value(L, member);
      lua_rawset(L, -3);
    }
  } else if (const auto* list = value.if_array()) {
    lua_newtable(L);
    for (std::size_t i = 0; i < list->size(); ++i) {
      push_value(L, (*list)[i]);
      lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
  } else if (const auto* text = value.if_string()) {
    lua_pushlstring(L, text->data(), text->size());
  } else if (const auto* truth = value.if_bool()) {
    lua_pushboolean(L, *truth);
  } else {
    lua_pushnumber(L, value.to_number<double>());
  }
}

}  // namespace

sandbox::policy_result<written_policy> read_policy_table(lua_State* L, int index) {
  const int top = lua_gettop(L);
  try {
    converter converter{L};
    const json::value value = converter.value(index, "", 0);
    auto policy = sandbox::read_policy(value);
    if (!policy) return policy.error();
    expect_held(*policy, converter.descriptors());
    return written_policy{std::move(*policy), std::move(converter.descriptors())};
  } catch (const sandbox::policy_error& e) {
    lua_settop(L, top);
    return e;
  }
}

void push_policy_table(lua_State* L, const sandbox::policy& policy) {
  push_value(L, json::parse(sandbox::write_policy(policy)));
  lua_getfield(L, -1, "fs");
  lua_getfield(L, -1, "mounts");
  for (std::size_t i = 0; i < policy.fs.mounts.size(); ++i) {
    const int number = policy.fs.mounts[i].source.descriptor;
    if (number == -1) continue;
    auto copy = base::duplicate(number);
    if (!copy) lua::raise(L, copy.error());
    lua_rawgeti(L, -1, static_cast<int>(i) + 1);
    push_file_descriptor(L, std::move(*copy));
    lua_setfield(L, -2, "source");
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
}

}  // namespace emilua::bindings
