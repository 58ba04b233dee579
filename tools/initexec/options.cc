#include "tools/initexec/options.h"

#include <sched.h>

#include <climits>

#include "tools/command_line/start.h"
#include "tools/command_line/values.h"

namespace emilua::initexec {
namespace {

using tools::option_table;

constexpr const char* notes =
    "SCRIPT is a file, or - for standard input: Lua with the table C of system calls,\n"
    "errexit and arg (see lua/meta/init_script.lua), and an empty environment. It runs\n"
    "inside the namespaces; then PROGRAM is executed, with our environment and no\n"
    "descriptors but the standard ones and --keep-fd.\n"
    "\n"
    "A --policy is read before the script, and in force after it: its paths are those\n"
    "that the script leaves. It takes away from what the process is by then, and cannot\n"
    "give it namespaces, mounts, ids, a directory, a host name or a cgroup.\n"
    "\n"
    "Process 1 of a pid namespace or of an image (ENTRYPOINT) stays: it reaps orphans,\n"
    "passes signals on to PROGRAM, and ends with its status.";

class command_line {
 public:
  command_line()
      : table_("initexec", "Runs an init.script in new namespaces, then a program.",
               {"[OPTION...] SCRIPT [-- PROGRAM [ARGUMENT...]]",
                "[OPTION...] -e CHUNK [-- PROGRAM [ARGUMENT...]]"}) {
    add("-e", "CHUNK", "Run CHUNK instead of a file",
        [this](const std::string& v) { out_.chunk = v; });
    add("--ns", "KIND,...", "New namespaces: user mount pid net ipc uts cgroup time",
        [this](const std::string& v) { add_namespaces(v); });
    add("--map", "KIND",
        "self: be root in the new user namespace, and nobody else;\n"
        "subid: with our subordinate ids from 1 on",
        [this](const std::string& v) { set_map(v); });
    add("--arg-fd", "N", "The script's arg",
        [this](const std::string& v) { out_.argument = tools::open_descriptor("--arg-fd", v); });
    add("--env-file", "F", "Add the lines NAME=VALUE of F to PROGRAM's environment",
        [this](const std::string& v) { out_.environment_files.push_back(v); });
    add("--keep-fd", "N", "Leave descriptor N open in PROGRAM; the script may make it",
        [this](const std::string& v) {
          out_.kept.push_back(static_cast<int>(tools::number("--keep-fd", v, INT_MAX)));
        });
    add("--policy", "FILE",
        "Let PROGRAM do what the policy in FILE (JSON) grants,\n"
        "and nothing else; of variables it has env and --env-file",
        [this](const std::string& v) { out_.policy = v; });
    add("--report", "json", "Print on standard error what of the policy is enforced, and how",
        [this](const std::string& v) {
          if (v != "json") tools::refuse("--report", v, "json expected");
          out_.report = true;
        });
    add("--pid1", "[no]", "Stay as process 1 does, or execute PROGRAM in its place",
        [this](const std::string& v) { set_first_process(v); });
    add("--kill-all-on-exit", "", "Kill what PROGRAM leaves behind (SIGKILL), and wait for it",
        [this](const std::string&) { out_.kill_all = true; });
    add("--sync-fd", "N",
        "Write the process id to the socket N, and wait for a byte,\n"
        "before the script",
        [this](const std::string& v) { out_.sync = tools::open_descriptor("--sync-fd", v); });
    table_.set_notes(notes);
    table_.add_status({"1", "the script failed"});
    table_.add_status({"2", "wrong command line"});
    table_.add_status(
        {"125", "the namespaces or the box could not be set up; PROGRAM did not run"});
    table_.add_status({"126, 127", "PROGRAM cannot be executed; was not found"});
    table_.add_status({"otherwise", "PROGRAM's (128 + N if signal N killed it); 0 without one"});
    table_.add_example({"initexec --ns=user,mount,pid --map=self container.lua -- /bin/sh",
                        "A shell in the root directory that container.lua makes"});
    table_.add_example({"initexec -e 'set_no_new_privs() C.cap_set_proc \"=\"' -- make",
                        "Builds without any right that could be gained"});
  }

  [[nodiscard]] const option_table& table() const { return table_; }

  boost::system::result<options, tools::parse_end> parse(const std::vector<std::string>& words) {
    auto line = table_.parse(words);
    if (!line) return line.error();
    std::vector<std::string>& rest = line->words;
    if (!out_.chunk) {
      if (rest.empty() || rest.front() == "--") return table_.complaint("no script is given");
      out_.script = std::move(rest.front());
      rest.erase(rest.begin());
    }
    auto program = table_.program(std::move(rest));
    if (!program) return program.error();
    out_.program = std::move(*program);
    if (out_.map && (out_.namespaces & CLONE_NEWUSER) == 0)
      return table_.complaint("--map: --ns=user is missing");
    if (out_.program.empty() && !out_.kept.empty())
      return table_.complaint("--keep-fd is for a PROGRAM, which is missing");
    if (out_.program.empty() && !out_.environment_files.empty())
      return table_.complaint("--env-file is for a PROGRAM, which is missing");
    if (out_.program.empty() && !out_.policy.empty())
      return table_.complaint("--policy is for a PROGRAM, which is missing");
    if (out_.report && out_.policy.empty())
      return table_.complaint("--report is for a --policy, which is missing");
    if (out_.kill_all && out_.first_process == false)
      return table_.complaint("--kill-all-on-exit and --pid1=no exclude each other");
    return std::move(out_);
  }

 private:
  void add(const char* name, const char* value, const char* help,
           std::function<void(const std::string&)> apply) {
    table_.add({name, value, help, std::move(apply)});
  }

  void add_namespaces(const std::string& text) {
    for (const std::string& word : tools::split(text, ','))
      out_.namespaces |= tools::namespace_kind("--ns", word);
  }

  void set_map(const std::string& text) {
    if (text == "self")
      out_.map = id_map::self;
    else if (text == "subid")
      out_.map = id_map::subordinate;
    else
      tools::refuse("--map", text, "self or subid expected");
  }

  void set_first_process(const std::string& text) {
    if (!text.empty() && text != "no") tools::refuse("--pid1", text, "no expected");
    out_.first_process = text.empty();
  }

  option_table table_;
  options out_;
};

}  // namespace

void describe(const std::function<void(const tools::option_table&)>& reader) {
  reader(command_line{}.table());
}

boost::system::result<options, tools::parse_end> parse_options(int argc, char** argv) {
  return command_line{}.parse(tools::words(argc, argv));
}

}  // namespace emilua::initexec
