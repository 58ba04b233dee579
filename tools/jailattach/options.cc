#include "tools/jailattach/options.h"

#include <cstdlib>

#include "tools/command_line/start.h"
#include "tools/command_line/values.h"

namespace emilua::jailattach {
namespace {

using tools::option_table;

constexpr const char* notes =
    "The script has the table C of system calls and errexit (see\n"
    "lua/meta/init_script.lua), the modules byte_span, filesystem, format, json,\n"
    "regex and stream, 64 MiB of memory and an empty environment; its files are the\n"
    "container's. Nothing of the container is executed, loaded or read to run it, and\n"
    "nothing but our standard streams comes along. PROGRAM is a static one of the\n"
    "host, unless --from-image, and runs after the script.\n"
    "Seccomp filters and Landlock rules of the container's processes are not taken\n"
    "over.";

// A program of a container finds little else.
const tools::environment basic_environment{
    {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, {"HOME", "/"}};

class command_line {
 public:
  command_line()
      : table_("jailattach", "Runs a script or a program in a running container.",
               {"TARGET [OPTION...] (--script FILE | -e CHUNK) [-- PROGRAM [ARGUMENT...]]",
                "TARGET [OPTION...] -- PROGRAM [ARGUMENT...]"}) {
    out_.environment = basic_environment;
    if (const char* term = std::getenv("TERM")) tools::set(out_.environment, "TERM", term);
    add_targets();
    add("--script", "FILE", "Run the Lua in FILE (- for standard input)",
        [this](const std::string& v) { out_.script = v; });
    add("-e", "CHUNK", "Run CHUNK", [this](const std::string& v) { out_.chunk = v; }, {"--script"});
    add("--user", "UID[:GID]", "Be this user inside (numbers; GID is UID unless given)",
        [this](const std::string& v) { set_user(v); });
    add("--cwd", "DIR", "Begin in DIR", [this](const std::string& v) { out_.directory = v; });
    add("--no-caps", "", "Without capabilities, now and for good",
        [this](const std::string&) { out_.no_capabilities = true; });
    add("--program-fd", "N", "Execute the program that is open as N", [this](const std::string& v) {
      out_.program_fd = tools::open_descriptor("--program-fd", v);
    });
    add("--from-image", "", "Execute the container's own PROGRAM",
        [this](const std::string&) { out_.from_image = true; }, {"--program-fd"});
    add("--env", "NAME[=VALUE]", "Give PROGRAM a variable; it has PATH, HOME and TERM",
        [this](const std::string& v) { set_variable(v); });
    table_.set_notes(notes);
    table_.add_status({"1", "the script failed"});
    table_.add_status({"2", "wrong command line"});
    table_.add_status({"125", "could not join; nothing ran"});
    table_.add_status({"126, 127", "PROGRAM cannot be executed; was not found"});
    table_.add_status({"otherwise", "PROGRAM's (128 + N if signal N killed it); 0 without one"});
    table_.add_example(
        {"jailattach --pid=4711 -e 'print(C.read(C.open(\"/etc/os-release\", 0), 999))'",
         "Shows a file of the container, which may have no program at all"});
    table_.add_example({"jailattach --pid=4711 --cgroup --user=1000 -- /usr/bin/busybox sh",
                        "A shell of the host, inside"});
  }

  [[nodiscard]] const option_table& table() const { return table_; }

  boost::system::result<options, tools::parse_end> parse(const std::vector<std::string>& words) {
    auto line = table_.parse(words);
    if (!line) return line.error();
    const bool by_pid = out_.pid || out_.pidfd != -1;
    if (!by_pid && out_.namespaces.empty())
      return table_.complaint("--pid, --pidfd or --ns is missing");
    if (!by_pid && (out_.root || out_.cgroup))
      return table_.complaint("--root and --cgroup are those of a --pid or --pidfd");
    auto program = table_.program(std::move(line->words));
    if (!program) return program.error();
    out_.program = std::move(*program);
    if (out_.program.empty() && (out_.program_fd != -1 || out_.from_image))
      return table_.complaint("--program-fd and --from-image are for a PROGRAM, which is missing");
    if (out_.program.empty() && !out_.script && !out_.chunk)
      return table_.complaint("nothing to run: --script, -e or a PROGRAM is missing");
    return std::move(out_);
  }

 private:
  using setter = std::function<void(const std::string&)>;

  void add(const char* name, const char* value, const char* help, setter apply,
           std::vector<std::string> excludes = {}) {
    table_.add({name, value, help, std::move(apply), std::move(excludes)});
  }

  void add_targets() {
    add("--pid", "N", "Join the namespaces of process N", [this](const std::string& v) {
      out_.pid = static_cast<pid_t>(tools::number("--pid", v, 0x7fffffff));
    });
    add("--pidfd", "fd:N", "Of the process whose descriptor is open as N",
        [this](const std::string& v) {
          if (!v.starts_with("fd:")) tools::refuse("--pidfd", v, "fd:N expected");
          out_.pidfd = tools::open_descriptor("--pidfd", v.substr(3));
        },
        {"--pid"});
    add("--ns", "TYPE:PATH", "Join this one: user mount pid net ipc uts cgroup time",
        [this](const std::string& v) { add_namespace(v); }, {"--pid", "--pidfd"});
    add("--jail", "NAME", "Join a jail (FreeBSD)",
        [](const std::string& v) { tools::refuse("--jail", v, "jails need FreeBSD"); });
    add("--cgroup", "", "Join the process's control group, too",
        [this](const std::string&) { out_.cgroup = true; });
    add("--root", "", "In the process's root directory, if it has changed that",
        [this](const std::string&) { out_.root = true; });
  }

  void add_namespace(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == text.npos || colon + 1 == text.size())
      tools::refuse("--ns", text, "TYPE:PATH expected");
    out_.namespaces.push_back(
        {tools::namespace_kind("--ns", text.substr(0, colon)), text.substr(colon + 1)});
  }

  // Names would have to be looked up in the container's files.
  void set_user(const std::string& text) {
    const std::vector<std::string> parts = tools::split(text, ':');
    if (parts.size() > 2) tools::refuse("--user", text, "UID or UID:GID expected");
    out_.uid = static_cast<uid_t>(tools::number("--user", parts[0], 0xfffffffe));
    out_.gid = static_cast<gid_t>(tools::number("--user", parts.back(), 0xfffffffe));
  }

  void set_variable(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (name.empty()) tools::refuse("--env", text, "NAME or NAME=VALUE expected");
    if (equals != text.npos)
      tools::set(out_.environment, name, text.substr(equals + 1));
    else if (const char* value = std::getenv(name.c_str()))  // what is not set stays so
      tools::set(out_.environment, name, value);
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

}  // namespace emilua::jailattach
