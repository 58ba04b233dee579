#include "lib/engine/builtins.h"

#include "lib/actor/inbox.h"
#include "lib/actor/spawn_vm.h"
#include "lib/bindings/byte_span/byte_span.h"
#include "lib/bindings/errors/errors.h"
#include "lib/bindings/errors/user_category.h"
#include "lib/bindings/file/file.h"
#include "lib/bindings/filesystem/filesystem.h"
#include "lib/bindings/format/format.h"
#include "lib/bindings/json/json.h"
#include "lib/bindings/pipe/pipe.h"
#include "lib/bindings/regex/regex.h"
#include "lib/bindings/sandbox/sandbox.h"
#include "lib/bindings/serial_port/serial_port.h"
#include "lib/bindings/stream/stream.h"
#include "lib/bindings/system/credentials.h"
#include "lib/bindings/system/system.h"
#include "lib/bindings/time/time.h"
#include "lib/bindings/unix/unix.h"
#include "lib/engine/plugin_loader.h"
#include "lib/fiber/ffi.h"
#include "lib/fiber/sync.h"

namespace emilua::engine {
namespace {

// What it changes is the process's.
void push_filesystem(lua_State* L) {
  bindings::set_master_rules(L);
  bindings::push_filesystem(L);
}

// Reached by `require`, and not to be shadowed by files.
constexpr fiber::builtin_module modules[] = {
    {"asio_error", bindings::push_asio_error},
    {"byte_span", bindings::push_byte_span},
    {"condition_variable", fiber::push_condition_variable},
    {"ffi", fiber::push_ffi},
    {"file", bindings::push_file},
    {"filesystem", push_filesystem},
    {"future", fiber::push_future},
    {"generic_error", bindings::push_generic_error},
    {"inbox", actor::push_inbox},
    {"ip", nullptr},
    {"json", bindings::push_json},
    {"mutex", fiber::push_mutex},
    {"pipe", bindings::push_pipe},
    {"recursive_mutex", fiber::push_recursive_mutex},
    {"regex", bindings::push_regex},
    {"sandbox", bindings::push_sandbox},
    {"serial_port", bindings::push_serial_port},
    {"stream", bindings::push_stream},
    {"system", bindings::push_system},
    {"time", bindings::push_time},
    {"tls", nullptr},
    {"unix", bindings::push_unix},
};

// Besides what lib/fiber keeps and makes: spawn, this_fiber, require and the standard functions.
constexpr fiber::builtin_global globals[] = {
    {"byte_span", bindings::push_byte_span},
    {"format", bindings::push_format},
    {"spawn_vm", actor::push_spawn_vm},
};

}  // namespace

fiber::builtins builtin_names() noexcept {
  return {.modules = modules,
          .globals = globals,
          .push_category = bindings::push_user_category,
          .push_plugin = push_plugin};
}

}  // namespace emilua::engine
