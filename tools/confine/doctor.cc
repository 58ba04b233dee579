#include "tools/confine/doctor.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>
#include <vector>

#include "lib/sandbox/support.h"

namespace emilua::confine {
namespace {

struct finding {
  std::string mechanism, state, lost, remedy;
  bool works;
};

const char* lost_without(std::string_view kind) {
  if (kind == "user") return "without it only root can make the other namespaces";
  if (kind == "mount") return "no --rootfs=empty, --bind, --tmpfs, --proc, --dev";
  if (kind == "pid") return "the host's processes are visible, and orphans outlive the program";
  if (kind == "net") return "the network can be denied by the filter only, not made anew";
  if (kind == "ipc") return "System V IPC is denied by the filter only";
  if (kind == "uts") return "no --hostname";
  if (kind == "cgroup") return "the box sees where its cgroup lies";
  return "no clocks of its own";
}

std::vector<finding> examine_all() {
  const sandbox::support here = sandbox::probe();
  std::vector<finding> out;
  for (const auto& kind : sandbox::namespace_kinds()) {
    const int error = here.error_of(kind.flag);
    out.push_back({std::string{kind.name} + " namespace",
                   error == 0 ? "works" : std::strerror(error), lost_without(kind.name),
                   sandbox::remedy_for_namespace(kind.flag, error), error == 0});
  }
  const bool landlock = here.landlock_abi > 0;
  out.push_back({"Landlock",
                 landlock ? "works, ABI " + std::to_string(here.landlock_abi)
                          : std::strerror(here.landlock_error),
                 "paths can be granted as mounts only, ports not at all",
                 sandbox::remedy_for_landlock(here.landlock_error), landlock});
  out.push_back({"system-call filter", here.filters ? "works" : std::strerror(here.filter_error),
                 "nothing runs in strict mode",
                 here.filters ? "" : "a kernel built with CONFIG_SECCOMP_FILTER", here.filters});
  std::string controllers;
  for (const std::string& name : here.controllers)
    controllers += (controllers.empty() ? "" : " ") + name;
  const bool limited = !here.controllers.empty();
  out.push_back({"cgroup",
                 limited                  ? "works: " + controllers
                 : here.cgroup_error != 0 ? std::strerror(here.cgroup_error)
                                          : "no controllers",
                 "memory, processes and CPU of the box as a whole cannot be limited",
                 limited ? "" : "a cgroup (version 2) that is delegated to you", limited});
  return out;
}

}  // namespace

std::string examine(bool json) {
  const std::vector<finding> findings = examine_all();
  if (json) {
    boost::json::array list;
    for (const finding& f : findings) {
      boost::json::object item{{"mechanism", f.mechanism}, {"works", f.works}, {"state", f.state}};
      if (!f.works) item["lost"] = f.lost;
      if (!f.remedy.empty()) item["remedy"] = f.remedy;
      list.push_back(std::move(item));
    }
    return boost::json::serialize(list) + "\n";
  }
  std::string text;
  for (const finding& f : findings) {
    text += f.mechanism + ": " + f.state + "\n";
    if (f.works) continue;
    text += "    " + f.lost + "\n";
    if (!f.remedy.empty()) text += "    what would help: " + f.remedy + "\n";
  }
  return text;
}

}  // namespace emilua::confine
