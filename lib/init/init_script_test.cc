#include "lib/init/init_script.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "lib/base/unique_fd.h"
#include "lib/init/constants.h"
#include "lib/init/posix_calls.h"
#include "lib/init/run_script.h"

namespace emilua::init {
namespace {

using base::unique_fd;

constexpr const char* out_of_memory = "ipc_actor/init/alloc: out of memory (1 MiB)";

// --- the script as such ---------------------------------------------------

TEST(Script, EndsWell) { EXPECT_EQ(run_script("local a = 1"), ended_well); }

TEST(Script, RefusesAnEmptyOne) {
  EXPECT_EQ(run_script(""), failed("ipc_actor/init/script: empty script"));
  EXPECT_EQ(run_script(" "), ended_well);
}

TEST(Script, ReportsSyntaxErrors) {
  EXPECT_EQ(run_script("local a =\nlocal b"),
            failed("ipc_actor/init/script: init.script:2: unexpected symbol near 'local'"));
}

TEST(Script, ReportsUncaughtErrors) {
  EXPECT_EQ(run_script("\n\nerror 'oops'"), failed("ipc_actor/init/script: init.script:3: oops"));
  EXPECT_EQ(run_script("error('oops', 0)"), failed("ipc_actor/init/script: oops"));
  EXPECT_EQ(run_script("error(12.5, 0)"), failed("ipc_actor/init/script: 12.5"));
  EXPECT_EQ(run_script("error({})"),
            failed("ipc_actor/init/script: (error object is a table value)"));
  EXPECT_EQ(run_script("error()"), failed("ipc_actor/init/script: (error object is a nil value)"));
}

TEST(Script, ReportsInOneLine) {
  EXPECT_EQ(run_script(R"(error('a\n<3>b\0c', 0))"), failed("ipc_actor/init/script: a <3>b c"));
}

TEST(Script, RefusesBytecode) {
  EXPECT_EQ(run_script("\x1bLJ\x02"),
            failed("ipc_actor/init/script: attempt to load chunk with wrong mode"));
  EXPECT_EQ(run_script("#!/usr/bin/lua\n\x1bLJ\x02"),
            failed("ipc_actor/init/script: cannot load malformed bytecode"));
}

TEST(Script, HasTheStandardLibrariesAndNoJit) {
  EXPECT_EQ(run_script(R"(
    for _, name in ipairs{'string', 'table', 'math', 'io', 'os', 'debug', 'package', 'coroutine',
                          'bit', 'jit'} do
      assert(type(_G[name]) == 'table', name)
    end
    assert(jit.status() == false)
    assert(require('ffi').sizeof('int') == 4)
    assert(not pcall(require, 'inbox'))
  )"),
            ended_well);
}

TEST(Script, RunsOutOfMemory) {
  EXPECT_EQ(run_script("local t = {} while true do t[#t + 1] = {} end"), failed(out_of_memory));
  EXPECT_EQ(run_script("string.rep('x', 2^30)"), failed(out_of_memory));
  EXPECT_EQ(run_script("--" + std::string(arena_size, 'x')), failed(out_of_memory));
}

TEST(Script, CannotCatchThatItRunsOutOfMemory) {
  EXPECT_EQ(run_script("pcall(string.rep, 'x', 2^30)"), failed(out_of_memory));
}

// Nothing is reused: even work that keeps nothing comes to an end.
TEST(Script, CollectsNoGarbage) {
  EXPECT_EQ(run_script("for i = 1, 1e6 do local t = {i} end"), failed(out_of_memory));
}

TEST(Script, FlushesAndClosesItsFiles) {
  unique_fd file{::memfd_create("init_script_test", MFD_CLOEXEC)};
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  EXPECT_EQ(run_script("unclosed = io.open('" + path + "', 'w'); unclosed:write 'text'"),
            ended_well);
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_END), 4);
}

TEST(Script, PrintsBeforeItFails) {
  unique_fd file{::memfd_create("init_script_test", MFD_CLOEXEC)};
  EXPECT_EQ(run_script("C.dup2(" + std::to_string(file.get()) + ", 1) print 'text' C.close(-1)"),
            failed("ipc_actor/init: close: Bad file descriptor"));
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_END), 5);
}

// --- globals --------------------------------------------------------------

