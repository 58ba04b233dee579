// What filters answer, computed without a kernel; promises_in_force_test.cc asks the kernel, and
// seccomp_arguments_test.cc has the tests of arguments.
#include "lib/sandbox/seccomp_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <random>
#include <string>
#include <vector>

#include "lib/sandbox/promise_table.h"
#include "lib/sandbox/test_answers.h"

namespace emilua::sandbox {
namespace {

void expect_error(const syscall_policy& policy, std::string_view where, std::string_view what) {
  auto filter = compile_filter(policy);
  ASSERT_FALSE(filter) << where;
  EXPECT_EQ(filter.error().where, where);
  EXPECT_NE(filter.error().what.find(what), std::string::npos) << filter.error().what;
}

// --- precedence -----------------------------------------------------------

TEST(Precedence, NothingIsPermittedUnlessPromised) {
  EXPECT_EQ(ask({}, SYS_read), killed);
  EXPECT_EQ(ask(promising("stdio"), SYS_read), allowed);
  EXPECT_EQ(ask(promising("stdio"), SYS_unlink), killed);
}

TEST(Precedence, ErrorMakesRefusalsFail) {
  EXPECT_EQ(ask(promising("error"), SYS_read), failed(EPERM));
  EXPECT_EQ(ask(promising("stdio error"), SYS_unlink), failed(EPERM));
}

TEST(Precedence, ADefaultStandsForUnnamedCalls) {
  syscall_policy policy = promising("stdio error");
  policy.otherwise = failing(EXFULL);
  EXPECT_EQ(ask(policy, SYS_unlink), failed(EXFULL));
  EXPECT_EQ(ask(policy, SYS_ptrace), failed(EXFULL));
  EXPECT_EQ(ask(policy, SYS_read), allowed);
}

TEST(Precedence, AllowAddsToPromises) {
  syscall_policy policy = promising("stdio");
  policy.allow = {{.name = "unlink"}};
  EXPECT_EQ(ask(policy, SYS_unlink), allowed);
  EXPECT_EQ(ask(policy, SYS_read), allowed);
  EXPECT_EQ(ask(policy, SYS_rmdir), killed);
}

TEST(Precedence, DenyWinsOverAllowAndPromises) {
  syscall_policy policy = promising("stdio rpath wpath cpath");
  policy.allow = {{.name = "unlink"}, {.name = "ptrace"}};
  policy.deny = {{.name = "unlink", .action = failing(EROFS)},
                 {.name = "ptrace", .action = failing(EACCES)},
                 {.name = "read", .action = failing(EIO)}};
  EXPECT_EQ(ask(policy, SYS_unlink), failed(EROFS));
  EXPECT_EQ(ask(policy, SYS_ptrace), failed(EACCES));
  EXPECT_EQ(ask(policy, SYS_read), failed(EIO));
  EXPECT_EQ(ask(policy, SYS_write), allowed);
}

TEST(Precedence, ADeniedCallGetsItsOwnAnswerNotAStricterDefault) {
  syscall_policy policy = promising("stdio");
  policy.deny = {{.name = "unlink", .action = failing(EROFS)}};
  EXPECT_EQ(ask(policy, SYS_unlink), failed(EROFS));
  EXPECT_EQ(ask(policy, SYS_rmdir), killed);
}

TEST(Precedence, DenyWithoutActionRefusesAsThePolicyDoes) {
  const auto denied = [](syscall_policy policy) {
    policy.deny = {{.name = "read"}};
    return ask(policy, SYS_read);
  };
  EXPECT_EQ(denied(promising("stdio")), killed);
  EXPECT_EQ(denied(promising("stdio error")), failed(EPERM));
  EXPECT_EQ(denied({.otherwise = failing(EXFULL)}), failed(EXFULL));
  EXPECT_EQ(denied({.otherwise = syscall_action{kind::allow}}), failed(EPERM));
  EXPECT_EQ(denied({.otherwise = syscall_action{kind::log}}), failed(EPERM));
}

TEST(Precedence, AnAllowedCallMayHaveAnotherAction) {
  syscall_policy policy = promising("stdio");
  policy.allow = {{.name = "read", .action = syscall_action{kind::log}},
                  {.name = "write", .action = syscall_action{kind::trap}}};
  EXPECT_EQ(ask(policy, SYS_read), SECCOMP_RET_LOG);
  EXPECT_EQ(ask(policy, SYS_write), SECCOMP_RET_TRAP);
}

TEST(Precedence, TheFirstRuleOfAListWins) {
  const syscall_rule to_one{
      .name = "close", .tests = {{0, comparison::equal, 1}}, .action = failing(EXFULL)};
  const syscall_rule to_all{.name = "close", .action = failing(EROFS)};
  syscall_policy policy = promising("stdio");
  policy.deny = {to_one, to_all};
  EXPECT_EQ(ask(policy, SYS_close, {1}), failed(EXFULL));
  EXPECT_EQ(ask(policy, SYS_close, {2}), failed(EROFS));
  policy.deny = {to_all, to_one};
  EXPECT_EQ(ask(policy, SYS_close, {1}), failed(EROFS));
}

TEST(Precedence, ActionsAreTheKernels) {
  const auto answer = [](std::string_view action) {
    return ask({.otherwise = parse_action(action)}, SYS_read);
  };
  EXPECT_EQ(answer("allow"), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer("kill"), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer("kill_thread"), SECCOMP_RET_KILL_THREAD);
  EXPECT_EQ(answer("errno:ENOENT"), failed(ENOENT));
  EXPECT_EQ(answer("errno:4095"), failed(4095));
  EXPECT_EQ(answer("log"), SECCOMP_RET_LOG);
  EXPECT_EQ(answer("trap"), SECCOMP_RET_TRAP);
  EXPECT_EQ(answer("notify"), SECCOMP_RET_USER_NOTIF);
}

// --- always rejected ------------------------------------------------------

constexpr const char* never[] = {
    "ptrace",      "process_vm_readv", "process_vm_writev", "bpf",     "kexec_load",
    "userfaultfd", "kexec_file_load",  "perf_event_open",   "add_key", "open_by_handle_at",
    "keyctl",      "request_key",      "pidfd_getfd",       "setns",   "init_module",
    "quotactl",    "finit_module",     "delete_module",     "syslog",  "process_madvise",
    "kcmp",        "clock_settime",    "settimeofday",      "reboot",  "swapon",
};

TEST(Rejected, WhateverIsPromised) {
  const std::string killing = compiled({.promises = promise_set::all() - promise::error});
  const std::string failing_ = compiled({.promises = promise_set::all()});
  const std::string permissive = compiled({.otherwise = syscall_action{kind::allow}});
  for (const char* name : never) {
    const auto call = call_of(seccomp_syscall_resolve_name(name), {});
    EXPECT_EQ(filter_answer(killing, call), killed) << name;
    EXPECT_EQ(filter_answer(failing_, call), failed(EPERM)) << name;
    EXPECT_EQ(filter_answer(permissive, call), failed(EPERM)) << name;
  }
}

TEST(Rejected, UnlessNamedInAllow) {
  for (const char* name : never) {
    syscall_policy policy = promising("stdio");
    policy.allow = {{.name = name}};
    EXPECT_EQ(ask(policy, seccomp_syscall_resolve_name(name)), allowed) << name;
  }
}

TEST(Rejected, RingsUnlessPromised) {
  for (const long number : {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register}) {
    EXPECT_EQ(ask({.promises = promise_set::all() - promise::io_uring}, number), failed(EPERM));
    EXPECT_EQ(ask({.promises = promise::io_uring}, number), allowed);
    EXPECT_EQ(ask({.otherwise = syscall_action{kind::allow}}, number), failed(EPERM));
    EXPECT_EQ(ask({.otherwise = failing(EXFULL)}, number), failed(EXFULL));
  }
}

// Row 3: the kernel ignores the upper half of the number.
TEST(Rejected, TerminalInputWhateverTheUpperHalfSays) {
  const std::string all = compiled({.promises = promise_set::all() - promise::error});
  const std::string permissive = compiled({.otherwise = syscall_action{kind::allow}});
  for (const std::uint64_t number : {TIOCSTI, TIOCLINUX}) {
    for (const std::uint64_t above : {std::uint64_t{0}, high_bit, ~std::uint64_t{0} << 32}) {
      const auto call = call_of(SYS_ioctl, {0, number | above});
      EXPECT_EQ(filter_answer(all, call), killed);
      EXPECT_EQ(filter_answer(permissive, call), failed(EPERM));
    }
  }
  EXPECT_EQ(filter_answer(all, call_of(SYS_ioctl, {0, TIOCGWINSZ})), allowed);
}

TEST(Rejected, NewUserNamespaces) {
  const std::string permissive = compiled({.otherwise = syscall_action{kind::allow}});
  for (const long number : {SYS_clone, SYS_unshare}) {
    EXPECT_EQ(filter_answer(permissive, call_of(number, {CLONE_NEWUSER})), failed(EPERM));
    EXPECT_EQ(filter_answer(permissive, call_of(number, {CLONE_NEWUSER | CLONE_FS})),
              failed(EPERM));
    EXPECT_EQ(filter_answer(permissive, call_of(number, {CLONE_FS})), allowed);
  }
}

// Row 25: what clone3 and openat2 are told to do is behind a pointer.
TEST(Rejected, CallsWithFlagsInMemoryDoNotExist) {
  for (const syscall_policy& policy :
       {promising("stdio proc thread rpath wpath"), promising("error"),
        syscall_policy{.otherwise = syscall_action{kind::allow}}}) {
    EXPECT_EQ(ask(policy, SYS_clone3), failed(ENOSYS));
    EXPECT_EQ(ask(policy, SYS_openat2), failed(ENOSYS));
  }
  EXPECT_EQ(ask({.promises = promise_set::all()}, SYS_clone3), failed(ENOSYS));
  EXPECT_EQ(ask(promising("rpath wpath cpath"), SYS_openat2), allowed);
}

// Rows 23, 24.
TEST(Rejected, OtherArchitecturesAndX32) {
  const std::string permissive = compiled({.otherwise = syscall_action{kind::allow}});
  auto foreign = call_of(SYS_read, {});
  foreign.arch = foreign.arch == AUDIT_ARCH_I386 ? AUDIT_ARCH_ARM : AUDIT_ARCH_I386;
  EXPECT_EQ(filter_answer(permissive, foreign), killed);
  foreign.nr = 1000;
  EXPECT_EQ(filter_answer(permissive, foreign), killed);
#ifdef __x86_64__
  const int x32 = 0x40000000;
  EXPECT_EQ(filter_answer(permissive, call_of(x32 | SYS_read, {})), killed);
  EXPECT_EQ(filter_answer(permissive, call_of(x32 | 1000, {})), killed);
#endif
}

// Row 26.
TEST(Newer, CallsDoNotExist) {
  for (const std::int64_t number : {std::int64_t{newest_judged_call} + 1, std::int64_t{1000}}) {
    EXPECT_EQ(ask(promising("stdio"), number), failed(ENOSYS));
    EXPECT_EQ(ask({.otherwise = syscall_action{kind::allow}}, number), failed(ENOSYS));
    EXPECT_EQ(ask({.otherwise = syscall_action{kind::log}}, number), failed(ENOSYS));
    EXPECT_EQ(ask({.otherwise = syscall_action{kind::notify}}, number), SECCOMP_RET_USER_NOTIF);
    EXPECT_EQ(ask({.otherwise = syscall_action{kind::trap}}, number), SECCOMP_RET_TRAP);
  }
  EXPECT_EQ(ask({}, newest_judged_call), killed);
  EXPECT_EQ(ask({}, 400), killed);  // nothing has this number
  EXPECT_EQ(ask({}, -1), killed);
}

// --- promises -------------------------------------------------------------

TEST(PromiseTable, NamesAreKnown) {
  std::string all;
  for (const permitted_call& entry : permitted_calls()) (all += entry.names) += ' ';
  for (const rejected_call& entry : rejected_calls()) (all += entry.names) += ' ';
  std::size_t count = 0;
  for (std::size_t at = 0; at < all.size(); ++count) {
    const std::size_t end = all.find(' ', at);
    const std::string name = all.substr(at, end - at);
    EXPECT_NE(seccomp_syscall_resolve_name(name.c_str()), __NR_SCMP_ERROR) << name;
    at = end + 1;
  }
  EXPECT_GT(count, 300u);
}

TEST(PromiseTable, EachWordAddsSomething) {
  const promise_set nothing{promise::sendfd, promise::recvfd};
  const auto program = [](promise_set promises) { return compiled({.promises = promises}); };
  const promise_set base{promise::stdio};
  for (const promise word : promise_set::all() - base)
    EXPECT_EQ(program(base | word) == program(base), nothing.contains(word)) << promise_name(word);
}

TEST(PromiseTable, OpeningNeedsWhatItsFlagsSay) {
  struct {
    std::uint64_t flags;
    const char* needs;
  } const cases[] = {
      {O_RDONLY, "rpath"},
      {O_RDONLY | O_DIRECTORY | O_CLOEXEC, "rpath"},
      {O_PATH, "rpath"},
      {O_WRONLY, "wpath"},
      {O_WRONLY | O_TRUNC | O_APPEND, "wpath"},
      {O_RDWR, "rpath wpath"},
      {O_RDONLY | O_TRUNC, "rpath wpath"},
      {O_RDONLY | O_CREAT, "rpath cpath"},
      {O_WRONLY | O_CREAT | O_EXCL, "wpath cpath"},
      {O_RDWR | O_CREAT | O_TRUNC, "rpath wpath cpath"},
      {O_WRONLY | O_TMPFILE, "wpath"},
      {O_RDWR | O_TMPFILE, "rpath wpath"},
  };
  const promise_set paths{promise::rpath, promise::wpath, promise::cpath};
  for (unsigned bits = 0; bits < 8; ++bits) {
    promise_set given;
    unsigned bit = 0;
    for (const promise word : paths)
      if (bits & (1u << bit++)) given |= word;
    const std::string program = compiled({.promises = given});
    for (const auto& [flags, needs] : cases) {
      const auto expected = given.contains(*parse_promises(needs)) ? allowed : killed;
      EXPECT_EQ(filter_answer(program, call_of(SYS_open, {0, flags})), expected)
          << to_text(given) << ' ' << std::oct << flags;
      EXPECT_EQ(filter_answer(program, call_of(SYS_openat, {0, 0, flags})), expected)
          << to_text(given) << ' ' << std::oct << flags;
    }
  }
}

TEST(PromiseTable, OpeningIsForNoOtherPromise) {
  const promise_set others =
      promise_set::all() - promise_set{promise::rpath, promise::wpath,   promise::cpath,
                                       promise::dns,   promise::tmppath, promise::error};
  const std::string program = compiled({.promises = others});
  for (const std::uint64_t flags :
       {O_RDONLY, O_WRONLY, O_RDWR, O_CREAT | O_RDWR, O_TMPFILE | O_RDWR})
    EXPECT_EQ(filter_answer(program, call_of(SYS_openat, {0, 0, flags})), killed);
  const std::string temporary = compiled({.promises = promise::tmppath});
  EXPECT_EQ(filter_answer(temporary, call_of(SYS_openat, {0, 0, O_TMPFILE | O_RDWR})), allowed);
  EXPECT_EQ(filter_answer(temporary, call_of(SYS_openat, {0, 0, O_RDWR})), killed);
  EXPECT_EQ(filter_answer(temporary, call_of(SYS_openat, {0, 0, O_CREAT | O_RDWR})), killed);
}

TEST(PromiseTable, CloneIsForThreadsOrProcessesNeverForNamespaces) {
  const std::uint64_t thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES;
  const std::uint64_t fork = CLONE_CHILD_SETTID | SIGCHLD;
  const std::string threads = compiled(promising("thread"));
  const std::string processes = compiled(promising("proc"));
  EXPECT_EQ(filter_answer(threads, call_of(SYS_clone, {thread})), allowed);
  EXPECT_EQ(filter_answer(threads, call_of(SYS_clone, {fork})), killed);
  EXPECT_EQ(filter_answer(threads, call_of(SYS_clone, {CLONE_VM | CLONE_VFORK})), killed);
  EXPECT_EQ(filter_answer(processes, call_of(SYS_clone, {fork})), allowed);
  EXPECT_EQ(filter_answer(processes, call_of(SYS_clone, {CLONE_VM | CLONE_VFORK})), allowed);
  for (const std::uint64_t flag : {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                   CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_PARENT}) {
    EXPECT_EQ(filter_answer(threads, call_of(SYS_clone, {thread | flag})), killed);
    EXPECT_EQ(filter_answer(processes, call_of(SYS_clone, {fork | flag})), killed);
  }
}

TEST(PromiseTable, SocketsOfOtherFamiliesAndRawOnesAreForNobody) {
  const std::string all = compiled({.promises = promise_set::all()});
  const auto socket = [&](std::uint64_t family, std::uint64_t type, std::uint64_t protocol) {
    return filter_answer(all, call_of(SYS_socket, {family, type, protocol}));
  };
  EXPECT_EQ(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP), allowed);
  EXPECT_EQ(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), allowed);
  EXPECT_EQ(socket(AF_UNIX, SOCK_SEQPACKET, 0), allowed);
  EXPECT_EQ(socket(AF_INET, SOCK_RAW, 0), failed(EPERM));
  EXPECT_EQ(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), failed(EPERM));
  EXPECT_EQ(socket(AF_INET, SOCK_STREAM, 262), failed(EPERM));  // MPTCP: no rules for its ports
  EXPECT_EQ(socket(AF_UNIX, SOCK_RAW, 0), failed(EPERM));
  for (const std::uint64_t family : {AF_PACKET, AF_VSOCK, AF_ALG, AF_BLUETOOTH, AF_KEY, AF_XDP})
    EXPECT_EQ(socket(family, SOCK_RAW, 0), failed(EPERM)) << family;
  EXPECT_EQ(socket(AF_NETLINK, SOCK_RAW, 0), failed(EAFNOSUPPORT));
}

