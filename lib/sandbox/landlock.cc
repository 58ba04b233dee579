// Runs between clone and ready: no malloc, no locks, no stdio, no exceptions.
#include "lib/sandbox/landlock.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace emilua::sandbox {
namespace {

// The kernel's interface, restated: the distribution's <linux/landlock.h> may be older than the
// kernel that runs. Numbers and layouts never change once released.
struct ruleset_attributes {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;  // ABI 4
  std::uint64_t scoped;              // ABI 6
};

struct [[gnu::packed]] path_beneath_attributes {
  std::uint64_t allowed_access;
  std::int32_t parent_fd;
};

struct net_port_attributes {
  std::uint64_t allowed_access;
  std::uint64_t port;  // host byte order
};

static_assert(sizeof(ruleset_attributes) == 24);
static_assert(sizeof(path_beneath_attributes) == 12);
static_assert(sizeof(net_port_attributes) == 16);

constexpr unsigned create_ruleset_version = 1;
constexpr unsigned create_ruleset_errata = 2;
constexpr int rule_path_beneath = 1;
constexpr int rule_net_port = 2;

constexpr named_right fs_table[] = {
    {"execute", 1 << 0, 1},    {"write_file", 1 << 1, 1}, {"read_file", 1 << 2, 1},
    {"read_dir", 1 << 3, 1},   {"remove_dir", 1 << 4, 1}, {"remove_file", 1 << 5, 1},
    {"make_char", 1 << 6, 1},  {"make_dir", 1 << 7, 1},   {"make_reg", 1 << 8, 1},
    {"make_sock", 1 << 9, 1},  {"make_fifo", 1 << 10, 1}, {"make_block", 1 << 11, 1},
    {"make_sym", 1 << 12, 1},  {"refer", 1 << 13, 2},     {"truncate", 1 << 14, 3},
    {"ioctl_dev", 1 << 15, 5},
};

constexpr named_right net_table[] = {
    {"bind_tcp", 1 << 0, 4},
    {"connect_tcp", 1 << 1, 4},
};

constexpr named_right scope_table[] = {
    {"abstract_unix_socket", 1 << 0, 6},
    {"signal", 1 << 1, 6},
};

std::optional<access_rights> find(std::span<const named_right> table,
                                  std::string_view name) noexcept {
  for (const named_right& right : table)
    if (right.name == name) return right.bit;
  return std::nullopt;
}

base::result<> done(long status) noexcept {
  if (status == -1) return base::last_error();
  return {};
}

}  // namespace

std::span<const named_right> fs_rights() noexcept { return fs_table; }
std::span<const named_right> net_rights() noexcept { return net_table; }
std::span<const named_right> scopes() noexcept { return scope_table; }

std::optional<access_rights> fs_right(std::string_view name) noexcept {
  return find(fs_table, name);
}

std::optional<access_rights> net_right(std::string_view name) noexcept {
  return find(net_table, name);
}

std::optional<access_rights> scope(std::string_view name) noexcept {
  return find(scope_table, name);
}

base::result<int> landlock_abi() noexcept {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, create_ruleset_version);
  if (abi == -1) return base::last_error();
  return static_cast<int>(abi);
}

bool landlock_threads_may_signal() noexcept {
  const long errata = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, create_ruleset_errata);
  return errata != -1 && (errata & 2) != 0;
}

base::result<base::unique_fd> landlock_create_ruleset(
    const landlock_ruleset_attributes& attributes) noexcept {
  const ruleset_attributes kernel{attributes.fs, attributes.net, attributes.scoped};
  // No more than is in use: so every kernel takes a request that it can honour, and answers E2BIG
  // (not a ruleset that enforces less) to any other.
  std::size_t size = offsetof(ruleset_attributes, handled_access_net);
  if (attributes.net) size = offsetof(ruleset_attributes, scoped);
  if (attributes.scoped) size = sizeof kernel;
  const long fd = ::syscall(SYS_landlock_create_ruleset, &kernel, size, 0);
  if (fd == -1) return base::last_error();
  return base::unique_fd{static_cast<int>(fd)};  // the kernel makes it close-on-exec
}

base::result<> landlock_allow_path(int ruleset, int parent_fd, access_rights allowed) noexcept {
  const path_beneath_attributes rule{allowed, parent_fd};
  return done(::syscall(SYS_landlock_add_rule, ruleset, rule_path_beneath, &rule, 0));
}

base::result<> landlock_allow_port(int ruleset, std::uint16_t port,
                                   access_rights allowed) noexcept {
  const net_port_attributes rule{allowed, port};
  return done(::syscall(SYS_landlock_add_rule, ruleset, rule_net_port, &rule, 0));
}

base::result<> landlock_restrict_self(int ruleset) noexcept {
  return done(::syscall(SYS_landlock_restrict_self, ruleset, 0));
}

base::result<> set_no_new_privs() noexcept {
  return done(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

}  // namespace emilua::sandbox
