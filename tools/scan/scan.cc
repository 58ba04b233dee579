#include "tools/scan/scan.h"

#include <new>

#include "tools/command_line/standard_output.h"
#include "tools/command_line/start.h"
#include "tools/scan/failure.h"
#include "tools/scan/fields.h"
#include "tools/scan/input.h"
#include "tools/scan/options.h"
#include "tools/scan/output.h"
#include "tools/scan/program.h"

namespace emilua::scan {
namespace {

int parse_and_run(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  if (!options) return tools::finish("scan", options.error()) == 0 ? 0 : failed_status;
  input in{options->how, options->files};
  output out{options->out, options->out_separator};
  if (!options->fields.empty()) return print_fields(in, out, options->fields);
  return run_program(options->program, in, out);
}

int main(int argc, char** argv, char** /*envp*/) {
  if (!tools::guard_standard_output("scan", failed_status)) return failed_status;
  if (!tools::start("scan")) return failed_status;
  try {
    return parse_and_run(argc, argv);
  } catch (const std::bad_alloc&) {
    tools::complain_of_memory("scan");
  }
  return failed_status;
}

}  // namespace

const tools::tool tool{"scan", main, describe};

}  // namespace emilua::scan
