// Spec 90 §3, 40 §13. Numbers are the kernel's own interface, as far as older headers lack them.
#include "lib/sandbox/promise_table.h"

#include <asm/ioctls.h>
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>

#include "lib/sandbox/seccomp_install.h"

namespace emilua::sandbox {
namespace {

using enum promise;

// --- tests ------------------------------------------------------------------------------------
// Of an int or an unsigned int the kernel ignores the upper half, so it is masked away: else a bit
// up there would get a number past a rule that rejects it (CVE-2019-10063).

constexpr std::uint64_t low_half = 0xffffffff;

constexpr argument_test bits(unsigned index, std::uint64_t mask, std::uint64_t value) noexcept {
  return {index, comparison::masked_equal, value, mask};
}
constexpr argument_test is(unsigned index, std::uint64_t value) noexcept {
  return bits(index, low_half, value & low_half);
}
constexpr argument_test without(unsigned index, std::uint64_t mask) noexcept {
  return bits(index, mask, 0);
}
constexpr argument_test up_to(unsigned index, std::uint64_t largest) noexcept {
  return {index, comparison::less_equal, largest};
}
// One of `count` (a power of two) numbers from `first` on, which is a multiple of it.
constexpr argument_test from(unsigned index, std::uint64_t first, std::uint64_t count) noexcept {
  return bits(index, low_half & ~(count - 1), first);
}
constexpr argument_test null(unsigned index) noexcept { return {index, comparison::equal, 0}; }

// --- numbers ----------------------------------------------------------------------------------

constexpr std::uint64_t type_mask = 0xf;  // of a socket, less SOCK_CLOEXEC and SOCK_NONBLOCK
constexpr std::uint64_t async = O_ASYNC;
constexpr std::uint64_t create = O_CREAT;
constexpr std::uint64_t truncate = O_TRUNC;
constexpr std::uint64_t tmpfile = O_TMPFILE & ~O_DIRECTORY;
constexpr std::uint64_t access = O_ACCMODE;
constexpr std::uint64_t rename_whiteout = 4;
constexpr std::uint64_t file_type = S_IFMT;
constexpr std::uint64_t fast_open = MSG_FASTOPEN;  // connects behind the back of a rule for connect
constexpr std::uint64_t arch_cet_status = 0x3001;
constexpr std::uint64_t arch_shadow_stack_status = 0x5005;
constexpr std::uint64_t no_id = low_half;  // leaves it as it is
constexpr std::uint64_t last_clock = 15;   // behind it are the clocks of other processes, by pid

#ifdef __s390__
constexpr unsigned clone_flags = 1;
#else
constexpr unsigned clone_flags = 0;
#endif
constexpr std::uint64_t new_namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                         CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint64_t thread_flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
// A child of our parent would be one that the parent does not know of.
constexpr std::uint64_t never_cloned = new_namespaces | CLONE_PARENT | CLONE_PTRACE;

// --- promises ---------------------------------------------------------------------------------

constexpr permitted_call permitted[] = {
    // Descriptors. sendmsg(2) has its address behind a pointer; that matters only to a datagram
    // socket which somebody has handed over, for none can be made.
    {stdio,
     "read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek _llseek"},
    {stdio, "close close_range dup dup2 dup3 pipe pipe2 fstat fstatfs fsync fdatasync"},
    {stdio, "sync_file_range"},
    {stdio,
     "ftruncate fadvise64 readahead sendfile splice tee vmsplice copy_file_range memfd_create"},
    {stdio,
     "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait"},
    {stdio, "epoll_pwait2 eventfd eventfd2 signalfd signalfd4"},
    {stdio, "timerfd_create timerfd_settime timerfd_gettime"},
    {stdio, "recvfrom recvmsg recvmmsg accept accept4 shutdown getsockname getpeername getsockopt"},
    {stdio, "mq_timedsend mq_timedreceive mq_getsetattr"},
    {stdio, "sendto", {null(4)}},
    {stdio, "sendmsg", {without(2, fast_open)}},
    {stdio, "socketpair", {is(0, AF_UNIX), bits(1, type_mask, SOCK_STREAM)}},
    // Not datagrams: such a socket could be sent to any path.
    {stdio, "socketpair", {is(0, AF_UNIX), bits(1, type_mask, SOCK_SEQPACKET)}},
    {stdio, "fcntl", {is(1, F_DUPFD)}},
    {stdio, "fcntl", {is(1, F_DUPFD_CLOEXEC)}},
    {stdio, "fcntl", {is(1, F_GETFD)}},
    {stdio, "fcntl", {is(1, F_SETFD)}},
    {stdio, "fcntl", {is(1, F_GETFL)}},
    {stdio, "fcntl", {is(1, F_SETFL), without(2, async)}},
    {stdio, "fcntl", {is(1, F_GETPIPE_SZ)}},
    {stdio, "fcntl", {is(1, F_SETPIPE_SZ)}},
    {stdio, "fcntl", {is(1, F_ADD_SEALS)}},
    {stdio, "fcntl", {is(1, F_GET_SEALS)}},
    {stdio, "ioctl", {is(1, FIONREAD)}},
    {stdio, "ioctl", {is(1, FIONBIO)}},
    {stdio, "ioctl", {is(1, FIOCLEX)}},
    {stdio, "ioctl", {is(1, FIONCLEX)}},
    {stdio, "ioctl", {is(1, TCGETS)}},  // isatty(3)
    {stdio, "ioctl", {is(1, TIOCGWINSZ)}},
    {stdio, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_KEEPALIVE)}},
    {stdio, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_LINGER)}},
    {stdio, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_SNDBUF)}},
    {stdio, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_RCVBUF)}},
    {stdio, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_SNDTIMEO)}},
    {stdio, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_RCVTIMEO)}},
    {stdio, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_RCVLOWAT)}},
    {stdio, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_PASSCRED)}},
    {stdio, "setsockopt", {is(1, IPPROTO_TCP), is(2, TCP_NODELAY)}},
    {stdio, "setsockopt", {is(1, IPPROTO_TCP), is(2, TCP_CORK)}},
    {stdio, "setsockopt", {is(1, IPPROTO_TCP), is(2, TCP_QUICKACK)}},
    {stdio, "setsockopt", {is(1, IPPROTO_TCP), is(2, TCP_KEEPIDLE)}},
    {stdio, "setsockopt", {is(1, IPPROTO_TCP), is(2, TCP_KEEPINTVL)}},
    {stdio, "setsockopt", {is(1, IPPROTO_TCP), is(2, TCP_KEEPCNT)}},
    {stdio, "setsockopt", {is(1, IPPROTO_TCP), is(2, TCP_USER_TIMEOUT)}},

    // Memory.
    {stdio, "brk munmap mremap madvise mincore msync mlock mlock2 munlock mlockall munlockall"},
    {stdio, "pkey_alloc pkey_free"},
    {stdio, "mmap mmap2 mprotect pkey_mprotect", {without(2, PROT_EXEC)}},
    {prot_exec, "mmap mmap2 mprotect pkey_mprotect"},

    // The process itself: its start, its identity, its signals, its end.
    {stdio, "set_tid_address set_robust_list rseq sched_yield getcpu getrandom"},
    {stdio, "futex futex_waitv futex_wake futex_wait futex_requeue map_shadow_stack cachestat"},
    {stdio, "arch_prctl", {is(0, ARCH_SET_FS)}},
    {stdio, "arch_prctl", {is(0, ARCH_GET_FS)}},
    {stdio, "arch_prctl", {is(0, ARCH_SET_GS)}},
    {stdio, "arch_prctl", {is(0, ARCH_GET_GS)}},
    {stdio, "arch_prctl", {is(0, arch_cet_status)}},
    {stdio, "arch_prctl", {is(0, arch_shadow_stack_status)}},
    {stdio, "prctl", {is(0, PR_SET_NAME)}},
    {stdio, "prctl", {is(0, PR_GET_NAME)}},
    {stdio, "prctl", {is(0, PR_SET_NO_NEW_PRIVS)}},
    {stdio, "prctl", {is(0, PR_GET_NO_NEW_PRIVS)}},
    {stdio, "prctl", {is(0, PR_CAPBSET_READ)}},
    // To die with the parent; not to outlive it.
    {stdio, "prctl", {is(0, PR_SET_PDEATHSIG), is(1, SIGKILL)}},
    {stdio, "prctl", {is(0, PR_GET_DUMPABLE)}},
    {stdio, "prctl", {is(0, PR_SET_DUMPABLE), is(1, 0)}},
    {stdio, "prctl", {is(0, PR_SET_VMA)}},  // names of memory, by malloc
    {stdio, "getpid gettid getppid getpgrp getuid geteuid getgid getegid getresuid getresgid"},
    {stdio, "getuid32 geteuid32 getgid32 getegid32 getgroups getgroups32 umask uname sysinfo"},
    {stdio, "getrusage getrlimit ugetrlimit wait4 waitpid waitid"},
    {stdio, "getpgid getsid sched_getaffinity", {is(0, 0)}},
    {stdio, "prlimit64", {is(0, 0), null(2)}},
    {stdio, "rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait rt_sigsuspend rt_sigreturn"},
    {stdio, "sigaltstack pause restart_syscall exit exit_group"},
    // raise(3), abort(3), pthread_kill(3): see set_own_pid.
    {stdio, "kill tgkill rt_sigqueueinfo rt_tgsigqueueinfo", {is(0, own_pid_mark)}},

    // Time.
    {stdio, "nanosleep gettimeofday time times getitimer setitimer alarm"},
    {stdio, "timer_create timer_settime timer_gettime timer_getoverrun timer_delete"},
    {stdio, "clock_gettime clock_getres clock_nanosleep", {up_to(0, last_clock)}},

    // Opening: one line for each set of promises, with the flags that the set permits.
    {rpath, "open", {without(1, access | create | truncate | tmpfile)}},
    {{rpath, wpath}, "open", {without(1, access | create)}},
    {{rpath, cpath}, "open", {without(1, access | truncate | tmpfile)}},
    {{rpath, wpath, cpath}, "open", {without(1, access)}},
    {wpath, "open", {bits(1, access | create, O_WRONLY)}},
    {{wpath, cpath}, "open", {bits(1, access, O_WRONLY)}},
    {{rpath, wpath}, "open", {bits(1, access | create, O_RDWR)}},
    {{rpath, wpath, cpath}, "open", {bits(1, access, O_RDWR)}},
    {tmppath, "open", {bits(1, access | create | tmpfile, O_RDWR | tmpfile)}},
    {dns, "open", {without(1, access | create | truncate | tmpfile)}},
    {rpath, "openat", {without(2, access | create | truncate | tmpfile)}},
    {{rpath, wpath}, "openat", {without(2, access | create)}},
    {{rpath, cpath}, "openat", {without(2, access | truncate | tmpfile)}},
    {{rpath, wpath, cpath}, "openat", {without(2, access)}},
    {wpath, "openat", {bits(2, access | create, O_WRONLY)}},
    {{wpath, cpath}, "openat", {bits(2, access, O_WRONLY)}},
    {{rpath, wpath}, "openat", {bits(2, access | create, O_RDWR)}},
    {{rpath, wpath, cpath}, "openat", {bits(2, access, O_RDWR)}},
    {tmppath, "openat", {bits(2, access | create | tmpfile, O_RDWR | tmpfile)}},
    {dns, "openat", {without(2, access | create | truncate | tmpfile)}},
    {{rpath, wpath, cpath}, "openat2"},
    {{wpath, cpath}, "creat"},

    // Paths.
    {rpath, "stat lstat newfstatat stat64 lstat64 fstat64 fstatat64 statx statfs"},
    {rpath, "access faccessat faccessat2 readlink readlinkat getdents getdents64"},
    {rpath, "getcwd chdir fchdir getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr"},
    {dns, "stat newfstatat statx"},
    {wpath, "truncate fallocate"},
    {cpath, "mkdir mkdirat rmdir unlink unlinkat rename renameat link linkat symlink symlinkat"},
    {cpath, "renameat2", {without(4, rename_whiteout)}},
    {dpath, "mknod", {bits(1, file_type, S_IFIFO)}},
    {dpath, "mknod", {bits(1, file_type, S_IFSOCK)}},
    {dpath, "mknod", {bits(1, file_type, S_IFREG)}},
    {dpath, "mknod", {without(1, file_type)}},  // a regular file too
    {dpath, "mknodat", {bits(2, file_type, S_IFIFO)}},
    {dpath, "mknodat", {bits(2, file_type, S_IFSOCK)}},
    {dpath, "mknodat", {bits(2, file_type, S_IFREG)}},
    {dpath, "mknodat", {without(2, file_type)}},
    {fattr, "chmod fchmod fchmodat fchmodat2 utime utimes futimesat utimensat"},
    {fattr, "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"},
    {promise::chown, "chown fchown lchown fchownat chown32 fchown32 lchown32"},
    {promise::flock, "flock"},
    {promise::flock, "fcntl", {is(1, F_GETLK)}},
    {promise::flock, "fcntl", {is(1, F_SETLK)}},
    {promise::flock, "fcntl", {is(1, F_SETLKW)}},
    {promise::flock, "fcntl", {is(1, F_OFD_GETLK)}},
    {promise::flock, "fcntl", {is(1, F_OFD_SETLK)}},
    {promise::flock, "fcntl", {is(1, F_OFD_SETLKW)}},
    {fsnotify, "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch"},
    {fsnotify, "fanotify_init fanotify_mark"},
    {promise::mount, "mount umount umount2 pivot_root chroot open_tree move_mount mount_setattr"},
    {promise::mount, "fsopen fsconfig fsmount fspick"},

    // Sockets. Families are told apart when a socket is made; the addresses later cannot be seen.
    {promise::unix, "socket socketpair", {is(0, AF_UNIX), bits(1, type_mask, SOCK_STREAM)}},
    {promise::unix, "socket socketpair", {is(0, AF_UNIX), bits(1, type_mask, SOCK_DGRAM)}},
    {promise::unix, "socket socketpair", {is(0, AF_UNIX), bits(1, type_mask, SOCK_SEQPACKET)}},
    {promise::unix, "bind connect listen"},
    {promise::unix, "sendto sendmmsg", {without(3, fast_open)}},
    {inet, "socket", {is(0, AF_INET), bits(1, type_mask, SOCK_STREAM), is(2, 0)}},
    {inet, "socket", {is(0, AF_INET), bits(1, type_mask, SOCK_STREAM), is(2, IPPROTO_TCP)}},
    {inet, "socket", {is(0, AF_INET), bits(1, type_mask, SOCK_DGRAM), is(2, 0)}},
    {inet, "socket", {is(0, AF_INET), bits(1, type_mask, SOCK_DGRAM), is(2, IPPROTO_UDP)}},
    {inet, "socket", {is(0, AF_INET6), bits(1, type_mask, SOCK_STREAM), is(2, 0)}},
    {inet, "socket", {is(0, AF_INET6), bits(1, type_mask, SOCK_STREAM), is(2, IPPROTO_TCP)}},
    {inet, "socket", {is(0, AF_INET6), bits(1, type_mask, SOCK_DGRAM), is(2, 0)}},
    {inet, "socket", {is(0, AF_INET6), bits(1, type_mask, SOCK_DGRAM), is(2, IPPROTO_UDP)}},
    {inet, "bind connect listen"},
    {inet, "sendto sendmmsg", {without(3, fast_open)}},
    {dns, "socket", {is(0, AF_INET), bits(1, type_mask, SOCK_STREAM), is(2, 0)}},
    {dns, "socket", {is(0, AF_INET), bits(1, type_mask, SOCK_STREAM), is(2, IPPROTO_TCP)}},
    {dns, "socket", {is(0, AF_INET), bits(1, type_mask, SOCK_DGRAM), is(2, 0)}},
    {dns, "socket", {is(0, AF_INET), bits(1, type_mask, SOCK_DGRAM), is(2, IPPROTO_UDP)}},
    {dns, "socket", {is(0, AF_INET6), bits(1, type_mask, SOCK_STREAM), is(2, 0)}},
    {dns, "socket", {is(0, AF_INET6), bits(1, type_mask, SOCK_STREAM), is(2, IPPROTO_TCP)}},
    {dns, "socket", {is(0, AF_INET6), bits(1, type_mask, SOCK_DGRAM), is(2, 0)}},
    {dns, "socket", {is(0, AF_INET6), bits(1, type_mask, SOCK_DGRAM), is(2, IPPROTO_UDP)}},
    {dns, "connect"},
    {dns, "setsockopt", {is(1, IPPROTO_IP), is(2, IP_RECVERR)}},
    {dns, "setsockopt", {is(1, IPPROTO_IPV6), is(2, IPV6_RECVERR)}},
    {dns, "sendto sendmmsg", {without(3, fast_open)}},

    // Options of sockets; not those that reach beyond the socket: filters, marks, headers, upper
    // layers.
    {inet, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_REUSEADDR)}},
    {inet, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_REUSEPORT)}},
    {inet, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_OOBINLINE)}},
    {inet, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_BROADCAST)}},
    {inet, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_PRIORITY)}},
    {inet, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_TIMESTAMP)}},
    {inet, "setsockopt", {is(1, SOL_SOCKET), is(2, SO_TIMESTAMPNS)}},
    {inet, "setsockopt", {is(1, IPPROTO_TCP), up_to(2, TCP_CONGESTION)}},
    {inet, "setsockopt", {is(1, IPPROTO_IP), up_to(2, IP_TTL)}},
    {inet, "setsockopt", {is(1, IPPROTO_IP), from(2, IP_PKTINFO, 4)}},  // to IP_RECVERR
    {inet, "setsockopt", {is(1, IPPROTO_IP), from(2, IP_RECVTTL, 2)}},  // and IP_RECVTOS
    {inet, "setsockopt", {is(1, IPPROTO_IP), is(2, IP_BIND_ADDRESS_NO_PORT)}},
    {inet,
     "setsockopt",
     {is(1, IPPROTO_IP), from(2, IP_MULTICAST_IF, 16)}},  // to MCAST_LEAVE_SOURCE_GROUP
    {inet,
     "setsockopt",
     {is(1, IPPROTO_IPV6), from(2, IPV6_UNICAST_HOPS, 4)}},  // to IPV6_MULTICAST_LOOP
    {inet,
     "setsockopt",
     {is(1, IPPROTO_IPV6), from(2, IPV6_JOIN_GROUP, 2)}},  // and IPV6_LEAVE_GROUP
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, IPV6_MTU_DISCOVER)}},
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, IPV6_RECVERR)}},
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, IPV6_V6ONLY)}},
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, IPV6_RECVPKTINFO)}},
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, IPV6_RECVHOPLIMIT)}},
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, IPV6_RECVTCLASS)}},
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, IPV6_TCLASS)}},
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, MCAST_JOIN_GROUP)}},
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, MCAST_LEAVE_GROUP)}},
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, MCAST_JOIN_SOURCE_GROUP)}},
    {inet, "setsockopt", {is(1, IPPROTO_IPV6), is(2, MCAST_LEAVE_SOURCE_GROUP)}},
    {inet, "setsockopt", {is(1, IPPROTO_UDP), is(2, UDP_CORK)}},
    {inet, "setsockopt", {is(1, IPPROTO_UDP), is(2, UDP_SEGMENT)}},
    {inet, "setsockopt", {is(1, IPPROTO_UDP), is(2, UDP_GRO)}},

    // Terminals.
    {tty, "ioctl", {is(1, TCSETS)}},
    {tty, "ioctl", {is(1, TCSETSW)}},
    {tty, "ioctl", {is(1, TCSETSF)}},
    {tty, "ioctl", {is(1, TCSBRK)}},
    {tty, "ioctl", {is(1, TCSBRKP)}},
    {tty, "ioctl", {is(1, TCXONC)}},
    {tty, "ioctl", {is(1, TCFLSH)}},
    {tty, "ioctl", {is(1, TIOCOUTQ)}},
    {tty, "ioctl", {is(1, TIOCGPGRP)}},
    {tty, "ioctl", {is(1, TIOCSPGRP)}},
    {tty, "ioctl", {is(1, TIOCGSID)}},
    {tty, "ioctl", {is(1, TIOCSWINSZ)}},
    {promise::ioctl, "ioctl"},

    // Processes. clone3 has its flags behind a pointer and is never permitted.
    {thread, "clone", {bits(clone_flags, thread_flags | never_cloned, thread_flags)}},
    {thread, "membarrier"},
    {proc, "clone", {without(clone_flags, never_cloned)}},
    {proc, "fork vfork kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo"},
    {proc, "pidfd_open pidfd_send_signal setpgid getpgid getsid setsid"},
    {proc, "getpriority setpriority setrlimit"},
    {proc, "prlimit64", {is(0, 0)}},
    // posix_spawn(3) that resets ids, which make(1) asks for: of effective ones, to what may be had
    // anyway.
    {proc, "setresuid setresgid", {is(0, no_id), is(2, no_id)}},
    {exec, "execve execveat"},
    {id, "setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid"},
    {id, "setuid32 setgid32 setreuid32 setregid32 setresuid32 setresgid32 setgroups32"},
    {id, "capget capset"},
    {sched, "sched_setaffinity sched_getaffinity sched_setparam sched_getparam sched_setscheduler"},
    {sched, "sched_getscheduler sched_setattr sched_getattr sched_get_priority_max"},
    {sched, "sched_get_priority_min sched_rr_get_interval getpriority setpriority"},
    {sched, "ioprio_get ioprio_set"},
    {promise::prctl, "prctl arch_prctl"},
    {promise::seccomp, "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"},
    {promise::seccomp, "prctl", {is(0, PR_SET_SECCOMP)}},

    // Things with a key or a name of the whole system.
    {shm, "shmget shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl ipc"},
    {shm, "shmat", {without(2, SHM_EXEC)}},
    {{shm, prot_exec}, "shmat"},
    {shm, "mq_open mq_unlink mq_notify"},

    {promise::io_uring, "io_uring_setup io_uring_enter io_uring_register"},
};

