#include "lib/init/mount_calls.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "lib/init/run_script.h"

namespace emilua::init {
namespace {

// A mount namespace of its own, whose mounts stay in it; ids as outside.
constexpr const char* private_mounts = R"(
  local status = io.open('/proc/self/status'):read('*a')
  local uid, gid = status:match 'Uid:%s*(%d+)', status:match 'Gid:%s*(%d+)'
  C.unshare(bit.bor(C.CLONE_NEWUSER, C.CLONE_NEWNS))
  local function put(path, text) write_all(C.open(path, C.O_WRONLY), text) end
  put('/proc/self/setgroups', 'deny')
  put('/proc/self/gid_map', '0 ' .. gid .. ' 1')
  put('/proc/self/uid_map', '0 ' .. uid .. ' 1')
  C.mount(nil, '/', nil, bit.bor(C.MS_REC, C.MS_PRIVATE))
  local function tmpfs(size)
    local fs = C.fsopen('tmpfs', C.FSOPEN_CLOEXEC)
    C.fsconfig(fs, C.FSCONFIG_SET_STRING, 'size', size or '1m', 0)
    C.fsconfig(fs, C.FSCONFIG_SET_STRING, 'mode', '0750')
    C.fsconfig(fs, C.FSCONFIG_CMD_CREATE, nil, nil, 0)
    return C.fsmount(fs, C.FSMOUNT_CLOEXEC, C.MOUNT_ATTR_NODEV)
  end
  local function write_to(path)
    local fd, reason = C.open(path, bit.bor(C.O_CREAT, C.O_WRONLY), mode(6, 0, 0))
    if reason == 0 then C.close(fd) end
    return reason
  end
)";

#define NEEDS_MOUNTS()                                     \
  if (run_script(private_mounts) != ended_well) {          \
    if (must_work()) FAIL() << run_script(private_mounts); \
    GTEST_SKIP() << run_script(private_mounts);            \
  }

outcome run_with_mounts(std::string_view script) {
  return run_script(std::string{private_mounts}.append(script));
}

TEST(Mounts, AFileSystemIsMadeConfiguredAndAttached) {
  NEEDS_MOUNTS();
  EXPECT_EQ(run_with_mounts(R"(
    local made = tmpfs()
    assert(made > 2)
    local result, reason = C.move_mount(made, '', C.AT_FDCWD, '/mnt', C.MOVE_MOUNT_F_EMPTY_PATH)
    assert(result == 0 and reason == 0)
    C.chdir('/mnt')
    assert(io.open('/proc/self/mountinfo'):read('*a'):find(' /mnt [^\n]*nodev[^\n]* tmpfs '))
    local fd = C.open('file', bit.bor(C.O_CREAT, C.O_WRONLY), mode(6, 0, 0))
    errexit = false
    local written, failure = 0
    repeat
      written, failure = C.write(fd, ('x'):rep(65536))
    until failure ~= 0
    assert(failure == C.ENOSPC)  -- the size was heeded
  )"),
            ended_well);
}

TEST(Mounts, ATreeIsClonedAndMadeReadOnly) {
  NEEDS_MOUNTS();
  const std::string clone = R"(
    C.move_mount(tmpfs(), '', C.AT_FDCWD, '/mnt', C.MOVE_MOUNT_F_EMPTY_PATH)
    C.mkdir('/mnt/copy', mode(7, 0, 0))
    local tree = C.open_tree(C.AT_FDCWD, '/mnt', bit.bor(C.OPEN_TREE_CLONE, C.OPEN_TREE_CLOEXEC))
  )";
  const std::string attach = R"(
    C.move_mount(tree, '', C.AT_FDCWD, '/mnt/copy', C.MOVE_MOUNT_F_EMPTY_PATH)
    errexit = false
    assert(write_to('/mnt/original') == 0)
  )";
  EXPECT_EQ(run_with_mounts(clone + attach + "assert(write_to('/mnt/copy/file') == 0)"),
            ended_well);
  EXPECT_EQ(run_with_mounts(clone + R"(
    local result, reason = C.mount_setattr(tree, nil, C.AT_EMPTY_PATH,
        {attr_set = bit.bor(C.MOUNT_ATTR_RDONLY, C.MOUNT_ATTR_NOSUID), propagation = C.MS_PRIVATE})
    assert(result == 0 and reason == 0)
  )" + attach + "assert(write_to('/mnt/copy/file') == C.EROFS)"),
            ended_well);
}

