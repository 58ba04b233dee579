#include "lib/sandbox/duplicate_member.h"

#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace emilua::sandbox {
namespace {

namespace json = boost::json;

// The part of boost::json::basic_parser's handler that looks at names; where it is, it knows by
// `open_`.
class name_watcher {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX, max_array_size = SIZE_MAX,
                               max_key_size = SIZE_MAX, max_string_size = SIZE_MAX;
  using error = json::error_code&;
  using text = json::string_view;

  [[nodiscard]] bool has_found() const noexcept { return found_; }

  [[nodiscard]] std::string path() const {
    std::string path;
    for (const container& c : open_) {
      if (c.is_list)
        path += "[" + std::to_string(c.index) + "]";
      else
        path += (path.empty() ? "" : ".") + c.name;
    }
    return path;
  }

  static bool on_document_begin(error) { return true; }
  static bool on_document_end(error) { return true; }
  bool on_object_begin(error) { return begin(false); }
  bool on_array_begin(error) { return begin(true); }
  bool on_object_end(std::size_t, error) { return end(); }
  bool on_array_end(std::size_t, error) { return end(); }
  bool on_key_part(text part, std::size_t, error) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(text part, std::size_t, error e) {
    key_.append(part.data(), part.size());
    container& here = open_.back();
    found_ = !here.names.insert(key_).second;
    here.name = std::exchange(key_, {});
    if (found_) e = json::error::size_mismatch;  // any: it ends the parser
    return !found_;
  }
  static bool on_string_part(text, std::size_t, error) { return true; }
  static bool on_number_part(text, error) { return true; }
  static bool on_comment_part(text, error) { return true; }
  static bool on_comment(text, error) { return true; }
  bool on_string(text, std::size_t, error) { return count(); }
  bool on_int64(std::int64_t, text, error) { return count(); }
  bool on_uint64(std::uint64_t, text, error) { return count(); }
  bool on_double(double, text, error) { return count(); }
  bool on_bool(bool, error) { return count(); }
  bool on_null(error) { return count(); }

 private:
  struct container {
    bool is_list;
    std::size_t index = 0;  // of the element that is being read
    std::string name = {};  // of the member
    std::set<std::string> names = {};
  };

  bool begin(bool is_list) {
    open_.push_back({is_list});
    return true;
  }

  bool end() {
    open_.pop_back();
    return count();
  }

  // A value is complete.
  bool count() {
    if (!open_.empty()) ++open_.back().index;
    return true;
  }

  std::vector<container> open_;
  std::string key_;
  bool found_ = false;
};

}  // namespace

std::optional<std::string> duplicate_member(std::string_view text) {
  json::basic_parser<name_watcher> parser{json::parse_options{}};
  json::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  if (!parser.handler().has_found()) return std::nullopt;
  return parser.handler().path();
}

}  // namespace emilua::sandbox
