// Fuzzing the message codec: check() on hostile bytes, and the reader on what check() has let pass.
//
// Input: one byte with the number of descriptors, one with the depth limit, the message. Checked:
// nothing outside the message is read (the sanitizers' part, or codec_fuzz_test's guard page); a
// message that passes can be walked to its exact end, keeps the depth limit and the rule of string
// keys, names its descriptors once and in order, and comes out of the writer with the same bytes;
// and neither a byte less nor a byte more passes.
//
// In ordinary CI codec_fuzz_test drives this. By hand, with libFuzzer, from the workspace:
//
//   clang++ -std=c++20 -g -O1 -I. -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
//     -o /tmp/codec_fuzz tests/fuzz/codec_fuzz.cc lib/ipc/codec.cc      (all in one line)
//   mkdir -p /tmp/codec_corpus && /tmp/codec_fuzz -max_total_time=180 /tmp/codec_corpus
//
// Debian: clang-14 and libclang-rt-14-dev.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "lib/ipc/codec.h"

namespace {

using emilua::base::byte_view;
using emilua::ipc::message_error;
using emilua::ipc::message_limits;
using emilua::ipc::message_reader;
using emilua::ipc::message_writer;
using emilua::ipc::token;
using emilua::ipc::token_kind;

void require(bool holds, const char* property) {
  if (holds) return;
  (void)std::fprintf(stderr, "codec_fuzz: violated: %s\n", property);
  std::abort();
}

// Copies one value from the reader to the writer.
class walker {
 public:
  walker(byte_view message, std::size_t depth_limit)
      : message_(message), reader_(message), depth_limit_(depth_limit) {}

  void value(std::size_t depth) {
    const token t = reader_.next();
    switch (t.kind) {
      case token_kind::boolean:
        return writer.boolean(t.boolean);
      case token_kind::number:
        return writer.number(t.number);
      case token_kind::string:
        return string(t);
      case token_kind::table:
        return table(t, depth + 1);
      case token_kind::descriptor:
        return writer.descriptor(static_cast<int>(t.descriptor));
      case token_kind::address:
        return writer.address(static_cast<int>(t.descriptor));
    }
    require(false, "token kinds are known");
  }

  message_writer writer;

 private:
  void string(const token& t) {
    const byte_view bytes = emilua::base::bytes_of(t.string);
    require(bytes.data() >= message_.data(), "strings begin in the message");
    require(bytes.data() + bytes.size() <= message_.data() + message_.size(),
            "strings end in the message");
    writer.string(t.string);
  }

  void table(const token& t, std::size_t depth) {
    require(depth <= depth_limit_, "depth is limited");
    writer.begin_table(t.list_length, t.pair_count);
    for (std::uint32_t i = 0; i != t.list_length; ++i) value(depth);
    for (std::uint32_t i = 0; i != t.pair_count; ++i) {
      const token key = reader_.next();
      require(key.kind == token_kind::string, "keys are strings");
      string(key);
      value(depth);
    }
  }

  byte_view message_;
  message_reader reader_;
  std::size_t depth_limit_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t descriptor_count = data[0];
  const message_limits limits{.bytes = std::size_t{1} << 20, .depth = data[1]};
  const byte_view message = std::as_bytes(std::span{data + 2, size - 2});

  const message_error error = emilua::ipc::check(message, descriptor_count, limits);
  require(emilua::ipc::to_string(error) != "unknown", "errors have names");
  if (error != message_error::none) return 0;

  walker walk{message, limits.depth};
  walk.value(0);
  require(emilua::base::text_of(walk.writer.bytes()) == emilua::base::text_of(message),
          "the writer gives the same bytes");
  std::vector<int> in_order(descriptor_count);
  std::iota(in_order.begin(), in_order.end(), 0);
  require(walk.writer.descriptors() == in_order, "each descriptor is named once, in order");

  require(emilua::ipc::check(message.first(message.size() - 1), descriptor_count, limits) !=
              message_error::none,
          "a byte less does not pass");
  std::string longer{emilua::base::text_of(message)};
  longer.push_back('\0');
  require(emilua::ipc::check(emilua::base::bytes_of(longer), descriptor_count,
                             {.bytes = limits.bytes + 1, .depth = limits.depth}) ==
              message_error::trailing_bytes,
          "a byte more does not pass");
  return 0;
}
