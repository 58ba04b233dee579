// A scanner is a Lua table, as programs see it. What it is made of natively:
//
//   scan_state  what is buffered, and the settings of the last call
//   advance     a function for each scanner, with the state as its first upvalue: whatever a call
//   of
//               get_line needs but reading, so that a record costs one call and a read another one
//   anchors     the environment of `advance`: a table with the buffer in it, made anew for each
//   buffer
//
// Records and fields are views of the buffer for which nothing is counted (push_view): they get
// that environment, which keeps the buffer alive. The strings and expressions of the settings are
// kept by the Lua half, which also sees when they change.
#include "lib/bindings/stream/scanner.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "lib/bindings/byte_span/byte_span.h"
#include "lib/bindings/regex/regex.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"
#include "lib/scanner/fields.h"
#include "lib/scanner/number.h"
#include "lib/scanner/records.h"

namespace emilua::bindings {

// What get_line makes of records or fields.
enum class value_type { span, string, number };

struct scan_settings {
  scanner::record_separator separator;
  scanner::field_rule fields;
  bool splits = false;
  bool looks_ahead = false;
  bool selects = false;              // only those of
  std::vector<std::size_t> columns;  // these numbers
  std::size_t last_column = std::string_view::npos;
  value_type as = value_type::span;
  std::string_view trim;
  std::string_view containing;  // records without it are passed over
  std::size_t limit = 0;

