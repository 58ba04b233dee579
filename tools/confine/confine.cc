#include "tools/confine/confine.h"

#include <new>

#include "tools/command_line/start.h"
#include "tools/confine/doctor.h"
#include "tools/confine/options.h"
#include "tools/confine/run.h"

namespace emilua::confine {
namespace {

constexpr int refused = 125;

int print(const std::string& text) { return tools::print("confine", text) == 0 ? 0 : refused; }

int parse_and_run(int argc, char** argv, char** envp) {
  const auto options = parse_options(argc, argv);
  if (!options) {
    const auto& [status, text] = options.error();
    return tools::finish("confine", {status == 0, text}) == 0 ? 0 : refused;
  }
  if (options->doctor) return print(examine(options->json));
  return run(*options, argv, envp);
}

int main(int argc, char** argv, char** envp) {
  if (!tools::start("confine")) return refused;
  try {
    return parse_and_run(argc, argv, envp);
  } catch (const std::bad_alloc&) {
    tools::complain_of_memory("confine");
  }
  return refused;
}

}  // namespace

const tools::tool tool{"confine", main, describe};

}  // namespace emilua::confine
