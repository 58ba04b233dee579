#include "lib/sandbox/namespaces.h"

#include <linux/sched.h>

namespace emilua::sandbox {
namespace {

constexpr named_namespace kinds[] = {
    {"user", CLONE_NEWUSER},     {"mount", CLONE_NEWNS},  {"pid", CLONE_NEWPID},
    {"net", CLONE_NEWNET},       {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS},
    {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
};

}  // namespace

std::span<const named_namespace> namespace_kinds() noexcept { return kinds; }

std::optional<namespace_set> namespace_by_name(std::string_view name) noexcept {
  for (const named_namespace& kind : kinds)
    if (kind.name == name) return kind.flag;
  return std::nullopt;
}

}  // namespace emilua::sandbox
