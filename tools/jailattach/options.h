// jailattach's command line, as a value.
#pragma once

#include <sys/types.h>

#include <boost/system/result.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/sandbox/namespaces.h"
#include "tools/command_line/option_table.h"
#include "tools/command_line/program.h"

namespace emilua::jailattach {

struct named_path {
  sandbox::namespace_set kind;
  std::string path;
};

struct options {
  std::optional<pid_t> pid;            // --pid
  int pidfd = -1;                      // --pidfd
  std::vector<named_path> namespaces;  // --ns
  bool cgroup = false;
  bool root = false;  // --root: the process's, not that of its mount namespace
  std::string directory = "/";
  std::optional<uid_t> uid;  // --user
  gid_t gid = 0;
  bool no_capabilities = false;
  std::optional<std::string> script;  // --script: a path, or -
  std::optional<std::string> chunk;   // -e
  std::vector<std::string> program;   // and its arguments
  int program_fd = -1;
  bool from_image = false;
  tools::environment environment;  // --env
};

// The option table, for the time of the call.
void describe(const std::function<void(const tools::option_table&)>& reader);

[[nodiscard]] boost::system::result<options, tools::parse_end> parse_options(int argc, char** argv);

}  // namespace emilua::jailattach