// --- the program to start -------------------------------------------------

TEST(Exec, IsPermittedForOneDescriptorAndOneAddress) {
  const std::uint64_t path = 0x7f0012345678;
  syscall_policy policy = promising("stdio");
  const std::string program = compiled(policy, {.exec = permitted_exec{9, path}});
  const auto exec = [&](std::uint64_t fd, std::uint64_t at, std::uint64_t flags) {
    return filter_answer(program, call_of(SYS_execveat, {fd, at, 0, 0, flags}));
  };
  EXPECT_EQ(exec(9, path, AT_EMPTY_PATH), allowed);
  EXPECT_EQ(exec(8, path, AT_EMPTY_PATH), killed);
  EXPECT_EQ(exec(9, path + 1, AT_EMPTY_PATH), killed);
  EXPECT_EQ(exec(9, path | (std::uint64_t{1} << 48), AT_EMPTY_PATH), killed);
  EXPECT_EQ(exec(9, path, 0), killed);
  EXPECT_EQ(filter_answer(program, call_of(SYS_execve, {path})), killed);
  policy.deny = {{.name = "execveat", .action = failing(EACCES)}};
  EXPECT_EQ(filter_answer(compiled(policy, {.exec = permitted_exec{9, path}}),
                          call_of(SYS_execveat, {9, path, 0, 0, AT_EMPTY_PATH})),
            failed(EACCES));
}

