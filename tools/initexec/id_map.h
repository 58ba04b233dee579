// Who is who in a new user namespace.
//
//   write_maps(pid, id_map::subordinate);
//
// Source: user_namespaces(7), subuid(5), newuidmap(1).
#pragma once

#include <sys/types.h>

namespace emilua::initexec {

enum class id_map {
  self,         // 0 is the caller
  subordinate,  // 0 is the caller, and from 1 on come the ranges of /etc/subuid and /etc/subgid
};

// For the process that was made with the namespace, by the one that has made it. Root writes the
// maps; others have newuidmap and newgidmap do that for subordinate ids. Throws tools::refusal.
void write_maps(pid_t pid, id_map map);

}  // namespace emilua::initexec
