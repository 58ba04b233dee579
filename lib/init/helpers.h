// The functions that an init.script has as globals beside the table `C`.
#pragma once

#include <span>

#include "lib/init/call.h"

namespace emilua::init {

// list_directory, mode, receive_with_fd, send_with_fd, set_no_new_privs, write_all.
[[nodiscard]] std::span<const function> global_functions() noexcept;

}  // namespace emilua::init
