#include "lib/sandbox/id_map.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/ipc/process.h"
#include "lib/ipc/spawn_program.h"

namespace emilua::sandbox {
namespace {

constexpr std::size_t max_file = std::size_t{16} << 20;
constexpr std::uint32_t no_id = 0xffffffff;  // stands for "as it is" in system calls

// Not by PATH: they have more rights than we have.
constexpr const char* uid_helper = "/usr/bin/newuidmap";
constexpr const char* gid_helper = "/usr/bin/newgidmap";

bool may_map_all() noexcept {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  constexpr std::uint32_t needed = (1u << CAP_SETUID) | (1u << CAP_SETGID);
  return ::syscall(SYS_capget, &header, data) == 0 && (data[0].effective & needed) == needed;
}

std::string in_words(std::string_view what, std::error_code error) {
  return std::string{what} + ": " + error.message();
}

// Calls take(fields, number) for each line until that says no.
template <class Take>
void each_line(std::string_view text, Take take) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::vector<std::string_view> fields;
    for (std::size_t colon = line.find(':'); colon != line.npos; colon = line.find(':')) {
      fields.push_back(line.substr(0, colon));
      line.remove_prefix(colon + 1);
    }
    fields.push_back(line);
    if (!take(fields, number)) return;
  }
}

// As /etc/passwd has it; without that, or without an entry, there is only the number.
std::string user_name(const std::string& number) {
  std::string name;
  const auto text = base::read_file("/etc/passwd", max_file);
  if (!text) return name;
  each_line(*text, [&](const std::vector<std::string_view>& fields, std::size_t) {
    if (fields.size() > 2 && fields[2] == number) name = fields[0];
    return name.empty();
  });
  return name;
}

bool read_id(std::string_view text, std::uint32_t& to) {
  const auto [end, error] = std::from_chars(text.begin(), text.end(), to);
  return error == std::errc{} && end == text.end() && !text.empty();
}

// Empty, and `missing` says why, if there are none.
id_ranges ranges_in(const char* path, const std::string& number, const std::string& name,
                    std::string& missing) {
  id_ranges ranges;
  const auto text = base::read_file(path, max_file);
  if (!text) {
    missing = in_words(path, text.error());
    return ranges;
  }
  each_line(*text, [&](const std::vector<std::string_view>& fields, std::size_t line) {
    if (fields.size() != 3 || (fields[0] != number && (name.empty() || fields[0] != name)))
      return true;
    id_range range{};
    if (read_id(fields[1], range.outside) && read_id(fields[2], range.count) && range.count > 0 &&
        range.outside <= no_id - range.count) {
      ranges.push_back(range);
      return true;
    }
    missing = std::string{path} + ": line " + std::to_string(line) + ": not a range of ids";
    return false;
  });
  if (missing.empty() && ranges.empty())
    missing = std::string{path} + ": no ids for user " + (name.empty() ? number : name);
  if (!missing.empty()) ranges.clear();
  return ranges;
}

// Why newuidmap could do nothing for us, or empty.
std::string missing_helper() {
  for (const char* helper : {uid_helper, gid_helper})
    if (::access(helper, X_OK) == -1) return in_words(helper, base::last_error());
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
    return std::string{uid_helper} + ": no_new_privs keeps it from its rights";
  return "";
}

// --- writing -----------------------------------------------------------------------------------

using result = boost::system::result<void, id_map_failure>;

id_map_failure failure(std::string_view what, std::error_code error) {
  return {error, in_words(what, error)};
}

bool is_only(const id_ranges& map, std::uint32_t id) {
  return map.size() == 1 && map[0].count == 1 && map[0].outside == id;
}

result write_file(int process, const char* name, std::string_view text) {
  const base::unique_fd fd{::openat(process, name, O_WRONLY | O_CLOEXEC)};
  if (!fd) return failure(name, base::last_error());
  // A map takes one write.
  if (base::retry([&] { return ::write(fd.get(), text.data(), text.size()); }) == -1)
    return failure(name, base::last_error());
  return {};
}

result write_map(int process, const char* name, const id_ranges& map) {
  std::string text;
  for (const id_range& range : map)
    text += std::to_string(range.inside) + " " + std::to_string(range.outside) + " " +
            std::to_string(range.count) + "\n";
  return write_file(process, name, text);
}

// What a helper says, and whether it has done it.
struct helper_run {
  bool succeeded;
  std::string complaint;
};

