// The part of a plan that says who the process is: maps of ids, ids, and capabilities.
#pragma once

#include "lib/sandbox/plan_draft.h"

namespace emilua::sandbox {

class id_planner {
 public:
  // Of a draft that has its namespaces already.
  explicit id_planner(plan_draft& draft);

  // First of all.
  void map();
  // Whoever is nobody in the box can make no files in it: before there are any.
  void appear();
  // Otherwise as late as can be.
  void change();
  void drop_capabilities();

  // Whether its processes are the host's root's, whatever number that has in the box.
  [[nodiscard]] bool stays_root() const;

 private:
  [[nodiscard]] bool choose_maps();
  [[nodiscard]] bool may_list(const id_ranges& list, std::uint32_t own,
                              const id_ranges& granted) const;
  void choose_ids();
  void map_oneself();
  void set_ids();
  void set_groups();
  [[nodiscard]] bool may_set_groups() const;

  plan_draft& draft_;
  const user_policy& user_;
  bool mapped_;                             // in a user namespace
  bool nobody_ = false;                     // the caller has no id there
  std::optional<std::uint32_t> uid_, gid_;  // to be taken
};

}  // namespace emilua::sandbox
