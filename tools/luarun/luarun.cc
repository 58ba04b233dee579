#include "tools/luarun/luarun.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <new>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/base/printable.h"
#include "lib/lua/error.h"
#include "lib/lua/state.h"
#include "tools/command_line/standard_output.h"
#include "tools/command_line/start.h"
#include "tools/luarun/modules.h"
#include "tools/luarun/options.h"
#include "tools/luarun/system.h"

namespace emilua::luarun {
namespace {

constexpr const char* name = "luarun";

// --- running -------------------------------------------------------------------------------------

int add_traceback(lua_State* L) {
  const std::string_view text = lua::push_message(L, 1);
  if (text.empty())
    lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
  else
    lua_pushlstring(L, text.data(), text.size());
  luaL_traceback(L, L, lua_tostring(L, -1), 1);
  return 1;
}

// Of the function and its arguments on the stack. What it raises is printed.
bool call(lua_State* L, int arguments) {
  const int base = lua_gettop(L) - arguments;
  lua_pushcfunction(L, add_traceback);
  lua_insert(L, base);
  const int error = lua_pcall(L, arguments, 0, base);
  lua_remove(L, base);
  if (error == 0) return true;
  tools::flush_standard_output();
  std::size_t size = 0;
  const char* text = lua_tolstring(L, -1, &size);
  std::fflush(stderr);  // what the script has written there comes first
  const std::string report =
      std::string{name} + ": " + base::printable({text, size}, "\n\t") + "\n";
  static_cast<void>(base::write_all(STDERR_FILENO, base::bytes_of(report)));
  return false;
}

bool complain_of_chunk(lua_State* L) {
  tools::complain(name, lua_tostring(L, -1));
  return false;
}

bool require(lua_State* L, const std::string& module) {
  lua_getglobal(L, "require");
  lua_pushlstring(L, module.data(), module.size());
  const int error = lua_pcall(L, 1, 1, 0);
  if (error != 0) return complain_of_chunk(L);
  lua_setglobal(L, module.c_str());
  return true;
}

// The path as open(2) takes it: luaL_loadfile() would take none for standard input.
bool load_script(lua_State* L, const std::string& script) {
  if (script == "-") return luaL_loadfile(L, nullptr) == 0 || complain_of_chunk(L);
  const auto text = base::read_file(script.c_str(), std::size_t{1} << 30);
  if (!text) {
    tools::complain(name, script + ": " + text.error().message());
    return false;
  }
  // As in luaL_loadfile(): a first line for the kernel is none of Lua's, but counted.
  const std::size_t skipped = text->starts_with('#') ? std::min(text->find('\n'), text->size()) : 0;
  return luaL_loadbuffer(L, text->data() + skipped, text->size() - skipped,
                         ("@" + script).c_str()) == 0 ||
         complain_of_chunk(L);
}

// With the function below them on the stack. Lua has room for some thousands.
bool call_with_arguments(lua_State* L, const options& o) {
  const auto count = static_cast<int>(o.arguments.size());
  if (lua_checkstack(L, count + 8) == 0) {
    tools::complain(name, "arguments: " + std::to_string(count) + ": more than a script can have");
    return false;
  }
  for (const std::string& argument : o.arguments)
    lua_pushlstring(L, argument.data(), argument.size());
  return call(L, count);
}

// The table of Lua's own interpreters.
void set_arg(lua_State* L, const options& o) {
  lua_createtable(L, static_cast<int>(o.arguments.size()), 1);
  lua_pushstring(L, o.script ? o.script->c_str() : name);
  lua_rawseti(L, -2, 0);
  int i = 0;
  for (const std::string& argument : o.arguments) {
    lua_pushlstring(L, argument.data(), argument.size());
    lua_rawseti(L, -2, ++i);
  }
  lua_setglobal(L, "arg");
}

bool run_step(lua_State* L, const step& s) {
  if (s.what == step::kind::module) return require(L, s.text);
  if (luaL_loadbuffer(L, s.text.data(), s.text.size(), "=(command line)") != 0)
    return complain_of_chunk(L);
  return call(L, 0);
}

bool run(lua_State* L, const options& o) {
  luaL_openlibs(L);
  add_modules(L);
  set_arg(L, o);
  for (const step& s : o.steps)
    if (!run_step(L, s)) return false;
  if (!o.script) return true;
  return load_script(L, *o.script) && call_with_arguments(L, o);
}

// --- bytecode ------------------------------------------------------------------------------------

int append(lua_State* /*L*/, const void* data, std::size_t size, void* out) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(data), size);
  return 0;
}

base::result<> write_file(const std::string& path, std::string_view data) {
  if (path == "-") return base::write_all(STDOUT_FILENO, base::bytes_of(data));
  const base::unique_fd fd{base::retry(
      [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666); })};
  if (!fd) return base::last_error();
  return base::write_all(fd.get(), base::bytes_of(data));
}

// With the lines and names that messages need.
bool write_bytecode(lua_State* L, const options& o) {
  if (!load_script(L, *o.script)) return false;
  std::string bytecode;
  lua_dump(L, append, &bytecode);
  const std::string& path = o.arguments.front();
  if (const auto written = write_file(path, bytecode); !written) {
    tools::complain(name, path + ": " + written.error().message());
    return false;
  }
  return true;
}

int parse_and_run(int argc, char** argv, char** envp) {
  const auto options = parse_options(argc, argv);
  if (!options) return tools::finish(name, options.error());
  process p{{argv[0]}, envp};
  p.arguments.push_back(options->script.value_or(""));
  p.arguments.insert(p.arguments.end(), options->arguments.begin(), options->arguments.end());
  const lua::state L = lua::new_state();
  if (L == nullptr) throw std::bad_alloc{};
  set_process(L.get(), p);
  const bool good = options->bytecode ? write_bytecode(L.get(), *options) : run(L.get(), *options);
  return good ? 0 : tools::failure;
}

int main(int argc, char** argv, char** envp) {
  if (!tools::guard_standard_output(name, tools::failure)) return tools::failure;
  if (!tools::start(name)) return tools::failure;
  try {
    return parse_and_run(argc, argv, envp);
  } catch (const std::bad_alloc&) {
    tools::complain_of_memory(name);
  }
  return tools::failure;
}

}  // namespace

const tools::tool tool{name, main, describe};

}  // namespace emilua::luarun
