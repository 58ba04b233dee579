// Promises: words for groups of system calls, in the manner of pledge.
//
//   auto wanted = parse_promises("stdio rpath");     // or which word is none
//   if (wanted->contains(promise::rpath)) …
//   to_text(*wanted | promise::inet);                // "stdio rpath inet"
//
// What each of them permits is in promise_table.cc. Plain values; only parsing and printing
// allocate.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace emilua::sandbox {

enum class promise : unsigned char {
  stdio,    // descriptors that are held, memory, signals to itself, clocks, polling, waiting
  rpath,    // paths: open for reading, status, listings
  wpath,    // open for writing what exists, truncate, files without a name
  cpath,    // create, remove, rename, link
  dpath,    // mknod of FIFOs, sockets and files; devices only by `allow`
  tmppath,  // files without a name (O_TMPFILE), no other opening
  fattr,    // modes, times, extended attributes
  chown,    // owners
  flock,    // locks
  unix,     // sockets of AF_UNIX: addresses, options
  inet,     // TCP and UDP
  dns,     // what a resolver needs: TCP and UDP to anywhere (ports cannot be seen), read-only files
  sendfd,  // adds nothing: descriptors travel in sendmsg(2), which stdio cannot do without
  recvfd,  // adds nothing, as sendfd
  tty,     // terminal settings and job control; never TIOCSTI
  proc,    // processes and threads, signals to others, sessions, priorities, own limits
  thread,  // threads of the process
  exec,    // execve; of dynamic programs only with rpath and prot_exec
  prot_exec,  // executable memory
  id,         // user, groups, capabilities
  sched,      // scheduling and priorities
  prctl,      // all of prctl(2) and arch_prctl(2)
  ioctl,      // all of ioctl(2) but TIOCSTI and TIOCLINUX
  shm,        // System V and POSIX IPC: named by key or name
  fsnotify,   // inotify, fanotify
  mount,      // mounting, chroot, pivot_root
  seccomp,    // restricting itself further: filters, Landlock
  io_uring,   // rings; what goes through them, no filter sees
  error,      // refused calls fail with EPERM; without it they kill the process
};

inline constexpr unsigned promise_count = static_cast<unsigned>(promise::error) + 1;

[[nodiscard]] std::string_view promise_name(promise word) noexcept;

class promise_set {
 public:
  constexpr promise_set() noexcept = default;
  constexpr promise_set(promise word) noexcept  // NOLINT: a promise is a set of one
      : bits_(std::uint32_t{1} << static_cast<unsigned>(word)) {}
  constexpr promise_set(std::initializer_list<promise> words) noexcept {
    for (const promise word : words) bits_ |= promise_set(word).bits_;
  }

  [[nodiscard]] static constexpr promise_set all() noexcept {
    return from_bits((std::uint32_t{1} << promise_count) - 1);
  }

  // Every one of `others` is here.
  [[nodiscard]] constexpr bool contains(promise_set others) const noexcept {
    return (bits_ & others.bits_) == others.bits_;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

  friend constexpr promise_set operator|(promise_set a, promise_set b) noexcept {
    return from_bits(a.bits_ | b.bits_);
  }
  friend constexpr promise_set operator&(promise_set a, promise_set b) noexcept {
    return from_bits(a.bits_ & b.bits_);
  }
  // Those of `a` that `b` has not.
  friend constexpr promise_set operator-(promise_set a, promise_set b) noexcept {
    return from_bits(a.bits_ & ~b.bits_);
  }
  constexpr promise_set& operator|=(promise_set other) noexcept { return *this = *this | other; }
  constexpr promise_set& operator&=(promise_set other) noexcept { return *this = *this & other; }
  friend constexpr bool operator==(promise_set, promise_set) noexcept = default;

  // In the order of the enumeration.
  class iterator {
   public:
    constexpr explicit iterator(std::uint32_t left) noexcept : left_(left) {}
    constexpr promise operator*() const noexcept {
      return static_cast<promise>(__builtin_ctz(left_));
    }
    constexpr iterator& operator++() noexcept {
      left_ &= left_ - 1;
      return *this;
    }
    friend constexpr bool operator==(iterator, iterator) noexcept = default;

   private:
    std::uint32_t left_;
  };
  [[nodiscard]] constexpr iterator begin() const noexcept { return iterator{bits_}; }
  [[nodiscard]] constexpr iterator end() const noexcept { return iterator{0}; }

 private:
  static constexpr promise_set from_bits(std::uint32_t bits) noexcept {
    promise_set set;
    set.bits_ = bits;
    return set;
  }

  std::uint32_t bits_ = 0;
};
static_assert(promise_count < 32);

struct unknown_promise {
  std::string word;
};

// Words with white space between; an empty text is the empty set.
[[nodiscard]] boost::system::result<promise_set, unknown_promise> parse_promises(
    std::string_view text);

[[nodiscard]] std::string to_text(promise_set promises);

}  // namespace emilua::sandbox
