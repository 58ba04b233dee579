#include "lib/bindings/byte_span/byte_span.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "lib/bindings/byte_span/search.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

using lua::check;

// The kernel copies faster to where a cache line begins; little memory is not worth it.
constexpr std::size_t line = 64;
constexpr std::size_t worth_aligning = 4096;

// Numbers are truncated toward zero; anything outside ±2^53 (NaN included) is no size.
std::optional<std::int64_t> to_integer(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TNUMBER) return std::nullopt;
  const double value = std::trunc(lua_tonumber(L, index));
  constexpr double limit = 9007199254740992.0;
  if (!(value >= -limit && value <= limit)) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(value);
}

std::optional<std::int64_t> to_integer_or(lua_State* L, int index, std::int64_t fallback) {
  return lua_isnoneornil(L, index) ? fallback : to_integer(L, index);
}

// A string or a span; no data for anything else.
std::string_view to_bytes(lua_State* L, int index) {
  if (const auto* span = lua::to<byte_span>(L, index))
    return {span->length != 0 ? reinterpret_cast<const char*>(span->data) : "", span->length};
  return lua::to_text(L, index);
}

// The same of what must be one of them.
std::string_view check_bytes(lua_State* L, int index) {
  const std::string_view bytes = to_bytes(L, index);
  if (bytes.data() == nullptr) lua::raise_argument(L, index);
  return bytes;
}

// A new span, to be filled: memory is taken only once nothing can fail any more but that.
byte_span& push_empty(lua_State* L) { return lua::push_new<byte_span>(L); }

int make(lua_State* L) {
  const auto length = to_integer(L, 1);
  const auto capacity = length ? to_integer_or(L, 2, *length) : std::nullopt;
  if (!length || !capacity || *length < 0 || *capacity < *length)
    lua::raise(L, std::errc::invalid_argument);
  if (*capacity > std::numeric_limits<std::ptrdiff_t>::max() / 2)
    lua::raise(L, std::errc::not_enough_memory);
  push_empty(L) =
      make_byte_span(static_cast<std::size_t>(*length), static_cast<std::size_t>(*capacity));
  return 1;
}

// The bytes of the arguments from `first` on; nil counts as empty.
std::size_t total_length(lua_State* L, int first) {
  std::size_t total = 0;
  for (int i = first; i <= lua_gettop(L); ++i) {
    if (lua_isnil(L, i)) continue;
    total += check_bytes(L, i).size();
  }
  return total;
}

void copy_arguments(lua_State* L, int first, int last, std::byte* to) {
  for (int i = first; i <= last; ++i) {
    const std::string_view bytes = to_bytes(L, i);
    if (bytes.empty()) continue;
    std::memmove(to, bytes.data(), bytes.size());
    to += bytes.size();
  }
}

int concatenate(lua_State* L) {
  const std::size_t total = total_length(L, 1);
  const int last = lua_gettop(L);
  byte_span& result = push_empty(L);
  result = make_byte_span(total, total);
  copy_arguments(L, 1, last, result.data);
  return 1;
}

int append(lua_State* L) {
  const byte_span& self = check<byte_span>(L, 1);
  if (lua_gettop(L) == 1) return 1;
  const std::size_t total = self.length + total_length(L, 2);
  const int last = lua_gettop(L);
  byte_span& result = push_empty(L);
  const byte_span extra = make_byte_span(total - self.length, total - self.length);
  // By way of a copy, so that arguments may overlap the destination.
  copy_arguments(L, 2, last, extra.data);
  if (total != 0 && total <= self.capacity) {
    result = self;
    result.length = total;
  } else {
    result = make_byte_span(total, total);
    if (self.length != 0) std::memcpy(result.data, self.data, self.length);
  }
  if (extra.length != 0) std::memcpy(result.data + self.length, extra.data, extra.length);
  return 1;
}

