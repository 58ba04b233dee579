#include "lib/ipc/sealed_memory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <utility>

#include "lib/base/file.h"

namespace emilua::ipc {
namespace {

// Linux 6.3; for older <linux/memfd.h>.
constexpr unsigned mfd_noexec_seal = 8;

constexpr int required_seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;

}  // namespace

base::result<base::unique_fd> seal(base::byte_view payload, const char* name) noexcept {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  // Hosts with vm.memfd_noexec=2 refuse anything that could be executed; kernels before 6.3 refuse
  // the flag.
  base::unique_fd fd{::memfd_create(name, flags | mfd_noexec_seal)};
  if (!fd && errno == EINVAL) fd.reset(::memfd_create(name, flags));
  if (!fd) return base::last_error();
  if (auto written = base::write_all(fd.get(), payload); !written) return written.error();
  if (::fcntl(fd.get(), F_ADD_SEALS, required_seals | F_SEAL_SEAL) == -1) return base::last_error();
  return fd;
}

mapping::mapping(mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

mapping& mapping::operator=(mapping&& other) noexcept {
  mapping taken{std::move(other)};
  std::swap(bytes_, taken.bytes_);
  return *this;
}

mapping::~mapping() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

base::result<mapping> open_sealed(int fd, std::size_t limit) noexcept {
  // A peer may pass anything here, an O_PATH descriptor (EBADF) included: whatever has no seals to
  // tell of is refused alike.
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals == -1 || (seals & required_seals) != required_seals) return base::system_error(EPERM);

  // Memory of huge pages can be sealed too, but reading it would spend the host's pool.
  struct statfs system;
  if (base::retry([&] { return ::fstatfs(fd, &system); }) == -1) return base::last_error();
  if (system.f_type != TMPFS_MAGIC) return base::system_error(EPERM);

  const auto info = base::status_of(fd);
  if (!info) return info.error();
  const auto size = static_cast<std::size_t>(info->st_size);
  if (size > limit) return base::system_error(EMSGSIZE);
  if (size == 0) return mapping{};  // mmap(2) refuses it

  // Private: before Linux 6.7 a shared mapping of a write-sealed file is EPERM.
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) return base::last_error();
  return mapping{{static_cast<const std::byte*>(address), size}};
}

}  // namespace emilua::ipc
