// A network namespace of one's own, made beside other work.
//
//   network_maker network;
//   network.begin();                      // returns at once
//   …                                     // mounts, most of all
//   if (const int error = network.enter()) …
//
// It takes the kernel longer to make one than all the others together, so a process that shares our
// memory and descriptors does it meanwhile. Where there can be none, enter() makes it itself.
//
// Runs between clone and exec: no malloc, no locks, no stdio, no exceptions.
#pragma once

#include <sys/types.h>

namespace emilua::sandbox {

class network_maker {
 public:
  network_maker() = default;
  network_maker(const network_maker&) = delete;

  // In the user namespace that is to own it, where there is a /proc. One at a time.
  void begin() noexcept;
  // 0, or errno.
  int enter() noexcept;

 private:
  static int make(void* self) noexcept;

  pid_t maker_ = -1;
  int made_ = -1;  // a descriptor of it
};

}  // namespace emilua::sandbox
