#include "tools/confine/options.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <functional>
#include <limits>
#include <string_view>

#include "lib/base/edit_distance.h"
#include "lib/base/file.h"
#include "lib/sandbox/policy_restrict.h"
#include "tools/command_line/option_table.h"
#include "tools/command_line/start.h"
#include "tools/command_line/values.h"
#include "tools/confine/profiles.h"

namespace emilua::confine {
namespace {

using sandbox::mount_entry;
using sandbox::mount_kind;
using sandbox::policy;

constexpr const char* description =
    "Runs a program in a box: it can do what is granted, and nothing else.";

constexpr const char* notes =
    "Without --rootfs a box that is granted paths sees the host's files as far as they\n"
    "are granted, and any other box an empty root. What the kernel cannot enforce\n"
    "exactly is refused, unless --best-effort allows less; --explain tells how it is\n"
    "done, `confine doctor` what this machine can do.";

using tools::refuse;

// Relative to where we are: a policy knows absolute paths only.
std::string absolute(const char* option, const std::string& path) {
  if (path.empty()) refuse(option, path, "a path is missing");
  if (path.front() == '/') return path;
  char here[PATH_MAX];
  if (::getcwd(here, sizeof here) == nullptr)
    refuse(option, path, "the current directory is unknown");
  std::string out = here;
  // "." is the directory itself, and what every shell user writes.
  std::string_view rest = path;
  while (rest.starts_with("./")) rest.remove_prefix(2);
  if (rest != "." && !rest.empty()) out.append(out == "/" ? "" : "/").append(rest);
  return out;
}

// With a unit, perhaps: 512M.
std::uint64_t amount(const std::string& option, const std::string& text) {
  constexpr std::string_view units = "KMGT";
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  const std::size_t unit = text.empty() ? units.npos : units.find(text.back());
  if (unit == units.npos) return tools::number(option, text, most);
  const unsigned shift = 10 * (static_cast<unsigned>(unit) + 1);
  const std::string digits = text.substr(0, text.size() - 1);
  return tools::number(option, digits, most >> shift) << shift;
}

// connect:443,bind:80,loopback,unix
void set_net(policy& policy, const std::string& text) {
  sandbox::net_policy& net = policy.net;
  if (text.empty()) {
    net.kind = sandbox::net_kind::all;
    return;
  }
  net.kind = sandbox::net_kind::some;
  for (const std::string& word : tools::split(text, ',')) {
    const std::size_t colon = word.find(':');
    const std::string verb = word.substr(0, colon);
    if (colon == word.npos && verb == "loopback") {
      net.loopback = true;
    } else if (colon == word.npos && verb == "unix") {
      net.unix_sockets = true;
    } else if (colon != word.npos && (verb == "connect" || verb == "bind")) {
      const std::uint64_t port = tools::number("--net", word.substr(colon + 1), 65535);
      (verb == "bind" ? net.bind : net.connect).push_back(static_cast<std::uint16_t>(port));
    } else {
      refuse("--net", word, "connect:PORT, bind:PORT, loopback or unix expected");
    }
  }
}

void set_limit(policy& policy, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) refuse("--limit", text, "NAME=VALUE expected");
  const std::string name = text.substr(0, equals), value = text.substr(equals + 1);
  auto& limits = policy.limits;
  if (name == "wall_time") {
    limits.wall_time = std::chrono::duration<double>(tools::seconds("--limit", value)).count();
  } else if (name == "memory") {
    limits.cgroup.memory_max = amount("--limit", value);
  } else if (name == "pids") {
    limits.cgroup.pids_max = amount("--limit", value);
  } else if (std::ranges::find(sandbox::limit_names(), name, &sandbox::named_limit::name) !=
             sandbox::limit_names().end()) {
    limits.rlimits[name] = amount("--limit", value);
  } else {
    std::vector<std::string> names{"wall_time", "memory", "pids"};
    for (const auto& limit : sandbox::limit_names()) names.emplace_back(limit.name);
    refuse("--limit", text, "no such limit" + base::did_you_mean(names, name));
  }
}

void set_env(policy& policy, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (text.empty() || equals == 0) refuse("--env", text, "NAME or NAME=VALUE expected");
  if (equals != text.npos) {
    policy.env[text.substr(0, equals)] = text.substr(equals + 1);
  } else if (const char* value = std::getenv(text.c_str())) {  // what is not set stays so
    policy.env[text] = value;
  }
}

void add_bind(policy& policy, const std::string& text) {
  const std::vector<std::string> parts = tools::split(text, ':');
  mount_entry entry;
  if (parts.size() < 2 || parts.size() > 3 || (parts.size() == 3 && parts[2] != "ro"))
    refuse("--bind", text, "SRC:DST or SRC:DST:ro expected");
  entry.source.path = absolute("--bind", parts[0]);
  entry.target = parts[1];
  entry.readonly = parts.size() == 3;
  policy.fs.mounts.push_back(std::move(entry));
}

void add_mount(policy& policy, mount_kind kind, const std::string& target) {
  mount_entry entry;
  entry.kind = kind;
  entry.target = target;
  policy.fs.mounts.push_back(std::move(entry));
}

void add_symlink(policy& policy, const std::string& text) {
  const std::vector<std::string> parts = tools::split(text, ':');
  if (parts.size() != 2) refuse("--symlink", text, "TEXT:DST expected");
  add_mount(policy, mount_kind::symlink, parts[1]);
  policy.fs.mounts.back().content = parts[0];
}

policy load_policy(const std::string& path) {
  const auto text = base::read_file(path.c_str(), sandbox::max_policy_size);
  if (!text) refuse("--policy", path, text.error().message());
  auto read = sandbox::read_policy(*text);
  if (!read) refuse("--policy", path, in_words(read.error()));
  return std::move(*read);
}

std::string profile_list() {
  std::string all;
  for (const std::string& name : profile_names()) all += (all.empty() ? "" : ", ") + name;
  return all;
}

policy load_profile(const std::string& name) {
  auto made = make_profile(name);
  if (!made) refuse("--profile", name, "no such profile; there are " + profile_list());
  return std::move(*made);
}

std::uint32_t id(const std::string& option, const std::string& text) {
  return static_cast<std::uint32_t>(tools::number(option, text, 0xfffffffe));
}

void set_map(sandbox::id_map_policy& map, const std::string& text) {
  using kind = sandbox::id_map_kind;
  map = {};
  if (text == "self" || text == "subid") {
    if (text == "subid") map.kind = kind::subid;
    return;
  }
  map.kind = kind::list;
  for (const std::string& word : tools::split(text, ',')) {
    const std::vector<std::string> parts = tools::split(word, ':');
    if (parts.size() != 3)
      refuse("--user-map", text, "self, subid or INSIDE:OUTSIDE:COUNT,... expected");
    map.listed.uids.push_back(
        {id("--user-map", parts[0]), id("--user-map", parts[1]), id("--user-map", parts[2])});
  }
  map.listed.gids = map.listed.uids;
}

// Descriptors that mounts name are our caller's: before there are any of our own.
void check_sources(const policy& policy) {
  for (std::size_t i = 0; i < policy.fs.mounts.size(); ++i) {
    const int fd = policy.fs.mounts[i].source.descriptor;
    if (fd != -1 && ::fcntl(fd, F_GETFD) == -1)
      throw tools::misuse{"fs.mounts[" + std::to_string(i) + "].source: " + std::to_string(fd) +
                          " is not an open descriptor"};
  }
}

// Every option, what it takes and what it does. Options change the policy in the order in which
// they were given, after --policy and --profile.
class command_line {
 public:
  command_line()
      : table_("confine", description,
               {"[OPTION...] -- PROGRAM [ARGUMENT...]", "doctor [--json]"}) {
    tools::option_table doctor{
        "confine doctor", "Tell what this machine can enforce", {"[--json]"}};
    doctor.add(
        {"--json", "", "Print it as JSON", [this](const std::string&) { out_.json = true; }});
    table_.add_command(std::move(doctor));
    add("--policy", "FILE",
        "Begin with the policy in FILE (JSON); of several,\nwith what all of them grant",
        [this](const std::string& v) { policy_files_.push_back(v); });
    table_.add({"--profile",
                "NAME",
                "Begin with a ready-made one:\n" + profile_list(),
                [this](const std::string& v) { profile_ = v; },
                {"--policy"}});
    add_file_options();
    change("--net", "[SPEC]",
           "Grant the network; or, separated by commas, only\n"
           "connect:PORT bind:PORT loopback unix",
           [this](const std::string& v) { set_net(out_.policy, v); });
    change("--promises", "WORDS", "Grant groups of system calls: 'stdio rpath'",
           [this](const std::string& v) { set_promises(v); });
    change("--limit", "NAME=VALUE",
           "Limit memory pids (all of the box), wall_time cpu_time\n" +
               std::string{"address_space open_files file_size … (K M G T)"},
           [this](const std::string& v) { set_limit(out_.policy, v); });
    change("--env", "NAME[=VALUE]", "Set a variable, or pass ours on; there are no others",
           [this](const std::string& v) { set_env(out_.policy, v); });
    change("--uid", "N", "User id in the box",
           [this](const std::string& v) { out_.policy.user.uid = id("--uid", v); });
    change("--gid", "N", "Group id in the box",
           [this](const std::string& v) { out_.policy.user.gid = id("--gid", v); });
    change("--user-map", "MAP",
           "Ids of ours that the box has: self, subid (and our\n"
           "subordinate ids), or INSIDE:OUTSIDE:COUNT,...",
           [this](const std::string& v) { set_map(out_.policy.user.map, v); });
    change("--hostname", "NAME", "Host name in the box",
           [this](const std::string& v) { out_.policy.hostname = v; });
    change("--best-effort", "", "Go on with less where the kernel cannot enforce all",
           [this](const std::string&) { out_.policy.mode = sandbox::policy_mode::best_effort; });
    add("--pty", "", "Give it a terminal of its own, relayed to ours",
        [this](const std::string&) { out_.pty = true; });
    add("--explain", "", "Print the plan and run nothing",
        [this](const std::string&) { out_.explain = true; });
    add("--json", "", "Print the plan as JSON", [this](const std::string&) { out_.json = true; });
    add("--report", "json", "Print on standard error what is enforced, and how",
        [this](const std::string& v) {
          if (v != "json") refuse("--report", v, "json expected");
          out_.report = true;
        });
    add("--status-fd", "N", "Write a JSON object per event to descriptor N",
        [this](const std::string& v) {
          out_.status_fd = tools::open_descriptor("--status-fd", v);
        });
    table_.set_notes(notes);
    table_.add_status({"124", "the program took longer than --limit wall_time"});
    table_.add_status({"125", "the box could not be set up and nothing ran"});
    table_.add_status({"126, 127", "the program cannot be executed; was not found"});
    table_.add_status({"otherwise", "the program's (128 + N if signal N killed it)"});
    table_.add_example({"confine --profile=reader --read \"$PWD\" -- wc -l notes.txt",
                        "Counts lines with a program that can read this directory only"});
    table_.add_example(
        {"confine --profile=build --write \"$PWD\" --cwd \"$PWD\" --limit cpu_time=60 -- make",
         "Builds what is here without the network and without the rest of the home directory"});
  }