TEST(Globals, ArgIsTheDescriptorOrNil) {
  EXPECT_EQ(run_script("assert(arg == nil)"), ended_well);
  unique_fd file{::memfd_create("init_script_test", 0)};
  const std::string number = std::to_string(file.get());
  EXPECT_EQ(run_script("assert(type(arg) == 'number' and arg == " + number + ")",
                       {.argument = file.get()}),
            ended_well);
  EXPECT_EQ(run_script("local a", {.argument = 1 << 20}),
            failed("ipc_actor/init: arg: Bad file descriptor"));
}

TEST(Globals, ArgIsCloseOnExec) {
  unique_fd file{::memfd_create("init_script_test", 0)};
  const std::string there = "'[ -e /proc/self/fd/" + std::to_string(file.get()) + " ]'";
  const std::string script = "C.execve('/bin/sh', {'sh', '-c', " + there + "})";
  EXPECT_EQ(run_script(script), (outcome{0, ""}));  // inherited
  EXPECT_EQ(run_script(script, {.argument = file.get()}), (outcome{1, ""}));
}

TEST(Globals, ModeBuildsPermissions) {
  EXPECT_EQ(run_script("assert(mode(6, 4, 4) == 420 and mode(7, 5, 5) == 493)"), ended_well);
}

TEST(Globals, SetNoNewPrivs) {
  EXPECT_EQ(run_script(R"(
    local a, b = set_no_new_privs()
    assert(a == 0 and b == 0)
    assert(io.open('/proc/self/status'):read('*a'):find('NoNewPrivs:\t1'))
  )"),
            ended_well);
}

// --- errexit --------------------------------------------------------------

TEST(Errexit, IsOnAtFirst) {
  EXPECT_EQ(run_script("assert(errexit == true) C.open('/absent', C.O_RDONLY)"),
            failed("ipc_actor/init: open: No such file or directory"));
}

TEST(Errexit, CannotBeCaught) {
  EXPECT_EQ(run_script("pcall(C.open, '/absent', C.O_RDONLY)"),
            failed("ipc_actor/init: open: No such file or directory"));
  EXPECT_EQ(run_script("coroutine.wrap(function() C.chdir '/absent' end)()"),
            failed("ipc_actor/init: chdir: No such file or directory"));
}

TEST(Errexit, OffGivesTheReason) {
  EXPECT_EQ(run_script(R"(
    errexit = false
    local fd, reason = C.open('/absent', C.O_RDONLY)
    assert(fd == -1 and reason == C.ENOENT)
  )"),
            ended_well);
}

TEST(Errexit, IsReadAtEachFailure) {
  EXPECT_EQ(run_script(R"(
    for _, off in ipairs{false, 'nil'} do
      errexit = off ~= 'nil' and off or nil
      C.chdir('/absent')
    end
    errexit = 0  -- true in Lua
    C.chroot('/absent')
  )"),
            failed("ipc_actor/init: chroot: No such file or directory"));
}

TEST(Errexit, IsHonouredByTheHelpers) {
  EXPECT_EQ(run_script("receive_with_fd(-1, 1)"),
            failed("ipc_actor/init: receive_with_fd: Bad file descriptor"));
  EXPECT_EQ(run_script("send_with_fd(-1, 'x', 0)"),
            failed("ipc_actor/init: send_with_fd: Bad file descriptor"));
  EXPECT_EQ(run_script("write_all(-1, 'x')"),
            failed("ipc_actor/init: write_all: Bad file descriptor"));
}

// --- the table C ----------------------------------------------------------

TEST(C, UnknownKeysRaise) {
  EXPECT_EQ(run_script(R"(
    for _, key in ipairs{'nope', 'cap_enter', 'jail_set', 'MNT_RDONLY', '', 'O_RDONLY ', 1, true} do
      local ok, message = pcall(function() return C[key] end)
      assert(not ok and message == 'key not found', key)
    end
  )"),
            ended_well);
  EXPECT_EQ(run_script("C.nope()"), failed("ipc_actor/init/script: key not found"));
}

TEST(C, IsAnEmptyTableThatTakesKeys) {
  EXPECT_EQ(run_script(R"(
    assert(type(C) == 'table' and next(C) == nil)
    assert(C.read ~= C.read)
    C.mine = 5
    C.O_RDONLY = 'changed'
    assert(C.mine == 5 and C.O_RDONLY == 'changed')
  )"),
            ended_well);
}

