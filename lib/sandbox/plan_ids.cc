#include "lib/sandbox/plan_ids.h"

#include <linux/sched.h>
#include <sys/capability.h>

#include <algorithm>

namespace emilua::sandbox {
namespace {

constexpr const char* subid_remedy =
    "ranges for this user in /etc/subuid and /etc/subgid, with newuidmap and newgidmap; or "
    "CAP_SETUID and CAP_SETGID";

// Whether one of these ranges has all of it.
bool lies_within(const id_range& range, const id_ranges& granted) {
  return std::ranges::any_of(granted, [&](const id_range& g) {
    return range.outside >= g.outside && range.count <= g.count &&
           range.outside - g.outside <= g.count - range.count;
  });
}

}  // namespace

id_planner::id_planner(plan_draft& draft)
    : draft_(draft), user_(draft.wanted.user), mapped_(draft.has(CLONE_NEWUSER)) {}

void id_planner::map() {
  if (user_.map.kind != id_map_kind::self && !mapped_)
    return draft_.missing_namespace("user.map", CLONE_NEWUSER);
  if (!mapped_) return;
  if (!choose_maps()) return map_oneself();
  draft_.enforced("user.map", draft_.context.ids.all ? "maps written by the supervisor"
                                                     : "newuidmap and newgidmap");
  draft_.add({step_kind::await_maps, "user.map", "", in_words(*draft_.made.ids)});
  choose_ids();
}

// False: only the caller's own ids.
bool id_planner::choose_maps() {
  const plan_context& who = draft_.context;
  switch (user_.map.kind) {
    case id_map_kind::self:
      return false;
    case id_map_kind::subid:
      if (who.ids.missing.empty()) {
        draft_.made.ids = {map_around(user_.uid.value_or(who.uid), who.uid, who.ids.uids),
                           map_around(user_.gid.value_or(who.gid), who.gid, who.ids.gids)};
        return true;
      }
      draft_.compromise(level::off, "user.map", "", who.ids.missing, subid_remedy);
      return false;
    case id_map_kind::list:
      if (!may_list(user_.map.listed.uids, who.uid, who.ids.uids) ||
          !may_list(user_.map.listed.gids, who.gid, who.ids.gids))
        return false;
      draft_.made.ids = user_.map.listed;
      return true;
  }
  return false;
}

bool id_planner::may_list(const id_ranges& list, std::uint32_t own,
                          const id_ranges& granted) const {
  if (draft_.context.ids.all) return true;
  for (const id_range& range : list) {
    if ((range.outside == own && range.count == 1) || lies_within(range, granted)) continue;
    std::string why = "an ordinary user may not map " + std::to_string(range.outside);
    if (range.count > 1) why += "-" + std::to_string(range.outside + range.count - 1);
    if (!draft_.context.ids.missing.empty()) why += ": " + draft_.context.ids.missing;
    draft_.compromise(level::off, "user.map", "", std::move(why), subid_remedy);
    return false;
  }
  return true;
}

// Who the process is once there is a map, and who it is to become.
void id_planner::choose_ids() {
  const auto& [uids, gids] = *draft_.made.ids;
  const auto uid = inside_of(uids, draft_.context.uid), gid = inside_of(gids, draft_.context.gid);
  nobody_ = !uid || !gid;
  const auto wanted = [](const std::optional<std::uint32_t>& named,
                         const std::optional<std::uint32_t>& now, const id_ranges& map) {
    if (named) return *named;
    return now ? *now : map.front().inside;
  };
  if (const std::uint32_t to = wanted(user_.uid, uid, uids); uid != to) uid_ = to;
  if (const std::uint32_t to = wanted(user_.gid, gid, gids); gid != to) gid_ = to;
}

void id_planner::map_oneself() {
  const plan_context& who = draft_.context;
  const auto line = [](std::uint32_t inside, std::uint32_t outside) {
    return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
  };
  // The kernel wants this of whoever maps his own group.
  draft_.add({step_kind::write_file, "user", "/proc/self/setgroups", "deny"});
  draft_.add({step_kind::write_file, "user", "/proc/self/uid_map",
              line(user_.uid.value_or(who.uid), who.uid)});
  draft_.add({step_kind::write_file, "user", "/proc/self/gid_map",
              line(user_.gid.value_or(who.gid), who.gid)});
}

void id_planner::appear() {
  if (nobody_) set_ids();
}

void id_planner::change() {
  if (draft_.made.ids) {
    if (!nobody_) set_ids();
    return;
  }
  // In a namespace that maps one id there is no other to be had.
  if (mapped_) {
    if (user_.groups && !user_.groups->empty())
      draft_.compromise(level::off, "user.groups", "", "a map of one id has no other groups",
                        "an empty list");
    return;
  }
  const plan_context& who = draft_.context;
  if (!draft_.root_user()) {
    if ((user_.uid && *user_.uid != who.uid) || (user_.gid && *user_.gid != who.gid) ||
        user_.groups)
      draft_.missing_namespace("user", CLONE_NEWUSER);
    return;
  }
  uid_ = user_.uid;
  gid_ = user_.gid;
  set_ids();
}

void id_planner::set_ids() {
  set_groups();
  if (gid_) draft_.add_number(step_kind::set_gid, "user.gid", *gid_);
  if (uid_) draft_.add_number(step_kind::set_uid, "user.uid", *uid_);
}

// Who maps nothing but his own group must not drop one that keeps him out.
bool id_planner::may_set_groups() const {
  const plan_context& who = draft_.context;
  return !draft_.made.ids || who.ids.all ||
         std::ranges::any_of(draft_.made.ids->gids,
                             [&](const id_range& r) { return r.outside != who.gid; });
}

void id_planner::set_groups() {
  const std::vector<std::uint32_t> groups = user_.groups.value_or(std::vector<std::uint32_t>{});
  const auto off = [&](std::string why) {
    draft_.compromise(level::off, "user.groups", "", std::move(why), "an empty list");
  };
  if (!may_set_groups()) {
    if (!groups.empty()) off("a map of one group has no others");
    return;
  }
  for (const std::uint32_t group : groups)
    if (draft_.made.ids && !outside_of(draft_.made.ids->gids, group))
      return off(std::to_string(group) + " is nobody in the map");
  step set{step_kind::set_groups, "user.groups"};
  set.data.assign(reinterpret_cast<const char*>(groups.data()),
                  groups.size() * sizeof(std::uint32_t));
  draft_.add(std::move(set));
}

bool id_planner::stays_root() const {
  const std::uint32_t own = draft_.context.uid;
  if (draft_.made.ids && uid_) return outside_of(draft_.made.ids->uids, *uid_) == 0u;
  // A map of one id gives it another number, and no other rights.
  return own == 0 && (mapped_ || user_.uid.value_or(0) == 0);
}

void id_planner::drop_capabilities() {
  std::uint64_t kept = 0;
  for (const std::string& name : draft_.wanted.capabilities) {
    cap_value_t value = 0;
    if (::cap_from_name(name.c_str(), &value) == 0) kept |= std::uint64_t{1} << value;
  }
  const bool may = mapped_ || (draft_.root_user() && !draft_.context.powerless);
  if (kept != 0 && !may)
    draft_.compromise(level::off, "capabilities", "", "an ordinary user has none to keep");
  else
    draft_.enforced("capabilities", may ? "all sets, and securebits" : "capset, and no_new_privs");
  if (may && kept == 0) draft_.add({step_kind::lock_securebits, "capabilities"});
  // Whoever may not shrink the bounding set gains nothing from it under no_new_privs.
  draft_.add_number(step_kind::limit_capabilities, "capabilities", may ? kept : 0, may ? 1 : 0);
  // The kernel takes the signal back from whoever changes ids or capabilities.
  if (draft_.wanted.die_with_parent &&
      (!is_in_place(draft_.context.who) || draft_.context.has_guardian))
    draft_.add({step_kind::arm_death_signal, "die_with_parent"});
}

}  // namespace emilua::sandbox