  [[nodiscard]] const tools::option_table& table() const { return table_; }

  boost::system::result<options, early_end> parse(const std::vector<std::string>& words) {
    auto line = table_.parse(words);
    if (!line) return end(line.error());
    std::vector<std::string>& rest = line->words;
    out_.doctor = line->command == "doctor";
    if (out_.doctor && !rest.empty())
      return end(table_.complaint("'" + rest.front() + "': doctor runs no program"));
    auto program = table_.program(std::move(rest));
    if (!program) return end(program.error());
    if (!out_.doctor && program->empty()) return end(table_.complaint("no program is given"));
    out_.program = std::move(*program);
    try {
      apply();
      check_sources(out_.policy);
    } catch (const tools::misuse& e) {
      return early_end{125, "confine: " + e.what};
    }
    if (auto checked = sandbox::check(out_.policy); !checked)
      return early_end{125, "confine: " + in_words(checked.error())};
    return std::move(out_);
  }

 private:
  using setter = std::function<void(const std::string&)>;

  static early_end end(const tools::parse_end& e) { return {e.wanted ? 0 : 125, e.text}; }

  void add(const char* name, const char* value, std::string help, setter apply) {
    table_.add({name, value, std::move(help), std::move(apply)});
  }

  // What changes the policy, once that has been loaded.
  void change(const char* name, const char* value, std::string help, setter apply) {
    add(name, value, std::move(help), [this, apply = std::move(apply)](const std::string& v) {
      later_.push_back([apply, v] { apply(v); });
    });
  }