TEST(C, HasConstants) {
  EXPECT_EQ(run_script("assert(type(C.O_RDONLY) == 'number' and C.ENOENT == 2)"), ended_well);
  EXPECT_EQ(find_c_constant("AT_FDCWD")->value, AT_FDCWD);
  EXPECT_EQ(find_c_constant("EWOULDBLOCK")->value, EAGAIN);
  EXPECT_EQ(find_c_constant("ETIME")->value, ETIME);
  EXPECT_EQ(find_c_constant("O_RESOLVE_BENEATH"), nullptr);
  for (const constant& entry : c_constants())
    EXPECT_EQ(find_c_constant(entry.name), &entry) << entry.name;
}

// Every function but umask and closefrom has two results, here of calls that fail or change
// nothing.
constexpr const char* harmless_calls = R"(
  errexit = false
  local harmless = {
    access = {'/absent', 0}, cap_drop_bound = {'63'}, cap_reset_ambient = {},
    cap_set_ambient = {'63', true}, cap_set_proc = {'cap_chown=i cap_chown-i'},
    cap_set_secbits = {-1}, chdir = {'/absent'}, chmod = {'/absent', 0},
    chown = {'/absent', -1, -1}, chroot = {'/absent'}, close = {-1}, dup = {-1}, dup2 = {-1, -1},
    eaccess = {'/absent', 0}, execve = {'/absent'}, fexecve = {-1}, fsconfig = {-1, 0},
    fsmount = {-1, 0, 0}, fsopen = {'no such type', 0}, fspick = {-1, '', 0}, getrlimit = {-1},
    landlock_add_rule = {-1, 'path_beneath', {parent_fd = 0, allowed_access = {'execute'}}},
    landlock_create_ruleset = {}, landlock_restrict_self = {-1}, link = {'/absent', '/absent'},
    linkat = {-1, 'a', -1, 'b', 0}, listen = {-1, 0}, makedev = {1, 3}, mkdir = {'/', 0},
    mkfifo = {'/', 0}, mknod = {'/', 0}, mount = {nil, '/absent', nil, 0},
    mount_setattr = {-1, 'x', 0, {}}, move_mount = {-1, 'x', -1, 'x', 0}, open = {'/absent', 0},
    open_tree = {-1, 'x', 0}, pivot_root = {'/absent', '/absent'},
    prctl = {C.PR_GET_DUMPABLE}, read = {-1, 1}, seccomp_set_mode_filter = {''},
    setdomainname = {('x'):rep(100)}, setgroups = {{}}, sethostname = {('x'):rep(100)},
    setns = {-1, 0}, setpgid = {-1, 0}, setresgid = {-1, -1, -1}, setresuid = {-1, -1, -1},
    setrlimit = {-1, {rlim_cur = 0, rlim_max = 0}}, setsid = {}, socket = {-1, 0, 0},
    symlink = {'x', '/'}, umount = {'/absent'}, umount2 = {'/absent', 0}, unshare = {0},
    write = {-1, ''},
  }
)";

TEST(C, FunctionsHaveTwoResults) {
  std::string script = harmless_calls;
  for (const function& entry : c_functions()) {
    if (entry.name == "umask" || entry.name == "closefrom") continue;
    script += "assert(harmless." + std::string{entry.name} + ", '" + std::string{entry.name} +
              " is not tested')\n";
  }
  script += R"(
    for name, arguments in pairs(harmless) do
      local results = {n = select('#', C[name](unpack(arguments, 1, 5))),
                       C[name](unpack(arguments, 1, 5))}
      assert(results.n == 2, name)
      assert(type(results[2]) == 'number', name)
      if name == 'read' or name == 'getrlimit' then
        assert(results[1] == nil and results[2] == (name == 'read' and C.EBADF or C.EINVAL))
      else
        assert(type(results[1]) == 'number', name)
        assert((results[1] == -1) == (results[2] ~= 0), name)
      end
    end
    assert(select('#', C.umask(0)) == 1)
    assert(select('#', C.closefrom(1000)) == 0)
  )";
  EXPECT_EQ(run_script(script), ended_well);
}

