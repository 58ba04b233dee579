// What every function of the init.script interface is made of: checked arguments, the pair of
// results, errexit, and the way out.
//
//   int c_hostname(lua_State* L) {
//     const std::string_view name = check_bytes(L, 1);
//     return push_result(L, "sethostname", ::sethostname(name.data(), name.size()));
//   }
//
//   // A call whose arguments are numbers and paths needs not even that:
//   constexpr function entry = direct<"mkdir", ::mkdir>();
//
// check_* raise ordinary Lua errors, which pcall can catch. Whatever fails here unwinds the C++
// frame by a Lua error, so that no frame above may own anything. fail() never returns.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <lua.hpp>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "lib/base/error.h"
#include "lib/init/arena.h"

namespace emilua::init {

// The one object behind a run; Lua's allocator carries the pointer to it.
class executor {
 public:
  executor(std::size_t size, void (*fatal)(std::string_view)) noexcept
      : memory_(size), capacity_(size), fatal_(fatal) {}

  // Memory from the arena until the end of the run; exhaustion is fatal.
  [[nodiscard]] void* allocate(std::size_t size) noexcept;
  [[nodiscard]] void* resize(void* block, std::size_t old_size, std::size_t new_size) noexcept;

  // At least `size` bytes, the same ones at each call: for what a system call fills in.
  [[nodiscard]] std::span<char> buffer(std::size_t size) noexcept;

  // Ends the run with the parts as one line: "ipc_actor/init: open: No such file or directory".
  [[noreturn]] void fail(std::initializer_list<std::string_view> parts) noexcept;

 private:
  [[noreturn]] void out_of_memory() noexcept;
  [[noreturn]] void report(std::string_view message) noexcept;

  arena memory_;
  std::size_t capacity_;  // asked for
  void (*fatal_)(std::string_view);
  std::span<char> buffer_;
};

[[nodiscard]] executor& executor_of(lua_State* L) noexcept;

// --- arguments ------------------------------------------------------------

// Any 32-bit value, written signed or unsigned: a descriptor, an id (-1 too), flags, a mode.
[[nodiscard]] std::uint32_t check_word(lua_State* L, int index);
[[nodiscard]] int check_int(lua_State* L, int index);
[[nodiscard]] std::size_t check_size(lua_State* L, int index);

// A 64-bit value, written signed or unsigned, as far as Lua's numbers are exact (53 bits): -1 is
// RLIM_INFINITY and its like.
[[nodiscard]] std::uint64_t check_long(lua_State* L, int index);
[[nodiscard]] std::string_view check_bytes(lua_State* L, int index);

// A path or another text that C ends at its first NUL: one inside is refused, not cut short.
[[nodiscard]] const char* check_text(lua_State* L, int index);
[[nodiscard]] const char* check_text_or_nil(lua_State* L, int index);

void check_nil(lua_State* L, int index);

// The value at `index`, of a number without fraction that fits 32 bits; otherwise false.
[[nodiscard]] bool to_word(lua_State* L, int index, std::uint32_t& word) noexcept;

// --- structures -----------------------------------------------------------

struct field {
  std::string_view name;
  std::uint64_t& value;
};

// Fills in what the table at `index` has of these; returns how many that were. A key that is none
// of them, or a value that is no integer, raises `error`.
int check_fields(lua_State* L, int index, std::initializer_list<field> fields, const char* error);

// Raises exactly this text, without a position: scripts compare it.
int raise(lua_State* L, const char* message);

// --- results --------------------------------------------------------------

// After a failed call: ends the run, unless the script's `errexit` is false.
void honour_errexit(lua_State* L, const char* call, int error);

// Pushes (value, error). An `error` that is not 0 honours errexit first.
int push_result(lua_State* L, const char* call, lua_Integer value, int error);

// The result of a system call: -1 has its reason in errno.
inline int push_result(lua_State* L, const char* call, lua_Integer value) {
  const int error = errno;
  return push_result(L, call, value, value == -1 ? error : 0);
}

inline int push_result(lua_State* L, const char* call, const base::result<>& outcome) {
  return outcome ? push_result(L, call, 0, 0) : push_result(L, call, -1, outcome.error().value());
}

// --- tables of functions --------------------------------------------------

struct function {
  std::string_view name;
  lua_CFunction call;
};

template <std::size_t Size>
struct fixed_text {
  char text[Size];
  consteval fixed_text(const char (&source)[Size]) { std::copy_n(source, Size, text); }
};

template <class T>
[[nodiscard]] T check(lua_State* L, int index) {
  if constexpr (std::is_same_v<T, const char*>)
    return check_text(L, index);
  else
    return static_cast<T>(check_word(L, index));
}

template <fixed_text Name, auto Call, class Result, class... Arguments>
int call_directly(lua_State* L, Result (*)(Arguments...)) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    // Braces: checked from left to right.
    const std::tuple<Arguments...> arguments{check<Arguments>(L, static_cast<int>(I) + 1)...};
    return push_result(L, Name.text, std::apply(Call, arguments));
  }
  (std::index_sequence_for<Arguments...>{});
}

// The entry for a call that takes paths and 32-bit values, and returns -1 with errno.
template <fixed_text Name, auto Call>
consteval function direct() {
  return {Name.text, [](lua_State* L) { return call_directly<Name, Call>(L, Call); }};
}

}  // namespace emilua::init
