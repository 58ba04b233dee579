// The engine, and the tools of the family: `emilua fdpass …`, or a link named fdpass.
#include <string_view>

#include "lib/engine/engine.h"
#include "tools/emilua/options.h"
#include "tools/family/family.h"

namespace {

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

int main(int argc, char** argv, char** envp) {
  using emilua::tools::find_tool;
  if (argc > 0)
    if (const auto* t = find_tool(file_name(argv[0]))) return t->run(argc, argv, envp);
  // A script of that name is started as ./name.
  if (argc > 1)
    if (const auto* t = find_tool(argv[1])) return t->run(argc - 1, argv + 1, envp);
  return emilua::engine::main(argc, argv, envp, emilua::command::parse_options);
}
