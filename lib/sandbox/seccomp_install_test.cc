#include "lib/sandbox/seccomp_install.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>

#include "lib/sandbox/test_filter.h"

namespace emilua::sandbox {
namespace {

using ipc::in_child;
using kind = syscall_action::kind;

// A filter that answers `action` to getppid and allows all else.
std::string filtering_getppid(syscall_action action) {
  auto filter = compile_filter(
      {.allow = {{.name = "getppid", .action = action}}, .otherwise = syscall_action{kind::allow}});
  if (!filter) return {};
  return filter->programs.at(0);
}

int try_getppid() { return ::getppid() == -1 ? errno : 0; }

TEST(Install, PutsAFilterIntoForce) {
  const std::string program = filtering_getppid({kind::error, EXFULL});
  EXPECT_EQ(in_child(try_getppid), 0);
  EXPECT_EQ(in_child([&] {
              if (!set_no_new_privs()) return bad_setup;
              if (!install_filter(base::bytes_of(program))) return bad_setup;
              return ::syscall(SYS_getppid) == -1 ? errno : 0;
            }),
            EXFULL);
}

TEST(Install, IsInherited) {
  const std::string program = filtering_getppid({kind::error, EXFULL});
  EXPECT_EQ(in_child([&] {
              if (!set_no_new_privs() || !install_filter(base::bytes_of(program))) return bad_setup;
              return in_child([] { return ::syscall(SYS_getppid) == -1 ? errno : 0; });
            }),
            EXFULL);
}

TEST(Install, RefusesWhatIsNoProgram) {
  const auto refused = [](const std::string& program) {
    return in_child([&] {
      if (!set_no_new_privs()) return bad_setup;
      const auto done = install_filter(base::bytes_of(program));
      return done ? 0 : done.error().value();
    });
  };
  EXPECT_EQ(refused(""), EINVAL);
  EXPECT_EQ(refused("1234567"), EINVAL);
  EXPECT_EQ(refused(std::string(8, '\0')), EINVAL);         // no return at the end
  EXPECT_EQ(refused(std::string(4097 * 8, '\0')), EINVAL);  // too long
}

// Row 28.
TEST(Install, BindsThreadsThatAreAlreadyThere) {
  const std::string program = filtering_getppid({kind::error, EXFULL});
  const auto other_thread_gets = [&](filter_scope scope) {
    return in_child([&] {
      int ready[2];
      int go[2];
      if (::pipe(ready) || ::pipe(go) || !set_no_new_privs()) return bad_setup;
      int answer = -1;
      std::thread other{[&] {
        char byte = 0;
        if (::write(ready[1], &byte, 1) != 1 || ::read(go[0], &byte, 1) != 1) return;
        answer = ::syscall(SYS_getppid) == -1 ? errno : 0;
      }};
      char byte = 0;
      if (::read(ready[0], &byte, 1) != 1) return bad_setup;
      const bool installed = install_filter(base::bytes_of(program), scope).has_value();
      if (::write(go[1], &byte, 1) != 1) return bad_setup;
      other.join();
      return installed ? answer : bad_setup;
    });
  };
  EXPECT_EQ(other_thread_gets(filter_scope::calling_thread), 0);
  EXPECT_EQ(other_thread_gets(filter_scope::all_threads), EXFULL);
}

TEST(Install, TellsThatAThreadCannotFollow) {
  const std::string program = filtering_getppid({kind::error, EXFULL});
  EXPECT_EQ(in_child([&] {
              int ready[2];
              int go[2];
              if (::pipe(ready) || ::pipe(go) || !set_no_new_privs()) return bad_setup;
              std::thread other{[&] {
                char byte = 0;
                if (!install_filter(base::bytes_of(program))) return;  // its own way from here
                if (::write(ready[1], &byte, 1) != 1 || ::read(go[0], &byte, 1) != 1) return;
              }};
              char byte = 0;
              if (::read(ready[0], &byte, 1) != 1) return bad_setup;
              const auto done = install_filter(base::bytes_of(program), filter_scope::all_threads);
              if (::write(go[1], &byte, 1) != 1) return bad_setup;
              other.join();
              return done ? 0 : done.error().value();
            }),
            ESRCH);
}

TEST(OwnPid, IsWhatAProcessMaySignal) {
  const auto signal = [](pid_t who) { return ::kill(who, 0) == 0 ? 0 : errno; };
  const syscall_policy policy{.promises = {promise::stdio, promise::error}};
  EXPECT_EQ(in_child([&] { return signal(::getppid()); }), 0);
  EXPECT_EQ(under(policy, [&] { return signal(::getpid()); }), 0);
  EXPECT_EQ(under(policy, [&] { return signal(::getppid()); }), EPERM);
  EXPECT_EQ(under(policy, [&] { return signal(0); }), EPERM);
  EXPECT_EQ(under(policy, [&] { return signal(-1); }), EPERM);
  EXPECT_EQ(under(policy, [&] { return signal(-::getpid()); }), EPERM);
}

TEST(OwnPid, LetsAbortEndTheProcess) {
  EXPECT_EQ(under({.promises = promise::stdio}, []() -> int { ::abort(); }), 128 + SIGABRT);
  EXPECT_EQ(under({.promises = promise::stdio}, [] { return ::raise(SIGTERM); }), 128 + SIGTERM);
}

TEST(OwnPid, IsNobodyUntilItIsSet) {
  auto filter = compile_filter({.promises = {promise::stdio, promise::error}});
  ASSERT_TRUE(filter);
  EXPECT_EQ(in_child([&] {
              if (!set_no_new_privs()) return bad_setup;
              if (!install_filter(base::bytes_of(filter->programs[0]))) return bad_setup;
              return ::kill(::getpid(), 0) == 0 ? 0 : errno;
            }),
            EPERM);
}

// Answers the call that waits on `listener` with `error`.
bool answer_one(int listener, int error) {
  seccomp_notif request{};
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) == -1) return false;
  if (request.data.nr != SYS_getppid) return false;
  seccomp_notif_resp response{};
  response.id = request.id;
  response.error = -error;
  return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

TEST(Notify, ASupervisorAnswers) {
  const std::string program = filtering_getppid({kind::notify});
  EXPECT_EQ(in_child([&] {
              if (!set_no_new_privs()) return bad_setup;
              auto listener = install_notifying_filter(base::bytes_of(program));
              if (!listener) return bad_setup;
              std::thread supervisor{[&] { answer_one(listener->get(), EXFULL); }};
              const int answer = ::syscall(SYS_getppid) == -1 ? errno : 0;
              supervisor.join();
              return answer;
            }),
            EXFULL);
}

TEST(Notify, TheListenerIsCloseOnExec) {
  const std::string program = filtering_getppid({kind::notify});
  EXPECT_EQ(in_child([&] {
              if (!set_no_new_privs()) return bad_setup;
              auto listener = install_notifying_filter(base::bytes_of(program));
              return listener ? ::fcntl(listener->get(), F_GETFD) : bad_setup;
            }),
            FD_CLOEXEC);
}

TEST(Notify, ASecondListenerIsRefused) {
  const std::string program = filtering_getppid({kind::notify});
  EXPECT_EQ(in_child([&] {
              if (!set_no_new_privs()) return bad_setup;
              const auto first = install_notifying_filter(base::bytes_of(program));
              if (!first) return bad_setup;
              const auto second = install_notifying_filter(base::bytes_of(program));
              return second ? 0 : second.error().value();
            }),
            EBUSY);
}

}  // namespace
}  // namespace emilua::sandbox
