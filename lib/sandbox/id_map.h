// Who is who in a new user namespace, by whoever has made it.
//
//   id_maps maps{.uids = map_around(0, ::geteuid(), known.uids), .gids = …};
//   … a process is cloned with CLONE_NEWUSER, and waits …
//   const auto process = open_process_directory(pidfd.get());
//   if (auto written = write_id_maps(process->get(), maps); !written) report(written.error().what);
//
// Whoever has CAP_SETUID and CAP_SETGID writes maps of any ids; everybody maps himself; others have
// newuidmap and newgidmap write the ranges that /etc/subuid and /etc/subgid give them.
//
// Allocates, and starts processes. Source: user_namespaces(7), subuid(5), newuidmap(1),
// pidfd_open(2).
#pragma once

#include <sys/types.h>

#include <boost/system/result.hpp>
#include <string>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/sandbox/id_ranges.h"

namespace emilua::sandbox {

// The caller's, whose effective user id this is.
[[nodiscard]] mappable_ids find_mappable_ids(uid_t uid);

struct id_map_failure {
  std::error_code code;
  std::string what;  // in words, with the reason
};

// The directory of a process beneath /proc, whichever pid namespace that shows. It stays this
// process's: once that has been reaped nothing can be opened there. ESRCH: it has been already.
[[nodiscard]] base::result<base::unique_fd> open_process_directory(int pidfd);

// Writes both, once: the kernel takes no second map.
[[nodiscard]] boost::system::result<void, id_map_failure> write_id_maps(int process_directory,
                                                                        const id_maps& maps);

}  // namespace emilua::sandbox
