#include "lib/ipc/codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace emilua::ipc {
namespace {

using base::bytes_of;
using namespace std::string_literals;

constexpr message_limits defaults;

message_error check_text(std::string_view message, std::size_t descriptors = 0,
                         const message_limits& limits = defaults) {
  return check(bytes_of(message), descriptors, limits);
}

std::string encoded(const message_writer& writer) {
  return std::string{base::text_of(writer.bytes())};
}

// A tag by name, so that the messages below can be read.
const std::string version = "\x01"s;
const std::string no = "\x00"s;
const std::string yes = "\x01"s;
const std::string number_tag = "\x02"s;
const std::string fd = "\x20"s;
const std::string address = "\x21"s;

// A message with just this value.
message_error check_value(const std::string& value, std::size_t descriptors = 0,
                          const message_limits& limits = defaults) {
  return check_text(version + value, descriptors, limits);
}

std::string u32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift != 32; shift += 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string text(std::string_view value) {
  return "\x10"s + u32(static_cast<std::uint32_t>(value.size())) + std::string{value};
}

std::string table(std::uint32_t values, std::uint32_t pairs, const std::string& content) {
  return "\x11"s + u32(values) + u32(pairs) + content;
}

// `depth` tables, each the only value of the one around it.
std::string nested(std::size_t depth) {
  std::string bytes;
  for (std::size_t i = 0; i != depth; ++i) bytes += table(i + 1 != depth, 0, "");
  return bytes;
}

// One of everything.
message_writer sample() {
  message_writer writer;
  writer.begin_table(3, 3);
  writer.number(1.5);
  writer.boolean(false);
  writer.begin_table(0, 0);
  writer.string("");
  writer.boolean(true);
  writer.string("log");
  writer.descriptor(7);
  writer.string("nested");
  writer.begin_table(1, 1);
  writer.string("a\0b"s);
  writer.string("reply");
  writer.address(9);
  return writer;
}

// --- format ---------------------------------------------------------------

TEST(Writer, BytesAreThoseOfTheFormat) {
  EXPECT_EQ(encoded(sample()),
            version + table(3, 3,
                            "\x02\x00\x00\x00\x00\x00\x00\xf8\x3f"s + no + table(0, 0, "") +
                                text("") + yes + text("log") + fd + text("nested") +
                                table(1, 1, text("a\0b"s) + text("reply") + address)));
  EXPECT_EQ(sample().descriptors(), (std::vector<int>{7, 9}));
}

TEST(Reader, GivesBackWhatWasWritten) {
  const std::string bytes = encoded(sample());
  ASSERT_EQ(check_text(bytes, 2), message_error::none);
  message_reader reader{bytes_of(bytes)};

  token t = reader.next();
  EXPECT_EQ(t.kind, token_kind::table);
  EXPECT_EQ(t.list_length, 3u);
  EXPECT_EQ(t.pair_count, 3u);
  t = reader.next();
  EXPECT_EQ(t.kind, token_kind::number);
  EXPECT_EQ(t.number, 1.5);
  t = reader.next();
  EXPECT_EQ(t.kind, token_kind::boolean);
  EXPECT_FALSE(t.boolean);
  t = reader.next();
  EXPECT_EQ(t.kind, token_kind::table);
  EXPECT_EQ(t.list_length, 0u);
  EXPECT_EQ(t.pair_count, 0u);
  t = reader.next();
  EXPECT_EQ(t.kind, token_kind::string);
  EXPECT_EQ(t.string, "");
  t = reader.next();
  EXPECT_EQ(t.kind, token_kind::boolean);
  EXPECT_TRUE(t.boolean);
  EXPECT_EQ(reader.next().string, "log");
  t = reader.next();
  EXPECT_EQ(t.kind, token_kind::descriptor);
  EXPECT_EQ(t.descriptor, 0u);
  EXPECT_EQ(reader.next().string, "nested");
  t = reader.next();
  EXPECT_EQ(t.kind, token_kind::table);
  EXPECT_EQ(t.list_length, 1u);
  EXPECT_EQ(t.pair_count, 1u);
  EXPECT_EQ(reader.next().string, "a\0b"s);
  EXPECT_EQ(reader.next().string, "reply");
  t = reader.next();
  EXPECT_EQ(t.kind, token_kind::address);
  EXPECT_EQ(t.descriptor, 1u);
}

TEST(Reader, StringsPointIntoTheMessage) {
  const std::string bytes = version + text("here");
  ASSERT_EQ(check_text(bytes), message_error::none);
  EXPECT_EQ(message_reader{bytes_of(bytes)}.next().string.data(), bytes.data() + 6);
}

TEST(Number, EveryBitSurvives) {
  const double values[] = {
      0.0,
      -0.0,
      std::ldexp(1, 53),
      std::numeric_limits<double>::infinity(),
      -std::numeric_limits<double>::infinity(),
      std::numeric_limits<double>::denorm_min(),
      std::numeric_limits<double>::max(),
      std::bit_cast<double>(std::uint64_t{0x7ff8'0000'0000'0000}),
      std::bit_cast<double>(std::uint64_t{0xfff8'dead'beef'0001}),
      std::bit_cast<double>(std::uint64_t{0x7ff0'0000'0000'0001}),  // signalling
  };
  for (double value : values) {
    message_writer writer;
    writer.number(value);
    ASSERT_EQ(check(writer.bytes(), 0, defaults), message_error::none);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(message_reader{writer.bytes()}.next().number),
              std::bit_cast<std::uint64_t>(value));
  }
}

TEST(Check, AcceptsEachScalarAlone) {
  for (const std::string& value :
       {no, yes, text(""), text("x"), number_tag + std::string(8, '\xff')})
    EXPECT_EQ(check_value(value), message_error::none);
  EXPECT_EQ(check_value(fd, 1), message_error::none);
  EXPECT_EQ(check_value(address, 1), message_error::none);
}

TEST(Check, AcceptsDuplicateKeys) {
  EXPECT_EQ(check_value(table(0, 2, text("k") + no + text("k") + yes)), message_error::none);
}

TEST(Check, AcceptsATableThatEndsTogetherWithItsParents) {
  const std::string inner = table(0, 1, text("k") + table(0, 0, ""));
  EXPECT_EQ(check_value(table(1, 1, inner + text("l") + inner)), message_error::none);
}

// --- hostile bytes --------------------------------------------------------

TEST(Check, RefusesNothingAtAll) { EXPECT_EQ(check_text(""), message_error::empty); }

TEST(Check, RefusesOtherVersions) {
  for (const char other : {'\x00', '\x02', '\xff'})
    EXPECT_EQ(check_text(other + no), message_error::bad_version);
}

TEST(Check, RefusesAVersionWithoutValue) {
  EXPECT_EQ(check_text(version), message_error::truncated);
}

TEST(Check, RefusesUnknownTagsWhereverAValueStands) {
  for (int tag = 0; tag != 256; ++tag) {
    if (tag <= 0x02 || tag == 0x10 || tag == 0x11 || tag == 0x20 || tag == 0x21) continue;
    const std::string value(1, static_cast<char>(tag));
    EXPECT_EQ(check_value(value), message_error::bad_tag) << tag;
    EXPECT_EQ(check_value(table(2, 0, no + value)), message_error::bad_tag) << tag;
    EXPECT_EQ(check_value(table(0, 1, text("k") + value)), message_error::bad_tag) << tag;
  }
}

// In memory of just that size, for the sanitizers to guard.
void expect_prefixes_are_truncated(const std::string& message, std::size_t descriptors) {
  ASSERT_EQ(check_text(message, descriptors), message_error::none);
  EXPECT_EQ(check_text("", descriptors), message_error::empty);
  for (std::size_t size = 1; size != message.size(); ++size) {
    const std::vector<char> prefix(message.begin(), message.begin() + static_cast<long>(size));
    EXPECT_EQ(check_text({prefix.data(), size}, descriptors), message_error::truncated) << size;
  }
}

TEST(Check, RefusesEveryProperPrefixOfATable) {
  expect_prefixes_are_truncated(encoded(sample()), 2);
}

// Where no table's counts give them away.
TEST(Check, RefusesEveryProperPrefixOfAScalar) {
  expect_prefixes_are_truncated(version + number_tag + std::string(8, '\x01'), 0);
  expect_prefixes_are_truncated(version + text("hello"), 0);
  expect_prefixes_are_truncated(version + fd, 1);
}

TEST(Check, RefusesStringsLongerThanTheMessage) {
  EXPECT_EQ(check_value("\x10"s + u32(1)), message_error::truncated);
  EXPECT_EQ(check_value("\x10"s + u32(4) + "abc"), message_error::truncated);
  EXPECT_EQ(check_value("\x10"s + u32(0xffff'ffff) + "abc"), message_error::truncated);
}

TEST(Check, RefusesKeysLongerThanTheMessage) {
  EXPECT_EQ(check_value(table(0, 1, "\x10"s + u32(9) + no)), message_error::truncated);
}

TEST(Check, RefusesCountsThatTheMessageCannotHold) {
  const std::uint32_t huge[] = {0xffff'ffff, 0x8000'0000, 0x7fff'ffff, 0x5555'5556, 100};
  for (const std::uint32_t count : huge) {
    EXPECT_EQ(check_value(table(count, 0, no)), message_error::truncated) << count;
    EXPECT_EQ(check_value(table(0, count, text("k") + no)), message_error::truncated) << count;
    EXPECT_EQ(check_value(table(count, count, no)), message_error::truncated) << count;
  }
}

TEST(Check, CountsAreSummedWithoutWrappingAround) {
  // In 32 bits both sums would be small.
  EXPECT_EQ(check_value(table(0xffff'ffff, 1, no)), message_error::truncated);
  EXPECT_EQ(check_value(table(0, 0x8000'0000, no)), message_error::truncated);
}

TEST(Check, CountsOfOneMoreThanThereIs) {
  EXPECT_EQ(check_value(table(3, 0, no + no)), message_error::truncated);
  EXPECT_EQ(check_value(table(0, 2, text("k") + no)), message_error::truncated);
}

TEST(Check, RefusesWhatFollowsTheValue) {
  EXPECT_EQ(check_value(no + no), message_error::trailing_bytes);
  EXPECT_EQ(check_value(table(0, 0, "") + "\xff"), message_error::trailing_bytes);
  EXPECT_EQ(check_value(table(1, 0, no) + no), message_error::trailing_bytes);
}

TEST(Check, RefusesKeysThatAreNoStrings) {
  for (const std::string& key : {no, yes, number_tag + std::string(8, '\0'), fd, address,
                                 table(0, 0, ""), "\x7f"s + std::string(8, '\0')})
    EXPECT_EQ(check_value(table(0, 1, key + text("value")), 1), message_error::bad_key);
}

// --- limits ---------------------------------------------------------------

TEST(Check, LengthLimitIsInclusive) {
  const std::string message = version + text("12345");
  EXPECT_EQ(check_text(message, 0, {.bytes = message.size()}), message_error::none);
  EXPECT_EQ(check_text(message, 0, {.bytes = message.size() - 1}), message_error::too_long);
}

TEST(Check, DepthLimitIsInclusive) {
  EXPECT_EQ(check_value(nested(100)), message_error::none);
  EXPECT_EQ(check_value(nested(101)), message_error::too_deep);
  EXPECT_EQ(check_value(nested(1), 0, {.depth = 1}), message_error::none);
  EXPECT_EQ(check_value(nested(2), 0, {.depth = 1}), message_error::too_deep);
}

TEST(Check, DepthZeroAllowsScalarsOnly) {
  EXPECT_EQ(check_value(no, 0, {.depth = 0}), message_error::none);
  EXPECT_EQ(check_value(nested(1), 0, {.depth = 0}), message_error::too_deep);
}

TEST(Check, NoLimitAllowsMoreThanTheGreatestDepth) {
  const message_limits boundless{.bytes = SIZE_MAX, .depth = SIZE_MAX};
  EXPECT_EQ(check_value(nested(max_message_depth), 0, boundless), message_error::none);
  EXPECT_EQ(check_value(nested(max_message_depth + 1), 0, boundless), message_error::too_deep);
  EXPECT_EQ(check_value(nested(100'000), 0, boundless), message_error::too_deep);
}

TEST(Check, SiblingsDoNotAddToTheDepth) {
  std::string content;
  for (int i = 0; i != 1000; ++i) content += table(0, 0, "");
  EXPECT_EQ(check_value(table(1000, 0, content), 0, {.depth = 2}), message_error::none);
}

// --- descriptors ----------------------------------------------------------

TEST(Check, RefusesDescriptorsLeftOver) {
  EXPECT_EQ(check_value(no, 1), message_error::descriptor_count);
  EXPECT_EQ(check_value(fd, 2), message_error::descriptor_count);
}

TEST(Check, RefusesTagsWithoutDescriptor) {
  EXPECT_EQ(check_value(fd, 0), message_error::descriptor_count);
  EXPECT_EQ(check_value(address, 0), message_error::descriptor_count);
  EXPECT_EQ(check_value(table(3, 0, fd + address + fd), 2), message_error::descriptor_count);
}

TEST(ToString, NamesEveryError) {
  EXPECT_EQ(to_string(message_error::none), "none");
  EXPECT_EQ(to_string(message_error::empty), "empty");
  EXPECT_EQ(to_string(message_error::bad_version), "bad_version");
  EXPECT_EQ(to_string(message_error::bad_tag), "bad_tag");
  EXPECT_EQ(to_string(message_error::truncated), "truncated");
  EXPECT_EQ(to_string(message_error::too_long), "too_long");
  EXPECT_EQ(to_string(message_error::too_deep), "too_deep");
  EXPECT_EQ(to_string(message_error::bad_key), "bad_key");
  EXPECT_EQ(to_string(message_error::descriptor_count), "descriptor_count");
  EXPECT_EQ(to_string(message_error::trailing_bytes), "trailing_bytes");
}

}  // namespace
}  // namespace emilua::ipc