// --- errors ---------------------------------------------------------------

TEST(Errors, NameTheRule) {
  expect_error({.allow = {{.name = "read"}, {.name = "opne"}}}, "allow[1].name", "opne");
  expect_error({.deny = {{.name = ""}}}, "deny[0].name", "no such system call");
  expect_error({.deny = {{.name = std::string{"read\0x", 6}}}}, "deny[0].name", "no such");
  expect_error({.allow = {{.name = "read", .tests = {{6, comparison::equal, 0}}}}},
               "allow[0].arg[6]", "0 to 5");
  expect_error({.allow = {{.name = "read",
                           .tests = {{1, comparison::less, 9}, {1, comparison::greater, 2}}}}},
               "allow[0].arg[1]", "twice");
  expect_error({.deny = {{.name = "read", .tests = {{0, comparison::masked_equal, 6, 3}}}}},
               "deny[0].arg[0]", "never match");
  expect_error({.deny = {{.name = "read", .action = syscall_action{kind::allow}}}},
               "deny[0].action", "allow");
  expect_error({.deny = {{.name = "read", .action = syscall_action{kind::log}}}}, "deny[0].action",
               "log");
  expect_error({.allow = {{.name = "read", .action = failing(4096)}}}, "allow[0].action", "4096");
  expect_error({.otherwise = failing(0)}, "default", "0");
  expect_error({.raw = "123"}, "raw", "8 bytes");
  expect_error({.raw = std::string(4097 * 8, '\0')}, "raw", "4096");
}

