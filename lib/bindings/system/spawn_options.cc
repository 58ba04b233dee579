#include "lib/bindings/system/spawn_options.h"

#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "lib/bindings/io/file_descriptor.h"
#include "lib/bindings/system/arguments.h"
#include "lib/fiber/path.h"
#include "lib/fiber/vm.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

constexpr const char* stdio_names[] = {"stdin", "stdout", "stderr"};

[[noreturn]] void refuse(lua_State* L, std::string_view option) { lua::raise_argument(L, option); }

// What the kernel takes ends at a NUL byte: text that has one would become other text.
std::string check_text(lua_State* L, int index, const char* option) {
  const std::string_view text = lua::to_text(L, index);
  if (text.data() == nullptr || text.find('\0') != text.npos) refuse(L, option);
  return std::string{text};
}

int descriptor_of(lua_State* L, const file_descriptor& object, const char* option) {
  if (object.is_busy())
    lua::raise(L, std::make_error_code(std::errc::device_or_resource_busy), {"arg", option});
  return object.number();
}

// A table of options, whose fields are read one after the other. The value read last is on top of
// the stack.
class option_table {
 public:
  option_table(lua_State* L, int table) : L_(L), table_(table) {}

  // True if the option is given.
  bool get(const char* name) {
    lua_settop(L_, table_);
    lua_getfield(L_, table_, name);
    return !lua_isnil(L_, -1);
  }

  bool flag(const char* name) {
    if (!get(name)) return false;
    if (!lua_isboolean(L_, -1)) refuse(L_, name);
    return lua_toboolean(L_, -1) != 0;
  }

  std::optional<int> integer(const char* name, int least, int most) {
    if (!get(name)) return std::nullopt;
    return value_as<int>(name, to_integer<int>, least, most);
  }

  std::optional<id_t> id(const char* name) {
    if (!get(name)) return std::nullopt;
    return value_as<id_t>(name, to_integer<id_t>, 0, ~id_t{0});
  }

  int descriptor(const char* name) {
    if (!get(name)) return ipc::program_request::none;
    const auto* object = lua::to<file_descriptor>(L_, -1);
    if (object == nullptr) refuse(L_, name);
    return descriptor_of(L_, *object, name);
  }

 private:
  template <class Integer>
  Integer value_as(const char* name, std::optional<Integer> (*convert)(double) noexcept,
                   Integer least, Integer most) {
    if (lua_type(L_, -1) != LUA_TNUMBER) refuse(L_, name);
    const double number = lua_tonumber(L_, -1);
    const auto value = convert(number);
    if (!value || *value != number || *value < least || *value > most) refuse(L_, name);
    return *value;
  }

  lua_State* L_;
  int table_;
};

// --- program, arguments, environment --------------------------------------

// Where execvp(3) would look for `name`. The child looks there: with its rights, in its directory.
std::vector<std::string> search_path(const fiber::context& process, const std::string& name) {
  if (name.empty() || name.find('/') != name.npos) return {name};
  std::string_view directories = "/bin:/usr/bin";  // the C library's own, when there is no PATH
  for (const auto& [variable, value] : process.config().environment)
    if (variable == "PATH") directories = value;
  std::vector<std::string> paths;
  for (;;) {
    const auto end = directories.find(':');
    const std::string_view directory = directories.substr(0, end);
    paths.push_back(directory.empty() ? name : std::string{directory} + "/" + name);
    if (end == directories.npos) return paths;
    directories.remove_prefix(end + 1);
  }
}

void read_program(lua_State* L, option_table& options, ipc::program_request& out) {
  options.get("program");
  if (lua_type(L, -1) == LUA_TSTRING) {
    out.paths = search_path(fiber::vm::of(L).process(), check_text(L, -1, "program"));
  } else if (const std::string* path = fiber::to_path(L, -1)) {
    if (path->find('\0') != path->npos) refuse(L, "program");
    out.paths = {*path};
  } else {
    out.program = options.descriptor("program");
    if (out.program == ipc::program_request::none) refuse(L, "program");
  }
}

// A list ends at the first nil.
template <class Element>
void read_list(lua_State* L, const char* option, Element element) {
  if (!lua_istable(L, -1)) refuse(L, option);
  for (int i = 1;; ++i) {
    lua_rawgeti(L, -1, i);
    if (lua_isnil(L, -1)) break;
    element();
    lua_pop(L, 1);
  }
}

