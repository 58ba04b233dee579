// Fuzzing the JSON reader and writer.
//
// Input: a text. Checked: nothing outside it is read (the sanitizers' part, or json_fuzz_test's
// guard page); errors are known ones, at a byte of the text or its end; every container ends;
// strings are well-formed UTF-8; what was read comes out of the reader again when written, indented
// or not, and is then written in the same way; and any bytes, written as a string, can be read.
//
// In ordinary CI json_fuzz_test drives this. By hand, with libFuzzer, from the workspace:
//
//   clang++ -std=c++20 -g -O1 -I. -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
//     -o /tmp/json_fuzz tests/fuzz/json_fuzz.cc lib/base/utf8.cc lib/bindings/errors/dom_error.cc
//     lib/bindings/json/{lexer_error,reader,writer}.cc (all in one line)
//   mkdir -p /tmp/json_corpus
//   /tmp/json_fuzz -max_total_time=180 /tmp/json_corpus
//
// Debian: clang-14 and libclang-rt-14-dev.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/base/utf8.h"
#include "lib/bindings/json/reader.h"
#include "lib/bindings/json/writer.h"

namespace {

namespace json = emilua::bindings::json;

void require(bool holds, const char* property) {
  if (holds) return;
  (void)std::fprintf(stderr, "json_fuzz: violated: %s\n", property);
  std::abort();
}

// Notes what it is told, and writes it.
class recorder {
 public:
  explicit recorder(std::string_view indent = {}) { out_.set_indent(indent); }

  bool null() {
    note('0');
    out_.null();
    return true;
  }
  bool boolean(bool value) {
    note(value ? 't' : 'f');
    out_.boolean(value);
    return true;
  }
  bool number(double value) {
    require(!std::isnan(value), "no text is NaN");
    if (std::isinf(value)) return null();  // as it is written
    note('n');
    note(std::to_string(std::bit_cast<std::uint64_t>(value)));
    out_.number(value);
    return true;
  }
  bool string(std::string_view text) {
    note('s');
    note_string(text);
    return true;
  }
  bool begin_array() {
    note('[');
    out_.begin_array();
    return true;
  }
  bool begin_object() {
    note('{');
    out_.begin_object();
    return true;
  }
  void key(std::string_view text) {
    note('k');
    note_string(text);
  }
  void end_array() {
    note(']');
    require(out_.end_array(), "arrays end where they have begun");
  }
  void end_object() {
    note('}');
    require(out_.end_object(), "objects end where they have begun");
  }

  [[nodiscard]] const std::string& notes() const { return notes_; }
  [[nodiscard]] const json::writer& out() const { return out_; }

 private:
  void note(char c) { notes_ += c; }
  void note(std::string_view text) { notes_ += text; }
  void note_string(std::string_view text) {
    require(emilua::base::utf8_prefix(text) == text.size(), "strings are UTF-8");
    note(std::to_string(text.size()));
    note(':');
    note(text);
    out_.string(text);
  }

  std::string notes_;
  json::writer out_;
};

void check_again(const recorder& first) {
  for (const std::string_view indent : {"", "\t"}) {
    recorder indented{indent};
    require(!json::read(first.out().text(), indented), "what is written can be read");
    require(indented.notes() == first.notes(), "the same comes back");
    recorder again;
    require(!json::read(indented.out().text(), again), "so can what is indented");
    require(again.notes() == first.notes(), "the same comes back from there");
    require(again.out().text() == first.out().text(), "and is written in the same way");
  }
}

void check_as_string(std::string_view bytes) {
  json::writer out;
  out.string(bytes);
  recorder reader;
  require(!json::read(out.text(), reader), "any string can be read");
  if (emilua::base::utf8_prefix(bytes) != bytes.size()) return;
  require(reader.notes() == 's' + std::to_string(bytes.size()) + ':' + std::string{bytes},
          "well-formed ones come back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  recorder first;
  if (const auto error = json::read(text, first)) {
    require(error->code.message() != "unknown", "errors have names");
    require(error->offset <= size, "errors are at a byte of the text or its end");
    (void)json::path_to(text, error->offset);
  } else {
    require(first.out().level() == 0, "every container ends");
    check_again(first);
  }
  check_as_string(text);
  return 0;
}
