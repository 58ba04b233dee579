#include "lib/ipc/sealed_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "lib/base/file.h"
#include "lib/ipc/test_child.h"

namespace emilua::ipc {
namespace {

using base::bytes_of;
using base::text_of;

constexpr std::size_t limit = 1 << 20;
constexpr int all_seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;

// A memfd of three bytes with just these seals.
base::unique_fd memory_with(int seals, unsigned flags = 0) {
  base::unique_fd fd{::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags)};
  EXPECT_TRUE(fd);
  EXPECT_TRUE(base::write_all(fd.get(), bytes_of("abc")));
  EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  return fd;
}

// --- seal -----------------------------------------------------------------

TEST(Seal, RoundTrips) {
  for (const std::string& payload :
       {std::string{}, std::string{"a\0b", 3}, std::string(4096, 'x'), std::string(300'001, 'y')}) {
    auto fd = seal(bytes_of(payload));
    ASSERT_TRUE(fd) << fd.error();
    auto view = open_sealed(fd->get(), limit);
    ASSERT_TRUE(view) << view.error();
    EXPECT_EQ(text_of(view->bytes()), payload);
  }
}

TEST(Seal, DescriptorIsCloseOnExec) {
  auto fd = seal(bytes_of("x"));
  ASSERT_TRUE(fd);
  EXPECT_TRUE(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC);
}

TEST(Seal, NothingCanBeChangedAfterwards) {
  auto fd = seal(bytes_of("abc"));
  ASSERT_TRUE(fd);
  EXPECT_EQ(::fcntl(fd->get(), F_GET_SEALS) & (all_seals | F_SEAL_SEAL), all_seals | F_SEAL_SEAL);
  EXPECT_EQ(::pwrite(fd->get(), "z", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(fd->get(), 1), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(fd->get(), 5), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::mmap(nullptr, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EPERM);
}

TEST(Seal, CannotBeMadeExecutable) {
  auto fd = seal(bytes_of("abc"));
  ASSERT_TRUE(fd);
  struct stat info;
  ASSERT_EQ(::fstat(fd->get(), &info), 0);
  if (info.st_mode & S_IXUSR) EMILUA_SKIP("no MFD_NOEXEC_SEAL (Linux 6.3)");
  EXPECT_EQ(::fchmod(fd->get(), 0777), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(Seal, WorksOnKernelsWithoutNoexecSeal) {
  EXPECT_EQ(in_child([] {
              answer(SYS_memfd_create, EINVAL, 1, 8);
              auto fd = seal(bytes_of("abc"));
              if (!fd) return fd.error().value();
              auto view = open_sealed(fd->get(), 3);
              return view && text_of(view->bytes()) == "abc" ? 0 : 201;
            }),
            0);
}

TEST(Seal, ReportsTheKernelsError) {
  EXPECT_EQ(in_child([] {
              answer(SYS_memfd_create, EMFILE);
              return seal(bytes_of("abc")).error().value();
            }),
            EMFILE);
  const int before = open_descriptors();
  EXPECT_EQ(in_child([&] {
              answer(SYS_write, ENOSPC);
              if (seal(bytes_of("abc")).error().value() != ENOSPC) return 201;
              return open_descriptors() == before ? 0 : 202;
            }),
            0);
}

// --- open_sealed: hostile descriptors -------------------------------------

TEST(OpenSealed, RefusesUnsealedMemory) {
  EXPECT_EQ(open_sealed(memory_with(0).get(), limit).error(), std::errc::operation_not_permitted);
}

TEST(OpenSealed, RefusesMemoryThatCannotBeSealed) {
  base::unique_fd fd{::memfd_create("test", MFD_CLOEXEC)};  // has F_SEAL_SEAL and no more
  EXPECT_EQ(open_sealed(fd.get(), limit).error(), std::errc::operation_not_permitted);
}

TEST(OpenSealed, RefusesAnyMissingSeal) {
  for (const int missing : {F_SEAL_WRITE, F_SEAL_GROW, F_SEAL_SHRINK})
    EXPECT_EQ(open_sealed(memory_with(all_seals & ~missing).get(), limit).error(),
              std::errc::operation_not_permitted)
        << missing;
}

TEST(OpenSealed, RefusesASealAgainstFutureWritesOnly) {
  // The sender may still hold a writable mapping.
  base::unique_fd fd = memory_with(F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
  EXPECT_EQ(open_sealed(fd.get(), limit).error(), std::errc::operation_not_permitted);
}

TEST(OpenSealed, RequiresNoFurtherSeals) {
  auto view = open_sealed(memory_with(all_seals).get(), limit);
  ASSERT_TRUE(view) << view.error();
  EXPECT_EQ(text_of(view->bytes()), "abc");
}

TEST(OpenSealed, RefusesPipes) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  base::unique_fd reader{ends[0]};
  base::unique_fd writer{ends[1]};
  EXPECT_EQ(open_sealed(reader.get(), limit).error(), std::errc::operation_not_permitted);
}

TEST(OpenSealed, RefusesFilesAndDirectories) {
  for (const char* path : {"/proc/self/exe", "/", "/dev/zero"}) {
    base::unique_fd fd{::open(path, O_RDONLY | O_CLOEXEC)};
    ASSERT_TRUE(fd) << path;
    EXPECT_EQ(open_sealed(fd.get(), limit).error(), std::errc::operation_not_permitted) << path;
  }
}

TEST(OpenSealed, RefusesFilesOfTmpfs) {
  // These know seals, but never have any.
  base::unique_fd fd{::open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (!fd) EMILUA_SKIP("no /dev/shm");
  EXPECT_EQ(open_sealed(fd.get(), limit).error(), std::errc::operation_not_permitted);
}

TEST(OpenSealed, RefusesPathDescriptors) {
  base::unique_fd memory = memory_with(all_seals);
  const std::string path = "/proc/self/fd/" + std::to_string(memory.get());
  base::unique_fd fd{::open(path.c_str(), O_PATH | O_CLOEXEC)};
  ASSERT_TRUE(fd);
  EXPECT_EQ(open_sealed(fd.get(), limit).error(), std::errc::operation_not_permitted);
}

TEST(OpenSealed, RefusesWriteOnlyDescriptors) {
  base::unique_fd memory = memory_with(F_SEAL_GROW | F_SEAL_SHRINK);
  const std::string path = "/proc/self/fd/" + std::to_string(memory.get());
  base::unique_fd fd{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  ASSERT_TRUE(fd);
  ASSERT_EQ(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
  EXPECT_EQ(open_sealed(fd.get(), limit).error(), std::errc::permission_denied);
}

TEST(OpenSealed, RefusesHugePages) {
  base::unique_fd fd{::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB)};
  if (!fd) EMILUA_SKIP("no memfd of huge pages: " + base::last_error().message());
  ASSERT_EQ(::fcntl(fd.get(), F_ADD_SEALS, all_seals), 0);
  EXPECT_EQ(open_sealed(fd.get(), limit).error(), std::errc::operation_not_permitted);
}

TEST(OpenSealed, RefusesABadDescriptor) {
  EXPECT_EQ(open_sealed(-1, limit).error(), std::errc::operation_not_permitted);
}

TEST(OpenSealed, LimitIsInclusive) {
  auto fd = seal(bytes_of("12345"));
  ASSERT_TRUE(fd);
  EXPECT_TRUE(open_sealed(fd->get(), 5));
  EXPECT_EQ(open_sealed(fd->get(), 4).error(), std::errc::message_size);
  EXPECT_EQ(open_sealed(fd->get(), 0).error(), std::errc::message_size);
}

TEST(OpenSealed, SizeIsCheckedBeforeAnythingIsMapped) {
  base::unique_fd fd{::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  ASSERT_EQ(::ftruncate(fd.get(), off_t{1} << 50), 0);
  ASSERT_EQ(::fcntl(fd.get(), F_ADD_SEALS, all_seals), 0);
  EXPECT_EQ(open_sealed(fd.get(), limit).error(), std::errc::message_size);
}

TEST(OpenSealed, IgnoresTheFileOffset) {
  auto fd = seal(bytes_of("abc"));
  ASSERT_TRUE(fd);
  ASSERT_EQ(::lseek(fd->get(), 2, SEEK_SET), 2);
  EXPECT_EQ(text_of(open_sealed(fd->get(), limit)->bytes()), "abc");
}

// --- mapping --------------------------------------------------------------

TEST(Mapping, OutlivesTheDescriptor) {
  auto fd = seal(bytes_of("abc"));
  ASSERT_TRUE(fd);
  auto view = open_sealed(fd->get(), limit);
  ASSERT_TRUE(view);
  fd->reset();
  EXPECT_EQ(text_of(view->bytes()), "abc");
}

TEST(Mapping, MovesWithItsMemory) {
  auto fd = seal(bytes_of("abc"));
  ASSERT_TRUE(fd);
  mapping a = *open_sealed(fd->get(), limit);
  const std::byte* address = a.bytes().data();
  mapping b{std::move(a)};
  EXPECT_TRUE(a.bytes().empty());  // NOLINT: moved-from is empty
  EXPECT_EQ(b.bytes().data(), address);
  mapping c = *open_sealed(fd->get(), limit);
  c = std::move(b);
  EXPECT_EQ(c.bytes().data(), address);
  EXPECT_TRUE(b.bytes().empty());  // NOLINT: moved-from is empty
  c = mapping{};
  EXPECT_TRUE(c.bytes().empty());
}

// Whether the page is mapped, without touching it.
bool is_mapped(const std::byte* address) {
  unsigned char resident;
  return ::mincore(const_cast<std::byte*>(address), 1, &resident) == 0;
}

TEST(Mapping, IsUndoneAtTheEnd) {
  auto fd = seal(bytes_of("abc"));
  ASSERT_TRUE(fd);
  const std::byte* address;
  {
    mapping view = *open_sealed(fd->get(), limit);
    address = view.bytes().data();
    EXPECT_TRUE(is_mapped(address));
  }
  EXPECT_FALSE(is_mapped(address));
}

TEST(Mapping, IsReadOnly) {
  EXPECT_EQ(in_child([] {
              // No report from the sanitizers.
              if (::signal(SIGSEGV, SIG_DFL) == SIG_ERR) return 201;
              auto fd = seal(bytes_of("abc"));
              mapping view = *open_sealed(fd->get(), limit);
              *const_cast<volatile std::byte*>(view.bytes().data()) = std::byte{0};
              return 0;
            }),
            128 + SIGSEGV);
}

}  // namespace
}  // namespace emilua::ipc
