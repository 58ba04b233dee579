// restrict() against the kernel: random policies, random pairs, and every operation below under
// each of the two and under what restrict() makes of them.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "lib/base/unique_fd.h"
#include "lib/ipc/first_process.h"
#include "lib/ipc/process.h"
#include "lib/ipc/test_child.h"
#include "lib/sandbox/execute.h"
#include "lib/sandbox/plan.h"
#include "lib/sandbox/policy_restrict.h"

namespace emilua::sandbox {
namespace {

using base::unique_fd;

sockaddr_in loopback(in_port_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// What is outside of every box: files, servers, a process.
class outside {
 public:
  outside() : root_(std::string{::getenv("TEST_TMPDIR")} + "/tree") {
    server_ = tcp_server(port_);
    { const unique_fd other = tcp_server(free_port_); }
    abstract_ = unique_fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_un name = abstract_name();
    EXPECT_EQ(0,
              ::bind(abstract_.get(), reinterpret_cast<const sockaddr*>(&name), name_size(name)));
    EXPECT_EQ(0, ::listen(abstract_.get(), 128));
  }
  outside(const outside&) = delete;
  ~outside() { std::filesystem::remove_all(root_); }

  // As it was before anybody did anything to it.
  void reset() const {
    namespace fs = std::filesystem;
    fs::remove_all(root_);
    for (const char* name : {"/a/b", "/c"}) fs::create_directories(root_ + name);
    for (const char* directory : {"/a", "/a/b", "/c"})
      for (const char* name :
           {"/f", "/gone0", "/gone1", "/gone2", "/gone3", "/gone4", "/gone5", "/move", "/move2"})
        std::ofstream{root_ + directory + name} << "text";
    fs::create_symlink("../c", root_ + "/a/link");
    fs::create_symlink(root_ + "/c", root_ + "/a/away");
  }

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] in_port_t port() const { return port_; }
  [[nodiscard]] in_port_t free_port() const { return free_port_; }

  [[nodiscard]] static sockaddr_un abstract_name() {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "emilua-restrict-%d", test_pid);
    return name;
  }
  static socklen_t name_size(const sockaddr_un& name) {
    return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 +
                                  std::strlen(name.sun_path + 1));
  }

  static const pid_t test_pid;

 private:
  static unique_fd tcp_server(in_port_t& port) {
    unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(0, ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size));
    EXPECT_EQ(0, ::listen(fd.get(), 4096));
    EXPECT_EQ(0, ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size));
    port = ntohs(address.sin_port);
    return fd;
  }

  std::string root_;
  in_port_t port_ = 0, free_port_ = 0;
  unique_fd server_, abstract_;
};

const pid_t outside::test_pid = ::getpid();

struct operation {
  std::string name;
  std::function<bool()> run;  // in the box: nothing but system calls
};

bool tcp_connect(in_port_t port) {
  const unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
  const sockaddr_in to = loopback(port);
  return fd && (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ||
                errno == EINPROGRESS);
}

bool tcp_bind(in_port_t port) {
  const unique_fd fd{::socket(AF_INET, SOCK_STREAM, 0)};
  const sockaddr_in at = loopback(port);
  return fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
}

bool opens(const std::string& path, int flags) {
  return unique_fd{::open(path.c_str(), flags | O_CLOEXEC, 0600)}.get() != -1;
}

bool lists(const std::string& path) {
  const unique_fd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY)};
  char entries[1024];
  return fd && ::syscall(SYS_getdents64, fd.get(), entries, sizeof entries) > 0;
}

bool maps(int fd, int flags) {
  return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | flags, fd, 0) != MAP_FAILED;
}

bool forks() {
  const pid_t pid = static_cast<pid_t>(::syscall(SYS_fork));
  if (pid == 0)
    for (;;) ::syscall(SYS_exit_group, 0);
  return pid > 0;
}

bool has_capability() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  return ::syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1u << CAP_CHOWN)) != 0;
}

