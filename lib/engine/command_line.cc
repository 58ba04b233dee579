#include "lib/engine/command_line.h"

#include <luajit.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/version.hpp>
#include <memory>
#include <string_view>

#include "lib/base/edit_distance.h"
#include "lib/engine/version.h"

namespace emilua::engine {
namespace {

constexpr const char* concurrency_option = "--main-context-concurrency-hint";

constexpr const char* policy_option = "--policy";

constexpr const char* description =
    "Runs a Lua program with fibers, asynchronous I/O and actors in sandboxed processes.";

constexpr const char* footer = R"(
SCRIPT is a file, or - for standard input. What follows it belongs to the script:
system.arguments holds the engine's name, SCRIPT and the rest (a single -- right
after SCRIPT is dropped).

TOOL is confine, fdpass, initexec, jailattach, luarun or scan (emilua TOOL --help); a
script of such a name is started as ./NAME, and a link of such a name to this program
is that tool.

require 'ffi' gives LuaJIT's FFI, but not in sandboxed actors. In this program's
static form its ffi.C has some of the C library's functions, and shared libraries
(ffi.load, native plugins) cannot be loaded: emilua-dynamic is the same engine
linked dynamically.

Environment:
  EMILUA_PATH        directories of external modules, separated by ':'
  EMILUA_LUA_PATH    then patterns, separated by ';', in which ? is the module's name
                     with a / for each dot (/usr/share/lua/5.1/?.lua)
  EMILUA_COLORS      1 colours error reports, 0 does not; otherwise on terminals
                     (not when NO_COLOR is set)
  EMILUA_LOG_LEVELS  highest syslog level reported (default 4; reports are 3)

Exit status: that of system.exit; 1 if the script cannot be loaded or its main
fiber fails; 2 for a wrong command line; otherwise 0.

Examples:
  emilua server.lua --port 8080
  emilua -e 'print(require("system").arguments[3])' hello
)";

class formatter final : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
    return "Usage: emilua [OPTION...] SCRIPT [ARGUMENT...]\n"
           "       emilua [OPTION...] -e CHUNK [ARGUMENT...]\n"
           "       emilua --check SCRIPT\n"
           "       emilua TOOL [ARGUMENT...]\n";
  }
};

std::string version_text() {
  return std::string{"emilua "} + version + "\n" + LUAJIT_VERSION + "\nBoost " +
         std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000) +
         "." + std::to_string(BOOST_VERSION % 100) + "\n";
}

command_line print(std::string text) {
  command_line line;
  line.what = command_line::action::print;
  line.text = std::move(text);
  return line;
}

command_line misuse(const std::string& reason) {
  command_line line;
  line.what = command_line::action::usage_error;
  line.text = "emilua: " + reason + " (see emilua --help)";
  return line;
}

std::string nearest_option(const CLI::App& app, std::string_view word) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  return base::did_you_mean(names, word);
}

// The first word that is neither an option nor an option's value: where the script's part begins.
int first_positional(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "-" || !word.starts_with('-')) return i;
    if (word == "--") return i + 1;
    if (word == "-e" || word == concurrency_option || word == policy_option) ++i;
  }
  return argc;
}

}  // namespace

command_line parse_command_line(int argc, char** argv) {
  CLI::App app{description, "emilua"};
  app.formatter(std::make_shared<formatter>());
  app.footer(footer);
  app.allow_extras();
  std::string chunk;
  auto* chunk_option = app.add_option("-e", chunk, "Run CHUNK instead of a file");
  chunk_option->option_text("CHUNK");
  bool test = false;
  app.add_flag("--test", test,
               "Set _CONTEXT to \"test\" in SCRIPT and what it imports by ./ or ../")
      ->disable_flag_override();
  bool check = false;
  app.add_flag("--check", check,
               "Run nothing: say whether SCRIPT and what it requires by\n"
               "literal names is Lua and can be found")
      ->disable_flag_override();
  std::string concurrency = "safe";
  app.add_option(concurrency_option, concurrency,
                 "1: one thread runs all actors of this process; safe (the default):\n"
                 "spawn_context_threads adds more")
      ->option_text("HINT")
      ->check(CLI::IsMember({"1", "safe"}));
  std::string policy;
  auto* const policy_file =
      app.add_option(policy_option, policy,
                     "Put the engine itself under the policy in FILE (JSON) before SCRIPT\n"
                     "starts: see sandbox.restrict_self");
  policy_file->option_text("FILE");
  bool show_version = false;
  app.add_flag("--version", show_version, "Print versions and exit")->disable_flag_override();

  const int rest = std::min(first_positional(argc, argv), argc);
  try {
    std::vector<std::string> options(argv + std::min(1, argc), argv + rest);
    std::erase(options, "--");
    std::ranges::reverse(options);  // CLI11 takes them from the back
    app.parse(std::move(options));
  } catch (const CLI::CallForHelp&) {
    return print(app.help());
  } catch (const CLI::ParseError& e) {
    return misuse(e.what());
  }
  if (const auto extras = app.remaining(); !extras.empty())
    return misuse("unknown option " + extras[0] + nearest_option(app, extras[0]));
  if (show_version) return print(version_text());

  command_line line;
  if (policy_file->count() != 0 && policy.empty()) return misuse("--policy: a file is missing");
  line.policy = policy;
  line.test = test;
  line.check = check;
  line.single_threaded = concurrency == "1";
  line.arguments.emplace_back(argc > 0 ? argv[0] : "emilua");
  int next = rest;
  if (chunk_option->count() != 0) {
    line.what = command_line::action::run_chunk;
    line.script = chunk;
    line.arguments.emplace_back("-e");
  } else {
    if (next >= argc) return misuse("no script given");
    line.script = argv[next++];
    line.what =
        line.script == "-" ? command_line::action::run_stdin : command_line::action::run_file;
    line.arguments.push_back(line.script);
    if (next < argc && std::string_view{argv[next]} == "--") ++next;
  }
  line.arguments.insert(line.arguments.end(), argv + next, argv + argc);
  return line;
}

}  // namespace emilua::engine