TEST(Errors, TooManyInstructionsAreRefused) {
  syscall_policy policy;
  for (unsigned i = 0; i < 2000; ++i)
    policy.allow.push_back(
        {.name = "read", .tests = {{0, comparison::equal, i * 7 + high_bit * i}}});
  expect_error(policy, "", "instructions");
}

TEST(Names, OfOtherArchitecturesAreSkippedAndReported) {
  const char* foreign = "arm_fadvise64_64";
  ASSERT_LT(seccomp_syscall_resolve_name(foreign), -1);
  const auto filter = compile_filter({.promises = promise::stdio,
                                      .allow = {{.name = foreign}, {.name = "unlink"}},
                                      .deny = {{.name = "spu_run"}}});
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->skipped, (std::vector<std::string>{"spu_run", foreign}));
  EXPECT_EQ(filter_answer(filter->programs.at(0), call_of(SYS_unlink, {})), allowed);
}

TEST(Names, OptionalOnesNeedNotBeKnown) {
  const auto filter = compile_filter({.allow = {{.name = "from_the_future", .optional = true}}});
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->skipped, std::vector<std::string>{"from_the_future"});
}

// --- several programs -----------------------------------------------------

TEST(Raw, StandsAloneOrGoesFirst) {
  const sock_filter allow_all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const std::string raw{reinterpret_cast<const char*>(&allow_all), sizeof allow_all};
  const auto alone = compile_filter({.raw = raw});
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->programs, std::vector{raw});
  const auto both = compile_filter({.promises = promise::stdio, .raw = raw});
  ASSERT_TRUE(both);
  ASSERT_EQ(both->programs.size(), 2u);
  EXPECT_EQ(both->programs[0], raw);
  EXPECT_EQ(both->programs[1], compiled(promising("stdio")));
}

