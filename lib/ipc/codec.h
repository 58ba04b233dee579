// The wire format of actor messages: a value tree as bytes, descriptors beside it.
//
//   message_writer writer;                            writer.begin_table(0, 2);
//   writer.string("n"); writer.number(21);            // string key, value
//   writer.string("log"); writer.descriptor(fd);      // the descriptor is borrowed
//   message_limits limits; auto error = check(writer.bytes(), writer.descriptors().size(), limits);
//
//   message_reader reader{bytes};                     // only after check() has returned no error
//   for (token t = reader.next(); …)
//
// Format, version 1. All integers are little-endian. A message is one version byte (0x01) followed
// by exactly one value; nothing may follow it. A value is a tag byte and its payload:
//
//   0x00 false        -
//   0x01 true         -
//   0x02 number       8 bytes, IEEE 754
//   0x10 string       u32 length, bytes
//   0x11 table        u32 list length, u32 pair count, then the list's values, then the pairs:
//                     string value, any value
//   0x20 descriptor   - (the next of the message's descriptors)
//   0x21 address      - (likewise: the writing end of a channel)
//
// The receiving side treats bytes as hostile: check() verifies the whole message, without
// allocation and in time linear in its size, before any part of it is used. Its rules: known
// version and tags; lengths inside the message; list and pair counts no larger than the bytes left
// could hold (so no allocation is driven by a count alone); depth at most limits.depth; pair keys
// are strings; each descriptor used exactly once, none left over; no trailing bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"

namespace emilua::ipc {

inline constexpr std::uint8_t message_version = 1;

// The deepest nesting that any limit can allow.
inline constexpr std::size_t max_message_depth = 1000;

struct message_limits {
  std::size_t bytes = std::size_t{16} << 20;  // of the encoded message
  std::size_t depth = 100;                    // tables inside tables; the root table is depth 1
};

enum class message_error : std::uint8_t {
  none,
  empty,
  bad_version,
  bad_tag,
  truncated,         // a payload or a count runs past the end
  too_long,          // over limits.bytes
  too_deep,          // over limits.depth
  bad_key,           // a pair's key is not a string
  descriptor_count,  // more or fewer descriptors than the message names
  trailing_bytes,
};

// A word for logs and tests: "bad_tag" and so on.
[[nodiscard]] std::string_view to_string(message_error error) noexcept;

// Appends values in the order of the format. The writer does not police nesting: its user announces
// a table's counts and then writes exactly so many values. No descriptor is owned here.
class message_writer {
 public:
  message_writer();

  void boolean(bool value);
  void number(double value);
  void string(std::string_view value);  // at most 2^32-1 bytes
  void begin_table(std::uint32_t list_length, std::uint32_t pair_count);
  void descriptor(int fd);
  void address(int fd);

  [[nodiscard]] base::byte_view bytes() const noexcept;
  [[nodiscard]] const std::vector<int>& descriptors() const noexcept { return descriptors_; }

 private:
  void tag(std::uint8_t value);
  void u32(std::uint32_t value);

  std::string bytes_;
  std::vector<int> descriptors_;
};

// Verifies a received message; see the format's rules above. Allocates nothing.
[[nodiscard]] message_error check(base::byte_view message, std::size_t descriptor_count,
                                  const message_limits& limits) noexcept;

enum class token_kind : std::uint8_t { boolean, number, string, table, descriptor, address };

struct token {
  token_kind kind;
  bool boolean = false;
  double number = 0;
  std::string_view string = {};   // points into the message
  std::uint32_t list_length = 0;  // table: so many values follow,
  std::uint32_t pair_count = 0;   //        then so many (string, value) pairs
  std::size_t descriptor = 0;     // descriptor, address: index into the message's descriptors
};

// Walks a message that check() has accepted; on any other the behaviour is undefined.
class message_reader {
 public:
  explicit message_reader(base::byte_view message) noexcept;

  [[nodiscard]] token next() noexcept;

 private:
  base::byte_view rest_;
  std::size_t descriptors_ = 0;
};

}  // namespace emilua::ipc
