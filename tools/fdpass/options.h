// fdpass's command line, as a value.
#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/command_line/option_table.h"
#include "tools/fdpass/endpoint.h"

namespace emilua::fdpass {

struct options {
  enum class command { send, receive, pair };

  command what = command::send;
  std::optional<endpoint> peer;   // --to, --from
  std::optional<endpoint> local;  // --listen
  connection_options connection;
  std::string data = ".";            // of send
  std::vector<std::string> sources;  // of send: the FD words
  std::optional<std::size_t> count;  // of recv
  std::vector<std::string> names;    // of recv, by the order of the descriptors
  bool tell = false;                 // of recv: --env
  bool json = false;
  std::vector<std::vector<std::string>> programs;  // recv: none or one; pair: two
};

// The option table, for the time of the call.
void describe(const std::function<void(const tools::option_table&)>& reader);

[[nodiscard]] boost::system::result<options, tools::parse_end> parse_options(int argc, char** argv);

}  // namespace emilua::fdpass