void read_environment(lua_State* L, ipc::program_request& out) {
  constexpr const char* option = "environment";
  constexpr std::string_view pid{"\0pid", 4};  // stands for the child's
  if (!lua_istable(L, -1)) refuse(L, option);
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    std::string name = check_text(L, -2, option);
    // Such a name would set another variable, or none.
    if (name.empty() || name.find('=') != name.npos) refuse(L, option);
    if (lua::to_text(L, -1) == pid)
      out.pid_variables.push_back(std::move(name));
    else
      out.environment.push_back(name + "=" + check_text(L, -1, option));
  }
}

// --- descriptors ----------------------------------------------------------

void read_stdio(lua_State* L, option_table& options, ipc::program_request& out) {
  for (int i = 0; i < 3; ++i) {
    if (!options.get(stdio_names[i])) continue;
    if (lua_type(L, -1) == LUA_TSTRING) {
      if (lua::to_text(L, -1) != "share") refuse(L, stdio_names[i]);
      out.descriptors[static_cast<std::size_t>(i)] = i;
    } else {
      out.descriptors[static_cast<std::size_t>(i)] = options.descriptor(stdio_names[i]);
    }
  }
}

void read_extra_fds(lua_State* L, option_table& options, ipc::program_request& out) {
  constexpr const char* option = "extra_fds";
  if (!options.get(option)) return;
  if (!lua_istable(L, -1)) refuse(L, option);
  for (int number = 3; number < static_cast<int>(out.descriptors.size()); ++number) {
    lua_rawgeti(L, -1, number);
    if (!lua_isnil(L, -1)) {
      const auto* object = lua::to<file_descriptor>(L, -1);
      if (object == nullptr) refuse(L, option);
      out.descriptors[static_cast<std::size_t>(number)] = descriptor_of(L, *object, option);
    }
    lua_pop(L, 1);
  }
}

// --- scheduler ------------------------------------------------------------

void read_policy(lua_State* L, ipc::program_request& out) {
  constexpr struct {
    std::string_view name;
    int value;
  } policies[] = {{"other", SCHED_OTHER},
                  {"batch", SCHED_BATCH},
                  {"idle", SCHED_IDLE},
                  {"fifo", SCHED_FIFO},
                  {"rr", SCHED_RR}};
  const auto* const policy =
      std::ranges::find(policies, lua::to_text(L, -1), [](const auto& p) { return p.name; });
  if (policy == std::end(policies)) refuse(L, "scheduler.policy");
  out.scheduler_policy = policy->value;
}

void check_priority(lua_State* L, const ipc::program_request& request) {
  if (!request.scheduler_policy) return;
  const int least = ::sched_get_priority_min(*request.scheduler_policy);
  const int most = ::sched_get_priority_max(*request.scheduler_policy);
  // The policies without real time have the range 0 to 0, and it may be left out.
  if (!request.scheduler_priority && least == 0) return;
  if (!request.scheduler_priority || *request.scheduler_priority < least ||
      *request.scheduler_priority > most)
    refuse(L, "scheduler.priority");
}

void read_scheduler(lua_State* L, option_table& options, ipc::program_request& out) {
  if (!options.get("scheduler")) return;
  if (!lua_istable(L, -1)) refuse(L, "scheduler");
  const int table = lua_gettop(L);
  lua_getfield(L, table, "policy");
  if (!lua_isnil(L, -1)) read_policy(L, out);
  lua_getfield(L, table, "priority");
  if (!lua_isnil(L, -1)) {
    const auto value = to_integer<int>(lua_tonumber(L, -1));
    if (lua_type(L, -1) != LUA_TNUMBER || !value || *value != lua_tonumber(L, -1))
      refuse(L, "scheduler.priority");
    out.scheduler_priority = *value;
  }
  check_priority(L, out);
  lua_getfield(L, table, "reset_on_fork");
  if (lua_isnil(L, -1)) return;
  if (!lua_isboolean(L, -1) || !out.scheduler_policy) refuse(L, "scheduler.reset_on_fork");
  if (lua_toboolean(L, -1)) *out.scheduler_policy |= SCHED_RESET_ON_FORK;
}

// --- sessions, groups and terminals ---------------------------------------

