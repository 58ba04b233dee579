#include "lib/ipc/codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <limits>

namespace emilua::ipc {
namespace {

enum tag : std::uint8_t {
  tag_false = 0x00,
  tag_true = 0x01,
  tag_number = 0x02,
  tag_string = 0x10,
  tag_table = 0x11,
  tag_descriptor = 0x20,
  tag_address = 0x21,
};

static_assert(std::numeric_limits<double>::is_iec559);

// The least that a pair takes: tag, length and no bytes for the key; a tag for the value.
constexpr std::uint64_t pair_size = 5 + 1;

// Take from the front what is there.
base::byte_view take(base::byte_view& rest, std::size_t size) noexcept {
  const base::byte_view front = rest.first(size);
  rest = rest.subspan(size);
  return front;
}

template <class Integer>
Integer take_integer(base::byte_view& rest) noexcept {
  Integer value = 0;
  const base::byte_view bytes = take(rest, sizeof value);
  for (std::size_t i = 0; i != sizeof value; ++i)
    value |= std::to_integer<Integer>(bytes[i]) << (8 * i);
  return value;
}

std::uint8_t take_byte(base::byte_view& rest) noexcept {
  return std::to_integer<std::uint8_t>(take(rest, 1)[0]);
}

// A string less its tag; false when it is not all there.
bool skip_string(base::byte_view& rest) noexcept {
  if (rest.size() < sizeof(std::uint32_t)) return false;
  const auto length = take_integer<std::uint32_t>(rest);
  if (rest.size() < length) return false;
  take(rest, length);
  return true;
}

template <class Integer>
void append_integer(std::string& bytes, Integer value) {
  for (std::size_t i = 0; i != sizeof value; ++i)
    bytes.push_back(static_cast<char>(value >> (8 * i)));
}

// check()'s place in one table: what is still to come in it.
struct open_table {
  std::uint32_t values;
  std::uint32_t pairs;
};

}  // namespace

std::string_view to_string(message_error error) noexcept {
  switch (error) {
    case message_error::none:
      return "none";
    case message_error::empty:
      return "empty";
    case message_error::bad_version:
      return "bad_version";
    case message_error::bad_tag:
      return "bad_tag";
    case message_error::truncated:
      return "truncated";
    case message_error::too_long:
      return "too_long";
    case message_error::too_deep:
      return "too_deep";
    case message_error::bad_key:
      return "bad_key";
    case message_error::descriptor_count:
      return "descriptor_count";
    case message_error::trailing_bytes:
      return "trailing_bytes";
  }
  return "unknown";
}

message_writer::message_writer() { tag(message_version); }

void message_writer::tag(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }

void message_writer::u32(std::uint32_t value) { append_integer(bytes_, value); }

void message_writer::boolean(bool value) { tag(value ? tag_true : tag_false); }

void message_writer::number(double value) {
  tag(tag_number);
  append_integer(bytes_, std::bit_cast<std::uint64_t>(value));
}

void message_writer::string(std::string_view value) {
  assert(value.size() <= std::numeric_limits<std::uint32_t>::max());
  tag(tag_string);
  u32(static_cast<std::uint32_t>(value.size()));
  bytes_.append(value);
}

void message_writer::begin_table(std::uint32_t list_length, std::uint32_t pair_count) {
  tag(tag_table);
  u32(list_length);
  u32(pair_count);
}

void message_writer::descriptor(int fd) {
  tag(tag_descriptor);
  descriptors_.push_back(fd);
}

void message_writer::address(int fd) {
  tag(tag_address);
  descriptors_.push_back(fd);
}

base::byte_view message_writer::bytes() const noexcept { return base::bytes_of(bytes_); }

message_error check(base::byte_view message, std::size_t descriptor_count,
                    const message_limits& limits) noexcept {
  if (message.empty()) return message_error::empty;
  if (message.size() > limits.bytes) return message_error::too_long;
  base::byte_view rest = message;
  if (take_byte(rest) != message_version) return message_error::bad_version;

  // No recursion, so that the stack this takes does not hang on the peer.
  std::array<open_table, max_message_depth> tables;  // uninitialised but for the first `depth`
  std::size_t depth = 0;
  std::size_t descriptors = 0;
  for (;;) {
    if (rest.empty()) return message_error::truncated;
    switch (take_byte(rest)) {
      case tag_false:
      case tag_true:
        break;
      case tag_number:
        if (rest.size() < sizeof(double)) return message_error::truncated;
        take(rest, sizeof(double));
        break;
      case tag_string:
        if (!skip_string(rest)) return message_error::truncated;
        break;
      case tag_table: {
        if (rest.size() < 2 * sizeof(std::uint32_t)) return message_error::truncated;
        const auto values = take_integer<std::uint32_t>(rest);
        const auto pairs = take_integer<std::uint32_t>(rest);
        if (values + pairs * pair_size > rest.size()) return message_error::truncated;
        if (depth >= std::min(limits.depth, max_message_depth)) return message_error::too_deep;
        tables[depth++] = {values, pairs};
        break;
      }
      case tag_descriptor:
      case tag_address:
        ++descriptors;
        break;
      default:
        return message_error::bad_tag;
    }

    while (depth != 0 && tables[depth - 1].values == 0 && tables[depth - 1].pairs == 0) --depth;
    if (depth == 0) break;
    open_table& table = tables[depth - 1];
    if (table.values == 0) {
      if (rest.empty()) return message_error::truncated;
      if (take_byte(rest) != tag_string) return message_error::bad_key;
      if (!skip_string(rest)) return message_error::truncated;
      --table.pairs;
      table.values = 1;
    }
    --table.values;
  }
  if (!rest.empty()) return message_error::trailing_bytes;
  if (descriptors != descriptor_count) return message_error::descriptor_count;
  return message_error::none;
}

message_reader::message_reader(base::byte_view message) noexcept : rest_(message.subspan(1)) {}

token message_reader::next() noexcept {
  switch (take_byte(rest_)) {
    case tag_false:
      return {.kind = token_kind::boolean, .boolean = false};
    case tag_true:
      return {.kind = token_kind::boolean, .boolean = true};
    case tag_number:
      return {.kind = token_kind::number,
              .number = std::bit_cast<double>(take_integer<std::uint64_t>(rest_))};
    case tag_string: {
      const auto length = take_integer<std::uint32_t>(rest_);
      return {.kind = token_kind::string, .string = base::text_of(take(rest_, length))};
    }
    case tag_table: {
      const auto values = take_integer<std::uint32_t>(rest_);
      const auto pairs = take_integer<std::uint32_t>(rest_);
      return {.kind = token_kind::table, .list_length = values, .pair_count = pairs};
    }
    case tag_descriptor:
      return {.kind = token_kind::descriptor, .descriptor = descriptors_++};
    default:
      return {.kind = token_kind::address, .descriptor = descriptors_++};
  }
}

}  // namespace emilua::ipc
