#include "lib/sandbox/promises.h"

#include <algorithm>
#include <iterator>

namespace emilua::sandbox {
namespace {

constexpr std::string_view names[] = {
    "stdio",    "rpath", "wpath",     "cpath",    "dpath",  "tmppath", "fattr", "chown",
    "flock",    "unix",  "inet",      "dns",      "sendfd", "recvfd",  "tty",   "proc",
    "thread",   "exec",  "prot_exec", "id",       "sched",  "prctl",   "ioctl", "shm",
    "fsnotify", "mount", "seccomp",   "io_uring", "error",
};
static_assert(std::size(names) == promise_count);

constexpr std::string_view blanks = " \t\r\n";

}  // namespace

std::string_view promise_name(promise word) noexcept { return names[static_cast<unsigned>(word)]; }

boost::system::result<promise_set, unknown_promise> parse_promises(std::string_view text) {
  promise_set found;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    if (text.empty()) return found;
    const std::string_view word = text.substr(0, text.find_first_of(blanks));
    const auto* const name = std::find(std::begin(names), std::end(names), word);
    if (name == std::end(names)) return unknown_promise{std::string{word}};
    found |= static_cast<promise>(name - std::begin(names));
    text.remove_prefix(word.size());
  }
}

std::string to_text(promise_set promises) {
  std::string text;
  for (const promise word : promises) {
    if (!text.empty()) text += ' ';
    text += promise_name(word);
  }
  return text;
}

}  // namespace emilua::sandbox
