#include "lib/init/landlock_calls.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/init/run_script.h"
#include "lib/sandbox/landlock.h"

namespace emilua::init {
namespace {

int landlock_abi() {
  const auto abi = sandbox::landlock_abi();
  return abi ? *abi : 0;
}

// Leaves the test, as skipped or (when all must work) as failed, on a kernel below this ABI.
#define NEEDS_LANDLOCK(abi)                                               \
  if (landlock_abi() < (abi)) {                                           \
    if (must_work()) FAIL() << "the kernel lacks Landlock ABI " << (abi); \
    GTEST_SKIP() << "the kernel lacks Landlock ABI " << (abi);            \
  }

// The rights of the first ABI, as every kernel with Landlock has them.
constexpr const char* all_rights = R"(
  local all = {'execute', 'write_file', 'read_file', 'read_dir', 'remove_dir', 'remove_file',
               'make_char', 'make_dir', 'make_reg', 'make_sock', 'make_fifo', 'make_block',
               'make_sym'}
)";

TEST(Landlock, TellsItsVersion) {
  NEEDS_LANDLOCK(1);
  EXPECT_EQ(run_script(R"(
    local abi, reason = C.landlock_create_ruleset(nil, {'version'})
    assert(abi >= 1 and abi < 100 and reason == 0)
  )"),
            ended_well);
}

TEST(Landlock, DeniesEverythingAfterRestrictSelf) {
  NEEDS_LANDLOCK(1);
  const std::string before = std::string{all_rights} + R"(
    local ruleset, reason = C.landlock_create_ruleset{handled_access_fs = all}
    assert(ruleset > 2 and reason == 0)
    assert(set_no_new_privs() == 0)
  )";
  const std::string after = R"(
    errexit = false
    local fd, reason = C.open('/etc/passwd', C.O_RDONLY)
  )";
  EXPECT_EQ(run_script(before + "assert(C.landlock_restrict_self(ruleset) == 0)" + after +
                       "assert(fd == -1 and reason == C.EACCES)"),
            ended_well);
  EXPECT_EQ(run_script(before + after + "assert(fd ~= -1 and reason == 0)"), ended_well);
}

TEST(Landlock, AllowsBeneathAPath) {
  NEEDS_LANDLOCK(1);
  EXPECT_EQ(run_script(std::string{all_rights} + R"(
    local ruleset = C.landlock_create_ruleset({handled_access_fs = all}, {})
    local etc = C.open('/etc', C.O_PATH)
    local result, reason = C.landlock_add_rule(ruleset, 'path_beneath',
                                               {parent_fd = etc, allowed_access = {'read_file'}})
    assert(result == 0 and reason == 0)
    set_no_new_privs()
    C.landlock_restrict_self(ruleset)
    C.open('/etc/passwd', C.O_RDONLY)
    errexit = false
    assert(select(2, C.open('/etc', C.O_RDONLY)) == C.EACCES)
    assert(select(2, C.open('/proc/self/status', C.O_RDONLY)) == C.EACCES)
  )"),
            ended_well);
}

// bind(2) to an allowed and to another port, through the FFI: C binds paths only.
TEST(Landlock, AllowsAPort) {
  NEEDS_LANDLOCK(4);
  EXPECT_EQ(run_script(R"(
    local ruleset = C.landlock_create_ruleset{handled_access_net = {'bind_tcp', 'connect_tcp'}}
    local result, reason = C.landlock_add_rule(ruleset, 'net_port',
                                               {port = 0, allowed_access = {'bind_tcp'}})
    assert(result == 0 and reason == 0)
    set_no_new_privs()
    C.landlock_restrict_self(ruleset)

    local ffi = require 'ffi'
    ffi.cdef[[
      struct address { uint16_t family; uint8_t port[2]; uint8_t ip[4]; uint8_t zero[8]; };
      int socket(int, int, int);
      int bind(int, const struct address *, unsigned);
    ]]
    local function bind(high, low)
      local address = ffi.new('struct address', {C.AF_INET, {high, low}})
      local fd = ffi.C.socket(C.AF_INET, C.SOCK_STREAM, 0)
      return ffi.C.bind(fd, address, 16) == 0 or ffi.errno()
    end
    assert(bind(0, 0) == true)
    assert(bind(0x40, 0x01) == C.EACCES)
  )"),
            ended_well);
}

