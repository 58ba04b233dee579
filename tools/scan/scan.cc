#include "tools/scan/scan.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "tools/command_line/start.h"
#include "tools/scan/failure.h"
#include "tools/scan/fields.h"
#include "tools/scan/input.h"
#include "tools/scan/options.h"
#include "tools/scan/output.h"
#include "tools/scan/program.h"

namespace emilua::scan {
namespace {

// Also where Lua's os.exit() ends the process.
void close_standard_output() {
  if (!close_output()) std::_Exit(report_output());
}

int main(int argc, char** argv, char** /*envp*/) {
  // Without a standard output, writing is to be an error rather than a signal.
  if (::fcntl(STDOUT_FILENO, F_GETFD) == -1) std::signal(SIGPIPE, SIG_IGN);
  if (!tools::start("scan")) return failed_status;
  const auto options = parse_options(argc, argv);
  if (!options) return tools::finish("scan", options.error()) == 0 ? 0 : failed_status;
  if (std::atexit(close_standard_output) != 0) return failed_status;
  input in{options->how, options->files};
  output out{options->out, options->out_separator};
  if (!options->fields.empty()) return print_fields(in, out, options->fields);
  return run_program(options->program, in, out);
}

}  // namespace

const tools::tool tool{"scan", main, describe};

}  // namespace emilua::scan