// --- what is rejected -------------------------------------------------------------------------

using answer = rejected_call::answer;

constexpr rejected_call rejected[] = {
    // Flags behind a pointer. Libraries then use the older calls, whose flags are tested.
    {.names = "clone3", .how = answer::error, .error = ENOSYS},
    {.names = "openat2",
     .how = answer::error,
     .error = ENOSYS,
     .unless = {promise_set{rpath, wpath, cpath}}},

    // What a C library tries on its own. To be killed for it would be to be killed at the start, or
    // at the first printf; with ENOSYS, statuses of descriptors come from fstat.
    {.names = "newfstatat statx",
     .how = answer::mild_error,
     .error = ENOSYS,
     .unless = {rpath, dns},
     .beside = stdio},
    {.names = "readlink readlinkat",
     .how = answer::mild_error,
     .error = EACCES,
     .unless = {rpath},
     .beside = stdio},
    // getaddrinfo(3): which addresses the machine has, and whether a cache answers.
    {.names = "socket",
     .tests = {is(0, AF_NETLINK)},
     .how = answer::mild_error,
     .error = EAFNOSUPPORT,
     .beside = {inet, dns}},
    {.names = "socket",
     .tests = {is(0, AF_UNIX)},
     .how = answer::mild_error,
     .error = EAFNOSUPPORT,
     .unless = {promise::unix},
     .beside = {inet, dns}},
    {.names = "io_uring_setup io_uring_enter io_uring_register",
     .how = answer::mild_error,
     .error = EPERM,
     .unless = {promise::io_uring}},

    // Past the filter, or into other processes.
    {.names = "io_uring_setup io_uring_enter io_uring_register", .unless = {promise::io_uring}},
    {.names = "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd"},
    {.names = "bpf userfaultfd perf_event_open open_by_handle_at"},
    {.names = "add_key request_key keyctl"},
    // Into the terminal of whoever started us.
    {.names = "ioctl", .tests = {is(1, TIOCSTI)}},
    {.names = "ioctl", .tests = {is(1, TIOCLINUX)}},
    // Into namespaces where we would be root.
    {.names = "unshare", .tests = {bits(0, CLONE_NEWUSER, CLONE_NEWUSER)}},
    {.names = "clone", .tests = {bits(clone_flags, CLONE_NEWUSER, CLONE_NEWUSER)}},
    {.names = "setns"},
    // The machine's own.
    {.names = "kexec_load kexec_file_load init_module finit_module delete_module reboot"},
    {.names = "swapon swapoff iopl ioperm acct quotactl quotactl_fd syslog lookup_dcookie"},
    {.names = "settimeofday stime clock_settime clock_settime64 adjtimex clock_adjtime"},
};

}  // namespace

std::span<const permitted_call> permitted_calls() noexcept { return permitted; }
std::span<const rejected_call> rejected_calls() noexcept { return rejected; }

}  // namespace emilua::sandbox
