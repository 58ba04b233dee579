// The core of `json.decode`: reads a text of RFC 8259, and tells a handler what is in it.
//
//   struct handler {
//     bool null();                     // these five and begin_* are values: false if there is no
//     bool boolean(bool);              // room for another one in the array around it
//     bool number(double);
//     bool string(std::string_view);   // the view is valid during the call
//     bool begin_array();
//     bool begin_object();
//     void key(std::string_view);      // likewise; comes before its value
//     void end_array();
//     void end_object();
//   };
//   if (const auto error = json::read(text, handler)) …
//
// Strict: one value; no comments, trailing commas, byte order mark, raw control characters, lone
// surrogates or malformed UTF-8. Nothing recurses, and a level of nesting takes one bit of memory:
// a handler bounds it as it likes. (Boost.JSON's basic_parser recurses, which bounds nesting by the
// C stack, and up to 1.83 rounds doubles carelessly: hence a reader of our own.)
//
// Reals are the nearest doubles, infinite when too large. An integer literal must lie within a
// signed 64-bit integer, and is then the nearest double.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "lib/bindings/errors/dom_error.h"
#include "lib/bindings/json/lexer_error.h"
#include "lib/bindings/json/plain_text.h"

namespace emilua::bindings::json {

struct read_error {
  std::error_code code;
  std::size_t offset;  // of the byte that was not expected; the text's size at its end
};

// Keys and 1-based positions, the outermost first.
using path = std::vector<std::variant<std::string, std::size_t>>;

// Where the value is that begins at `offset`.
[[nodiscard]] path path_to(std::string_view text, std::size_t offset);

namespace detail {

// The tokens. A function that returns false has set the error.
class lexer {
 public:
  explicit lexer(std::string_view text)
      : begin_(text.data()), p_(begin_), end_(begin_ + text.size()) {}

  [[nodiscard]] const read_error& error() const { return error_; }

 protected:
  static constexpr int at_end = -1;

  [[nodiscard]] int peek() const { return p_ != end_ ? static_cast<unsigned char>(*p_) : at_end; }

  [[nodiscard]] const char* position() const { return p_; }
  void skip() { ++p_; }

  void skip_space() {
    while (p_ != end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
  }

  bool take_word(std::string_view word);
  bool take_number(double& out);

  // From the opening quote on. The view is into the text, or into what the next string overwrites.
  bool take_string(std::string_view& out) {
    const char* start = ++p_;
    p_ = skip_plain(p_, end_);
    if (p_ == end_ || *p_ != '"') return take_rest_of_string(start, out);
    out = {start, static_cast<std::size_t>(p_ - start)};
    ++p_;
    return true;
  }

  bool fail(std::error_code code) { return fail(code, p_); }
  bool fail(std::error_code code, const char* where) {
    error_ = {code, static_cast<std::size_t>(where - begin_)};
    return false;
  }
  bool fail_unexpected() { return fail(lexer_errc::unexpected_token); }

 private:
  bool take_rest_of_string(const char* start, std::string_view& out);
  bool take_escape();
  bool take_hex(char32_t& out);
  bool take_digits();
  bool take_real(const char* start, double& out);

  const char* begin_;
  const char* p_;
  const char* end_;
  std::string unescaped_;
  read_error error_;
};

template <class Handler>
class reader : public lexer {
 public:
  reader(std::string_view text, Handler& handler) : lexer(text), handler_(handler) {}

  bool read() {
    skip_space();
    for (bool more = true; more;) {
      if (!take_value() || !take_ends(more)) return false;
    }
    return true;
  }

 private:
  // A value, or the beginnings of several, up to where one has ended or an empty container ends.
  bool take_value() {
    for (;;) {
      const char* start = position();
      switch (peek()) {
        case '"': {
          std::string_view text;
          return take_string(text) && room(handler_.string(text), start);
        }
        case '[':
          if (!room(handler_.begin_array(), start)) return false;
          open(false);
          if (peek() == ']') return true;
          if (peek() == at_end || peek() == '}') return fail(lexer_errc::expected_end_array);
          break;
        case '{':
          if (!room(handler_.begin_object(), start)) return false;
          open(true);
          if (peek() == '}') return true;
          if (!take_first_key()) return false;
          break;
        case 't':
          return take_word("true") && room(handler_.boolean(true), start);
        case 'f':
          return take_word("false") && room(handler_.boolean(false), start);
        case 'n':
          return take_word("null") && room(handler_.null(), start);
        default: {
          double value;
          if ((peek() < '0' || peek() > '9') && peek() != '-') return fail_no_value();
          return take_number(value) && room(handler_.number(value), start);
        }
      }
    }
  }

  // What follows a value, up to where the next one begins; `more` is false if none does.
  bool take_ends(bool& more) {
    for (;;) {
      skip_space();
      if (containers_.empty()) {
        more = false;
        return peek() == at_end || fail_no_container();
      }
      const bool object = containers_.back();
      switch (peek()) {
        case ',':
          skip();
          skip_space();
          return !object || take_key();
        case ']':
          if (object) return fail(lexer_errc::expected_end_object);
          handler_.end_array();
          break;
        case '}':
          if (!object) return fail(lexer_errc::expected_end_array);
          handler_.end_object();
          break;
        case at_end:
          return fail(object ? lexer_errc::expected_end_object : lexer_errc::expected_end_array);
        default:
          return fail_unexpected();
      }
      skip();
      containers_.pop_back();
    }
  }

  void open(bool object) {
    skip();
    containers_.push_back(object);
    skip_space();
  }

  bool take_first_key() {
    switch (const int c = peek()) {
      case '"':
        return take_key();
      case at_end:
      case ']':
        return fail(lexer_errc::expected_end_object);
      default:
        return fail(std::string_view{"[{-0123456789tfn"}.find(static_cast<char>(c)) !=
                            std::string_view::npos
                        ? lexer_errc::invalid_key
                        : lexer_errc::unexpected_token);
    }
  }

  bool take_key() {
    if (peek() == at_end) return fail(lexer_errc::insufficient_tokens);
    if (peek() != '"') return fail_unexpected();
    std::string_view text;
    if (!take_string(text)) return false;
    handler_.key(text);
    skip_space();
    if (peek() == at_end) return fail(lexer_errc::expected_end_object);
    if (peek() != ':') return fail_unexpected();
    skip();
    skip_space();
    return true;
  }

  bool room(bool there_is, const char* value) {
    return there_is || fail(dom_errc::array_too_long, value);
  }

  // At what begins no value, where one must be.
  bool fail_no_value() {
    if (peek() == at_end) return fail(lexer_errc::insufficient_tokens);
    return containers_.empty() ? fail_no_container() : fail_unexpected();
  }

  bool fail_no_container() {
    if (peek() == ']') return fail(lexer_errc::unbalanced_end_array);
    if (peek() == '}') return fail(lexer_errc::unbalanced_end_object);
    return fail_unexpected();
  }

  Handler& handler_;
  std::vector<bool> containers_;  // open ones, the innermost last: true for objects
};

}  // namespace detail

template <class Handler>
[[nodiscard]] std::optional<read_error> read(std::string_view text, Handler& handler) {
  detail::reader<Handler> reader{text, handler};
  if (reader.read()) return std::nullopt;
  return reader.error();
}

}  // namespace emilua::bindings::json