// --- several policies -----------------------------------------------------

std::uint32_t ask_all(const std::vector<syscall_policy>& policies, std::int64_t number,
                      const arguments& given = {}) {
  const auto filter = compile_filter(policies);
  if (!filter) {
    ADD_FAILURE() << filter.error().where << ": " << filter.error().what;
    return 0;
  }
  EXPECT_EQ(filter->programs.size(), 1u);
  return filter_answer(filter->programs.at(0), call_of(number, given));
}

TEST(Several, ACallHasToBePermittedByAll) {
  const std::vector<syscall_policy> both{promising("stdio rpath error"), promising("stdio inet")};
  EXPECT_EQ(allowed, ask_all(both, SYS_read));
  EXPECT_EQ(failed(EPERM), ask_all(both, SYS_connect));
  EXPECT_EQ(killed, ask_all(both, SYS_chdir));
}

TEST(Several, AnswerAsTheFirstThatDoesNotAllow) {
  const auto answering = [](const char* action) {
    return syscall_policy{.allow = {{.name = "getpid", .action = *parse_action(action)}}};
  };
  EXPECT_EQ(failed(ENOSYS), ask_all({answering("errno:ENOSYS"), answering("kill")}, SYS_getpid));
  EXPECT_EQ(killed, ask_all({answering("allow"), answering("kill")}, SYS_getpid));
  EXPECT_EQ(killed, ask_all({answering("log"), answering("kill")}, SYS_getpid));
  EXPECT_EQ(SECCOMP_RET_LOG, ask_all({answering("allow"), answering("log")}, SYS_getpid));
  EXPECT_EQ(allowed,
            ask_all({answering("log"), answering("allow"), answering("allow")}, SYS_getpid));
}