  // How many values get_line returns.
  [[nodiscard]] std::size_t width() const noexcept { return selects ? columns.size() : 1; }
};

struct scan_state {
  byte_span buffer;
  scanner::record_splitter records;
  scan_settings settings;
  std::vector<regex::range> fields;                     // of one record: the memory is kept
  std::vector<scanner::record_splitter::place> places;  // of a record and those found ahead of it
  bool reading = false;                                 // somebody is filling the buffer
};

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::scan_state>() {
  static const class_info info{.name = "stream.scanner.state"};
  return info;
}

namespace emilua::bindings {
namespace {

using lua::check;
using regex::expression;
using scanner::outcome;

constexpr int most_columns = 1 << 20;
constexpr int most_ahead = 64;         // records,
constexpr std::size_t most_wide = 16;  // values of one of them

// --- the buffer ----------------------------------------------------------------------------------

// Pushes what is to be the environment of `advance`.
void push_anchors(lua_State* L, const byte_span& buffer) {
  lua_createtable(L, 1, 0);
  lua::push_new<byte_span>(L) = buffer;
  lua_rawseti(L, -2, 1);
}

std::span<char> memory_of(const byte_span& buffer) {
  return {reinterpret_cast<char*>(buffer.data), buffer.capacity};
}

byte_span part_of(const byte_span& buffer, std::string_view text) {
  if (buffer.data == nullptr) return {};
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return buffer.part(static_cast<std::size_t>(begin - buffer.data), text.size());
}

// Called by `advance`.
void grow(lua_State* L, scan_state& state) {
  const std::size_t size = state.records.wanted(state.settings.limit);
  byte_span larger = make_byte_span(size, size);
  push_anchors(L, larger);
  lua_replace(L, LUA_ENVIRONINDEX);
  state.records.move_to(memory_of(larger));
  state.buffer = std::move(larger);
}

// The number at `index` as a size; nothing if it is no number.
std::optional<std::size_t> to_size(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TNUMBER) return std::nullopt;
  const double value = lua_tonumber(L, index);
  if (std::isnan(value)) return std::nullopt;
  constexpr auto most = std::numeric_limits<std::ptrdiff_t>::max() / 2;
  if (value >= static_cast<double>(most)) return static_cast<std::size_t>(most);
  return value > 0 ? static_cast<std::size_t>(value) : 0;
}

scan_state& check_idle(lua_State* L) {
  auto& state = check<scan_state>(L, 1);
  if (state.reading) lua::raise(L, std::errc::device_or_resource_busy);
  return state;
}

scan_state& check_record(lua_State* L) {
  auto& state = check<scan_state>(L, 1);
  if (!state.records.has_record()) lua::raise_argument(L, 1);
  return state;
}

// --- settings ------------------------------------------------------------------------------------

const expression& field_expression(lua_State* L, int index, const char* name) {
  const auto* e = lua::to<expression>(L, index);
  if (e == nullptr) lua::raise_argument(L, name);
  if (e->mark_count() != 0) lua::raise(L, std::errc::not_supported);
  return *e;
}

scanner::record_separator check_record_separator(lua_State* L, int index) {
  const std::string_view literal = lua::to_text(L, index);
  if (!literal.empty()) return {.literal = literal};
  const auto* e = lua::to<expression>(L, index);
  if (e == nullptr) lua::raise_argument(L, "record_separator");
  return {.pattern = e};
}

// Whether there is anything to split by; functions are called by the Lua half.
bool check_fields(lua_State* L, int separator, int pattern, scanner::field_rule& rule) {
  switch (lua_type(L, separator)) {
    case LUA_TFUNCTION:
      return false;
    case LUA_TSTRING:
      rule.literal = lua::to_text(L, separator);
      if (rule.literal.empty()) lua::raise_argument(L, "field_separator");
      return true;
    case LUA_TNIL:
      if (lua_isnil(L, pattern)) return false;
      rule.pattern = &field_expression(L, pattern, "field_pattern");
      return true;
    default:
      rule.separator = &field_expression(L, separator, "field_separator");
      return true;
  }
}

std::string_view check_trim(lua_State* L, int index) {
  const int type = lua_type(L, index);
  if (type == LUA_TSTRING) return lua::to_text(L, index);
  if (type != LUA_TBOOLEAN && type != LUA_TNIL) lua::raise_argument(L, "trim_record");
  return lua_toboolean(L, index) != 0 ? scanner::white_space : std::string_view{};
}

void check_columns(lua_State* L, int index, scan_settings& s) {
  if (lua_isnil(L, index)) return;
  if (!s.splits || !lua_istable(L, index)) lua::raise_argument(L, "columns");
  s.selects = true;
  s.last_column = 0;
  const auto count = static_cast<int>(lua_objlen(L, index));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    const double number = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    if (!(number >= 1 && number <= most_columns) || number != std::trunc(number))
      lua::raise_argument(L, "columns");
    lua_pop(L, 1);
    s.columns.push_back(static_cast<std::size_t>(number));
    s.last_column = std::max(s.last_column, s.columns.back());
  }
}

value_type check_value_type(lua_State* L, int index) {
  if (lua_isnil(L, index)) return value_type::span;
  const std::string_view name = lua::to_text(L, index);
  if (name == "span") return value_type::span;
  if (name == "string") return value_type::string;
  if (name == "number") return value_type::number;
  lua::raise_argument(L, "as");
}

// configure(state, record_separator, field_separator, field_pattern, trim_record, max_record_size,
//           columns, containing, as): whether advance() puts its results to the queue
int configure(lua_State* L) {
  lua_settop(L, 9);
  scan_state& state = check_idle(L);
  scan_settings s;
  s.separator = check_record_separator(L, 2);
  s.splits = check_fields(L, 3, 4, s.fields);
  s.trim = check_trim(L, 5);
  const auto limit = to_size(L, 6);
  if (!limit) lua::raise_argument(L, "max_record_size");
  s.limit = *limit;
  check_columns(L, 7, s);
  s.containing = lua::to_text(L, 8);
  s.as = check_value_type(L, 9);
  s.looks_ahead = s.separator.pattern == nullptr && !lua_isfunction(L, 3) && s.width() != 0 &&
                  s.width() <= most_wide;
  if (s.containing.empty() && !lua_isnil(L, 8)) lua::raise_argument(L, "containing");
  if (s.as != value_type::span && lua_isfunction(L, 3)) lua::raise_argument(L, "as");
  lua_pushboolean(L, s.looks_ahead ? 1 : 0);
  state.settings = std::move(s);
  state.records.forget_expression();
  return 1;
}

// --- results -------------------------------------------------------------------------------------

constexpr int state_upvalue = lua_upvalueindex(1);
constexpr int metatable_upvalue = lua_upvalueindex(2);
constexpr int queue_upvalue = lua_upvalueindex(3);

void push_part(lua_State* L, const scan_state& state, std::string_view part) {
  push_view(L, metatable_upvalue, state.buffer, part);
}

// Whether it begins with a letter that no number does, inf and nan included.
bool is_word(std::string_view text) {
  if (text.empty() || text.front() <= '9') return text.empty();
  const char letter = static_cast<char>(text.front() | 0x20);
  return letter != 'i' && letter != 'n';
}

// What tonumber makes of the text; nothing is pushed if that is no number.
bool push_number(lua_State* L, std::string_view text) {
  if (const auto number = scanner::plain_number(text)) {
    lua_pushnumber(L, *number);
    return true;
  }
  if (is_word(text)) return false;
  lua::push_text(L, text);
  if (lua_isnumber(L, -1) == 0) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushnumber(L, lua_tonumber(L, -1));
  lua_remove(L, -2);
  return true;
}

// A record or a field.
void push_value(lua_State* L, const scan_state& state, std::string_view text) {
  const value_type as = state.settings.as;
  if (as == value_type::number && push_number(L, text)) return;
  if (as == value_type::string)
    lua::push_text(L, text);
  else
    push_part(L, state, text);
}

void push_field(lua_State* L, const scan_state& state, std::string_view record,
                const regex::range& field) {
  push_value(L, state, record.substr(field.begin, field.size()));
}

// What has ended the record; true stands for the literal separator.
void push_terminator(lua_State* L, const scan_state& state) {
  const std::string_view terminator = state.records.terminator();
  if (state.settings.separator.pattern != nullptr)
    push_part(L, state, terminator);
  else if (terminator.empty())
    lua_pushliteral(L, "");
  else
    lua_pushboolean(L, 1);
}

std::error_code find_fields(scan_state& state, std::string_view record) {
  state.fields.clear();
  scanner::field_cursor fields{record, state.settings.fields};
  while (state.fields.size() != state.settings.last_column) {
    const auto more = fields.next();
    if (!more) return more.error();
    if (!*more) break;
    state.fields.push_back(fields.field());
  }
  return {};
}

int push_fields(lua_State* L, const scan_state& state, std::string_view record) {
  lua_createtable(L, static_cast<int>(state.fields.size()), 0);
  int count = 0;
  for (const auto& field : state.fields) {
    push_field(L, state, record, field);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

int push_columns(lua_State* L, const scan_state& state, std::string_view record) {
  const auto& columns = state.settings.columns;
  const auto count = static_cast<int>(columns.size());
  luaL_checkstack(L, count + 8, "too many columns");
  for (const std::size_t column : columns) {
    if (column > state.fields.size())
      lua_pushnil(L);
    else
      push_field(L, state, record, state.fields[column - 1]);
  }
  return count;
}

// What get_line returns for the current record, unless it cannot be split.
base::result<int> push_results(lua_State* L, scan_state& state) {
  const scan_settings& s = state.settings;
  std::string_view record = state.records.record();
  if (!s.trim.empty()) record = scanner::trimmed(record, s.trim);
  if (!s.splits) {
    push_value(L, state, record);
    return 1;
  }
  if (const std::error_code error = find_fields(state, record)) return error;
  return s.selects ? push_columns(L, state, record) : push_fields(L, state, record);
}

bool is_wanted(const scan_state& state) {
  const std::string_view text = state.settings.containing;
  if (text.empty()) return true;
  const std::string_view record = state.records.record();
  return ::memmem(record.data(), record.size(), text.data(), text.size()) != nullptr;
}

// Moves the results of a record, of which there are `width` on the stack, behind those of others.
void queue_results(lua_State* L, int place, int width) {
  for (int i = width; i != 0; --i) lua_rawseti(L, queue_upvalue, place * width + i);
}

// Puts the results for the records behind the current one to the queue, as far as they are there:
// so that the Lua half can go without a call for most. Returns how many.
int look_ahead(lua_State* L, scan_state& state) {
  auto& records = state.records;
  state.places.assign(1, records.current());
  int count = 0;
  while (count != most_ahead && records.follow(state.settings.separator.literal)) {
    if (!is_wanted(state)) continue;
    const auto width = push_results(L, state);
    if (!width) break;  // an error in its turn
    queue_results(L, ++count, *width);
    state.places.push_back(records.current());
  }
  records.return_to(state.places.back());
  return count;
}

// The terminator and what get_line returns; if that goes to the queue, how many records ahead there
// are in it, too; 0, the terminator and an error if the record cannot be split.
int push_record(lua_State* L, scan_state& state) {
  push_terminator(L, state);
  const auto count = push_results(L, state);
  if (!count) {
    lua_pushinteger(L, 0);
    lua_insert(L, -2);
    lua::push(L, count.error());
    return 3;
  }
  if (!state.settings.looks_ahead) return 1 + *count;
  queue_results(L, 0, *count);
  lua_pushinteger(L, look_ahead(L, state));
  return 2;
}

// --- get_line ------------------------------------------------------------------------------------

// Takes the number of bytes that read_some has given.
base::result<outcome> take_input(lua_State* L, scan_state& state) {
  const scan_settings& s = state.settings;
  const double count = lua_type(L, 1) == LUA_TNUMBER ? lua_tonumber(L, 1) : -1;
  if (!(count >= 0 && count <= static_cast<double>(state.records.room().size())))
    lua::raise_argument(L, "read_some");
  state.records.commit(static_cast<std::size_t>(count));
  return state.records.search(s.separator, s.limit);
}

// advance() to the next record; after reading advance(count), or advance(true) at the end of the
// stream. Returns what push_record does, nil and where to read to if there must be more, false at
// the end.
int advance(lua_State* L) {
  auto& state = *static_cast<scan_state*>(lua_touserdata(L, state_upvalue));
  const scan_settings& s = state.settings;
  const int type = lua_type(L, 1);
  if (state.reading != (type != LUA_TNONE)) lua::raise(L, std::errc::device_or_resource_busy);
  state.reading = false;
  const bool ends = type == LUA_TBOOLEAN;
  auto what = ends                ? state.records.finish(s.separator)
              : type == LUA_TNONE ? state.records.next(s.separator, s.limit)
                                  : take_input(L, state);
  for (;;) {
    if (what && *what == outcome::grow) {
      grow(L, state);
      what = state.records.search(s.separator, s.limit);
    } else if (what && *what == outcome::record && !is_wanted(state)) {
      state.records.remove_record();
      what = ends ? state.records.finish(s.separator) : state.records.next(s.separator, s.limit);
    } else {
      break;
    }
  }
  if (!what) lua::raise(L, what.error());
  if (*what == outcome::record) return push_record(L, state);
  if (*what == outcome::too_long) lua::raise(L, std::errc::message_size);
  if (*what == outcome::end) {
    lua_pushboolean(L, 0);
    return 1;
  }
  lua_pushnil(L);
  const auto room = state.records.room();
  lua::push_new<byte_span>(L) = part_of(state.buffer, {room.data(), room.size()});
  return 2;
}

// make(buffer_size_hint): the state, its `advance` and the queue.
int make(lua_State* L) {
  lua_settop(L, 1);
  const auto size = to_size(L, 1);
  if (!size) lua::raise_argument(L, "buffer_size_hint");
  auto& state = lua::push_new<scan_state>(L);
  state.buffer = make_byte_span(*size, *size);
  state.records.adopt(memory_of(state.buffer), 0, 0);
  lua_createtable(L, most_ahead + 2, 0);  // from 0 on, which stays unused
  lua_pushlightuserdata(L, &state);
  push_view_metatable(L);
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, advance, 4);  // the last upvalue keeps the state
  push_anchors(L, state.buffer);
  lua_setfenv(L, -2);
  lua_insert(L, -2);
  return 3;
}

// begin_reading(state), before read_some is called: nothing else may touch the buffer until
// advance() or end_reading().
int begin_reading(lua_State* L) {
  check_idle(L).reading = true;
  return 0;
}

int end_reading(lua_State* L) {
  check<scan_state>(L, 1).reading = false;
  return 0;
}

int is_end(lua_State* L) {
  const std::error_code eof = boost::system::error_code{boost::asio::error::eof};
  lua_pushboolean(L, lua::is_error(L, 1, eof));
  return 1;
}

// settle(state, number): the current record is not the last one of the queue, but the one of that
// number, 0 being the one before the queue.
int settle(lua_State* L) {
  auto& state = check<scan_state>(L, 1);
  const auto number = to_size(L, 2);
  if (!number || *number >= state.places.size()) lua::raise_argument(L, 2);
  state.records.return_to(state.places[*number]);
  return 0;
}

// --- the other methods: the state is argument 1, others are where programs put them --------------

int buffered_line(lua_State* L) {
  const auto& state = check_record(L);
  const std::string_view record = state.records.record();
  byte_span& result = lua::push_new<byte_span>(L);
  result = part_of(state.buffer, record);
  result.capacity = result.length;  // what follows is not to be overwritten
  return 1;
}

int remove_line(lua_State* L) {
  check_record(L).records.remove_record();
  return 0;
}

int buffer(lua_State* L) {
  const auto& state = check<scan_state>(L, 1);
  lua::push_new<byte_span>(L) = part_of(state.buffer, state.records.unread());
  lua_pushinteger(L, 1);
  return 2;
}

// set_buffer(state, buffer, offset, advance)
int set_buffer(lua_State* L) {
  auto& state = check_idle(L);
  const byte_span* span = lua::to<byte_span>(L, 2);
  if (span == nullptr) lua::raise_argument(L, 2);
  double offset = 1;
  if (!lua_isnoneornil(L, 3)) {
    if (lua_type(L, 3) != LUA_TNUMBER) lua::raise_argument(L, 3);
    offset = std::trunc(lua_tonumber(L, 3));
  }
  if (!(offset >= 1 && offset <= static_cast<double>(span->length) + 1))
    lua::raise(L, std::errc::result_out_of_range);
  const byte_span adopted = *span;
  const auto skipped = static_cast<std::size_t>(offset) - 1;
  const std::size_t left = adopted.length - skipped;
  if (left != 0) std::copy_n(adopted.data + skipped, left, adopted.data);
  push_anchors(L, adopted);
  lua_setfenv(L, 4);
  state.buffer = adopted;
  state.records.adopt(memory_of(adopted), 0, left);
  return 0;
}

// raise_argument(name)
int raise_argument(lua_State* L) {
  if (lua_type(L, 1) == LUA_TNUMBER) lua::raise_argument(L, static_cast<int>(lua_tointeger(L, 1)));
  lua::raise_argument(L, lua::to_text(L, 1));
}

constexpr lua::class_method functions[] = {
    {"begin_reading", begin_reading},
    {"buffer", buffer},
    {"buffered_line", buffered_line},
    {"configure", configure},
    {"end_reading", end_reading},
    {"is_end", is_end},
    {"make", make},
    {"raise_argument", raise_argument},
    {"remove_line", remove_line},
    {"set_buffer", set_buffer},
    {"settle", settle},
};

}  // namespace

void push_scanner_functions(lua_State* L) { lua::push_functions(L, functions); }

}  // namespace emilua::bindings
