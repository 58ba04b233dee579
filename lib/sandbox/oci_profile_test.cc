#include "lib/sandbox/oci_profile.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "lib/sandbox/test_bpf.h"

namespace emilua::sandbox {
namespace {

using kind = syscall_action::kind;

constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t failed(unsigned error) { return SECCOMP_RET_ERRNO | error; }

// In the shape of the profiles that container engines ship.
constexpr const char* profile = R"({
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 38,
  "archMap": [
    {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
    {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}
  ],
  "syscalls": [
    {"names": ["read", "write", "exit_group", "of_a_later_kernel", "arm_fadvise64_64"],
     "action": "SCMP_ACT_ALLOW", "args": [], "comment": "", "includes": {}, "excludes": {}},
    {"names": ["process_vm_readv"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
    {"names": ["process_vm_writev"], "action": "SCMP_ACT_ALLOW",
     "includes": {"minKernel": "400.0"}},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}]},
    {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 4294967295, "op": "SCMP_CMP_EQ"}]},
    {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}],
     "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390", "s390x"]}},
    {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38,
     "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["chroot"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_CHROOT"]}},
    {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW",
     "includes": {"arches": ["amd64", "x32"]}},
    {"names": ["s390_runtime_instr"], "action": "SCMP_ACT_ALLOW",
     "includes": {"arches": ["s390", "s390x"]}},
    {"name": "sync", "action": "SCMP_ACT_LOG"},
    {"names": ["mount"], "action": "SCMP_ACT_ERRNO", "errno": "EACCES"}
  ]
})";

class Profile {
 public:
  explicit Profile(std::string_view json, const oci_conditions& conditions = {}) {
    auto policy = read_oci_profile(json, conditions);
    if (!policy) {
      ADD_FAILURE() << policy.error().where << ": " << policy.error().what;
      return;
    }
    auto filter = compile_filter(*policy);
    if (!filter) {
      ADD_FAILURE() << filter.error().where << ": " << filter.error().what;
      return;
    }
    program_ = filter->programs.at(0);
    skipped_ = filter->skipped;
  }

  [[nodiscard]] std::uint32_t ask(long number, std::uint64_t first = 0,
                                  std::uint64_t second = 0) const {
    seccomp_data call{};
    call.nr = static_cast<int>(number);
    call.arch = seccomp_arch_native();
    call.args[0] = first;
    call.args[1] = second;
    return filter_answer(program_, call);
  }

  [[nodiscard]] const std::vector<std::string>& skipped() const { return skipped_; }

 private:
  std::string program_;
  std::vector<std::string> skipped_;
};

TEST(OciProfile, AnswersAsTheEnginesDo) {
  const Profile box{profile};
  EXPECT_EQ(box.ask(SYS_read), allowed);
  EXPECT_EQ(box.ask(SYS_unlink), failed(ENOSYS));
  EXPECT_EQ(box.ask(SYS_socket, AF_INET), allowed);
  EXPECT_EQ(box.ask(SYS_socket, AF_VSOCK), failed(ENOSYS));
  EXPECT_EQ(box.ask(SYS_personality, 0xffffffff), allowed);
  EXPECT_EQ(box.ask(SYS_personality, 8), failed(ENOSYS));
  EXPECT_EQ(box.ask(SYS_clone, SIGCHLD), allowed);
  EXPECT_EQ(box.ask(SYS_clone, CLONE_NEWUSER | SIGCHLD), failed(ENOSYS));
  EXPECT_EQ(box.ask(SYS_clone, CLONE_NEWNET), failed(ENOSYS));
  EXPECT_EQ(box.ask(SYS_clone3), failed(ENOSYS));
  EXPECT_EQ(box.ask(SYS_mount), failed(EACCES));
  EXPECT_EQ(box.ask(SYS_sync), SECCOMP_RET_LOG);
}

