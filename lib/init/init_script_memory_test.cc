// That a run leaves nothing behind: no allocation, no mapping, and none of what the script read.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

#include "lib/base/unique_fd.h"
#include "lib/init/init_script.h"

namespace {

// Of this whole program, the C library's own included: executables come first when symbols are
// resolved.
std::size_t allocations = 0;

}  // namespace

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  ++allocations;
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
}

namespace emilua::init {
namespace {

[[noreturn]] void die(std::string_view message) {
  (void)!::write(2, message.data(), message.size());
  (void)!::write(2, "\n", 1);
  ::_exit(1);
}

// --- nothing allocated ----------------------------------------------------

constexpr std::string_view busy_script = R"(
  local zero = C.open('/dev/zero', C.O_RDONLY)
  for i = 1, 50 do C.read(zero, i * 10) end
  errexit = false
  assert(select(2, C.open('/absent', 0)) == C.ENOENT)
  assert(not pcall(C.open) and not pcall(error, {}))
  local parts = {}
  for i = 1, 500 do parts[i] = ('%d:%g'):format(i, i / 3) end
  assert(#table.concat(parts):gsub('%d+', function(d) return d .. d end) > 500)
  local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
  assert(co() == 1 and co() == 2)
  assert(loadstring('return 5')() == 5)
  C.execve('/absent', {'a', 'b'}, {A = 'b'})
  C.setgroups{}
  pcall(C.landlock_create_ruleset, nil, {'version'})
  assert(C.getrlimit(C.RLIMIT_CORE) and C.prctl(C.PR_GET_DUMPABLE))
  C.fsconfig(-1, C.FSCONFIG_SET_STRING, 'key', 'value', 0)
  C.mount_setattr(-1, 'x', 0, {attr_set = C.MOUNT_ATTR_RDONLY})
  C.seccomp_set_mode_filter('')
  bind_unix(-1, '/absent')
)";

// The mappings of this process; the buffer is static, as to count nothing itself.
std::string_view mappings(std::span<char> room) {
  const base::unique_fd maps{::open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
  std::size_t used = 0;
  for (ssize_t n; (n = ::read(maps.get(), room.data() + used, room.size() - used)) > 0;)
    used += static_cast<std::size_t>(n);
  return {room.data(), used};
}

// To what the run needs: a deeper stack is not a leak.
[[gnu::noinline]] void grow_stack() {
  std::array<volatile char, 512 * 1024> deep;
  deep[0] = 0;
}

TEST(InitScriptMemory, AllocatesAndMapsNothing) {
  static std::array<char, 1 << 16> before_room, after_room;
  grow_stack();

  const std::size_t control = allocations;
  void* volatile block = std::malloc(1);
  std::free(block);
  ASSERT_EQ(allocations, control + 1) << "malloc is not counted";

  const std::string_view maps_before = mappings(before_room);
  const std::size_t before = allocations;
  run_init_script({.script = busy_script, .fatal = die});
  const std::size_t after = allocations;
  const std::string_view maps_after = mappings(after_room);
  EXPECT_EQ(after, before);
  EXPECT_EQ(maps_after, maps_before);
}

// --- nothing remembered ---------------------------------------------------

constexpr std::size_t secret_size = 32;
constexpr unsigned char key = 0xa5;

// Never in the clear but in the pipe and in the script; found by its eight-byte pieces, as copies
// through registers would leave them.
constexpr std::size_t piece_size = 8;
std::array<unsigned char, secret_size> hidden_secret;

void make_secret() {
  const base::unique_fd random{::open("/dev/urandom", O_RDONLY | O_CLOEXEC)};
  // Some 32 bytes that are not the secret themselves: it is their XOR with the key.
  ASSERT_EQ(::read(random.get(), hidden_secret.data(), secret_size), ssize_t{secret_size});
}

void write_secret(int fd) {
  for (const unsigned char byte : hidden_secret) {
    volatile unsigned char clear = byte ^ key;
    if (::write(fd, const_cast<unsigned char*>(&clear), 1) != 1) die("write");
    clear = 0;
  }
}

bool piece_at(const unsigned char* data, std::size_t piece) {
  for (std::size_t i = 0; i < piece_size; ++i)
    if ((data[i] ^ key) != hidden_secret[piece * piece_size + i]) return false;
  return true;
}

bool holds_a_piece(const unsigned char* data, std::size_t size) {
  for (std::size_t at = 0; at + piece_size <= size; ++at)
    for (std::size_t piece = 0; piece < secret_size / piece_size; ++piece)
      if (piece_at(data + at, piece)) return true;
  return false;
}

// What the search copies memory to; alone not searched.
class window {
 public:
  window() {
    if (memory_ == MAP_FAILED || !self_) die("cannot read the own memory");
  }
  ~window() { ::munmap(memory_, size); }
  window(const window&) = delete;
  window& operator=(const window&) = delete;

  bool sees_secret(std::uintptr_t start, std::uintptr_t end) {
    const auto own = reinterpret_cast<std::uintptr_t>(memory_);
    if (own < start || own >= end) return search(start, end);
    return search(start, own) || search(own + size, end);
  }

  std::size_t searched() const { return searched_; }

 private:
  static constexpr std::size_t size = 1 << 16;

  bool search(std::uintptr_t start, std::uintptr_t end) {
    // The windows overlap, for a piece across the border.
    for (std::uintptr_t at = start; at < end; at += size - piece_size) {
      const ssize_t n =
          ::pread(self_.get(), memory_, std::min(size, end - at), static_cast<off_t>(at));
      if (n <= 0) return false;  // [vvar]
      searched_ += static_cast<std::size_t>(n);
      if (holds_a_piece(static_cast<unsigned char*>(memory_), static_cast<std::size_t>(n)))
        return true;
    }
    return false;
  }

  void* memory_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  base::unique_fd self_{::open("/proc/self/mem", O_RDONLY | O_CLOEXEC)};
  std::size_t searched_ = 0;
};

// The first line of /proc/self/maps whose memory has a piece of the secret, or "".
std::string_view place_of_secret() {
  static std::array<char, 1 << 16> room;
  window view;
  std::string_view rest = mappings(room);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    std::uintptr_t start = 0, end = 0;
    char readable = '-';
    if (std::sscanf(line.data(), "%lx-%lx %c", &start, &end, &readable) != 3) die("maps");
    if (readable == 'r' && view.sees_secret(start, end)) return line;
  }
  if (view.searched() < std::size_t{1} << 20) die("searched less than there must be");
  return "";
}

class InitScriptSecret : public ::testing::Test {
 protected:
  InitScriptSecret() {
    make_secret();
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader = base::unique_fd{ends[0]};
    write_secret(ends[1]);
    ::close(ends[1]);
  }
  base::unique_fd reader;
};

// Without this, the tests below would pass when the search is broken.
TEST_F(InitScriptSecret, IsFoundWhereItIs) {
  EXPECT_EQ(place_of_secret(), "");
  std::array<unsigned char, 12> copy;  // on the stack, and only a part
  ASSERT_EQ(::read(reader.get(), copy.data(), copy.size()), ssize_t{copy.size()});
  EXPECT_NE(place_of_secret().find("[stack]"), std::string_view::npos);
  ::explicit_bzero(copy.data(), copy.size());
  EXPECT_EQ(place_of_secret(), "");
}

TEST_F(InitScriptSecret, IsForgottenAfterTheRun) {
  run_init_script({.script = R"(
    local secret = C.read(arg, 32)
    assert(#secret == 32 and C.read(arg, 1) == '')
    kept = {secret, [secret] = true, secret .. 'x', secret:sub(3), secret:gsub('.', '%0')}
    -- gsub works on the C stack, here in frames below one another
    local function dive(depth)
      return (secret:gsub('.+', function(all) return depth > 0 and dive(depth - 1) or all end))
    end
    assert(dive(8) == secret)
    local bytes = {secret:byte(1, -1)}
    assert(string.char(unpack(bytes)) == secret and ('%q%s'):format(secret, secret))
    assert(not pcall(error, secret))
    coroutine.wrap(function() kept[#kept + 1] = secret:upper() .. secret end)()
    local ffi = require 'ffi'
    kept.copy = ffi.new('char[32]', secret)
    kept.found = secret:find(secret, 1, true)
  )",
                   .argument = reader.get(),
                   .fatal = die});
  EXPECT_EQ(place_of_secret(), "");
}

TEST_F(InitScriptSecret, IsForgottenWhenReceived) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  base::unique_fd host{ends[0]}, guest{ends[1]};
  // From the pipe to the socket, by way of a script: it forgets, too.
  ASSERT_EQ(::dup3(host.get(), 99, O_CLOEXEC), 99);
  run_init_script({.script = "write_all(99, C.read(arg, 32)) C.close(99)",
                   .argument = reader.get(),
                   .fatal = die});
  host.reset();
  run_init_script({.script = R"(
    secret = receive_with_fd(arg, 4096)
    assert(#secret == 32)
  )",
                   .argument = guest.get(),
                   .fatal = die});
  EXPECT_EQ(place_of_secret(), "");
}

}  // namespace
}  // namespace emilua::init