int slice(lua_State* L) {
  const byte_span& self = check<byte_span>(L, 1);
  const auto start = to_integer_or(L, 2, 1);
  if (!start) lua::raise_argument(L, 2);
  const auto end = to_integer_or(L, 3, static_cast<std::int64_t>(self.length));
  if (!end) lua::raise_argument(L, 3);
  if (*start < 1 || *start - 1 > *end || *end > static_cast<std::int64_t>(self.capacity))
    lua::raise(L, std::errc::result_out_of_range);
  const auto skipped = static_cast<std::size_t>(*start - 1);
  push_empty(L) = self.part(skipped, static_cast<std::size_t>(*end) - skipped);
  return 1;
}

int copy(lua_State* L) {
  const byte_span& self = check<byte_span>(L, 1);
  const std::string_view source = check_bytes(L, 2);
  const std::size_t n = std::min(self.length, source.size());
  if (n != 0) std::memmove(self.data, source.data(), n);
  lua_pushinteger(L, static_cast<lua_Integer>(n));
  return 1;
}

int capacity(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check<byte_span>(L, 1).capacity));
  return 1;
}

int length(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check<byte_span>(L, 1).length));
  return 1;
}

int tostring(lua_State* L) {
  lua::push_text(L, check<byte_span>(L, 1).text());
  return 1;
}

int equal(lua_State* L) {
  const auto *a = lua::to<byte_span>(L, 1), *b = lua::to<byte_span>(L, 2);
  lua_pushboolean(L, a != nullptr && b != nullptr && a->text() == b->text());
  return 1;
}

// The byte that the number at `index` names; ERANGE unless it is one of 1..#self.
std::byte& element(lua_State* L, int index) {
  const byte_span& self = check<byte_span>(L, 1);
  const auto position = to_integer(L, index);
  if (!position || *position < 1 || *position > static_cast<std::int64_t>(self.length))
    lua::raise(L, std::errc::result_out_of_range);
  return self.data[*position - 1];
}

bool read_number(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(element(L, 2)));
  return true;
}

int write_element(lua_State* L) {
  check<byte_span>(L, 1);
  if (lua_type(L, 2) != LUA_TNUMBER) lua::raise(L, std::errc::operation_not_permitted);
  const auto value = to_integer(L, 3);
  if (!value) lua::raise_argument(L, 3);
  std::byte& target = element(L, 2);
  if (*value < 0 || *value > 255) lua::raise(L, std::errc::result_out_of_range);
  target = static_cast<std::byte>(*value);
  return 0;
}

// --- algorithms on the bytes (50 §2.1) ---

std::string_view optional_bytes(lua_State* L, int index) {
  return lua_isnoneornil(L, index) ? std::string_view{""} : check_bytes(L, index);
}

int starts_with(lua_State* L) {
  const std::string_view self = check<byte_span>(L, 1).text();
  lua_pushboolean(L, self.starts_with(check_bytes(L, 2)));
  return 1;
}

int ends_with(lua_State* L) {
  const std::string_view self = check<byte_span>(L, 1).text();
  lua_pushboolean(L, self.ends_with(check_bytes(L, 2)));
  return 1;
}

// The position that is argument 3.
std::size_t check_position(lua_State* L, std::size_t fallback, std::size_t least,
                           std::size_t most) {
  const auto position = to_integer_or(L, 3, static_cast<std::int64_t>(fallback));
  if (!position) lua::raise_argument(L, 3);
  if (*position < static_cast<std::int64_t>(least) || *position > static_cast<std::int64_t>(most))
    lua::raise(L, std::errc::result_out_of_range);
  return static_cast<std::size_t>(*position);
}

int push_position(lua_State* L, std::optional<std::size_t> offset) {
  if (offset)
    lua_pushinteger(L, static_cast<lua_Integer>(*offset + 1));
  else
    lua_pushnil(L);
  return 1;
}

using search = std::optional<std::size_t>(std::string_view bytes, std::string_view wanted);

// From the position, 1 by default, to the end.
template <search Find>
int find_forward(lua_State* L) {
  const std::string_view self = check<byte_span>(L, 1).text();
  const std::string_view wanted = optional_bytes(L, 2);
  const std::size_t skipped = check_position(L, 1, 1, self.size() + 1) - 1;
  auto found = Find(self.substr(skipped), wanted);
  if (found) *found += skipped;
  return push_position(L, found);
}

