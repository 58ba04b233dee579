#include "lib/bindings/json/lexer_error.h"

#include <string>

namespace emilua::bindings::json {
namespace {

class category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "trial.protocol.json"; }

  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<lexer_errc>(code)) {
      case lexer_errc::unexpected_token:
        return "unexpected token";
      case lexer_errc::invalid_key:
        return "invalid key";
      case lexer_errc::invalid_value:
        return "invalid value";
      case lexer_errc::incompatible_type:
        return "incompatible type";
      case lexer_errc::unbalanced_end_array:
        return "unbalanced end array";
      case lexer_errc::unbalanced_end_object:
        return "unbalanced end object";
      case lexer_errc::expected_end_array:
        return "expected end array";
      case lexer_errc::expected_end_object:
        return "expected end object";
      case lexer_errc::insufficient_tokens:
        return "insufficient tokens";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& lexer_category() noexcept {
  static const category instance;
  return instance;
}

}  // namespace emilua::bindings::json