TEST(Mounts, AMountedFileSystemIsPickedAndReconfigured) {
  NEEDS_MOUNTS();
  EXPECT_EQ(run_with_mounts(R"(
    C.move_mount(tmpfs(), '', C.AT_FDCWD, '/mnt', C.MOVE_MOUNT_F_EMPTY_PATH)
    local fs = C.fspick(C.AT_FDCWD, '/mnt', C.FSPICK_CLOEXEC)
    C.fsconfig(fs, C.FSCONFIG_SET_FLAG, 'ro', nil, 0)
    errexit = false
    assert(write_to('/mnt/before') == 0)
    assert(C.fsconfig(fs, C.FSCONFIG_CMD_RECONFIGURE, nil, nil, 0) == 0)
    assert(write_to('/mnt/after') == C.EROFS)
  )"),
            ended_well);
}

TEST(Mounts, TheKernelsRefusalsFollowErrexit) {
  NEEDS_MOUNTS();
  EXPECT_EQ(run_with_mounts("tmpfs('rubbish')"),
            failed("ipc_actor/init: fsconfig: Invalid argument"));
  EXPECT_EQ(run_with_mounts("C.mount_setattr(-1, 'x', 0, {attr_set = C.MOUNT_ATTR_RDONLY})"),
            failed("ipc_actor/init: mount_setattr: Bad file descriptor"));
}

// The kernel would read beyond the end of the string.
TEST(Mounts, ABinaryValueIsNoLargerThanItIs) {
  EXPECT_EQ(run_script(R"(
    errexit = false
    local function binary(...) return pcall(C.fsconfig, -1, C.FSCONFIG_SET_BINARY, 'key', ...) end
    for _, size in ipairs{4, 2^31, -1, 0.5} do
      local ok, message = binary('a\0b', size)
      assert(not ok and message:find('#5', 1, true), size)
    end
    assert(not binary(nil, 0))
    for _, size in ipairs{3, 2, 'none'} do
      local ok, result, reason = binary('a\0b', tonumber(size))
      assert(ok and result == -1 and reason ~= 0)
    end
  )"),
            ended_well);
}

TEST(Mounts, MalformedCallsAreLuaErrors) {
  EXPECT_EQ(run_script(R"(
    for _, attributes in ipairs{{attr_sett = 1}, {1}, {attr_set = 'x'}, {attr_clr = 0.5},
                                {propagation = 2^54}, {[true] = 1}} do
      local ok, message = pcall(C.mount_setattr, -1, 'x', 0, attributes)
      assert(not ok and message == 'invalid mount_attr', message)
    end
    local function refused(what, name, ...)
      local ok, message = pcall(C[name], ...)
      assert(not ok and message:find(what, 1, true), name .. ': ' .. tostring(message))
    end
    refused('#4 ', 'mount_setattr', -1, 'x', 0)
    refused('NUL byte', 'mount_setattr', -1, 'x\0', 0, {})
    refused('NUL byte', 'fsconfig', -1, C.FSCONFIG_SET_STRING, 'key', 'a\0b')
    refused('NUL byte', 'fsconfig', -1, C.FSCONFIG_SET_STRING, 'k\0', 'a')
    refused('#1 ', 'fsopen')
    refused('#2 ', 'open_tree', 0)
  )"),
            ended_well);
}

}  // namespace
}  // namespace emilua::init