// From the position, the end by default, to the beginning.
template <search Find>
int find_backward(lua_State* L) {
  const std::string_view self = check<byte_span>(L, 1).text();
  const std::string_view wanted = optional_bytes(L, 2);
  return push_position(
      L, Find(self.substr(0, check_position(L, self.size(), 0, self.size())), wanted));
}

// Unlike those of the others, a match may extend behind the position.
int rfind(lua_State* L) {
  const std::string_view self = check<byte_span>(L, 1).text();
  const std::string_view target = optional_bytes(L, 2);
  return push_position(L, find_last(self, target, check_position(L, self.size(), 0, self.size())));
}

template <members Which>
std::optional<std::size_t> first_of(std::string_view bytes, std::string_view set) {
  return find_first_of(bytes, set, Which);
}

template <members Which>
std::optional<std::size_t> last_of(std::string_view bytes, std::string_view set) {
  return find_last_of(bytes, set, Which);
}

int trimmed(lua_State* L) {
  const byte_span& self = check<byte_span>(L, 1);
  const std::string_view space = lua_isnoneornil(L, 2) ? " \f\n\r\t\v" : check_bytes(L, 2);
  const auto first = find_first_of(self.text(), space, members::out);
  const auto last = find_last_of(self.text(), space, members::out);
  push_empty(L) = first ? self.part(*first, *last + 1 - *first) : byte_span{};
  return 1;
}

const lua::class_method methods[] = {
    {"slice", slice},
    {"copy", copy},
    {"append", append},
    {"starts_with", starts_with},
    {"ends_with", ends_with},
    {"find", find_forward<find_first>},
    {"rfind", rfind},
    {"find_first_of", find_forward<first_of<members::in>>},
    {"find_first_not_of", find_forward<first_of<members::out>>},
    {"find_last_of", find_backward<last_of<members::in>>},
    {"find_last_not_of", find_backward<last_of<members::out>>},
    {"trimmed", trimmed},
};
const lua::class_property properties[] = {{"capacity", capacity}};
const lua::class_method metamethods[] = {
    {"__len", length},
    {"__tostring", tostring},
    {"__eq", equal},
    {"__newindex", write_element},
};
const lua::class_method functions[] = {{"new", make}, {"append", concatenate}};

}  // namespace

byte_span make_byte_span(std::size_t length, std::size_t capacity) {
  if (capacity == 0) return {};
  const std::size_t alignment = capacity < worth_aligning ? 1 : line;
  if (capacity > std::numeric_limits<std::size_t>::max() - sizeof(byte_memory) - alignment)
    throw std::bad_alloc{};
  // Of much memory the system gives pages of zeros, when they are first touched.
  std::size_t room = capacity + alignment - 1;
  void* const place = std::calloc(1, sizeof(byte_memory) + room);
  if (place == nullptr) throw std::bad_alloc{};
  boost::intrusive_ptr<byte_memory> memory{new (place) byte_memory};
  void* start = static_cast<std::byte*>(place) + sizeof(byte_memory);
  auto* data = static_cast<std::byte*>(std::align(alignment, capacity, start, room));
  return {std::move(memory), data, length, capacity};
}

void intrusive_ptr_release(byte_memory* memory) noexcept {
  if (memory->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) std::free(memory);
}

void push_view_metatable(lua_State* L) { lua::push_unowned_metatable<byte_span>(L); }

void push_view(lua_State* L, int metatable, const byte_span& whole, std::string_view part) {
  byte_span& view = lua::push_unowned<byte_span>(L, metatable);
  if (part.empty()) return;
  view.memory = boost::intrusive_ptr<byte_memory>{whole.memory.get(), false};
  view.data = whole.data + (part.data() - whole.text().data());
  view.length = view.capacity = part.size();
}

void push_byte_span(lua_State* L) { lua::push_functions(L, functions); }

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::byte_span>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "byte_span",
                               .methods = methods,
                               .properties = properties,
                               .metamethods = metamethods,
                               .read_number = read_number};
  return info;
}