  void add_file_options() {
    auto& fs = out_.policy.fs;
    path("--read", "Grant reading P and what is beneath", fs.read);
    path("--write", "Grant changing, making, renaming, removing", fs.write);
    path("--exec", "Grant executing", fs.exec);
    change("--cwd", "P", "Start in this directory instead of /",
           [this](const std::string& v) { out_.policy.cwd = absolute("--cwd", v); });
    change("--rootfs", "KIND", "host or empty", [this](const std::string& v) { set_root(v); });
    change("--bind", "S:D[:ro]", "Mount our S at D",
           [this](const std::string& v) { add_bind(out_.policy, v); });
    mount("--tmpfs", "Mount a temporary file system at P", mount_kind::tmpfs);
    mount("--proc", "Mount a view of the box's processes at P", mount_kind::proc);
    mount("--dev", "Mount the harmless devices at P", mount_kind::dev);
    mount("--dir", "Make a directory", mount_kind::dir);
    change("--symlink", "TEXT:P", "Make a symbolic link P to TEXT",
           [this](const std::string& v) { add_symlink(out_.policy, v); });
  }

  void path(const char* name, const char* help, std::vector<sandbox::granted_path>& to) {
    change(name, "P", help,
           [name, &to](const std::string& v) { to.push_back({.path = absolute(name, v)}); });
  }

