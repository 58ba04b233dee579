#include "lib/sandbox/plan_calls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace emilua::sandbox {
namespace {

bool is_writable(const mount_entry& entry) {
  switch (entry.kind) {
    case mount_kind::bind:
    case mount_kind::tmpfs:
    case mount_kind::overlay:
    case mount_kind::dev:  // its shm
      return !entry.readonly;
    default:
      return false;
  }
}

// Rights without which nothing of a file changes but its content.
bool is_of_content(std::string_view right) {
  return right == "write_file" || right == "truncate" || right == "ioctl_dev";
}

bool is_reading(std::string_view right) {
  return right == "read_file" || right == "read_dir" || right == "execute";
}

// Whether files are made, moved or removed, rather than only written to.
bool grants_making(const exact_grant& rule) {
  return !std::ranges::all_of(rule.access, [](std::string_view right) {
    return is_reading(right) || is_of_content(right);
  });
}

// Landlock rules ports of TCP sockets, and not all that these can be made to do.
void deny_all_but_tcp(const net_policy& net, syscall_policy& calls) {
  constexpr syscall_action refuse{syscall_action::kind::error, EPERM};
  const auto deny = [&](const char* name, std::vector<argument_test> tests) {
    calls.deny.push_back({name, std::move(tests), refuse});
  };
  constexpr unsigned type_mask = 0xf;
  for (const std::uint64_t family : {AF_INET, AF_INET6}) {
    // Of a family the kernel looks at the lower half.
    const argument_test is_family{0, comparison::masked_equal, family, 0xffffffff};
    for (const std::uint64_t type :
         {SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_DCCP, SOCK_PACKET})
      deny("socket", {is_family, {1, comparison::masked_equal, type, type_mask}});
    // Multipath TCP and SCTP are streams, too.
    deny("socket", {is_family, {2, comparison::greater, IPPROTO_TCP}});
    for (std::uint64_t protocol = 1; protocol < IPPROTO_TCP; ++protocol)
      deny("socket", {is_family, {2, comparison::equal, protocol}});
  }
  const auto fast_open = [](unsigned index) {
    return std::vector<argument_test>{
        {index, comparison::masked_equal, MSG_FASTOPEN, MSG_FASTOPEN}};
  };
  deny("sendto", fast_open(3));
  deny("sendmsg", fast_open(2));
  deny("sendmmsg", fast_open(3));
  constexpr std::uint64_t int_mask = 0xffffffff;
  deny("setsockopt", {{1, comparison::masked_equal, IPPROTO_TCP, int_mask},
                      {2, comparison::masked_equal, TCP_FASTOPEN_CONNECT, int_mask}});
  // Without bind(2) it takes a port that no rule is asked about.
  if (net.bind.empty()) deny("listen", {});
}

void add_network_calls(const net_policy& net, bool own_namespace, syscall_policy& calls) {
  if (net.kind == net_kind::none) return;
  if (net.kind == net_kind::all || net.unix_sockets) calls.promises |= promise::unix;
  if (net.kind == net_kind::all) calls.promises |= promise::dns;
  if (net.kind == net_kind::all || net.loopback || net.grants_ports())
    calls.promises |= promise::inet;
  if (net.grants_ports() && !own_namespace) deny_all_but_tcp(net, calls);
}

}  // namespace

bool grants_writing(const exact_grant& rule) {
  return !std::ranges::all_of(rule.access, is_reading);
}

bool changes_attributes(const policy& policy, subject who) {
  const promise_set promises = wanted_calls(policy, who, false, true).promises;
  return promises.contains(promise::fattr) || promises.contains(promise::chown);
}

syscall_policy wanted_calls(const policy& policy, subject who, bool own_network, bool attributes) {
  if (policy.syscalls) return *policy.syscalls;
  syscall_policy calls;
  const fs_policy& fs = policy.fs;
  calls.promises = {promise::stdio, promise::error};
  const bool makes = !fs.write.empty() || std::ranges::any_of(fs.rules, grants_making) ||
                     std::ranges::any_of(fs.mounts, is_writable);
  const bool writes = makes || std::ranges::any_of(fs.rules, grants_writing);
  if (fs.grants_paths() || !fs.mounts.empty()) {
    calls.promises |= promise::rpath;
    calls.promises |= promise::flock;
    // Its libraries are code.
    if (who == subject::program) calls.promises |= promise::prot_exec;
  }
  // Who writes to a file opens it with O_CREAT, mostly.
  if (writes)
    for (const promise p : {promise::wpath, promise::cpath}) calls.promises |= p;
  if (makes) calls.promises |= promise::tmppath;
  if (makes && attributes)
    for (const promise p : {promise::fattr, promise::chown}) calls.promises |= p;
  if (!fs.exec.empty())
    for (const promise p :
         {promise::exec, promise::proc, promise::thread, promise::prot_exec, promise::tty})
      calls.promises |= p;
  add_network_calls(policy.net, own_network, calls);
  if (policy.jit) calls.promises |= promise::prot_exec;
  if (who == subject::actor) calls.promises |= promise::thread;  // that read files
  return calls;
}

}  // namespace emilua::sandbox
