#include "tools/initexec/id_map.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/base/exec_list.h"
#include "lib/base/file.h"
#include "lib/base/unique_fd.h"
#include "tools/command_line/program.h"
#include "tools/command_line/start.h"
#include "tools/command_line/values.h"

namespace emilua::initexec {
namespace {

constexpr int set_up_failed = 125;
constexpr std::size_t max_file = std::size_t{16} << 20;

[[noreturn]] void fail(const std::string& what, const std::string& reason) {
  throw tools::refusal{set_up_failed, "--map: " + what + ": " + reason};
}

struct id_range {
  std::string first, count;
};

std::string read_file(const char* path) {
  auto text = base::read_file(path, max_file);
  if (!text) fail(path, text.error().message());
  return std::move(*text);
}

// As /etc/passwd has it; without that, or without an entry, there is only the number.
std::string user_name(uid_t uid) {
  const auto text = base::read_file("/etc/passwd", max_file);
  if (!text) return "";
  for (const std::string& line : tools::split(*text, '\n')) {
    const std::vector<std::string> fields = tools::split(line, ':');
    if (fields.size() > 2 && fields[2] == std::to_string(uid)) return fields[0];
  }
  return "";
}

std::vector<id_range> ranges_of(const char* path, const std::string& name) {
  std::vector<id_range> ranges;
  const std::string number = std::to_string(::geteuid());
  for (const std::string& line : tools::split(read_file(path), '\n')) {
    std::vector<std::string> fields = tools::split(line, ':');
    if (fields.size() == 3 && (fields[0] == number || (!name.empty() && fields[0] == name)))
      ranges.push_back({std::move(fields[1]), std::move(fields[2])});
  }
  if (ranges.empty()) fail(path, "no ids for user " + (name.empty() ? number : name));
  return ranges;
}

// Inside, outside, count; …
std::vector<std::string> numbers_of(const std::string& self, const std::vector<id_range>& ranges) {
  std::vector<std::string> numbers{"0", self, "1"};
  std::uint64_t inside = 1;
  for (const id_range& range : ranges) {
    numbers.insert(numbers.end(), {std::to_string(inside), range.first, range.count});
    inside += tools::number("--map", range.count, 0xffffffff);
  }
  return numbers;
}

void write(const std::string& path, const std::string& text) {
  const base::unique_fd fd{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!fd) fail(path, base::last_error().message());
  // A map takes one write.
  if (::write(fd.get(), text.data(), text.size()) == -1) fail(path, base::last_error().message());
}

void write_map(const std::string& path, const std::vector<std::string>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i) text += numbers[i] + (i % 3 == 2 ? "\n" : " ");
  write(path, text);
}

// Not by PATH: it has more rights than we have.
void run_helper(const char* name, pid_t pid, const std::vector<std::string>& numbers) {
  std::vector<std::string> words{name, std::to_string(pid)};
  words.insert(words.end(), numbers.begin(), numbers.end());
  const std::string path = std::string{"/usr/bin/"} + name;
  const std::vector<char*> arguments = base::exec_list(words);
  char* const nothing[] = {nullptr};
  const pid_t child = ::fork();
  if (child == -1) fail(path, base::last_error().message());
  if (child == 0) {
    ::execve(path.c_str(), arguments.data(), nothing);
    tools::complain("initexec", "--map: " + path + ": " + base::last_error().message());
    ::_exit(set_up_failed);
  }
  int status = 0;
  if (base::retry([&] { return ::waitpid(child, &status, 0); }) == -1 || status != 0)
    fail(path, "did not write the map");
}

}  // namespace

void write_maps(pid_t pid, id_map map) {
  const std::string process = "/proc/" + std::to_string(pid) + "/";
  const std::string uid = std::to_string(::geteuid()), gid = std::to_string(::getegid());
  std::vector<id_range> uids, gids;
  if (map == id_map::subordinate) {
    const std::string name = user_name(::geteuid());
    uids = ranges_of("/etc/subuid", name);
    gids = ranges_of("/etc/subgid", name);
    if (::geteuid() != 0) {
      run_helper("newuidmap", pid, numbers_of(uid, uids));
      run_helper("newgidmap", pid, numbers_of(gid, gids));
      return;
    }
  }
  // Else an ordinary user could drop a group that keeps him out.
  if (::geteuid() != 0) write(process + "setgroups", "deny");
  write_map(process + "uid_map", numbers_of(uid, uids));
  write_map(process + "gid_map", numbers_of(gid, gids));
}

}  // namespace emilua::initexec