TEST(Several, RandomOnesAnswerAsEachDoesByItself) {
  std::mt19937 random{3};
  const std::vector<syscall_policy> policies{
      promising("stdio rpath"),
      promising("stdio error wpath cpath"),
      promising("stdio inet error"),
      {.deny = {{.name = "write", .tests = {{0, comparison::equal, 1}}}},
       .otherwise = syscall_action{kind::allow}}};
  for (int i = 0; i < 60; ++i) {
    const syscall_policy& first = policies[random() % 4];
    const syscall_policy& second = policies[random() % 4];
    const std::int64_t number = static_cast<std::int64_t>(random() % 450);
    const arguments given{random() % 3, random() % 1000};
    const std::uint32_t alone = ask(first, number, given);
    EXPECT_EQ(alone == allowed ? ask(second, number, given) : alone,
              ask_all({first, second}, number, given))
        << number;
  }
}

TEST(Several, TheOneAtFaultIsNamed) {
  const std::vector<syscall_policy> policies{promising("stdio"), {.allow = {{.name = "fly"}}}};
  const auto made = compile_filter(policies);
  ASSERT_FALSE(made);
  EXPECT_EQ(1u, made.error().policy);
  EXPECT_EQ("allow[0].name", made.error().where);
}

TEST(Several, OnlyOneMayBringBytes) {
  const auto raw = [](std::uint32_t answer) {
    const sock_filter code = BPF_STMT(BPF_RET | BPF_K, answer);
    return syscall_policy{.raw = {reinterpret_cast<const char*>(&code), sizeof code}};
  };
  const auto one = compile_filter(std::vector{promising("stdio"), raw(SECCOMP_RET_ALLOW)});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->programs, (std::vector{raw(SECCOMP_RET_ALLOW).raw, compiled(promising("stdio"))}));
  EXPECT_FALSE(compile_filter(std::vector{raw(SECCOMP_RET_ALLOW), raw(SECCOMP_RET_LOG)}));
}

TEST(Notify, IsReported) {
  EXPECT_EQ(compile_filter(promising("stdio"))->notifying, std::nullopt);
  EXPECT_EQ(compile_filter({.otherwise = syscall_action{kind::notify}})->notifying, 0u);
  EXPECT_EQ(compile_filter({.allow = {{.name = "open", .action = syscall_action{kind::notify}}},
                            .deny = {{.name = "bind", .action = syscall_action{kind::notify}}}})
                ->notifying,
            0u);
}

}  // namespace
}  // namespace emilua::sandbox
