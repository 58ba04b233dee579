// Runs an unmodified program under a policy. No Lua, no event loop: see lib/sandbox.
#include <sys/auxv.h>

#include <cstdio>

#include "lib/base/file.h"
#include "tools/confine/doctor.h"
#include "tools/confine/options.h"
#include "tools/confine/run.h"

namespace {

int print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) != EOF && std::fflush(stdout) != EOF) return 0;
  std::perror("confine: standard output");
  return 125;
}

}  // namespace

int main(int argc, char** argv, char** envp) {
  if (::getauxval(AT_SECURE) != 0) {
    std::fputs("confine: refusing to run with the rights of another user (set-uid)\n", stderr);
    return 125;
  }
  if (!emilua::base::ensure_standard_descriptors()) return 125;
  const auto options = emilua::confine::parse_options(argc, argv);
  if (!options) {
    const auto& [status, text] = options.error();
    if (status == 0) return print(text);
    std::fprintf(stderr, "%s\n", text.c_str());
    return status;
  }
  if (options->doctor) return print(emilua::confine::examine(options->json));
  return emilua::confine::run(*options, argv, envp);
}
