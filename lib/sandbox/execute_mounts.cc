// Runs between clone and exec: no malloc, no locks, no stdio, no exceptions.
#include "lib/sandbox/execute_mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace emilua::sandbox {
namespace {

using base::unique_fd;

// <sys/mount.h> and <linux/mount.h> cannot both be included; these never change.
constexpr unsigned long ms_rec = 1 << 14, ms_private = 1 << 18;
constexpr int mnt_detach = 2;

constexpr std::size_t path_size = 4096;  // policies have no longer paths

int done(long status) noexcept { return status == -1 ? errno : 0; }

// "/" and "/x" as openat2 looks them up beneath a directory.
const char* beneath(const char* path) noexcept {
  while (*path == '/') ++path;
  return *path == '\0' ? "." : path;
}

unique_fd open_beneath(int root, const char* path, std::uint64_t flags, mode_t mode = 0) noexcept {
  const open_how how{.flags = flags | O_CLOEXEC,
                     .mode = mode,
                     .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  return unique_fd{static_cast<int>(::syscall(SYS_openat2, root, beneath(path), &how, sizeof how))};
}

// What beneath() makes of a path, to be changed in place.
void copy_path(const char* path, char (&copy)[path_size]) noexcept {
  path = beneath(path);
  const std::size_t n = std::min(std::strlen(path), path_size - 1);
  std::memcpy(copy, path, n);
  copy[n] = '\0';
}

// Splits a path into the directory and the last name. `copy` is overwritten with the path.
struct split_path {
  const char* directory;
  const char* name;
};

split_path split(const char* path, char (&copy)[path_size]) noexcept {
  copy_path(path, copy);
  for (std::size_t n = std::strlen(copy); n > 1 && copy[n - 1] == '/';) copy[--n] = '\0';
  char* const slash = std::strrchr(copy, '/');
  if (slash == nullptr) return {".", copy};
  *slash = '\0';
  return {copy, slash + 1};
}

int make_directories(int root, const char* path, mode_t mode) noexcept {
  char copy[path_size];
  copy_path(path, copy);
  unique_fd held;
  int parent = root;
  for (char* name = copy; *name != '\0';) {
    char* end = name;
    while (*end != '/' && *end != '\0') ++end;
    const bool last = *end == '\0' || *beneath(end) == '.';
    const char kept = *end;
    *end = '\0';
    if (::mkdirat(parent, name, last ? mode : 0755) == -1 && errno != EEXIST) return errno;
    unique_fd next = open_beneath(parent, name, O_PATH | O_DIRECTORY);
    if (!next) return errno;
    held = std::move(next);
    parent = held.get();
    *end = kept;
    name = end;
    while (*name == '/') ++name;
  }
  return 0;
}

// An empty file, which must not be there yet.
unique_fd make_file(int root, const char* path, mode_t mode) noexcept {
  return open_beneath(root, path, O_CREAT | O_EXCL | O_WRONLY, mode);
}

int write_new_file(int root, const compiled_step& s) noexcept {
  const unique_fd file = make_file(root, s.path, static_cast<mode_t>(s.number));
  if (!file) return errno;
  const auto written = base::write_all(file.get(), s.data);
  return written ? 0 : written.error().value();
}

int copy_file(int root, const compiled_step& s, int source) noexcept {
  const unique_fd file = make_file(root, s.path, static_cast<mode_t>(s.number));
  if (!file) return errno;
  std::byte buffer[4096];
  for (off_t at = 0;;) {
    const ssize_t n = base::retry([&] { return ::pread(source, buffer, sizeof buffer, at); });
    if (n == -1) return errno;
    if (n == 0) return 0;
    at += n;
    const auto written = base::write_all(file.get(), {buffer, static_cast<std::size_t>(n)});
    if (!written) return written.error().value();
  }
}

int make_symlink(int root, const compiled_step& s) noexcept {
  char copy[path_size];
  const auto [directory, name] = split(s.path, copy);
  const unique_fd parent = open_beneath(root, directory, O_PATH | O_DIRECTORY);
  if (!parent) return errno;
  return done(::symlinkat(reinterpret_cast<const char*>(s.data.data()), parent.get(), name));
}

// A mount of its own, attached nowhere yet. `type_and_options`: each ends with a NUL.
unique_fd new_mount(base::byte_view type_and_options, std::uint64_t attributes) noexcept {
  const char* at = reinterpret_cast<const char*>(type_and_options.data());
  const char* const end = at + type_and_options.size();
  const unique_fd fs{static_cast<int>(::syscall(SYS_fsopen, at, FSOPEN_CLOEXEC))};
  if (!fs) return unique_fd{};
  for (at += std::strlen(at) + 1; at < end; at += std::strlen(at) + 1) {
    const char* const equals = std::strchr(at, '=');
    char key[64] = {};
    if (equals != nullptr)
      std::memcpy(key, at,
                  std::min<std::size_t>(sizeof key - 1, static_cast<std::size_t>(equals - at)));
    const long set =
        equals == nullptr
            ? ::syscall(SYS_fsconfig, fs.get(), FSCONFIG_SET_FLAG, at, nullptr, 0)
            : ::syscall(SYS_fsconfig, fs.get(), FSCONFIG_SET_STRING, key, equals + 1, 0);
    if (set == -1) return unique_fd{};
  }
  if (::syscall(SYS_fsconfig, fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == -1)
    return unique_fd{};
  return unique_fd{static_cast<int>(::syscall(SYS_fsmount, fs.get(), FSMOUNT_CLOEXEC, attributes))};
}

int attach(int mount, int target) noexcept {
  return done(::syscall(SYS_move_mount, mount, "", target, "",
                        MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

int set_attributes(int mount, std::uint64_t attributes, bool recursive) noexcept {
  if (attributes == 0) return 0;
  mount_attr change{};
  change.attr_set = attributes;
  return done(::syscall(SYS_mount_setattr, mount, "",
                        AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &change, sizeof change));
}

int mount_type(int root, const compiled_step& s) noexcept {
  const unique_fd mount = new_mount(s.data, s.number);
  if (!mount) return errno;
  const unique_fd target = open_beneath(root, s.path, O_PATH | O_DIRECTORY);
  if (!target) return errno;
  return attach(mount.get(), target.get());
}

// Over the old root, whose paths are the process's still: sources are looked up there.
int cover_root(int mount) noexcept {
  return done(::syscall(SYS_move_mount, mount, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
}

int make_root(const compiled_step& s, unique_fd& root) noexcept {
  root = new_mount(s.data, s.number);
  return root ? cover_root(root.get()) : errno;
}

int enter_root(int root) noexcept {
  if (::fchdir(root) == -1) return errno;
  // The old root is then mounted over the new one, from where it goes at once.
  if (::syscall(SYS_pivot_root, ".", ".") == -1) return errno;
  if (::syscall(SYS_umount2, ".", mnt_detach) == -1) return errno;
  return done(::chdir("/"));
}

unique_fd clone_tree(const char* source, bool recursive) noexcept {
  return unique_fd{static_cast<int>(::syscall(
      SYS_open_tree, AT_FDCWD, source,
      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | static_cast<unsigned>(recursive ? AT_RECURSIVE : 0)))};
}

int clone_root(const compiled_step& s, unique_fd& root) noexcept {
  root = clone_tree("/", true);
  if (!root) return errno;
  if (const int error = set_attributes(root.get(), s.number, true); error != 0) return error;
  return cover_root(root.get());
}

int bind_tree(int root, const compiled_step& s, const unique_fd& tree) noexcept {
  struct stat status {};
  if (::fstat(tree.get(), &status) == -1) return errno;
  // A file in its place would let the box write to it.
  if ((s.flags & step_device) != 0 && !S_ISCHR(status.st_mode)) return ENODEV;
  unique_fd target = open_beneath(root, s.path, O_PATH);
  if (!target && errno == ENOENT && (s.flags & step_make_target) != 0) {
    if (!S_ISDIR(status.st_mode)) {
      target = make_file(root, s.path, 0644);
    } else {
      if (const int error = make_directories(root, s.path, 0755); error != 0) return error;
      target = open_beneath(root, s.path, O_PATH);
    }
  }
  if (!target) return errno;
  if (const int error = set_attributes(tree.get(), s.number, (s.flags & step_recursive) != 0);
      error != 0)
    return error;
  return attach(tree.get(), target.get());
}

int bind(int root, const compiled_step& s) noexcept {
  const auto* const source = reinterpret_cast<const char*>(s.data.data());
  const unique_fd tree = clone_tree(source, (s.flags & step_recursive) != 0);
  if (!tree) return errno == ENOENT && (s.flags & step_optional) ? 0 : errno;
  return bind_tree(root, s, tree);
}

void write_number(char* to, unsigned number) noexcept {
  char digits[10];
  char* first = digits + sizeof digits;
  do *--first = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  while (first != digits + sizeof digits) *to++ = *first++;
  *to = '\0';
}

// The kernel clones only what is mounted in this namespace, which the descriptor was not opened in:
// so by its path, and then it must still be the same file.
int bind_descriptor(int root, const compiled_step& s, int descriptor) noexcept {
  char link[] = "/proc/self/fd/0000000000", source[path_size];
  write_number(link + sizeof "/proc/self/fd/" - 1, static_cast<unsigned>(descriptor));
  const ssize_t n = ::readlink(link, source, sizeof source - 1);
  if (n == -1) return errno;
  source[n] = '\0';
  const unique_fd tree = clone_tree(source, (s.flags & step_recursive) != 0);
  if (!tree) return errno;
  struct stat wanted {
  }, found{};
  if (::fstat(descriptor, &wanted) == -1 || ::fstat(tree.get(), &found) == -1) return errno;
  if (wanted.st_dev != found.st_dev || wanted.st_ino != found.st_ino) return ESTALE;
  return bind_tree(root, s, tree);
}

int change_mount(int root, const compiled_step& s) noexcept {
  const unique_fd target = open_beneath(root, s.path, O_PATH);
  if (!target) return errno;
  return set_attributes(target.get(), s.number, (s.flags & step_recursive) != 0);
}

}  // namespace

int take_mount_step(const compiled_step& s, unique_fd& root,
                    std::span<const int> sources) noexcept {
  switch (s.kind) {
    case step_kind::private_mounts:
      return done(::syscall(SYS_mount, nullptr, "/", nullptr, ms_rec | ms_private, nullptr));
    case step_kind::make_root:
      return make_root(s, root);
    case step_kind::clone_root:
      return clone_root(s, root);
    case step_kind::open_root:
      root.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
      return root ? 0 : errno;
    case step_kind::make_directories:
      return make_directories(root.get(), s.path, static_cast<mode_t>(s.number));
    case step_kind::make_file:
      return write_new_file(root.get(), s);
    case step_kind::copy_file:
      return copy_file(root.get(), s, sources[s.number2]);
    case step_kind::make_symlink:
      return make_symlink(root.get(), s);
    case step_kind::mount_type:
      return mount_type(root.get(), s);
    case step_kind::bind:
      return bind(root.get(), s);
    case step_kind::bind_descriptor:
      return bind_descriptor(root.get(), s, sources[s.number2]);
    case step_kind::change_mount:
      return change_mount(root.get(), s);
    case step_kind::enter_root:
      return enter_root(root.get());
    default:
      return EINVAL;
  }
}

}  // namespace emilua::sandbox
