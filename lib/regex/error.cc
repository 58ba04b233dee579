#include "lib/regex/error.h"

#include <string>

namespace emilua::regex {
namespace {

class category final : public std::error_category {
  const char* name() const noexcept override { return "regex"; }

  std::string message(int code) const override {
    switch (static_cast<regex_errc>(code)) {
      case regex_errc::ctype:
        return "Unknown character class or collating element";
      case regex_errc::escape:
        return "Invalid escape";
      case regex_errc::backref:
        return "Back reference to a group that is not there";
      case regex_errc::brack:
        return "Unmatched square bracket";
      case regex_errc::paren:
        return "Unmatched parenthesis or unknown kind of group";
      case regex_errc::brace:
        return "Unmatched brace";
      case regex_errc::badbrace:
        return "Invalid repeat count";
      case regex_errc::range:
        return "Invalid range in a bracket expression";
      case regex_errc::space:
        return "Expression too large";
      case regex_errc::badrepeat:
        return "Nothing to repeat";
      case regex_errc::complexity:
        return "Matching takes too many steps";
      case regex_errc::stack:
        return "Nested too deeply, or matching takes too much memory";
    }
    return "Unknown regex error";
  }
};

}  // namespace

const std::error_category& regex_category() noexcept {
  static const category instance;
  return instance;
}

}  // namespace emilua::regex
