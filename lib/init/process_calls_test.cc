#include "lib/init/process_calls.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <string_view>

#include "lib/init/run_script.h"

namespace emilua::init {
namespace {

// --- limits ---------------------------------------------------------------

TEST(Limits, AreSetAndTold) {
  EXPECT_EQ(run_script(R"(
    local result, reason = C.setrlimit(C.RLIMIT_NOFILE, {rlim_cur = 20, rlim_max = 30})
    assert(result == 0 and reason == 0)
    local limit, reason = C.getrlimit(C.RLIMIT_NOFILE)
    assert(limit.rlim_cur == 20 and limit.rlim_max == 30 and reason == 0)
    errexit = false
    assert(select(2, C.dup2(1, 20)) == C.EBADF)
    assert(C.dup2(1, 19) == 19)
  )"),
            ended_well);
}

TEST(Limits, MayBeInfinite) {
  EXPECT_EQ(run_script(R"(
    local most = C.getrlimit(C.RLIMIT_CPU).rlim_max
    C.setrlimit(C.RLIMIT_CPU, {rlim_cur = most, rlim_max = most})
    assert(C.getrlimit(C.RLIMIT_CPU).rlim_cur == most)
    assert(C.RLIM_INFINITY == -1)
    C.setrlimit(C.RLIMIT_CORE, {rlim_cur = 0, rlim_max = 0})
    errexit = false
    C.setresuid(65534, 65534, 65534)
    C.cap_set_proc('=')
    local result, reason = C.setrlimit(C.RLIMIT_CORE, {rlim_cur = 0, rlim_max = C.RLIM_INFINITY})
    assert(result == -1 and reason == C.EPERM)
  )"),
            ended_well);
}

TEST(Limits, HoldForWhatComesLater) {
  const std::string path = ::testing::TempDir() + "/process_calls_test";
  const std::string write = "C.write(C.open('" + path + "', " +
                            "bit.bor(C.O_CREAT, C.O_WRONLY), mode(6, 0, 0)), ('x'):rep(100))";
  EXPECT_EQ(run_script(write), ended_well);
  EXPECT_EQ(run_script("C.setrlimit(C.RLIMIT_FSIZE, {rlim_cur = 0, rlim_max = 0}) " + write).status,
            128 + SIGXFSZ);
  EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST(Limits, MalformedOnesAreLuaErrors) {
  EXPECT_EQ(run_script(R"(
    for _, limit in ipairs{{}, {rlim_cur = 1}, {rlim_max = 1}, {rlim_cur = 1, rlim_max = '1'},
                           {rlim_cur = 1, rlim_max = 0.5}, {rlim_cur = 1, rlim_max = 2^54},
                           {rlim_cur = 1, rlim_max = 1, rlim = 1}, {1, 2}} do
      local ok, message = pcall(C.setrlimit, C.RLIMIT_CORE, limit)
      assert(not ok and message == 'invalid rlimit', message)
    end
    assert(not pcall(C.setrlimit, C.RLIMIT_CORE, 5))
    assert(not pcall(C.getrlimit))
  )"),
            ended_well);
  EXPECT_EQ(run_script("C.getrlimit(1000)"), failed("ipc_actor/init: getrlimit: Invalid argument"));
}

// --- prctl ----------------------------------------------------------------

TEST(Prctl, SetsAndTells) {
  EXPECT_EQ(run_script(R"(
    assert(C.prctl(C.PR_GET_DUMPABLE) == 1)
    local result, reason = C.prctl(C.PR_SET_DUMPABLE, 0)
    assert(result == 0 and reason == 0 and C.prctl(C.PR_GET_DUMPABLE) == 0)
    C.prctl(C.PR_SET_TIMERSLACK, 12345)
    assert(C.prctl(C.PR_GET_TIMERSLACK) == 12345)
    assert(C.prctl(C.PR_GET_NO_NEW_PRIVS) == 0)
    assert(C.prctl(C.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    assert(C.prctl(C.PR_GET_NO_NEW_PRIVS) == 1)
    C.prctl(C.PR_SET_NAME, 'renamed')
    assert(io.open('/proc/self/comm'):read() == 'renamed')
    C.prctl(C.PR_SET_DUMPABLE, 7)
  )"),
            failed("ipc_actor/init: prctl: Invalid argument"));
}

// Those that would give the kernel an address, among others.
TEST(Prctl, RefusesOtherOptions) {
  EXPECT_EQ(run_script(R"(
    for _, option in ipairs{2, 16, 22, 24, 35, 37, 59, 62, 0x53564d41, 0, -1} do
      local ok, message = pcall(C.prctl, option, 0)
      assert(not ok and message == 'invalid argument 1', option)
    end
    assert(not pcall(C.prctl, C.PR_SET_NAME, {}))
    assert(not pcall(C.prctl, C.PR_SET_DUMPABLE, 'yes'))
    assert(not pcall(C.prctl, C.PR_SET_DUMPABLE, 0.5))
    assert(not pcall(C.prctl))
  )"),
            ended_well);
}

// --- seccomp --------------------------------------------------------------

// BPF instructions as the kernel has them, and a filter that answers one call with an action.
constexpr const char* filters = R"(
  local function instruction(code, jt, jf, k)
    return string.char(code % 256, math.floor(code / 256), jt, jf, k % 256, math.floor(k / 2^8) % 256,
                       math.floor(k / 2^16) % 256, math.floor(k / 2^24))
  end
  local load, equal, answer = 0x20, 0x15, 0x06
  local allow, kill, fail = 0x7fff0000, 0x80000000, 0x00050000
  local function filter(call, action)
    return instruction(load, 0, 0, 0) .. instruction(equal, 0, 1, call) ..
           instruction(answer, 0, 0, action) .. instruction(answer, 0, 0, allow)
  end
  local chroot = ({x64 = 161, arm64 = 51})[jit.arch]
)";

outcome run_filtered(std::string_view script, const conditions& where = {}) {
  return run_script(std::string{filters}.append(script), where);
}

TEST(Seccomp, FiltersSystemCalls) {
  const std::string body = R"(
    local function attempt()
      errexit = false
      return select(2, C.chroot('/absent'))
    end
  )";
  EXPECT_EQ(run_filtered(body + "assert(attempt() == C.ENOENT)"), ended_well);
  EXPECT_EQ(run_filtered(body + R"(
    set_no_new_privs()
    local result, reason = C.seccomp_set_mode_filter(filter(chroot, fail + C.ENOSYS))
    assert(result == 0 and reason == 0)
    assert(attempt() == C.ENOSYS)
    assert(C.prctl(C.PR_GET_SECCOMP) == 2)
  )"),
            ended_well);
  EXPECT_EQ(run_filtered(body + R"(
    set_no_new_privs()
    C.seccomp_set_mode_filter(filter(chroot, kill))
    attempt()
  )"),
            (outcome{128 + SIGSYS, ""}));
}

TEST(Seccomp, FiltersStack) {
  EXPECT_EQ(run_filtered(R"(
    local setsid = ({x64 = 112, arm64 = 157})[jit.arch]
    set_no_new_privs()
    C.seccomp_set_mode_filter(filter(chroot, fail + C.ENOSYS))
    C.seccomp_set_mode_filter(filter(setsid, fail + C.EXDEV))
    errexit = false
    assert(select(2, C.chroot('/')) == C.ENOSYS)
    assert(select(2, C.setsid()) == C.EXDEV)
  )"),
            ended_well);
}

TEST(Seccomp, NeedsNoNewPrivs) {
  EXPECT_EQ(run_filtered("C.seccomp_set_mode_filter(filter(chroot, kill))", {.unprivileged = true}),
            failed("ipc_actor/init: seccomp_set_mode_filter: Permission denied"));
}

TEST(Seccomp, RefusesWhatIsNoProgram) {
  EXPECT_EQ(run_filtered(R"(
    set_no_new_privs()
    errexit = false
    for _, bytes in ipairs{'', 'x', ('x'):rep(7), ('\0'):rep(8),
                           instruction(load, 0, 0, 0),                    -- does not end
                           instruction(answer, 0, 0, allow):rep(4097)} do  -- too long
      local result, reason = C.seccomp_set_mode_filter(bytes)
      assert(result == -1 and reason == C.EINVAL)
    end
    assert(C.prctl(C.PR_GET_SECCOMP) == 0)
    assert(not pcall(C.seccomp_set_mode_filter) and not pcall(C.seccomp_set_mode_filter, {}))
  )"),
            ended_well);
}

TEST(Seccomp, IgnoresWhatFollowsTheLastRecord) {
  EXPECT_EQ(run_filtered(R"(
    set_no_new_privs()
    assert(C.seccomp_set_mode_filter(filter(chroot, fail + C.ENOSYS) .. '1234567') == 0)
    errexit = false
    assert(select(2, C.chroot('/')) == C.ENOSYS)
  )"),
            ended_well);
}

}  // namespace
}  // namespace emilua::init
