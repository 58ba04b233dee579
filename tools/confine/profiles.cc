#include "tools/confine/profiles.h"

namespace emilua::confine {
namespace {

using sandbox::policy;

// Not every system has all of them.
void grant(std::vector<sandbox::granted_path>& to, std::initializer_list<const char*> paths) {
  for (const char* path : paths) to.push_back({.path = path, .optional = true});
}

// Computation on the standard streams, for a static program.
policy pure() {
  policy p;
  p.fs.root = sandbox::root_kind::empty;
  return p;
}

// The system's programs with their libraries and data, and nothing of the user's.
policy reader() {
  policy p;
  for (auto* paths : {&p.fs.read, &p.fs.exec})
    grant(*paths, {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"});
  grant(p.fs.read, {"/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/alternatives", "/etc/localtime",
                    "/dev/null", "/dev/zero", "/dev/urandom"});
  p.fs.rules.push_back({.path = "/dev/null", .access = {"write_file"}, .optional = true});
  p.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}};
  return p;
}

// A reader that may use the network, look names up and check certificates.
policy net_client() {
  policy p = reader();
  p.net.kind = sandbox::net_kind::all;
  grant(p.fs.read, {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services",
                    "/etc/ssl", "/etc/pki", "/run/systemd/resolve"});
  return p;
}

// Compilers, shells and make: what --write grants is theirs, and /tmp.
policy build() {
  policy p = reader();
  grant(p.fs.read, {"/etc", "/proc", "/tmp"});
  grant(p.fs.write, {"/tmp"});
  return p;
}

constexpr struct {
  const char* name;
  policy (*make)();
} profiles[] = {{"pure", pure}, {"reader", reader}, {"net-client", net_client}, {"build", build}};

}  // namespace

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  for (const auto& profile : profiles) names.emplace_back(profile.name);
  return names;
}

std::optional<policy> make_profile(std::string_view name) {
  for (const auto& profile : profiles)
    if (name == profile.name) return profile.make();
  return std::nullopt;
}

}  // namespace emilua::confine