boost::system::result<helper_run, id_map_failure> run_helper(const char* helper,
                                                             const std::string& process_name,
                                                             int process, const id_ranges& map) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == -1) return failure("pipe", base::last_error());
  const base::unique_fd reader{ends[0]};
  base::unique_fd writer{ends[1]};
  ipc::program_request request;
  request.paths = {helper};
  request.arguments = {helper, process_name};
  for (const id_range& range : map)
    for (const std::uint32_t number : {range.inside, range.outside, range.count})
      request.arguments.push_back(std::to_string(number));
  request.descriptors[2] = writer.get();
  request.descriptors[3] = process;
  const auto started = ipc::spawn_program(request);
  if (!started) return failure(helper, started.error().code);
  writer.reset();
  auto said = base::read_all(reader.get(), max_file);
  const auto ended = ipc::reap(started->pidfd.get());
  if (!ended) return failure(helper, ended.error());
  std::string complaint = said ? std::move(*said) : said.error().message();
  complaint.resize(std::min({complaint.find('\n'), complaint.size(), std::size_t{300}}));
  return helper_run{ended->code == 0, std::move(complaint)};
}

// The number that /proc shows the process under; -1 once it has been reaped.
base::result<pid_t> number_in_proc(int pidfd) {
  const std::string path = "/proc/self/fdinfo/" + std::to_string(pidfd);
  const auto text = base::read_file(path.c_str(), max_file);
  if (!text) return text.error();
  constexpr std::string_view field = "\nPid:\t";
  const std::size_t at = text->find(field);
  if (at == text->npos) return base::system_error(ENOSYS);
  pid_t pid = -1;
  const char* const digits = text->data() + at + field.size();
  std::from_chars(digits, text->data() + text->size(), pid);
  return pid;
}

// "/proc/123", where the directory was opened.
std::string number_of(int process_directory) {
  char target[64];
  const std::string link = "/proc/self/fd/" + std::to_string(process_directory);
  const ssize_t n = ::readlink(link.c_str(), target, sizeof target);
  const std::string_view path{target, n > 0 ? static_cast<std::size_t>(n) : 0};
  return std::string{path.substr(path.rfind('/') + 1)};
}

// Those of shadow 4.13 and before know only numbers, and say how they are used. Ours stays the
// process's until its parent reaps it, and nothing of another user's can be meant.
result have_map_written(const char* helper, int process, const id_ranges& map) {
  auto run = run_helper(helper, "fd:3", process, map);
  if (run && !run->succeeded && run->complaint.starts_with("usage: "))
    run = run_helper(helper, number_of(process), process, map);
  if (!run) return run.error();
  if (run->succeeded) return {};
  return id_map_failure{base::system_error(EPERM),
                        std::string{helper} + ": " +
                            (run->complaint.empty() ? "did not write the map" : run->complaint)};
}

}  // namespace

mappable_ids find_mappable_ids(uid_t uid) {
  mappable_ids out{.all = may_map_all(), .uids = {}, .gids = {}, .missing = {}};
  if (!out.all) out.missing = missing_helper();
  if (!out.missing.empty()) return out;
  const std::string number = std::to_string(uid), name = user_name(number);
  out.uids = ranges_in("/etc/subuid", number, name, out.missing);
  if (out.missing.empty()) out.gids = ranges_in("/etc/subgid", number, name, out.missing);
  return out;
}

base::result<base::unique_fd> open_process_directory(int pidfd) {
  const auto pid = number_in_proc(pidfd);
  if (!pid) return pid.error();
  if (*pid <= 0) return base::system_error(ESRCH);
  const std::string path = "/proc/" + std::to_string(*pid);
  base::unique_fd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory) return base::last_error();
  // Who still has the number had it then.
  if (number_in_proc(pidfd) != pid) return base::system_error(ESRCH);
  return directory;
}

result write_id_maps(int process, const id_maps& maps) {
  const bool all = may_map_all();
  if (!all && !(is_only(maps.uids, ::geteuid()) && is_only(maps.gids, ::getegid()))) {
    if (auto written = have_map_written(uid_helper, process, maps.uids); !written) return written;
    return have_map_written(gid_helper, process, maps.gids);
  }
  // Else an ordinary user could drop a group that keeps him out.
  if (!all)
    if (auto denied = write_file(process, "setgroups", "deny"); !denied) return denied;
  if (auto written = write_map(process, "uid_map", maps.uids); !written) return written;
  return write_map(process, "gid_map", maps.gids);
}

}  // namespace emilua::sandbox