void read_foreground(lua_State* L, option_table& options, ipc::program_request& out) {
  constexpr const char* option = "foreground";
  if (lua_type(L, -1) != LUA_TSTRING) {
    out.foreground = options.descriptor(option);
    return;
  }
  const auto* const name = std::ranges::find(stdio_names, lua::to_text(L, -1));
  if (name == std::end(stdio_names)) refuse(L, option);
  const int number = static_cast<int>(name - stdio_names);
  // Otherwise it is no terminal of ours that the child would get.
  if (out.descriptors[static_cast<std::size_t>(number)] != number) refuse(L, option);
  out.foreground = number;
}

void read_job_control(lua_State* L, option_table& options, ipc::program_request& out) {
  out.start_new_session = options.flag("start_new_session");
  out.process_group = options.integer("process_group", 0, std::numeric_limits<int>::max());
  const bool ctty = options.get("set_ctty"), foreground = options.get("foreground");
  if (ctty && foreground) refuse(L, "set_ctty/foreground");
  if (ctty && !out.start_new_session) refuse(L, "set_ctty");
  if (foreground && !out.process_group) refuse(L, "foreground");
  out.set_ctty = options.descriptor("set_ctty");
  if (options.get("foreground")) read_foreground(L, options, out);
}

// --- credentials and surroundings -----------------------------------------

void read_credentials(lua_State* L, option_table& options, ipc::program_request& out) {
  out.ruid = options.id("ruid");
  out.euid = options.id("euid");
  out.rgid = options.id("rgid");
  out.egid = options.id("egid");
  if (options.get("extra_groups")) {
    auto& groups = out.extra_groups.emplace();
    read_list(L, "extra_groups", [&] {
      const auto id = to_integer<id_t>(lua_tonumber(L, -1));
      if (lua_type(L, -1) != LUA_TNUMBER || !id || *id != lua_tonumber(L, -1))
        refuse(L, "extra_groups");
      groups.push_back(*id);
    });
  }
}

void read_surroundings(lua_State* L, option_table& options, ipc::program_request& out) {
  if (const auto mask = options.integer("umask", 0, 0777)) out.umask = *mask;
  out.pdeathsig = options.integer("pdeathsig", 0, SIGRTMAX);
  if (!options.get("working_directory")) return;
  if (const std::string* path = fiber::to_path(L, -1)) {
    if (path->find('\0') != path->npos) refuse(L, "working_directory");
    out.working_directory_path = *path;
  } else {
    out.working_directory = options.descriptor("working_directory");
  }
}

// Each has two names, of different age; giving both is a mistake.
void read_namespaces(lua_State* L, option_table& options, ipc::program_request& out) {
  constexpr const char* names[][2] = {{"nsenter_user", "setns_user"},
                                      {"nsenter_mount", "setns_mount"},
                                      {"nsenter_uts", "setns_uts"},
                                      {"nsenter_ipc", "setns_ipc"},
                                      {"nsenter_net", "setns_net"}};
  static_assert(std::size(names) == std::tuple_size_v<decltype(out.namespaces)>);
  for (std::size_t i = 0; i < std::size(names); ++i) {
    const auto& [old_name, new_name] = names[i];
    const bool old = options.get(old_name);
    if (options.get(new_name)) {
      if (old) refuse(L, new_name);
      out.namespaces[i] = options.descriptor(new_name);
    } else {
      out.namespaces[i] = options.descriptor(old_name);
    }
  }
}

}  // namespace

spawn_options check_spawn_options(lua_State* L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  luaL_checkstack(L, 8, "options");
  spawn_options out{.request = {}, .signal_on_gcreaper = SIGTERM};
  ipc::program_request& request = out.request;
  option_table options{L, index};
  read_program(L, options, request);
  if (options.get("arguments")) {
    read_list(L, "arguments", [&] { request.arguments.push_back(check_text(L, -1, "arguments")); });
  }
  if (options.get("environment")) read_environment(L, request);
  read_stdio(L, options, request);
  read_extra_fds(L, options, request);
  read_scheduler(L, options, request);
  read_job_control(L, options, request);
  read_credentials(L, options, request);
  read_surroundings(L, options, request);
  read_namespaces(L, options, request);
  out.signal_on_gcreaper =
      options.integer("signal_on_gcreaper", 0, SIGRTMAX).value_or(out.signal_on_gcreaper);
  lua_settop(L, index);
  return out;
}

}  // namespace emilua::bindings
