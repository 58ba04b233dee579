#include "lib/init/capability_calls.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "lib/init/run_script.h"

namespace emilua::init {
namespace {

// All capabilities, over a user namespace of its own: whoever runs the test.
constexpr const char* privileged = R"(
  C.unshare(bit.bor(C.CLONE_NEWUSER, C.CLONE_NEWUTS))
  local function capabilities(kind)
    return io.open('/proc/self/status'):read('*a'):match('Cap' .. kind .. ':%s*(%x+)')
  end
  local function bit_of(kind, number)  -- of the 64 that are written with 16 digits
    local digit = tonumber(capabilities(kind):sub(-1 - math.floor(number / 4), -1 - math.floor(number / 4)), 16)
    return bit.band(bit.rshift(digit, number % 4), 1)
  end
  local chown, net_bind, sys_admin = 0, 10, 21
)";

// Leaves the test, as skipped or (when all must work) as failed, where there are no user
// namespaces.
#define NEEDS_USER_NAMESPACES()                                 \
  if (run_script("C.unshare(C.CLONE_NEWUSER)") != ended_well) { \
    if (must_work()) FAIL() << "no user namespaces";            \
    GTEST_SKIP() << "no user namespaces";                       \
  }

outcome run_privileged(std::string_view script) {
  return run_script(std::string{privileged}.append(script));
}

TEST(Capabilities, DroppedOnesPermitNothing) {
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(run_privileged("C.sethostname('here')"), ended_well);
  EXPECT_EQ(run_privileged(R"(
    local result, reason = C.cap_set_proc('=')
    assert(result == 0 and reason == 0)
    assert(capabilities('Eff') == ('0'):rep(16) and capabilities('Prm') == ('0'):rep(16))
    C.sethostname('here')
  )"),
            failed("ipc_actor/init: sethostname: Operation not permitted"));
}

TEST(Capabilities, AreSetAsTheTextSays) {
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(run_privileged(R"(
    C.cap_set_proc('cap_sys_admin=ep cap_chown=p')
    assert(bit_of('Eff', sys_admin) == 1 and bit_of('Eff', chown) == 0)
    assert(bit_of('Prm', sys_admin) == 1 and bit_of('Prm', chown) == 1)
    assert(bit_of('Prm', net_bind) == 0)
    C.sethostname('here')
    errexit = false
    local result, reason = C.cap_set_proc('cap_net_bind_service=ep')  -- has been given up
    assert(result == -1 and reason == C.EPERM)
  )"),
            ended_well);
}

TEST(Capabilities, BoundingSetIsDroppedOneByOne) {
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(run_privileged(R"(
    assert(bit_of('Bnd', sys_admin) == 1)
    local result, reason = C.cap_drop_bound('cap_sys_admin')
    assert(result == 0 and reason == 0)
    assert(bit_of('Bnd', sys_admin) == 0 and bit_of('Bnd', chown) == 1)
  )"),
            ended_well);
  EXPECT_EQ(run_privileged("C.cap_set_proc('=') C.cap_drop_bound('cap_sys_admin')"),
            failed("ipc_actor/init: cap_drop_bound: Operation not permitted"));
}

TEST(Capabilities, AmbientOnesAreRaisedLoweredAndReset) {
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(run_privileged(R"(
    C.cap_set_proc('all=p cap_chown,cap_net_bind_service=eip')
    local result, reason = C.cap_set_ambient('cap_net_bind_service', true)
    assert(result == 0 and reason == 0 and bit_of('Amb', net_bind) == 1)
    C.cap_set_ambient('CAP_CHOWN', true)
    C.cap_set_ambient('cap_net_bind_service', false)
    assert(bit_of('Amb', net_bind) == 0 and bit_of('Amb', chown) == 1)
    result, reason = C.cap_reset_ambient()
    assert(result == 0 and reason == 0 and bit_of('Amb', chown) == 0)
    C.cap_set_ambient('cap_sys_admin', true)  -- not inheritable
  )"),
            failed("ipc_actor/init: cap_set_ambient: Operation not permitted"));
}

TEST(Capabilities, AmbientOnesSurviveExec) {
  NEEDS_USER_NAMESPACES();
  // An unmapped id is not root: a program starts with nothing but the ambient set.
  const std::string count =
      "C.execve('/bin/sh', {'sh', '-c', 'grep -q \"CapEff:.*0000400$\" /proc/self/status'})";
  EXPECT_EQ(run_privileged("C.cap_set_proc('cap_net_bind_service=eip') "
                           "C.cap_set_ambient('cap_net_bind_service', true) " +
                           count),
            (outcome{0, ""}));
  EXPECT_EQ(run_privileged("C.cap_set_proc('cap_net_bind_service=eip') " + count),
            (outcome{1, ""}));
}

TEST(Capabilities, SecurebitsAreSetAndLocked) {
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(run_privileged(R"(
    local bits = bit.bor(C.SECBIT_NOROOT, C.SECBIT_NOROOT_LOCKED)
    local result, reason = C.cap_set_secbits(bits)
    assert(result == 0 and reason == 0 and C.prctl(C.PR_GET_SECUREBITS) == bits)
    C.cap_set_secbits(0)
  )"),
            failed("ipc_actor/init: cap_set_secbits: Operation not permitted"));
}

TEST(Capabilities, MeaninglessTextsAreAlwaysFatal) {
  const auto attempt = [](const std::string& call) {
    return run_script("errexit = false pcall(C." + call + ")");
  };
  EXPECT_EQ(attempt("cap_set_proc, 'rubbish'"),
            failed("ipc_actor/init/cap_set_proc: invalid capabilities: 'rubbish'"));
  EXPECT_EQ(attempt("cap_set_proc, 'cap_nope=ep'"),
            failed("ipc_actor/init/cap_set_proc: invalid capabilities: 'cap_nope=ep'"));
  EXPECT_EQ(attempt("cap_set_proc, '=\\0ep'"),
            failed("ipc_actor/init/cap_set_proc: string contains a NUL byte"));
  EXPECT_EQ(attempt("cap_drop_bound, 'cap_nope'"),
            failed("ipc_actor/init/cap_drop_bound: no such capability: 'cap_nope'"));
  EXPECT_EQ(attempt("cap_drop_bound, ''"),
            failed("ipc_actor/init/cap_drop_bound: no such capability: ''"));
  EXPECT_EQ(attempt("cap_set_ambient, 'sys_admin', true"),
            failed("ipc_actor/init/cap_set_ambient: no such capability: 'sys_admin'"));
}

TEST(Capabilities, MalformedCallsAreLuaErrors) {
  EXPECT_EQ(run_script(R"(
    for _, call in ipairs{{'cap_set_proc'}, {'cap_set_proc', {}}, {'cap_drop_bound'},
                          {'cap_set_ambient', 'cap_chown'}, {'cap_set_ambient', 'cap_chown', 1},
                          {'cap_set_secbits'}, {'cap_set_secbits', 'noroot'}} do
      local ok, message = pcall(C[call[1]], unpack(call, 2))
      assert(not ok and message:find('bad argument', 1, true), call[1])
    end
  )"),
            ended_well);
}

}  // namespace
}  // namespace emilua::init
