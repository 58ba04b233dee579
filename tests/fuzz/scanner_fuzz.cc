// Fuzzing the scanner's core.
//
// Input: how it is fed, the separators, and a text. Checked: records and fields are those of a
// naive splitter that sees all of the text at once, whatever the pieces, the size of the memory and
// its limit are; nothing is lost and nothing is said twice; what is too long is so for a reason;
// nothing outside the memory is touched (the sanitizers' part).
//
// In ordinary CI scanner_fuzz_test drives this. By hand, with libFuzzer, from the workspace:
//
//   clang++ -std=c++20 -g -O1 -I. -DPCRE2_CODE_UNIT_WIDTH=8 -fsanitize=fuzzer,address,undefined
//     -fno-sanitize-recover=all -o /tmp/scanner_fuzz tests/fuzz/scanner_fuzz.cc
//     lib/scanner/{fields,records}.cc
//     lib/regex/{bracket,builder,error,expression,matcher,translate}.cc -lpcre2-8 (all in one line)
//   mkdir -p /tmp/scanner_corpus
//   /tmp/scanner_fuzz -max_total_time=600 /tmp/scanner_corpus
//
// Debian: clang-14 and libclang-rt-14-dev.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/regex/matcher.h"
#include "lib/scanner/fields.h"
#include "lib/scanner/records.h"

namespace {

namespace regex = emilua::regex;
namespace scanner = emilua::scanner;
using regex::expression;
using scanner::outcome;

void require(bool holds, const char* property) {
  if (holds) return;
  (void)std::fprintf(stderr, "scanner_fuzz: violated: %s\n", property);
  std::abort();
}

// What separates; some are runs of a set, some find more when they see more. None needs many steps.
constexpr const char* patterns[] = {"\n",         "\r?\n|\r", "[,;]+",      "a|ab|abx",
                                    "(\r\n)+",    "x*",       "(a|b)(,|;)", "a[^b]*b",
                                    "\\ba|b\\b",  "^a|b$",    ",",          "a(?=b)",
                                    "(?:a|,)+?;", "[^a-z]",   "(a+)(b|,)",  "aab|(,;?),"};

const expression& pattern_of(std::uint8_t number) {
  static const auto* all = [] {
    auto* made = new std::vector<expression>;
    for (const char* pattern : patterns)
      made->push_back(std::move(*expression::compile(pattern, regex::grammar::ecma)));
    return made;
  }();
  return (*all)[number % all->size()];
}

struct input {
  scanner::record_separator separator;
  std::size_t step;
  std::size_t capacity;
  std::size_t limit;
  std::string_view text;
};

struct record {
  std::string text;
  std::string terminator;
  friend bool operator==(const record&, const record&) = default;
};

// --- the naive splitter --------------------------------------------------------------------------

std::optional<regex::range> naive_separator(std::string_view text,
                                            const scanner::record_separator& separator) {
  if (separator.pattern == nullptr) {
    for (std::size_t i = 0; i + separator.literal.size() <= text.size(); ++i)
      if (text.substr(i, separator.literal.size()) == separator.literal)
        return regex::range{i, i + separator.literal.size()};
    return std::nullopt;
  }
  using enum regex::match_flags;
  regex::matcher m{*separator.pattern, text};
  const auto found = m.search(0, not_null | not_bol | not_eol | not_bow | not_eow);
  require(found.has_value(), "these patterns need few steps");
  return *found ? m.group(0) : std::nullopt;
}

std::vector<record> naive_records(const input& in) {
  std::vector<record> found;
  std::string_view text = in.text;
  while (!text.empty()) {
    const auto end =
        naive_separator(text, in.separator).value_or(regex::range{text.size(), text.size()});
    found.push_back(
        {std::string{text.substr(0, end.begin)}, std::string{text.substr(end.begin, end.size())}});
    text.remove_prefix(end.end);
  }
  return found;
}

std::vector<std::string> naive_fields(std::string_view text, std::string_view literal) {
  std::vector<std::string> found;
  if (text.empty()) return found;
  for (;;) {
    std::size_t at = 0;
    while (at + literal.size() <= text.size() && text.substr(at, literal.size()) != literal) ++at;
    if (at + literal.size() > text.size()) break;
    found.emplace_back(text.substr(0, at));
    text.remove_prefix(at + literal.size());
  }
  found.emplace_back(text);
  return found;
}

// --- the one to be checked -----------------------------------------------------------------------

class fed {
 public:
  explicit fed(const input& in)
      : in_(in), left_(in.text), memory_(new char[in.capacity]), size_(in.capacity) {
    records_.adopt({memory_.get(), size_}, 0, 0);
  }

  // As many records as there are until one is too long.
  std::vector<record> all() {
    std::vector<record> found;
    while (next() == outcome::record) {
      require(records_.has_record(), "a record is there");
      require(records_.unread().starts_with(records_.record()),
              "it is the first of what is unread");
      add(found);
      if (in_.separator.pattern == nullptr) follow(found);
    }
    require(!records_.has_record(), "a record is not there");
    return found;
  }

