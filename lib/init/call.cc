#include "lib/init/call.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace emilua::init {
namespace {

// errno's text without allocation or locale, which strerror(3) does not promise.
const char* text_of_error(int error) noexcept {
  const char* const text = ::strerrordesc_np(error);
  return text != nullptr ? text : "Unknown error";
}

bool to_long(lua_State* L, int index, std::uint64_t& value) noexcept {
  const lua_Number number = lua_tonumber(L, index);
  constexpr lua_Number largest = 0x1p53;
  if (!(number >= -largest && number <= largest) || number != std::trunc(number)) return false;
  value = static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
  return true;
}

}  // namespace

// --- executor -------------------------------------------------------------

void* executor::allocate(std::size_t size) noexcept {
  void* const block = memory_.allocate(size);
  if (block == nullptr) out_of_memory();
  return block;
}

void* executor::resize(void* block, std::size_t old_size, std::size_t new_size) noexcept {
  void* const resized = memory_.resize(block, old_size, new_size);
  if (resized == nullptr) out_of_memory();
  return resized;
}

std::span<char> executor::buffer(std::size_t size) noexcept {
  constexpr std::size_t smallest = 4096;
  if (size > buffer_.size()) {
    // A size past the arena must not overflow in bit_ceil, and fails anyhow.
    const std::size_t room =
        size > memory_.capacity() ? size : std::bit_ceil(std::max(size, smallest));
    buffer_ = {static_cast<char*>(allocate(room)), room};
  }
  return buffer_;
}

void executor::fail(std::initializer_list<std::string_view> parts) noexcept {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  char* const message = static_cast<char*>(allocate(size));
  char* end = message;
  for (const std::string_view part : parts) end = std::copy(part.begin(), part.end(), end);
  // One line, whatever the script put in its error.
  std::replace_if(
      message, end, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  report({message, size});
}

void executor::out_of_memory() noexcept {
  char message[64];
  const int size = std::snprintf(message, sizeof message,
                                 "ipc_actor/init/alloc: out of memory (%zu MiB)", capacity_ >> 20);
  report({message, static_cast<std::size_t>(size)});
}

void executor::report(std::string_view message) noexcept {
  // What the script printed comes before the reason why it ended.
  (void)std::fflush(nullptr);
  if (fatal_ != nullptr) fatal_(message);
  ::_exit(1);
}

executor& executor_of(lua_State* L) noexcept {
  void* self = nullptr;
  (void)lua_getallocf(L, &self);
  return *static_cast<executor*>(self);
}

// --- arguments ------------------------------------------------------------

bool to_word(lua_State* L, int index, std::uint32_t& word) noexcept {
  const lua_Number number = lua_tonumber(L, index);
  if (!(number >= INT32_MIN && number <= UINT32_MAX) || number != std::trunc(number)) return false;
  word = static_cast<std::uint32_t>(static_cast<std::int64_t>(number));
  return true;
}

std::uint32_t check_word(lua_State* L, int index) {
  (void)luaL_checknumber(L, index);
  std::uint32_t word = 0;
  if (!to_word(L, index, word)) luaL_argerror(L, index, "32-bit integer expected");
  return word;
}

int check_int(lua_State* L, int index) { return static_cast<int>(check_word(L, index)); }

std::size_t check_size(lua_State* L, int index) {
  const lua_Number number = luaL_checknumber(L, index);
  constexpr lua_Number largest = 0x1p53;
  if (!(number >= 0 && number <= largest) || number != std::trunc(number))
    luaL_argerror(L, index, "size expected");
  return static_cast<std::size_t>(number);
}

std::uint64_t check_long(lua_State* L, int index) {
  (void)luaL_checknumber(L, index);
  std::uint64_t value = 0;
  if (!to_long(L, index, value)) luaL_argerror(L, index, "64-bit integer expected");
  return value;
}

std::string_view check_bytes(lua_State* L, int index) {
  std::size_t size = 0;
  const char* const data = luaL_checklstring(L, index, &size);
  return {data, size};
}

const char* check_text(lua_State* L, int index) {
  const std::string_view text = check_bytes(L, index);
  if (text.find('\0') != text.npos) luaL_argerror(L, index, "string contains a NUL byte");
  return text.data();
}

const char* check_text_or_nil(lua_State* L, int index) {
  return lua_isnoneornil(L, index) ? nullptr : check_text(L, index);
}

void check_nil(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return;
  lua_pushfstring(L, "invalid argument %d", index);
  lua_error(L);
}

int check_fields(lua_State* L, int index, std::initializer_list<field> fields, const char* error) {
  luaL_checktype(L, index, LUA_TTABLE);
  int found = 0;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1), ++found) {
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TNUMBER) raise(L, error);
    const auto* const at = std::ranges::find(fields, check_bytes(L, -2), &field::name);
    if (at == fields.end() || !to_long(L, -1, at->value)) raise(L, error);
  }
  return found;
}

int raise(lua_State* L, const char* message) {
  lua_pushstring(L, message);
  return lua_error(L);
}

// --- results --------------------------------------------------------------

void honour_errexit(lua_State* L, const char* call, int error) {
  // With metamethods, so that a proxied global table cannot switch errexit off by accident.
  lua_getglobal(L, "errexit");
  const bool fatal = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  if (fatal) executor_of(L).fail({"ipc_actor/init: ", call, ": ", text_of_error(error)});
}

int push_result(lua_State* L, const char* call, lua_Integer value, int error) {
  if (error != 0) honour_errexit(L, call, error);
  lua_pushinteger(L, value);
  lua_pushinteger(L, error);
  return 2;
}

}  // namespace emilua::init
