#include "lib/sandbox/restrict_self.h"

#include <string>

#include "lib/ipc/all_threads.h"

namespace emilua::sandbox {

std::optional<step_failure> restrict_self(const plan& plan) {
  std::string compiled = compile(plan);
  const ipc::held_thread_list threads;
  return execute(compiled_plan{compiled},
                 {.call = ipc::syscall_on_all_threads, .filters = filter_scope::all_threads});
}

}  // namespace emilua::sandbox