  // The rest, which a record that is too long is the beginning of.
  [[nodiscard]] std::string rest() const {
    return std::string{records_.unread()} + std::string{left_};
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void add(std::vector<record>& found) const {
    found.push_back({std::string{records_.record()}, std::string{records_.terminator()}});
  }

  // Those that lie behind the current one, and every other time back again.
  void follow(std::vector<record>& found) {
    const auto first = records_.current();
    const std::size_t count = found.size();
    while (records_.follow(in_.separator.literal)) add(found);
    if (in_.step % 2 == 0) return;
    found.resize(count);
    records_.return_to(first);
    require(found.back().text == records_.record(), "what is returned to is the same");
  }

  outcome next() {
    auto what = records_.next(in_.separator, in_.limit);
    for (;;) {
      require(what.has_value(), "these patterns need few steps");
      if (*what == outcome::grow) {
        const std::size_t wanted = records_.wanted(in_.limit);
        require(wanted > size_ && wanted <= in_.limit, "memory grows, up to the limit");
        std::unique_ptr<char[]> larger{new char[wanted]};
        records_.move_to({larger.get(), wanted});
        memory_ = std::move(larger);
        size_ = wanted;
      } else if (*what == outcome::more) {
        if (left_.empty()) {
          what = records_.finish(in_.separator);
          require(what.has_value(), "these patterns need few steps");
          return *what;
        }
        read();
      } else {
        return *what;
      }
      what = records_.search(in_.separator, in_.limit);
    }
  }

  void read() {
    const auto room = records_.room();
    require(!room.empty(), "there is room to read to");
    const std::size_t n = std::min({room.size(), in_.step, left_.size()});
    std::copy_n(left_.begin(), n, room.begin());
    left_.remove_prefix(n);
    records_.commit(n);
  }

  const input& in_;
  std::string_view left_;
  std::unique_ptr<char[]> memory_;
  std::size_t size_;
  scanner::record_splitter records_;
};

void check_records(const input& in) {
  const auto expected = naive_records(in);
  fed splitter{in};
  const auto found = splitter.all();
  require(found.size() <= expected.size(), "there are no more records than there are");
  require(std::equal(found.begin(), found.end(), expected.begin()), "records are what they are");
  if (found.size() == expected.size()) {
    require(splitter.rest().empty(), "nothing is left");
    return;
  }
  std::string rest;
  for (std::size_t i = found.size(); i != expected.size(); ++i)
    rest += expected[i].text + expected[i].terminator;
  require(splitter.rest() == rest, "nothing is lost");
  // An expression may have to see what is behind its match, and a last record whether it is the
  // last.
  const record& next = expected[found.size()];
  require(next.text.size() + next.terminator.size() + 1 >= std::min(splitter.size(), in.limit) ||
              in.separator.pattern != nullptr,
          "what is too long is not short");
}

std::vector<std::string> fields_of(std::string_view text, const scanner::field_rule& rule) {
  std::vector<std::string> found;
  scanner::field_cursor fields{text, rule};
  std::size_t end = 0;
  for (;;) {
    const auto more = fields.next();
    require(more.has_value(), "these patterns need few steps");
    if (!*more) return found;
    const regex::range field = fields.field();
    require(field.begin >= end && field.end >= field.begin && field.end <= text.size(),
            "fields are one behind the other");
    end = field.end;
    found.emplace_back(text.substr(field.begin, field.size()));
  }
}

void check_fields(std::string_view text, std::string_view literal, std::uint8_t number) {
  require(fields_of(text, {.literal = literal}) == naive_fields(text, literal),
          "fields are what they are");
  (void)fields_of(text, {.pattern = &pattern_of(number)});
  const auto separated = fields_of(text, {.separator = &pattern_of(number)});
  require(!separated.empty(), "there is always one field");
  // What a run of bytes finds without a matcher.
  static const auto run = expression::compile("[,;]+", regex::grammar::extended);
  static const auto same = expression::compile("([,;])+", regex::grammar::extended);
  require(run->run() && !same->run(), "only one of these is simple");
  require(fields_of(text, {.separator = &*run}) == fields_of(text, {.separator = &*same}),
          "runs are what matchers find");
  const std::string_view inner = scanner::trimmed(text, literal);
  require(inner.empty() || (literal.find(inner.front()) == literal.npos &&
                            literal.find(inner.back()) == literal.npos),
          "nothing more can be trimmed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 6) return 0;
  const std::string_view rest{reinterpret_cast<const char*>(data) + 5, size - 5};
  const std::string_view literal = rest.substr(0, 1 + data[0] % 4);
  input in{.separator = {.literal = literal},
           .step = std::size_t{1} + data[1] % 64,
           .capacity = data[2] < 224 ? std::size_t{data[2]} % 32 : 4096,
           .limit = data[3] < 128 ? std::size_t{data[3]} : 1 << 16,
           .text = rest.substr(literal.size())};
  check_records(in);
  in.separator = {.pattern = &pattern_of(data[4])};
  check_records(in);
  check_fields(in.text, literal, data[4]);
  return 0;
}
