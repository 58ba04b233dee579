// A plan in the making, for the parts of the planner.
#pragma once

#include <cstdint>
#include <string>

#include "lib/sandbox/namespaces.h"
#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

struct plan_draft {
  const policy& wanted;
  const support& here;
  const plan_context& context;
  plan made = {};

  void add(step s);
  void add_number(step_kind kind, std::string clause, std::uint64_t number,
                  std::uint64_t number2 = 0, std::uint64_t number3 = 0);

  void enforced(std::string clause, std::string mechanism);
  void compromise(level level, std::string clause, std::string mechanism, std::string why,
                  std::string remedy = "");
  // `clause` is off, for want of this namespace.
  void missing_namespace(std::string clause, namespace_set kind);

  [[nodiscard]] bool has(namespace_set kind) const { return (made.namespaces & kind) != 0; }
  [[nodiscard]] bool can(namespace_set kind) const { return (here.namespaces & kind) != 0; }
  [[nodiscard]] bool root_user() const { return context.uid == 0; }
};

}  // namespace emilua::sandbox