TEST(C, MalformedCallsAreLuaErrors) {
  EXPECT_EQ(run_script(R"(
    assert(not pcall(C.open))
    local function refused(what, name, ...)
      local ok, message = pcall(C[name], ...)
      assert(not ok and message:find(what, 1, true), name .. ': ' .. tostring(message))
    end
    refused('#1 ', 'open', {}, 0)
    refused('#2 ', 'open', '/', 'flags')
    refused('32-bit integer', 'open', '/', 0.5)
    refused('32-bit integer', 'close', 2^32)
    refused('32-bit integer', 'close', -2^31 - 1)
    refused('32-bit integer', 'close', 0/0)
    refused('size', 'read', 0, -1)
    refused('size', 'read', 0, math.huge)
    refused('#1 ', 'setgroups', 5)
    refused('#2 ', 'execve', '/absent', 'argv')
    refused('#3 ', 'execve', '/absent', {}, 'env')
    refused('#2 ', 'mount', '/x', nil, nil, 0)
    refused('#2 ', 'chmod', '/absent')
    refused('#1 ', 'closefrom')
    refused('size', 'mknod', '/absent', 0, -1)
    refused('#2 ', 'makedev', 1)
    refused('#3 ', 'socket', 1, 1, {})
  )"),
            ended_well);
}

TEST(C, RefusesTextsWithNul) {
  EXPECT_EQ(run_script(R"(
    for _, call in ipairs{
      {'open', '/etc/passwd\0x', 0}, {'chdir', '/\0'}, {'link', '/absent', 'a\0b'},
      {'mount', nil, '/\0', nil, 0}, {'mount', 'a\0', '/absent', nil, 0},
      {'mount', 'a', '/absent', 'tmpfs', 0, 'a\0b'}, {'execve', '/bin/true\0'}} do
      local ok, message = pcall(C[call[1]], unpack(call, 2, 6))
      assert(not ok and message:find('NUL byte', 1, true), call[1])
    end
  )"),
            ended_well);
}

