#include "lib/sandbox/plan_calls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "lib/sandbox/promise_table.h"
#include "lib/sandbox/seccomp_filter.h"

namespace emilua::sandbox {
namespace {

// Whether what each list of grants has to have is in all of them.
template <class Has>
bool all_grants(const fs_policy& fs, Has has) {
  return has(fs) && std::ranges::all_of(fs.within, has);
}

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

bool lets_make(const path_grants& grants) {
  return !grants.write.empty() || std::ranges::any_of(grants.rules, grants_making);
}

bool lets_write(const path_grants& grants) {
  return !grants.write.empty() || std::ranges::any_of(grants.rules, grants_writing);
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

// What the rest of the policy needs.
syscall_policy derive_calls(const policy& policy, subject who, const call_context& context) {
  syscall_policy calls;
  const fs_policy& fs = policy.fs;
  calls.promises = {promise::stdio, promise::error};
  const bool makes = all_grants(fs, lets_make) || std::ranges::any_of(fs.mounts, is_writable);
  const bool writes = makes || all_grants(fs, lets_write);
  if (fs.grants_paths() || !fs.mounts.empty()) {
    calls.promises |= promise::rpath;
    calls.promises |= promise::flock;
    // Its libraries are code.
    if (is_executed(who)) calls.promises |= promise::prot_exec;
  }
  // Who writes to a file opens it with O_CREAT, mostly.
  if (writes)
    for (const promise p : {promise::wpath, promise::cpath}) calls.promises |= p;
  if (makes) calls.promises |= promise::tmppath;
  if (makes && context.attributes)
    for (const promise p : {promise::fattr, promise::chown}) calls.promises |= p;
  if (all_grants(fs, [](const path_grants& grants) { return !grants.exec.empty(); }))
    for (const promise p :
         {promise::exec, promise::proc, promise::thread, promise::prot_exec, promise::tty})
      calls.promises |= p;
  add_network_calls(policy.net, context.own_network, calls);
  if (context.terminal) calls.promises |= promise::tty;
  if (policy.jit) calls.promises |= promise::prot_exec;
  if (!is_executed(who)) calls.promises |= promise::thread;  // that read files
  return calls;
}

bool permits(const std::optional<syscall_action>& action) {
  return action &&
         (action->what == syscall_action::kind::allow || action->what == syscall_action::kind::log);
}

// Whether calls that no rule names are made.
bool is_open(const syscall_policy& calls) {
  return permits(calls.otherwise) || stands_for_itself(calls);
}

// Whether a rule of the policy's own permits a call of which `is` says that it counts.
template <class Is>
bool allows(const syscall_policy& calls, Is is) {
  return std::ranges::any_of(calls.allow, [&](const syscall_rule& rule) {
    return (!rule.action || permits(rule.action)) && is(rule.name);
  });
}

bool is_called_by(promise word, std::string_view name) {
  return std::ranges::any_of(permitted_calls(), [&](const permitted_call& entry) {
    if (!entry.needs.contains(word)) return false;
    const std::string names = " " + std::string{entry.names} + " ";
    return names.find(" " + std::string{name} + " ") != names.npos;
  });
}

}  // namespace

bool grants_writing(const exact_grant& rule) {
  return !std::ranges::all_of(rule.access, is_reading);
}

bool changes_attributes(const policy& policy, subject who) {
  const wanted_calls calls{policy, who, {}};
  return calls.may(promise::fattr) || calls.may(promise::chown);
}

wanted_calls::wanted_calls(const policy& policy, subject who, const call_context& context)
    : policies_{policy.syscalls ? *policy.syscalls : derive_calls(policy, who, context)} {
  const bool ports = policy.net.grants_ports() && !context.own_network;
  if (policy.syscalls && ports && !stands_for_itself(policies_[0]))
    deny_all_but_tcp(policy.net, policies_[0]);
  policies_.insert(policies_.end(), policy.syscalls_within.begin(), policy.syscalls_within.end());
}

promise_set wanted_calls::promises() const noexcept {
  promise_set common = promise_set::all();
  for (const syscall_policy& calls : policies_) common &= calls.promises;
  return common;
}

bool wanted_calls::may(promise word) const {
  return std::ranges::all_of(policies_, [&](const syscall_policy& calls) {
    return is_open(calls) || calls.promises.contains(word) ||
           allows(calls, [&](std::string_view name) { return is_called_by(word, name); });
  });
}

bool wanted_calls::may_open_sockets() const {
  return std::ranges::all_of(policies_, [](const syscall_policy& calls) {
    const auto is_socket = [](std::string_view name) { return name == "socket"; };
    return is_open(calls) || calls.promises.contains(promise::inet) ||
           calls.promises.contains(promise::dns) || calls.promises.contains(promise::io_uring) ||
           allows(calls, is_socket);
  });
}

bool wanted_calls::may_execute() const {
  return std::ranges::all_of(policies_, [](const syscall_policy& calls) {
    const auto is_exec = [](std::string_view name) {
      return name == "execve" || name == "execveat";
    };
    return is_open(calls) || calls.promises.contains(promise::exec) || allows(calls, is_exec);
  });
}

bool wanted_calls::may_make_processes() const {
  return std::ranges::all_of(policies_, [](const syscall_policy& calls) {
    const auto is_maker = [](std::string_view name) {
      constexpr std::string_view makers[] = {"clone", "clone3", "fork", "vfork"};
      return std::ranges::find(makers, name) != std::end(makers);
    };
    return is_open(calls) || calls.promises.contains(promise::proc) || allows(calls, is_maker);
  });
}

}  // namespace emilua::sandbox
