// The one way to be a Lua class.
//
//   struct counter { int value = 0; };
//
//   int counter_add(lua_State* L) { check<counter>(L, 1).value += luaL_checkint(L, 2); return 0; }
//   int counter_value(lua_State* L) { lua_pushinteger(L, check<counter>(L, 1).value); return 1; }
//
//   const class_method methods[] = {{"add", counter_add}};
//   const class_property properties[] = {{"value", counter_value}};
//
//   template <> const class_info& lua::class_of<counter>() {
//     static const class_info info{.name = "counter", .methods = methods, .properties =
//     properties}; return info;
//   }
//   …  push_new<counter>(L);
//
// For every class alike: getmetatable(o) is the class name; reading an unknown member raises
// bad_index with index = 2; a wrong self or a wrong object argument raises EINVAL with arg = n; the
// destructor runs at collection or at the end of the VM. A method marked `suspends` is called
// through the wrapper that turns its (ok, …) results into values or an error (see
// lib/fiber/suspend.h). Objects never leave their VM.
//
// C++ exceptions derived from std::exception that leave a method become string errors.
#pragma once

#include <cstddef>
#include <lua.hpp>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace emilua::lua {

struct class_method {
  const char* name;
  lua_CFunction function;
  bool suspends = false;
};

struct class_property {
  const char* name;
  lua_CFunction getter;            // called with self at 1
  lua_CFunction setter = nullptr;  // called with self, key, value at 1, 2, 3
};

// What assigning to a member that has no setter does.
enum class on_write {
  type_error,  // the plain Lua error, "attempt to index a NAME value"
  eperm,       // generic EPERM
  bad_index,
};

struct class_info {
  const char* name;
  std::span<const class_method> methods = {};
  std::span<const class_property> properties = {};
  std::span<const class_method> metamethods = {};  // __index and __newindex here replace the rules
  on_write unknown_write = on_write::type_error;
  // A class read by number (span[i]) takes such keys first: pushes a value and returns true.
  bool (*read_number)(lua_State* L) = nullptr;
};

// Specialise for each class.
template <class T>
const class_info& class_of();

namespace detail {

// Aligned as a userdata is whatever allocator the state has: to 8 bytes.
struct object_header {
  const class_info* info;  // null once the object was consumed
  void (*destroy)(void* object) noexcept;
};

// One for each class that the program has objects of, made before main().
struct class_entry {
  explicit class_entry(const class_info& (*c)()) noexcept;

  const class_info& (*info)();
  const class_entry* next;
};

template <class T>
inline const class_entry entry_of{&class_of<T>};

void* new_object(lua_State* L, std::size_t size);
void finish_object(lua_State* L, const class_info& info, void (*destroy)(void*) noexcept);
void push_unowned_metatable(lua_State* L, const class_info& info);
void* to_object(lua_State* L, int index, const class_info& info) noexcept;
void consume(lua_State* L, int index);

}  // namespace detail

// Pushes a new object and returns it.
template <class T, class... Args>
T& push_new(lua_State* L, Args&&... args) {
  static_assert(alignof(T) <= alignof(detail::object_header));
  static_cast<void>(&detail::entry_of<T>);
  T* object = new (detail::new_object(L, sizeof(T))) T(std::forward<Args>(args)...);
  void (*destroy)(void*) noexcept = nullptr;
  if constexpr (!std::is_trivially_destructible_v<T>)
    destroy = [](void* p) noexcept { static_cast<T*>(p)->~T(); };
  detail::finish_object(L, class_of<T>(), destroy);
  return *object;
}

// Pushes a new object that the collector just forgets: its destructor never runs. For what is made
// by the million. `metatable` is where that of push_unowned_metatable is; there must be two free
// slots of the stack.
template <class T>
T& push_unowned(lua_State* L, int metatable) {
  static_assert(alignof(T) <= alignof(detail::object_header));
  static_cast<void>(&detail::entry_of<T>);
  auto* header = static_cast<detail::object_header*>(
      lua_newuserdata(L, sizeof(detail::object_header) + sizeof(T)));
  header->info = &class_of<T>();
  header->destroy = nullptr;
  lua_pushvalue(L, metatable);
  lua_setmetatable(L, -2);
  return *new (header + 1) T;
}
template <class T>
void push_unowned_metatable(lua_State* L) {
  detail::push_unowned_metatable(L, class_of<T>());
}

// The object at `index`, or null when the value is anything else.
template <class T>
[[nodiscard]] T* to(lua_State* L, int index) noexcept {
  return static_cast<T*>(detail::to_object(L, index, class_of<T>()));
}

[[noreturn]] void raise_wrong_object(lua_State* L, int index);

// The object at `index`; anything else raises EINVAL with arg = index.
template <class T>
T& check(lua_State* L, int index) {
  T* object = to<T>(L, index);
  if (object == nullptr) raise_wrong_object(L, index);
  return *object;
}

// Moves the object's value out and makes the Lua object inert: it has no metatable any more, and
// passing it anywhere is EINVAL.
template <class T>
[[nodiscard]] T take(lua_State* L, int index) {
  T& object = check<T>(L, index);
  T value = std::move(object);
  object.~T();  // NOLINT(bugprone-use-after-move): a moved-from object is still destroyed
  detail::consume(L, index);
  return value;
}

// The bytes of a string value (numbers are not converted); a view with null data for other types.
[[nodiscard]] std::string_view to_text(lua_State* L, int index) noexcept;

inline void push_text(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

// Pushes `method` as a function value, through the suspension wrapper when it suspends.
void push_function(lua_State* L, const class_method& method);

// Pushes a table of functions: what `require` returns for most built-in modules.
void push_functions(lua_State* L, std::span<const class_method> functions);

// Pushes an object of class `info` that has no state: modules whose unknown members raise.
void push_singleton(lua_State* L, const class_info& info);

// For what lists the names that programs have: the classes of all objects that the program can
// make, and the class of the object at `index` (null for other values; singletons have one too).
[[nodiscard]] std::vector<const class_info*> known_classes();
[[nodiscard]] const class_info* class_at(lua_State* L, int index) noexcept;

// Installs, for the whole VM, the function that wraps suspending functions: it is called with the
// raw function and returns the one that programs see.
void set_suspension_wrapper(lua_State* L, int index);

}  // namespace emilua::lua
