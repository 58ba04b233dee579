// To files, directories and mounts that nobody has granted.
#include <fcntl.h>
#include <linux/random.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/attacks/sandbox_attack.h"

namespace emilua::attacks {
namespace {

outcome read_at(int directory, const std::string& path) {
  const int fd = ::openat(directory, path.c_str(), O_RDONLY);
  return fd == -1 ? refused("openat") : contents_of(fd);
}

outcome read(const arguments& a) { return read_at(AT_FDCWD, a.text(0)); }

std::string climbing(const char* path) {
  std::string up;
  for (int i = 0; i < 40; ++i) up += "../";
  return up + path;
}

outcome read_by_climbing(const arguments& a) { return read_at(AT_FDCWD, climbing(a.text(0))); }

// Through a link of /proc to a directory: /proc/self/cwd, /proc/1/root …
outcome read_through(const arguments& a) {
  return read_at(AT_FDCWD, std::string{a.text(0)} + "/" + climbing(a.text(1)));
}

// From a directory that has come in a message.
outcome read_from_received(const arguments& a) {
  const int directory = received_descriptor();
  if (directory == -1) return refused("recvmsg");
  return read_at(directory, climbing(a.text(0)));
}

outcome enter_received(const arguments& a) {
  const int directory = received_descriptor();
  if (directory == -1) return refused("recvmsg");
  if (::fchdir(directory) == -1) return refused("fchdir");
  return read_at(AT_FDCWD, climbing(a.text(0)));
}

// From the directory that is standard input.
outcome read_from_input(const arguments& a) { return read_at(STDIN_FILENO, climbing(a.text(0))); }

// Once more what standard input is, which was opened for reading only.
outcome reopen_input_for_writing(const arguments& a) {
  const int fd = ::open("/proc/self/fd/0", O_WRONLY | O_TRUNC);
  if (fd == -1) return refused("open");
  return result_of("write", ::write(fd, a.text(0), std::strlen(a.text(0))));
}

outcome read_by_handle(const arguments& a) {
  struct {
    file_handle head;
    char room[MAX_HANDLE_SZ];
  } handle{};
  handle.head.handle_bytes = sizeof handle.room;
  int mount = 0;
  const int around = ::open(a.text(1), O_RDONLY | O_DIRECTORY);
  if (around == -1) return refused("open");
  if (::name_to_handle_at(AT_FDCWD, a.text(0), &handle.head, &mount, 0) == -1)
    return refused("name_to_handle_at");
  const int fd = ::open_by_handle_at(around, &handle.head, O_RDONLY);
  return fd == -1 ? refused("open_by_handle_at") : contents_of(fd);
}

outcome write(const arguments& a) {
  const int fd = ::open(a.text(0), O_WRONLY);
  if (fd == -1) return refused("open");
  return result_of("write", ::write(fd, a.text(1), std::strlen(a.text(1))));
}

// Nothing is written.
outcome open_for_writing(const arguments& a) {
  return result_of("open", ::open(a.text(0), O_WRONLY));
}

outcome create(const arguments& a) {
  return result_of("open", ::open(a.text(0), O_WRONLY | O_CREAT | O_EXCL, 0600));
}

outcome make_unnamed(const arguments& a) {
  const int fd = ::open(a.text(0), O_TMPFILE | O_RDWR, 0600);
  if (fd == -1) return refused("open");
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  return result_of("linkat",
                   ::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, a.text(1), AT_SYMLINK_FOLLOW));
}

outcome make_node(const char* path, mode_t mode, dev_t device) {
  return result_of("mknod", ::mknod(path, mode | 0666, device));
}

outcome rename_leaving_whiteout(const arguments& a) {
  return result_of("renameat2",
                   ::syscall(SYS_renameat2, AT_FDCWD, a.text(0), AT_FDCWD, a.text(1), 4));
}

outcome ask_device(const arguments& a) {
  const int fd = ::open(a.text(0), O_RDONLY);
  if (fd == -1) return refused("open");
  int bits = 0;
  return result_of("ioctl", ::ioctl(fd, RNDGETENTCNT, &bits));
}

// "done nosuid nodev …"
outcome mount_flags(const arguments& a) {
  struct statvfs status;
  if (::statvfs(a.text(0), &status) == -1) return refused("statvfs");
  std::string flags;
  for (const auto& [bit, name] : {std::pair{ST_RDONLY, "ro"}, std::pair{ST_NOSUID, "nosuid"},
                                  std::pair{ST_NODEV, "nodev"}, std::pair{ST_NOEXEC, "noexec"}})
    if (status.f_flag & static_cast<unsigned long>(bit))
      flags += (flags.empty() ? "" : " ") + std::string{name};
  return done(flags);
}

outcome mount_here(const arguments& a) {
  return result_of("mount", ::mount("none", a.text(0), "tmpfs", 0, nullptr));
}

outcome mount_by_descriptors(const arguments& a) {
  const long fs = ::syscall(SYS_fsopen, "tmpfs", 0);
  if (fs == -1) return refused("fsopen");
  if (::syscall(SYS_fsconfig, fs, 6 /* create */, nullptr, nullptr, 0) == -1)
    return refused("fsconfig");
  const long mount = ::syscall(SYS_fsmount, fs, 0, 0);
  if (mount == -1) return refused("fsmount");
  return result_of("move_mount",
                   ::syscall(SYS_move_mount, mount, "", AT_FDCWD, a.text(0), 4 /* empty path */));
}

outcome remount_writable(const arguments& a) {
  return result_of("mount", ::mount(nullptr, a.text(0), nullptr, MS_REMOUNT | MS_BIND, nullptr));
}

outcome unmount(const arguments& a) {
  return result_of("umount2", ::umount2(a.text(0), MNT_DETACH));
}

// What confine does not do: by path, and without what is mounted beneath.
outcome bind_naively(const arguments& a) {
  if (::unshare(CLONE_NEWNS) == -1) return refused("unshare");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == -1) return refused("mount");
  if (::mount(a.text(0), a.text(1), nullptr, MS_BIND | MS_REC, nullptr) == -1)
    return refused("mount");
  if (::mount(nullptr, a.text(1), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == -1)
    return refused("mount");
  const arguments rest{{a.from(2), 2}};
  return write(rest);
}

outcome change_root(const arguments& a) { return result_of("chroot", ::chroot(a.text(0))); }

// Keeps a descriptor of the file that is running, and becomes another program, which then may write
// to it: CVE-2019-5736.
outcome overwrite_own_file(const arguments& a) {
  const int own = ::open("/proc/self/exe", O_RDONLY);
  if (own == -1) return refused("open");
  const std::string number = std::to_string(own);
  const std::string path = "/proc/self/fd/" + number;
  const char* const arguments[] = {a.text(0), "write_over", path.c_str(), nullptr};
  char* const environment[] = {nullptr};
  ::execve(a.text(0), const_cast<char* const*>(arguments), environment);
  return refused("execve");
}

outcome write_over(const arguments& a) {
  const int fd = ::open(a.text(0), O_WRONLY | O_TRUNC);
  if (fd == -1) return refused("open");
  return result_of("write", ::write(fd, "owned", 5));
}

outcome execute(const arguments& a) {
  char* const environment[] = {nullptr};
  ::execve(a.text(0), a.from(0), environment);
  return refused("execve");
}

outcome say(const arguments& a) { return done(a.text(0)); }

constexpr attack attacks[] = {
    {"read", read},
    {"read_by_climbing", read_by_climbing},
    {"read_through", read_through},
    {"read_from_received", read_from_received},
    {"enter_received", enter_received},
    {"read_from_input", read_from_input},
    {"reopen_input_for_writing", reopen_input_for_writing},
    {"read_by_handle", read_by_handle},
    {"write", write},
    {"open_for_writing", open_for_writing},
    {"create", create},
    {"truncate",
     [](const arguments& a) { return result_of("truncate", ::truncate(a.text(0), 0)); }},
    {"make_directory",
     [](const arguments& a) { return result_of("mkdir", ::mkdir(a.text(0), 0700)); }},
    {"make_link",
     [](const arguments& a) { return result_of("link", ::link(a.text(0), a.text(1))); }},
    {"make_symlink",
     [](const arguments& a) { return result_of("symlink", ::symlink("/etc/passwd", a.text(0))); }},
    {"rename",
     [](const arguments& a) { return result_of("rename", ::rename(a.text(0), a.text(1))); }},
    {"remove", [](const arguments& a) { return result_of("unlink", ::unlink(a.text(0))); }},
    {"make_set_uid",
     [](const arguments& a) { return result_of("chmod", ::chmod(a.text(0), 04755)); }},
    {"make_unnamed", make_unnamed},
    {"make_device",
     [](const arguments& a) { return make_node(a.text(0), S_IFCHR, makedev(1, 3)); }},
    {"make_whiteout",
     [](const arguments& a) { return make_node(a.text(0), S_IFCHR, makedev(0, 0)); }},
    {"rename_leaving_whiteout", rename_leaving_whiteout},
    {"ask_device", ask_device},
    {"mount_flags", mount_flags},
    {"mount", mount_here},
    {"mount_by_descriptors", mount_by_descriptors},
    {"remount_writable", remount_writable},
    {"unmount", unmount},
    {"bind_naively", bind_naively},
    {"change_root", change_root},
    {"overwrite_own_file", overwrite_own_file},
    {"write_over", write_over},
    {"execute", execute},
    {"say", say},
};

}  // namespace

std::span<const attack> file_attacks() { return attacks; }

}  // namespace emilua::attacks
