#include "tools/jailattach/jailattach.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <new>
#include <string>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "tools/command_line/program.h"
#include "tools/command_line/start.h"
#include "tools/jailattach/options.h"
#include "tools/jailattach/program.h"
#include "tools/jailattach/target.h"
#include "tools/jailattach/visit.h"

namespace emilua::jailattach {
namespace {

constexpr const char* tool_name = "jailattach";
constexpr int set_up_failed = 125;
constexpr std::size_t max_script = std::size_t{16} << 20;

[[noreturn]] void fail(int status, const std::string& what, std::error_code error) {
  throw tools::refusal{status, what + ": " + error.message()};
}

template <class Work>
int guarded(Work&& work) {
  try {
    return work();
  } catch (const tools::refusal& e) {
    tools::complain(tool_name, e.what);
    return e.status;
  } catch (const std::bad_alloc&) {
    tools::complain_of_memory(tool_name);
  }
  return set_up_failed;
}

void read_script(visit& v) {
  if (v.what.chunk) {
    v.script = *v.what.chunk;
    v.script_name = "=(command line)";
  } else if (v.what.script) {
    const bool standard = *v.what.script == "-";
    auto text = standard ? base::read_all(0, max_script)
                         : base::read_file(v.what.script->c_str(), max_script);
    if (!text)
      fail(tools::failure, "script: " + (standard ? "standard input" : *v.what.script),
           text.error());
    v.script = std::move(*text);
    v.script_name = standard ? "=stdin" : "@" + *v.what.script;
  }
}

// All that is the host's is opened here, while names mean what they mean on the host.
int run(const options& options) {
  const target where = open_target(options);
  visit v{options, where, "", "", {}, {}};
  read_script(v);
  if (!options.program.empty() && !options.from_image) v.program = copy_program(options);
  // Inside there may be somebody who traces, or opens /proc/PID/exe and /proc/PID/mem: not ours.
  if (::prctl(PR_SET_DUMPABLE, 0) == -1) fail(set_up_failed, "PR_SET_DUMPABLE", base::last_error());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == -1) fail(set_up_failed, "pipe", base::last_error());
  v.maker.reset(ends[0]);
  base::unique_fd alive{ends[1]};
  join(where);
  const tools::supervisor supervisor;
  const pid_t pid = ::fork();
  if (pid == -1) fail(set_up_failed, "fork", base::last_error());
  if (pid == 0) {
    alive.reset();
    ::_exit(guarded([&] { return go_in(v); }));
  }
  return supervisor.wait({pid})[0];
}

int main(int argc, char** argv, char** /*envp*/) {
  if (!tools::start(tool_name)) return tools::failure;
  const auto options = parse_options(argc, argv);
  if (!options) return tools::finish(tool_name, options.error());
  return guarded([&] { return run(*options); });
}

}  // namespace

const tools::tool tool{tool_name, main, describe};

}  // namespace emilua::jailattach
