// The core of `json.writer`: puts a JSON text together, with the separators between its values.
//
//   json::writer out;
//   out.begin_object();
//   out.string("C");              // in an object, keys and values by turns
//   out.number(21);
//   if (!out.end_object()) …      // the innermost container is an array, or there is none
//   out.text();                   // {"C":21}
//
// Numbers are written in the shortest form that reads back as the same double: integers that a
// signed 64-bit integer holds in digits, others with the exponent of a real where that is shorter
// (1e-7, 1e+300), so that the reader, which refuses larger integers, takes them. NaN and infinities
// are null. Of strings, quotes, backslashes and control characters are escaped; each byte that is
// no part of well-formed UTF-8 becomes '?'.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/bindings/json/text_buffer.h"

namespace emilua::bindings::json {

class writer {
 public:
  void null();
  void boolean(bool value);
  void number(double value);
  void string(std::string_view text);

  void begin_array() { begin(false); }
  void begin_object() { begin(true); }
  [[nodiscard]] bool end_array() { return end(false); }
  [[nodiscard]] bool end_object() { return end(true); }

  // As it is: without separators, and not counted.
  void literal(std::string_view text) { text_.append(text); }

  // From here on, each element begins a line of its own, after `indent` once for each level; not at
  // all if it is empty.
  void set_indent(std::string_view indent) { indent_ = indent; }

  // How many containers are open.
  [[nodiscard]] std::size_t level() const { return containers_.size() - 1; }

  [[nodiscard]] std::string_view text() const { return text_.view(); }

 private:
  struct container {
    bool object = false;
    bool empty = true;
    bool has_key = false;  // an object whose next value belongs to the key before it
  };

  void begin(bool object);
  bool end(bool object);
  void separate();
  void begin_line(std::size_t level);

  text_buffer text_;
  std::string indent_;
  std::vector<container> containers_{1};  // the first one stands for the text itself
};

}  // namespace emilua::bindings::json