std::vector<operation> operations(const outside& around) {
  std::vector<operation> all;
  const auto add = [&](std::string name, std::function<bool()> run) {
    all.push_back({std::move(name), std::move(run)});
  };
  // Some of these are one directory: each operation has names of its own.
  int number = 0;
  for (const std::string where : {"/a", "/a/b", "/c", "/a/link", "/a/away"}) {
    const std::string d = around.root() + where, n = std::to_string(number++);
    add("read " + where, [d] { return opens(d + "/f", O_RDONLY); });
    add("write " + where, [d] { return opens(d + "/f", O_WRONLY); });
    add("list " + where, [d] { return lists(d); });
    add("truncate " + where, [d] { return ::truncate((d + "/f").c_str(), 1) == 0; });
    add("chmod " + where, [d] { return ::chmod((d + "/f").c_str(), 0640) == 0; });
    add("create " + where, [d, n] { return opens(d + "/new" + n, O_WRONLY | O_CREAT | O_EXCL); });
    add("mkdir " + where, [d, n] { return ::mkdir((d + "/dir" + n).c_str(), 0700) == 0; });
    add("remove " + where, [d, n] { return ::unlink((d + "/gone" + n).c_str()) == 0; });
    add("symlink " + where, [d, n] { return ::symlink("f", (d + "/to" + n).c_str()) == 0; });
  }
  const auto move = [&](const std::string& from, const std::string& to) {
    add("move " + from + to, [from = around.root() + from, to = around.root() + to] {
      return ::rename(from.c_str(), to.c_str()) == 0;
    });
  };
  move("/a/move", "/a/b/moved");
  move("/a/b/move", "/a/moved");
  move("/a/move2", "/c/moved");
  move("/c/move", "/a/moved2");
  move("/a/link/gone5", "/a/moved3");
  add("read /etc/passwd", [] { return opens("/etc/passwd", O_RDONLY); });
  add("list /", [] { return lists("/"); });
  add("connect", [p = around.port()] { return tcp_connect(p); });
  add("bind", [p = around.free_port()] { return tcp_bind(p); });
  add("bind any", [] { return tcp_bind(0); });
  add("udp", [p = around.port()] {
    const unique_fd fd{::socket(AF_INET, SOCK_DGRAM, 0)};
    const sockaddr_in to = loopback(p);
    return fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  });
  add("unix", [] { return unique_fd{::socket(AF_UNIX, SOCK_STREAM, 0)}.get() != -1; });
  add("abstract", [] {
    const unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)};
    const sockaddr_un name = outside::abstract_name();
    return fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name),
                           outside::name_size(name)) == 0;
  });
  add("signal", [] { return ::kill(outside::test_pid, 0) == 0; });
  add("fork", [] { return forks(); });
  add("executable memory", [] { return maps(-1, MAP_ANONYMOUS); });
  add("many descriptors", [] {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 64;
  });
  add("dumpable", [] { return ::prctl(PR_GET_DUMPABLE) == 1; });
  add("host name", [] { return ::sethostname("x", 1) == 0; });
  add("capability", [] { return has_capability(); });
  add("session", [sid = ::getsid(0)] { return sid != 0 && ::getsid(0) == sid; });
  return all;
}

enum verdict : unsigned char { unknown, trying, permitted, refused };

// One process in the box, which goes through the operations from `first` on.
void run_box(const plan& plan, std::string& compiled, const std::vector<operation>& all,
             std::size_t first, verdict* verdicts) {
  unique_fd pidfd;
  const auto pid = ipc::clone_process(plan.namespaces, pidfd, SIGCHLD);
  ASSERT_TRUE(pid) << pid.error().message();
  if (*pid != 0) {
    ASSERT_TRUE(ipc::reap(pidfd.get()));
    return;
  }
  ipc::ready_first_process();
  if (!execute(compiled_plan{compiled})) {
    for (std::size_t i = first; i < all.size(); ++i) {
      verdicts[i] = trying;
      verdicts[i] = all[i].run() ? permitted : refused;
    }
  }
  for (;;) ::syscall(SYS_exit_group, 0);
}

class RestrictInForceTest : public testing::Test {
 protected:
  // What a box under the policy may do; empty if there is no such box here.
  std::vector<verdict> try_all(const policy& policy) {
    const plan_context context{
        .who = subject::actor, .uid = ::geteuid(), .gid = ::getegid(), .filters = &filters_};
    const auto plan = make_plan(policy, here_, context);
    if (!plan) return {};
    std::string compiled = compile(*plan);
    const std::size_t size = operations_.size();
    auto* const verdicts = static_cast<verdict*>(
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    for (std::size_t i = 0; i < size; ++i) {
      if (verdicts[i] != unknown) continue;
      around_.reset();
      run_box(*plan, compiled, operations_, i, verdicts);
      // A filter kills those who try.
      for (std::size_t j = i; j < size; ++j)
        if (verdicts[j] == trying) verdicts[j] = refused;
      if (verdicts[i] == unknown) break;  // a step has failed
    }
    std::vector<verdict> out{verdicts, verdicts + size};
    ::munmap(verdicts, size);
    if (out[0] == unknown) out.clear();
    return out;
  }

  outside around_;
  std::vector<operation> operations_ = operations(around_);
  support here_ = probe();
  filter_cache filters_;
};

class random_policies {
 public:
  random_policies(unsigned seed, const outside& around) : random_(seed), around_(around) {}