TEST(Landlock, RestrictSelfNeedsNoNewPrivs) {
  NEEDS_LANDLOCK(1);
  const std::string ruleset =
      "local rs = C.landlock_create_ruleset{handled_access_fs={'execute'}} ";
  EXPECT_EQ(run_script(ruleset + "C.landlock_restrict_self(rs)", {.unprivileged = true}),
            failed("ipc_actor/init: landlock_restrict_self: Operation not permitted"));
  EXPECT_EQ(run_script(ruleset + "set_no_new_privs() C.landlock_restrict_self(rs)",
                       {.unprivileged = true}),
            ended_well);
}

TEST(Landlock, KernelRefusalsFollowErrexit) {
  NEEDS_LANDLOCK(1);
  EXPECT_EQ(run_script(R"(
    local rs = C.landlock_create_ruleset{handled_access_fs = {'execute'}}
    errexit = false
    local function reason_of(...) return select(2, C.landlock_add_rule(rs, ...)) end
    local execute = {'execute'}
    assert(reason_of('path_beneath', {parent_fd = -1, allowed_access = execute}) == C.EBADF)
    local root = C.open('/', C.O_PATH)
    assert(reason_of('path_beneath', {parent_fd = root, allowed_access = {'read_dir'}}) == C.EINVAL)
    assert(select(2, C.landlock_create_ruleset()) == C.EFAULT)
    assert(select(2, C.landlock_create_ruleset({}, {'version'})) == C.EINVAL)
    assert(select(2, C.landlock_restrict_self(root)) ~= 0)
  )"),
            ended_well);
  EXPECT_EQ(run_script("C.landlock_create_ruleset{}"),
            failed("ipc_actor/init: landlock_create_ruleset: No message of desired type"));
}

// No kernel is asked: misspelt names are found on every machine.
TEST(Landlock, MisspeltNamesAreLuaErrors) {
  EXPECT_EQ(run_script(R"(
    local function refused(with, name, ...)
      local ok, message = pcall(C['landlock_' .. name], ...)
      assert(not ok and message == with, tostring(message) .. ' instead of ' .. with)
    end
    local create = 'create_ruleset'
    refused('invalid LANDLOCK_ACCESS_FS', create, {handled_access_fs = {'read_fil'}})
    refused('invalid LANDLOCK_ACCESS_FS', create, {handled_access_fs = {'execute' .. 'refer'}})
    refused('invalid LANDLOCK_ACCESS_FS', create, {handled_access_fs = {5}})
    refused('invalid LANDLOCK_ACCESS_FS', create, {handled_access_fs = {execute = 'execute'}})
    refused('invalid LANDLOCK_ACCESS_FS', create, {handled_access_fs = 'execute'})
    refused('invalid LANDLOCK_ACCESS_NET', create, {handled_access_net = {'bind_udp'}})
    refused('invalid LANDLOCK_SCOPE', create, {scoped = {'everything'}})
    refused('invalid ruleset attr', create, {handled_access = {'execute'}})
    refused('invalid ruleset attr', create, {'execute'})
    refused('invalid LANDLOCK_CREATE_RULESET flag', create, nil, {'versions'})
    refused('invalid LANDLOCK_CREATE_RULESET flag', create, nil, {'version', 'x'})

    local add, execute, bind = 'add_rule', {'execute'}, {'bind_tcp'}
    refused('invalid argument 2', add, 0, 'path_above', {})
    refused('invalid argument 4', add, 0, 'path_beneath', {}, 0)
    for _, attr in ipairs{{}, {parent_fd = 0}, {allowed_access = execute},
                          {parent_fd = 'x', allowed_access = execute},
                          {parent_fd = 0.5, allowed_access = execute},
                          {parent_fd = 0, allowed_access = execute, more = 1},
                          {port = 1, allowed_access = execute}} do
      refused('invalid path_beneath attr', add, 0, 'path_beneath', attr)
    end
    refused('invalid LANDLOCK_ACCESS_FS', add, 0, 'path_beneath',
            {parent_fd = 0, allowed_access = bind})
    for _, port in ipairs{-1, 65536, 0.5, '80'} do
      refused('invalid net_port attr', add, 0, 'net_port', {port = port, allowed_access = bind})
    end
    refused('invalid LANDLOCK_ACCESS_NET', add, 0, 'net_port', {port = 1, allowed_access = execute})

    refused('invalid argument 2', 'restrict_self', 0, 0)
    assert(not pcall(C.landlock_create_ruleset, 5))
    assert(not pcall(C.landlock_add_rule, 0, 'path_beneath'))
    assert(not pcall(C.landlock_restrict_self))
  )"),
            ended_well);
}

}  // namespace
}  // namespace emilua::init
