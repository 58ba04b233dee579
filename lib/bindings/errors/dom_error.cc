#include "lib/bindings/errors/dom_error.h"

#include <string>

namespace emilua::bindings {
namespace {

class category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "emilua.json.dom"; }

  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<dom_errc>(code)) {
      case dom_errc::result_out_of_range:
        return "result out of range";
      case dom_errc::too_many_levels:
        return "too many levels";
      case dom_errc::array_too_long:
        return "array too long";
      case dom_errc::cycle_exists:
        return "cycle exists";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& dom_category() noexcept {
  static const category instance;
  return instance;
}

}  // namespace emilua::bindings