TEST(OciProfile, ConditionsAreAboutTheBoxAndTheMachine) {
  const Profile plain{profile};
  EXPECT_EQ(plain.ask(SYS_process_vm_readv), allowed);
  EXPECT_EQ(plain.ask(SYS_process_vm_writev), failed(ENOSYS));
  EXPECT_EQ(plain.ask(SYS_chroot), failed(ENOSYS));
  const Profile capable{profile, {.capabilities = {"CAP_SYS_CHROOT", "CAP_SYS_ADMIN"}}};
  EXPECT_EQ(capable.ask(SYS_chroot), allowed);
  EXPECT_EQ(capable.ask(SYS_clone, CLONE_NEWNET), allowed);
#ifdef __x86_64__
  EXPECT_EQ(plain.ask(SYS_arch_prctl), allowed);
#endif
}

TEST(OciProfile, UnknownNamesAreReported) {
  EXPECT_EQ(Profile{profile}.skipped(),
            (std::vector<std::string>{"of_a_later_kernel", "arm_fadvise64_64"}));
}

TEST(OciProfile, WithoutEntriesEverythingGetsTheDefault) {
  EXPECT_EQ(Profile{R"({"defaultAction": "SCMP_ACT_KILL_PROCESS"})"}.ask(SYS_read),
            SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(Profile{R"({"defaultAction": "SCMP_ACT_KILL"})"}.ask(SYS_read),
            SECCOMP_RET_KILL_THREAD);
  EXPECT_EQ(Profile{R"({"defaultAction": "SCMP_ACT_ERRNO"})"}.ask(SYS_read), failed(EPERM));
  EXPECT_EQ(
      Profile{R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "ENOSYS"})"}.ask(SYS_read),
      failed(ENOSYS));
}

TEST(OciProfile, ListsOfWhatIsDenied) {
  const Profile box{R"({
    "defaultAction": "SCMP_ACT_ALLOW",
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "syscalls": [{"names": ["chmod", "fchmod"], "action": "SCMP_ACT_ERRNO"},
                 {"names": ["kill"], "action": "SCMP_ACT_TRAP"}]})"};
  EXPECT_EQ(box.ask(SYS_read), allowed);
  EXPECT_EQ(box.ask(SYS_chmod), failed(EPERM));
  EXPECT_EQ(box.ask(SYS_kill), SECCOMP_RET_TRAP);
  EXPECT_EQ(box.ask(SYS_ptrace), failed(EPERM));  // as ever, unless it is named
}

// Container engines take tests of one argument twice as alternatives.
TEST(OciProfile, TestsOfOneArgumentAreAlternatives) {
  const Profile box{R"({
    "defaultAction": "SCMP_ACT_ERRNO",
    "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_ALLOW",
      "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"},
               {"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
      {"names": ["kill"], "action": "SCMP_ACT_ALLOW",
      "args": [{"index": 0, "value": 5, "op": "SCMP_CMP_EQ"},
               {"index": 1, "value": 9, "op": "SCMP_CMP_EQ"}]}]})"};
  EXPECT_EQ(box.ask(SYS_personality, 0), allowed);
  EXPECT_EQ(box.ask(SYS_personality, 8), allowed);
  EXPECT_EQ(box.ask(SYS_personality, 9), failed(EPERM));
  EXPECT_EQ(box.ask(SYS_kill, 5, 9), allowed);
  EXPECT_EQ(box.ask(SYS_kill, 5, 8), failed(EPERM));
}

