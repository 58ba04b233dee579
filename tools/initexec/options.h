// initexec's command line, as a value.
#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/sandbox/namespaces.h"
#include "tools/command_line/option_table.h"

namespace emilua::initexec {

enum class id_map {
  self,         // 0 is the caller
  subordinate,  // 0 is the caller, and from 1 on come the ranges of /etc/subuid and /etc/subgid
};

struct options {
  std::optional<std::string> chunk;  // -e
  std::string script;                // else a path, or - for standard input
  std::vector<std::string> program;  // and its arguments; empty for none
  sandbox::namespace_set namespaces = 0;
  std::optional<id_map> map;
  int argument = -1;      // --arg-fd
  int sync = -1;          // --sync-fd
  std::vector<int> kept;  // --keep-fd
  std::vector<std::string> environment_files;
  std::string policy;                 // a file; empty for none
  bool report = false;                // of the policy
  std::optional<bool> first_process;  // --pid1; else whether it is process 1
  bool kill_all = false;
};

// The option table, for the time of the call.
void describe(const std::function<void(const tools::option_table&)>& reader);

[[nodiscard]] boost::system::result<options, tools::parse_end> parse_options(int argc, char** argv);

}  // namespace emilua::initexec
