// The engine's own error category, "emilua.core": what goes wrong with fibers, modules and
// channels.
//
//   return std::error_code{lua::core_errc::no_senders};
//
// Programs see the numbers, so they never change.
#pragma once

#include <system_error>

namespace emilua::lua {

enum class core_errc {
  invalid_module_name = 1,
  module_not_found = 2,
  root_cannot_import_parent = 3,
  cyclic_import = 4,
  leaf_cannot_import_child = 5,
  only_main_fiber_may_import = 6,
  bad_root_context = 7,
  bad_index = 8,
  bad_coroutine = 9,
  suspension_already_allowed = 10,
  interruption_already_allowed = 11,
  forbid_suspend_block = 12,
  interrupted = 13,
  unmatched_scope_cleanup = 14,
  channel_closed = 15,
  no_senders = 16,
  internal_module = 17,
  raise_error = 18,
  bad_rdf = 19,
  bad_rdf_module = 20,
  bad_rdf_error_category = 21,
  broken_promise = 22,
  promise_already_satisfied = 23,
  current_module_not_known = 24,
};

[[nodiscard]] const std::error_category& core_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(core_errc code) noexcept {
  return {static_cast<int>(code), core_category()};
}

// Category "lua": a script that could not be compiled. Code 3 is a syntax error, as in lua.h.
[[nodiscard]] const std::error_category& script_category() noexcept;

}  // namespace emilua::lua

template <>
struct std::is_error_code_enum<emilua::lua::core_errc> : std::true_type {};