TEST(OciProfile, OperatorsAreAll) {
  const std::pair<const char*, comparison> operators[] = {
      {"SCMP_CMP_EQ", comparison::equal},   {"SCMP_CMP_NE", comparison::not_equal},
      {"SCMP_CMP_LT", comparison::less},    {"SCMP_CMP_LE", comparison::less_equal},
      {"SCMP_CMP_GT", comparison::greater}, {"SCMP_CMP_GE", comparison::greater_equal},
  };
  for (const auto& [name, op] : operators) {
    const auto policy = read_oci_profile(
        std::string{R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["dup"],
        "action": "SCMP_ACT_ALLOW", "args": [{"index": 3, "value": 18446744073709551615, "op": ")"} +
        name + "\"}]}]}");
    ASSERT_TRUE(policy) << name;
    EXPECT_EQ(policy->allow.at(0).tests, (std::vector<argument_test>{{3, op, ~std::uint64_t{0}}}));
  }
}

void expect_error(const std::string& json, std::string_view where, std::string_view what) {
  const auto policy = read_oci_profile(json);
  ASSERT_FALSE(policy) << json;
  EXPECT_EQ(policy.error().where, where);
  EXPECT_NE(policy.error().what.find(what), std::string::npos) << policy.error().what;
}

TEST(OciProfile, ErrorsNameTheField) {
  expect_error("", "", "not JSON");
  expect_error("{", "", "not JSON");
  expect_error("[]", "", "no object");
  expect_error("{}", "", "defaultAction is missing");
  expect_error(R"({"defaultAction": 1})", "defaultAction", "no string");
  expect_error(R"({"defaultAction": "SCMP_ACT_TRACE"})", "defaultAction", "SCMP_ACT_TRACE");
  expect_error(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 0})", "defaultErrnoRet",
               "no error");
  expect_error(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096})", "defaultErrnoRet",
               "4095");
  expect_error(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "EWHAT"})", "defaultErrno",
               "EWHAT");
  expect_error(R"({"defaultAction": "SCMP_ACT_ALLOW", "sycalls": []})", "sycalls", "no such field");
  expect_error(R"({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/s"})", "listenerPath",
               "not supported");
  expect_error(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}})", "syscalls", "no array");
}

void expect_entry_error(const std::string& entry, const std::string& where, std::string_view what) {
  expect_error(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [)" + entry + "]}",
               "syscalls[0]" + where, what);
}

TEST(OciProfile, ErrorsOfEntriesNameTheField) {
  expect_entry_error(R"({"names": ["dup"]})", "", "action is missing");
  expect_entry_error(R"({"action": "SCMP_ACT_ERRNO"})", "", "names is missing");
  expect_entry_error(R"({"names": "dup", "action": "SCMP_ACT_ERRNO"})", ".names", "no array");
  expect_entry_error(R"({"names": ["dup", 1], "action": "SCMP_ACT_ERRNO"})", ".names[1]",
                     "no string");
  expect_entry_error(R"({"names": ["dup"], "action": "SCMP_ACT_ERRNO", "errnoRet": -1})",
                     ".errnoRet", "no number");
  expect_entry_error(R"({"names": ["dup"], "action": "SCMP_ACT_ERRNO", "agrs": []})", ".agrs",
                     "no such field");
  const auto argument = [](const std::string& test) {
    return R"({"names": ["dup"], "action": "SCMP_ACT_ERRNO", "args": [)" + test + "]}";
  };
  expect_entry_error(argument(R"({"index": 6, "op": "SCMP_CMP_EQ", "value": 0})"), ".args[0].index",
                     "5");
  expect_entry_error(argument(R"({"index": 0, "op": "==", "value": 0})"), ".args[0].op", "==");
  expect_entry_error(argument(R"({"index": 0, "op": "SCMP_CMP_EQ"})"), ".args[0]", "value");
  expect_entry_error(argument(R"({"index": 0, "op": "SCMP_CMP_EQ", "value": 1.5})"),
                     ".args[0].value", "no number");
  expect_entry_error(
      argument(R"({"index": 0, "op": "SCMP_CMP_MASKED_EQ", "value": 4, "valueTwo": 2})"),
      ".args[0]", "never match");
  expect_entry_error(
      R"({"names": ["dup"], "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "new"}})",
      ".includes.minKernel", "no version");
  expect_entry_error(R"({"names": ["dup"], "action": "SCMP_ACT_ERRNO", "excludes": {"cap": []}})",
                     ".excludes.cap", "no such field");
}

TEST(OciProfile, IsBounded) {
  expect_error(std::string(2 << 20, ' '), "", "megabyte");
  expect_error(std::string(1000, '[') + std::string(1000, ']'), "", "not JSON");
  std::string names = "\"dup\"";
  for (int i = 0; i < 10000; ++i) names += ",\"dup\"";
  const auto policy =
      read_oci_profile(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [)" + names +
                       R"(], "action": "SCMP_ACT_ERRNO"}]})");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().where, "syscalls[0].names[4096]");
}

}  // namespace
}  // namespace emilua::sandbox
