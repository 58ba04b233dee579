#include "tools/command_line/start.h"

#include <signal.h>
#include <sys/auxv.h>

#include <cerrno>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/printable.h"

namespace emilua::tools {
namespace {

void say(std::string line) {
  line += '\n';
  // There is nobody left to be told of its failure.
  static_cast<void>(base::write_all(2, base::bytes_of(line)));
}

// Writing to what nobody reads is an error like any other; programs that we execute are to have
// the disposition that we were started with.
class without_sigpipe {
 public:
  without_sigpipe() noexcept {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  ~without_sigpipe() { ::sigaction(SIGPIPE, &before_, nullptr); }
  without_sigpipe(const without_sigpipe&) = delete;
  without_sigpipe& operator=(const without_sigpipe&) = delete;

 private:
  struct sigaction before_ {};
};

}  // namespace

bool start(const char* tool) {
  if (::getauxval(AT_SECURE) != 0) {
    complain(tool, "refuses to run set-uid, set-gid or with file capabilities");
    return false;
  }
  if (const auto ready = base::ensure_standard_descriptors(); !ready) {
    complain(tool, "standard streams: " + ready.error().message());
    return false;
  }
  return true;
}

std::vector<std::string> words(int argc, char** argv) {
  return argc > 0 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>{};
}

void complain(const char* tool, std::string_view what) {
  say(std::string{tool} + ": " + base::printable(what));
}

void complain_of_memory(const char* tool) {
  complain(tool, "memory: " + base::system_error(ENOMEM).message());
}

int print(const char* tool, std::string_view text) {
  const without_sigpipe guard;
  const auto written = base::write_all(1, base::bytes_of(text));
  if (written) return 0;
  complain(tool, "standard output: " + written.error().message());
  return failure;
}

int finish(const char* tool, const parse_end& end) {
  if (end.wanted) return print(tool, end.text);
  say(base::printable(end.text));
  return wrong_usage;
}

}  // namespace emilua::tools
