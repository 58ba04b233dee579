#include "tools/luarun/options.h"

#include <unistd.h>

#include "tools/command_line/start.h"

namespace emilua::luarun {
namespace {

constexpr const char* notes =
    R"(Modules besides files: asio_error, byte_span, filesystem, format, generic_error,
json, regex, stream (with stream.scanner), and of system the standard streams
in_, out and err, which block here, arguments, environment and exit. Others of
the engine need an event loop: run such scripts with emilua. LuaJIT's standard
libraries are there; but ffi.C has no functions, nothing loads shared ones, and
the locale is C.)";

tools::option_table table_for(options& o) {
  tools::option_table table{"luarun",
                            "Runs Lua (LuaJIT) without an event loop.",
                            {"[OPTION...] [SCRIPT|- [ARGUMENT...]]", "-b SCRIPT OUT"}};
  table.add({"-e", "CHUNK", "Run CHUNK", [&o](const std::string& text) {
               o.steps.push_back({step::kind::chunk, text});
             }});
  table.add({"-l", "MODULE", "Set a global of this name to what require gives",
             [&o](const std::string& name) {
               o.steps.push_back({step::kind::module, name});
             }});
  table.add({"-b",
             "",
             "Write SCRIPT's bytecode to OUT (- is standard output)",
             [&o](const std::string&) { o.bytecode = true; },
             {"-e", "-l"}});
  table.set_notes(notes);
  table.add_status({"0", "the script has ended"});
  table.add_status({"1", "the script has failed, or could not be read"});
  table.add_status({"2", "the command line is wrong"});
  table.add_example({"luarun -l json -e 'print(json.encode{answer = 42})'", "Prints JSON"});
  table.add_example({"luarun report.lua access.log", "Runs a script with an argument"});
  return table;
}

}  // namespace

boost::system::result<options, tools::parse_end> parse_options(int argc, char** argv) {
  options o;
  const tools::option_table table = table_for(o);
  auto line = table.parse(tools::words(argc, argv));
  if (!line) return line.error();
  std::vector<std::string>& words = line->words;
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  if (!words.empty()) {
    o.script = std::move(words.front());
    words.erase(words.begin());
    // Old habits of the engine's command line.
    if (!words.empty() && words.front() == "--") words.erase(words.begin());
  } else if (o.steps.empty() && !o.bytecode) {
    if (::isatty(STDIN_FILENO) != 0) return table.complaint("a script, - or -e is missing");
    o.script = "-";
  }
  o.arguments = std::move(words);
  if (o.bytecode && (!o.script || o.arguments.size() != 1))
    return table.complaint("-b needs SCRIPT and OUT");
  return o;
}

void describe(const std::function<void(const tools::option_table&)>& reader) {
  options o;
  reader(table_for(o));
}

}  // namespace emilua::luarun