  policy next() {
    policy p;
    for (auto* list : {&p.fs.read, &p.fs.write}) add_paths(*list);
    if (one_in(4)) add_paths(p.fs.exec);
    if (one_in(4))
      p.fs.rules.push_back({pick_path(),
                            {pick({"read_file", "make_reg", "truncate", "refer"}),
                             pick({"read_dir", "make_dir", "write_file"})}});
    if (one_in(3)) p.fs.root = one_in(2) ? root_kind::host : root_kind::empty;
    if (p.fs.root_in_force() == root_kind::empty || one_in(6)) add_mounts(p.fs);
    p.net = network();
    if (one_in(3)) p.syscalls = calls();
    if (one_in(4)) p.namespaces = std::vector<std::string>{pick({"user", "net"}), "pid", "mount"};
    if (one_in(3)) p.capabilities = {"cap_chown", "cap_sys_admin"};
    if (one_in(3)) p.limits.rlimits["open_files"] = one_in(2) ? 32 : 128;
    p.ipc = {.abstract_unix = one_in(2), .signals = one_in(2)};
    p.jit = one_in(2);
    p.dumpable = one_in(2);
    p.new_session = one_in(2);
    p.die_with_parent = false;
    return p;
  }

 private:
  bool one_in(unsigned n) { return random_() % n == 0; }
  template <class T>
  T pick(std::initializer_list<T> from) {
    return from.begin()[random_() % from.size()];
  }
  std::string pick(std::initializer_list<const char*> from) {
    return from.begin()[random_() % from.size()];
  }

  std::string pick_path() {
    const std::string path =
        pick({"/", "/", "", "", "/a", "/a", "/a/b", "/c", "/a/link", "/a/away", "/a/f", "/etc"});
    return path == "/" || path == "/etc" ? path : around_.root() + path;
  }
  void add_paths(std::vector<granted_path>& to) {
    for (unsigned n = random_() % 3; n > 0; --n) to.push_back({.path = pick_path()});
  }

  void add_mounts(fs_policy& fs) {
    mount_entry bind;
    bind.source.path = bind.target = around_.root();
    bind.readonly = one_in(3);
    bind.noexec = one_in(3);
    fs.mounts.push_back(bind);
    if (!one_in(3)) return;
    mount_entry hidden;
    hidden.kind = mount_kind::tmpfs;
    hidden.target = around_.root() + pick({"/a/b", "/c"});
    fs.mounts.push_back(hidden);
  }

  net_policy network() {
    net_policy net;
    net.kind = pick({net_kind::none, net_kind::all, net_kind::some, net_kind::some});
    if (net.kind != net_kind::some) return net;
    if (one_in(2)) net.connect = {around_.port()};
    if (one_in(2)) net.bind = {around_.free_port()};
    net.loopback = one_in(3);
    net.unix_sockets = one_in(2);
    return net;
  }

  syscall_policy calls() {
    syscall_policy calls;
    calls.promises = *parse_promises(pick(
        {"stdio", "stdio error rpath", "stdio rpath wpath cpath fattr error",
         "stdio rpath wpath cpath inet unix proc error", "stdio error prot_exec id proc inet"}));
    if (one_in(3)) calls.otherwise = *parse_action(pick({"allow", "errno:ENOSYS", "kill", "log"}));
    if (one_in(3))
      calls.deny.push_back({pick({"rename", "openat", "mkdir", "connect", "truncate"})});
    if (one_in(3))
      calls.allow.push_back({pick({"sethostname", "kill", "fork", "chmod", "socket"})});
    return calls;
  }

  std::mt19937 random_;
  const outside& around_;
};

// In many runs a seed each: EMILUA_SEED.
unsigned seed() {
  const char* const given = ::getenv("EMILUA_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 1;
}

TEST_F(RestrictInForceTest, NothingIsPermittedThatOneOfTheTwoRefuses) {
  if (!(here_.namespaces & *namespace_by_name("user"))) EMILUA_SKIP("no user namespaces");
  random_policies policies{seed(), around_};
  int boxes = 0, granted = 0, kept = 0;
  for (int i = 0; i < 60; ++i) {
    const policy a = policies.next(), b = policies.next();
    const auto both = restrict(a, b);
    if (!both) continue;
    const auto together = try_all(*both);
    if (together.empty()) continue;
    const auto first = try_all(a), second = try_all(b);
    if (first.empty() || second.empty()) continue;
    ++boxes;
    for (std::size_t k = 0; k < operations_.size(); ++k) {
      const bool in_both = first[k] == permitted && second[k] == permitted;
      granted += in_both;
      if (together[k] != permitted) continue;
      kept += in_both;
      EXPECT_TRUE(in_both) << operations_[k].name << "\n  " << write_policy(a) << "\n  "
                           << write_policy(b) << "\n  " << write_policy(*both);
    }
  }
  // Neither is it empty.
  EXPECT_GT(boxes, 10);
  EXPECT_GT(kept, boxes);
  EXPECT_GT(kept * 10, granted * 7) << "of " << granted << " only " << kept;
}

}  // namespace
}  // namespace emilua::sandbox
