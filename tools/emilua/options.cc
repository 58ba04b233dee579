#include "tools/emilua/options.h"

#include <luajit.h>

#include <boost/version.hpp>
#include <optional>
#include <string>

#include "tools/command_line/start.h"
#include "tools/command_line/values.h"
#include "tools/family/family.h"

namespace emilua::command {
namespace {

using engine::command_line;
using action = command_line::action;

constexpr const char* notes =
    R"(SCRIPT is a file, or - for standard input. What follows it belongs to the script:
system.arguments holds the engine's name, SCRIPT and the rest (a single -- right
after SCRIPT is dropped). A script of a command's name is started as ./NAME, and
a link of such a name to this program is that command.

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
  EMILUA_LOG_LEVELS  highest syslog level reported (default 4; reports are 3))";

std::string versions() {
  constexpr int major = BOOST_VERSION / 100000, minor = BOOST_VERSION / 100 % 1000,
                patch = BOOST_VERSION % 100;
  return std::string{LUAJIT_VERSION} + "\nBoost " + std::to_string(major) + "." +
         std::to_string(minor) + "." + std::to_string(patch) + "\n";
}

std::vector<tools::program_summary> other_tools() {
  std::vector<tools::program_summary> list;
  for (const tools::tool* tool : tools::family())
    tool->describe([&list](const tools::option_table& table) {
      list.push_back({table.name(), table.purpose()});
    });
  return list;
}

// As it was given.
struct given {
  std::optional<std::string> chunk, policy;
  bool test = false, check = false, single_threaded = false;
};

tools::option_table table_for(given& g) {
  tools::option_table table{
      "emilua",
      "Runs a Lua program with fibers, asynchronous I/O and actors in sandboxed processes.",
      {"[OPTION...] SCRIPT [ARGUMENT...]", "[OPTION...] -e CHUNK [ARGUMENT...]", "--check SCRIPT",
       "COMMAND [ARGUMENT...]"}};
  table.set_programs(other_tools);
  table.set_versions(versions());
  table.add({"-e",
             "CHUNK",
             "Run CHUNK instead of a file",
             [&g](const std::string& v) { g.chunk = v; },
             {"-e"}});
  table.add({"--test", "", "Set _CONTEXT to \"test\" in SCRIPT and what it imports by ./ or ../",
             [&g](const std::string&) { g.test = true; }});
  table.add({"--check", "",
             "Run nothing: say whether SCRIPT and what it requires by\n"
             "literal names is Lua and can be found",
             [&g](const std::string&) { g.check = true; }});
  table.add({"--main-context-concurrency-hint",
             "HINT",
             "1: one thread runs all actors of this process; safe (the default):\n"
             "spawn_context_threads adds more",
             [&g](const std::string& v) {
               if (v != "1" && v != "safe")
                 tools::refuse("--main-context-concurrency-hint", v, "1 or safe expected");
               g.single_threaded = v == "1";
             },
             {"--main-context-concurrency-hint"}});
  table.add({"--policy",
             "FILE",
             "Put the engine itself under the policy in FILE (JSON) before SCRIPT\n"
             "starts: see sandbox.restrict_self",
             [&g](const std::string& v) { g.policy = v; },
             {"--policy"}});
  table.set_notes(notes);
  table.add_status({"0", "the script has ended"});
  table.add_status({"1", "it could not be loaded, or its main fiber has failed"});
  table.add_status({"2", "the command line is wrong"});
  table.add_status({"otherwise", "that of system.exit"});
  table.add_example({"emilua server.lua --port 8080", "Runs a script with arguments"});
  table.add_example({"emilua -e 'print(require(\"system\").arguments[3])' hello",
                     "Runs Lua from the command line"});
  return table;
}

command_line ended(const tools::parse_end& end) {
  command_line line;
  line.what = end.wanted ? action::print : action::usage_error;
  line.text = end.text;
  return line;
}

void drop_dashes(std::vector<std::string>& words) {
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
}

}  // namespace

command_line parse_options(int argc, char** argv) {
  given g;
  const tools::option_table table = table_for(g);
  auto parsed = table.parse(tools::words(argc, argv));
  if (!parsed) return ended(parsed.error());
  std::vector<std::string>& words = parsed->words;
  drop_dashes(words);
  if (g.policy && g.policy->empty()) return ended(table.complaint("--policy: a file is missing"));
  if (!g.chunk && words.empty()) return ended(table.complaint("no script given"));

  command_line line;
  line.policy = g.policy.value_or("");
  line.test = g.test;
  line.check = g.check;
  line.single_threaded = g.single_threaded;
  line.arguments = {argc > 0 ? argv[0] : "emilua", "-e"};
  if (g.chunk) {
    line.what = action::run_chunk;
    line.script = std::move(*g.chunk);
  } else {
    line.script = line.arguments.back() = std::move(words.front());
    line.what = line.script == "-" ? action::run_stdin : action::run_file;
    words.erase(words.begin());
    drop_dashes(words);
  }
  for (std::string& word : words) line.arguments.push_back(std::move(word));
  return line;
}

void describe(const std::function<void(const tools::option_table&)>& reader) {
  given g;
  reader(table_for(g));
}

}  // namespace emilua::command
