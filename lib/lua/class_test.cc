#include "lib/lua/class.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>

#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::lua {
namespace {

int destroyed = 0;

struct counter {
  int value = 0;
  std::shared_ptr<int> owned = std::shared_ptr<int>(new int{0}, [](const int* p) {
    ++destroyed;
    delete p;
  });
};

int counter_add(lua_State* L) {
  check<counter>(L, 1).value += static_cast<int>(luaL_checkinteger(L, 2));
  return 0;
}
int counter_value(lua_State* L) {
  lua_pushinteger(L, check<counter>(L, 1).value);
  return 1;
}
int counter_set(lua_State* L) {
  check<counter>(L, 1).value = static_cast<int>(luaL_checkinteger(L, 3));
  return 0;
}
int counter_take(lua_State* L) {
  lua_pushinteger(L, take<counter>(L, 1).value);
  return 1;
}

const class_method methods[] = {{"add", counter_add}, {"take", counter_take}};
const class_property properties[] = {{"value", counter_value, counter_set},
                                     {"constant", counter_value}};

struct guarded {};

}  // namespace

template <>
const class_info& class_of<counter>();
template <>
const class_info& class_of<guarded>();

namespace {

class ClassTest : public testing::Test {
 protected:
  ClassTest() : state(luaL_newstate(), lua_close), L(state.get()) {
    destroyed = 0;
    luaL_openlibs(L);
    lua_pushcfunction(L, [](lua_State* l) {
      push_new<counter>(l);
      return 1;
    });
    lua_setglobal(L, "counter");
    lua_pushcfunction(L, [](lua_State* l) {
      push(l,
           std::error_code{static_cast<int>(luaL_checkinteger(l, 1)),
                           lua_toboolean(l, 2) ? std::system_category() : std::generic_category()});
      return 1;
    });
    lua_setglobal(L, "code");
    lua_pushcfunction(L, [](lua_State* l) {
      push_new<guarded>(l);
      return 1;
    });
    lua_setglobal(L, "guarded");
  }

  // Runs a chunk; its error message, or empty.
  std::string run(const char* chunk) {
    if (luaL_dostring(L, chunk) == 0) return {};
    std::string message{push_message(L, -1)};
    lua_settop(L, 0);
    return message;
  }

  std::unique_ptr<lua_State, decltype(&lua_close)> state;
  lua_State* L;
};

TEST_F(ClassTest, MethodsPropertiesAndName) {
  EXPECT_EQ(run("local c = counter(); c:add(3); assert(c.value == 3); c.value = 7;"
                "assert(c.constant == 7); assert(getmetatable(c) == 'counter')"),
            "");
}

TEST_F(ClassTest, UnknownMemberIsBadIndex) {
  EXPECT_EQ(run("local ok, e = pcall(function() return counter().nope end);"
                "assert(not ok and e.code == 8 and e.index == 2);"
                "assert(tostring(e.category) == 'emilua.core')"),
            "");
}

TEST_F(ClassTest, WrongSelfIsEinvalWithArg) {
  EXPECT_EQ(run("local add = counter().add;"
                "for _, self in ipairs{1, 'x', {}, newproxy(), io.stdout, guarded()} do "
                "  local ok, e = pcall(add, self, 1);"
                "  assert(not ok and e.code == 22 and e.arg == 1);"
                "  assert(tostring(e.category) == 'generic') end"),
            "");
}

TEST_F(ClassTest, UnknownWritesFollowTheClassRule) {
  EXPECT_EQ(run("local ok, e = pcall(function() counter().nope = 1 end);"
                "assert(not ok and e:find('attempt to index a counter value'), tostring(e))"),
            "");
  EXPECT_EQ(run("local ok, e = pcall(function() guarded().nope = 1 end);"
                "assert(not ok and e.code == 1, tostring(e))"),
            "");
}

TEST_F(ClassTest, ObjectsAreDestroyedOnce) {
  EXPECT_EQ(run("counter(); counter(); collectgarbage()"), "");
  EXPECT_EQ(destroyed, 2);
  EXPECT_EQ(run("kept = counter()"), "");
  state.reset();
  EXPECT_EQ(destroyed, 3);
}

TEST_F(ClassTest, ATakenObjectIsInert) {
  EXPECT_EQ(run("local c = counter(); c.value = 5; local take = c.take;"
                "assert(take(c) == 5); assert(getmetatable(c) == nil);"
                "assert(not pcall(function() return c.value end));"
                "local ok, e = pcall(take, c); assert(e.code == 22 and e.arg == 1); c = nil;"
                "collectgarbage()"),
            "");
  EXPECT_EQ(destroyed, 1);
}

TEST_F(ClassTest, ErrorCodesCompareByCodeAndCategory) {
  EXPECT_EQ(run("assert(code(2) == code(2) and not rawequal(code(2), code(2)));"
                "assert(code(2) ~= code(3)); assert(code(2, true) == code(2));"
                "local e = code(2); e.extra = 1; assert(e == code(2));"
                "assert(type(e) == 'table' and getmetatable(e) == 'error_code')"),
            "");
}

TEST_F(ClassTest, ToGenericIsAFreshPortableCode) {
  EXPECT_EQ(run("local e = code(2, true); e.extra = 1; local g = e:togeneric();"
                "assert(g.extra == nil and tostring(g.category) == 'generic' and g == e);"
                "assert(code(0) == nil)"),
            "");
}

TEST_F(ClassTest, MessagesOfCodesAndCategories) {
  EXPECT_EQ(run("local e = code(2); assert(tostring(e) == 'No such file or directory');"
                "assert(e.category:message(2) == tostring(e));"
                "assert(e.category.message(2) == tostring(e));"
                "assert(getmetatable(e.category) == 'error_category');"
                "local ok, x = pcall(function() return e.category.nope end); assert(x.index == 2)"),
            "");
}

TEST_F(ClassTest, EveryClassThatHasObjectsIsKnown) {
  const auto classes = known_classes();
  for (const class_info* info : {&class_of<counter>(), &class_of<guarded>()})
    EXPECT_EQ(std::ranges::count(classes, info), 1) << info->name;
}

TEST_F(ClassTest, TellsTheClassOfAValue) {
  push_new<counter>(L);
  EXPECT_EQ(class_at(L, -1), &class_of<counter>());
  static const class_info module{.name = "module"};
  push_singleton(L, module);
  EXPECT_EQ(class_at(L, -1), &module);
  lua_newuserdata(L, 0);
  EXPECT_EQ(class_at(L, -1), nullptr);
  lua_pushinteger(L, 1);
  EXPECT_EQ(class_at(L, -1), nullptr);
}

TEST_F(ClassTest, DamagedCodesRaise) {
  EXPECT_EQ(run("local e = code(2); e.category = 1;"
                "local ok, x = pcall(tostring, e); assert(not ok and x.code == 22)"),
            "");
}

TEST_F(ClassTest, PushMessageOfAnyValue) {
  push(L, core_errc::interrupted);
  EXPECT_EQ(push_message(L, -1), "Fiber interrupted");
  lua_pushliteral(L, "text");
  EXPECT_EQ(push_message(L, -1), "text");
  lua_newtable(L);
  EXPECT_EQ(push_message(L, -1), "");
}

}  // namespace

template <>
const class_info& class_of<counter>() {
  static const class_info info{.name = "counter", .methods = methods, .properties = properties};
  return info;
}

template <>
const class_info& class_of<guarded>() {
  static const class_info info{.name = "guarded", .unknown_write = on_write::eperm};
  return info;
}

}  // namespace emilua::lua