TEST(C, ReadGivesWhatIsThere) {
  EXPECT_EQ(run_script(R"(
    local zero = C.open('/dev/zero', C.O_RDONLY)
    for _, size in ipairs{0, 1, 5000, 65536} do
      local data, reason = C.read(zero, size)
      assert(data == ('\0'):rep(size) and reason == 0)
    end
    assert(#C.read(zero, 2^40) == 65536)  -- a short read, not a gigabyte
    local null = C.open('/dev/null', C.O_RDONLY)
    local data, reason = C.read(null, 10)
    assert(data == '' and reason == 0)
    errexit = false
    data, reason = C.read(-1, 10)
    assert(data == nil and reason == C.EBADF)
  )"),
            ended_well);
}

// The room for what is read is one and the same: small reads cost what they return.
TEST(C, ManySmallReadsFit) {
  EXPECT_EQ(run_script(R"(
    local null, read = C.open('/dev/null', C.O_RDONLY), C.read
    for i = 1, 100000 do read(null, 65536) end
  )"),
            ended_well);
}

TEST(C, FilesEndToEnd) {
  const std::string directory = ::testing::TempDir() + "/init_script_test";
  (void)::mkdir(directory.c_str(), 0700);
  EXPECT_EQ(run_script("local directory = '" + directory + "'" + R"(
    C.chdir(directory)
    C.umask(0)
    local fd = C.open('file', bit.bor(C.O_CREAT, C.O_EXCL, C.O_RDWR), mode(6, 4, 0))
    assert(C.write(fd, 'a\0b') == 3)
    assert(write_all(fd, ('x'):rep(100)) == 100)
    assert(C.close(fd) == 0)
    local copy = C.dup2(C.open('file', C.O_RDONLY), 100)
    assert(copy == 100 and C.read(copy, 3) == 'a\0b')
    C.link('file', 'second')
    C.symlink('file', 'third')
    C.chmod('second', mode(4, 0, 0))
    C.mkdir('fourth', mode(7, 0, 0))
    assert(C.access('third', C.F_OK) == 0)
    for _, name in ipairs{'file', 'second', 'third', 'fourth'} do assert(os.remove(name)) end
  )"),
            ended_well);
  EXPECT_EQ(::rmdir(directory.c_str()), 0);
}

TEST(C, CloseFromClosesTheRest) {
  EXPECT_EQ(run_script(R"(
    for fd = 50, 60 do C.dup2(2, fd) end
    C.closefrom(51)
    assert(C.close(50) == 0)
    errexit = false
    for fd = 51, 60 do assert(select(2, C.close(fd)) == C.EBADF) end
    assert(C.dup(1) > 2)  -- the lower ones are as they were
    C.closefrom(-5)
    assert(select(2, C.dup(0)) == C.EBADF)
  )"),
            ended_well);
}

TEST(C, DeviceNumbersEndToEnd) {
  EXPECT_EQ(run_script(R"(
    for _, pair in ipairs{{0, 0}, {1, 3}, {259, 70000}, {4095, 1048575}} do
      local device, reason = C.makedev(pair[1], pair[2])
      assert(reason == 0 and select('#', dev_major(device), dev_minor(device)) == 2)
      assert(dev_major(device) == pair[1] and dev_minor(device) == pair[2])
    end
    errexit = false
    for _, pair in ipairs{{4096, 0}, {0, 1048576}, {-1, 0}} do
      local device, reason = C.makedev(pair[1], pair[2])
      assert(device == -1 and reason == C.EINVAL)
    end
  )"),
            ended_well);
}

TEST(C, SpecialFilesEndToEnd) {
  const std::string directory = ::testing::TempDir() + "/init_script_special";
  (void)::mkdir(directory.c_str(), 0700);
  EXPECT_EQ(run_script("local directory = '" + directory + "'" + R"(
    C.chdir(directory)
    C.mkfifo('fifo', mode(6, 0, 0))
    C.mknod('second', bit.bor(C.S_IFIFO, mode(6, 0, 0)))
    C.mknod('plain', bit.bor(C.S_IFREG, mode(6, 0, 0)))
    assert(C.open('fifo', bit.bor(C.O_RDWR, C.O_NONBLOCK)) > 2)
    assert(C.eaccess('plain', bit.bor(C.R_OK, C.W_OK)) == 0)
    local here = C.open('.', C.O_DIRECTORY)
    C.linkat(here, 'plain', C.AT_FDCWD, 'linked', 0)
    errexit = false
    assert(select(2, C.eaccess('absent', C.F_OK)) == C.ENOENT)
    -- Special files that are devices are not everybody's to make.
    C.setresuid(-1, 65534, -1)
    C.cap_set_proc('=')
    assert(select(2, C.mknod('null', bit.bor(C.S_IFCHR, 438), C.makedev(1, 3))) ~= 0)
    C.setresuid(-1, 0, -1)
    for _, name in ipairs{'fifo', 'second', 'plain', 'linked'} do os.remove(name) end
  )"),
            ended_well);
  for (const char* name : {"fifo", "second", "plain", "linked"})
    (void)::unlink((directory + '/' + name).c_str());
  EXPECT_EQ(::rmdir(directory.c_str()), 0);
}

TEST(C, SetgroupsWantsAList) {
  for (const char* list : {"{'x'}", "{1, 1.5}", "{1, -2^40}", "{'1'}", "{1, {}}"})
    EXPECT_EQ(run_script("errexit = false pcall(C.setgroups, " + std::string{list} + ")"),
              failed("ipc_actor/init/setgroups: not a list of group ids"))
        << list;
}

TEST(C, ExecWantsStrings) {
  auto attempt = [](const std::string& arguments) {
    return run_script("errexit = false pcall(C." + arguments + ")");
  };
  EXPECT_EQ(attempt("execve, '/absent', {'a', 1}"),
            failed("ipc_actor/init/execve: string expected, got number"));
  EXPECT_EQ(attempt("fexecve, -1, {{}}"),
            failed("ipc_actor/init/fexecve: string expected, got table"));
  EXPECT_EQ(attempt("execve, '/absent', {}, {'A=B'}"),
            failed("ipc_actor/init/execve: string expected, got number"));
  EXPECT_EQ(attempt("execve, '/absent', {}, {A = 1}"),
            failed("ipc_actor/init/execve: string expected, got number"));
  EXPECT_EQ(attempt(R"(execve, '/absent', {'a\0b'})"),
            failed("ipc_actor/init/execve: string contains a NUL byte"));
  EXPECT_EQ(attempt("fexecve, -1, {}, {['A=B'] = 'c'}"),
            failed("ipc_actor/init/fexecve: invalid variable name 'A=B'"));
}

TEST(C, ExecPassesArgumentsAndEnvironment) {
  const char* const check = R"({'sh', '-c', '[ "$0$1$A$B" = "x y12" ] && exit 7', 'x', ' y'},
                               {A = '1', B = '2'})";
  EXPECT_EQ(run_script("C.execve('/bin/sh', " + std::string{check} + ")"), (outcome{7, ""}));
  EXPECT_EQ(run_script("C.fexecve(C.open('/bin/sh', C.O_PATH), " + std::string{check} + ")"),
            (outcome{7, ""}));
  EXPECT_EQ(run_script("C.execve('/absent', {}, {})"),
            failed("ipc_actor/init: execve: No such file or directory"));
}

}  // namespace
}  // namespace emilua::init
