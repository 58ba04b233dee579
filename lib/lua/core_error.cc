#include "lib/lua/core_error.h"

#include <string>

namespace emilua::lua {
namespace {

class core final : public std::error_category {
 public:
  const char* name() const noexcept override { return "emilua.core"; }

  std::string message(int code) const override {
    switch (static_cast<core_errc>(code)) {
      case core_errc::invalid_module_name:
        return "Invalid module name";
      case core_errc::module_not_found:
        return "Module not found";
      case core_errc::root_cannot_import_parent:
        return "Import climbs above the import root";
      case core_errc::cyclic_import:
        return "Module is still being loaded (cyclic import)";
      case core_errc::leaf_cannot_import_child:
        return "Leaf module cannot import a child";
      case core_errc::only_main_fiber_may_import:
        return "Only the main fiber of a module may import";
      case core_errc::bad_root_context:
        return "Bad root context";
      case core_errc::bad_index:
        return "No such member";
      case core_errc::bad_coroutine:
        return "Not inside a coroutine";
      case core_errc::suspension_already_allowed:
        return "Suspension already allowed";
      case core_errc::interruption_already_allowed:
        return "Interruption already allowed";
      case core_errc::forbid_suspend_block:
        return "Suspension is forbidden here";
      case core_errc::interrupted:
        return "Fiber interrupted";
      case core_errc::unmatched_scope_cleanup:
        return "Scope has no cleanup handler";
      case core_errc::channel_closed:
        return "Channel closed";
      case core_errc::no_senders:
        return "No senders are left";
      case core_errc::internal_module:
        return "Module is internal";
      case core_errc::raise_error:
        return "Signal could not be raised";
      case core_errc::bad_rdf:
        return "Malformed Turtle document";
      case core_errc::bad_rdf_module:
        return "Turtle document describes no module";
      case core_errc::bad_rdf_error_category:
        return "Turtle document describes no error category";
      case core_errc::broken_promise:
        return "Broken promise";
      case core_errc::promise_already_satisfied:
        return "Promise already satisfied";
      case core_errc::current_module_not_known:
        return "Current module is not known";
    }
    return "Unknown error " + std::to_string(code);
  }
};

class script final : public std::error_category {
 public:
  const char* name() const noexcept override { return "lua"; }
  std::string message(int code) const override {
    return code == 3 ? "Syntax error" : "Script error " + std::to_string(code);
  }
};

}  // namespace

const std::error_category& core_category() noexcept {
  static const core instance;
  return instance;
}

const std::error_category& script_category() noexcept {
  static const script instance;
  return instance;
}

}  // namespace emilua::lua