  void mount(const char* name, const char* help, mount_kind kind) {
    change(name, "P", help,
           [this, kind](const std::string& v) { add_mount(out_.policy, kind, v); });
  }

  void set_promises(const std::string& words) {
    const auto parsed = sandbox::parse_promises(words);
    if (!parsed) refuse("--promises", words, "unknown promise '" + parsed.error().word + "'");
    out_.policy.syscalls.emplace().promises = *parsed;
  }

  void set_root(const std::string& kind) {
    if (kind != "host" && kind != "empty") refuse("--rootfs", kind, "host or empty expected");
    out_.policy.fs.root = kind == "host" ? sandbox::root_kind::host : sandbox::root_kind::empty;
  }

  void restrict_to(const std::string& file) {
    auto both = sandbox::restrict(out_.policy, load_policy(file));
    if (!both) refuse("--policy", file, in_words(both.error()));
    out_.policy = std::move(*both);
  }

  void apply() {
    for (const std::string& file : policy_files_) {
      if (&file == &policy_files_.front())
        out_.policy = load_policy(file);
      else
        restrict_to(file);
    }
    if (!profile_.empty()) out_.policy = load_profile(profile_);
    for (const auto& change : later_) change();
  }

  tools::option_table table_;
  options out_;
  std::vector<std::function<void()>> later_;
  std::vector<std::string> policy_files_;
  std::string profile_;
};

}  // namespace

void describe(const std::function<void(const tools::option_table&)>& reader) {
  reader(command_line{}.table());
}

boost::system::result<options, early_end> parse_options(int argc, char** argv) {
  return command_line{}.parse(tools::words(argc, argv));
}

}  // namespace emilua::confine
