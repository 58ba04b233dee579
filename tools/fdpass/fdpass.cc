#include "tools/fdpass/fdpass.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "tools/command_line/program.h"
#include "tools/command_line/start.h"
#include "tools/fdpass/description.h"
#include "tools/fdpass/message.h"
#include "tools/fdpass/options.h"
#include "tools/fdpass/source.h"

namespace emilua::fdpass {
namespace {

constexpr const char* name = "fdpass";

[[noreturn]] void fail(const std::string& what, std::error_code error) {
  throw tools::refusal{tools::failure, what + ": " + error.message()};
}

int send(const options& options) {
  std::vector<base::unique_fd> sources;
  std::vector<int> fds;
  for (const std::string& text : options.sources) {
    sources.push_back(open_source(text));
    fds.push_back(sources.back().get());
  }
  const deadline deadline{options.connection.patience};
  const base::unique_fd socket = connect_to(*options.peer, options.connection, deadline);
  if (is_datagram(socket.get())) attach_credentials(socket.get());
  if (options.connection.choosy())
    if (const auto wrong = objection(peer_of(socket.get()), options.connection))
      throw tools::refusal{tools::failure, *wrong};
  send_message(socket.get(), options.data, fds, deadline);
  return 0;
}

// The path of a listening socket, taken away with it.
class visible_path {
 public:
  explicit visible_path(const endpoint& at) : at_(at) {}
  ~visible_path() {
    if (at_.what == endpoint::kind::path) ::unlink(at_.text.c_str());
  }
  visible_path(const visible_path&) = delete;
  visible_path& operator=(const visible_path&) = delete;

 private:
  const endpoint& at_;
};

struct arrival {
  message what;
  ucred from;
};

arrival receive_datagram(int socket, const options& options, const deadline& deadline) {
  attach_credentials(socket);
  for (;;) {
    arrival came{receive_message(socket, options.count, deadline), {0, ~0U, ~0U}};
    if (came.what.sender) came.from = *came.what.sender;
    const auto wrong = objection(came.from, options.connection);
    if (!wrong) return came;
    tools::complain(name, *wrong + ": ignored");
  }
}

arrival receive_from_visitor(const options& options, const deadline& deadline) {
  const base::unique_fd listener = listen_on(*options.local, options.connection.type);
  const visible_path path{*options.local};
  if (options.connection.type == SOCK_DGRAM)
    return receive_datagram(listener.get(), options, deadline);
  for (;;) {
    deadline.wait(listener.get(), POLLIN, "accept: " + options.local->text);
    const base::unique_fd socket{
        base::retry([&] { return ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC); })};
    if (!socket) fail("accept: " + options.local->text, base::last_error());
    const ucred peer = peer_of(socket.get());
    // The wrong ones are not to keep the right one from coming.
    if (const auto wrong = objection(peer, options.connection)) {
      tools::complain(name, *wrong + ": turned away");
      continue;
    }
    return {receive_message(socket.get(), options.count, deadline), peer};
  }
}

arrival receive_from(const options& options, const deadline& deadline) {
  const base::unique_fd socket = connect_to(*options.peer, options.connection, deadline);
  if (is_datagram(socket.get())) return receive_datagram(socket.get(), options, deadline);
  const ucred peer = peer_of(socket.get());
  if (const auto wrong = objection(peer, options.connection))
    throw tools::refusal{tools::failure, *wrong};
  return {receive_message(socket.get(), options.count, deadline), peer};
}

// As sd_listen_fds(3) wants it. What came is the peer's word, and asked for separately.
void announce(tools::environment& variables, const options& options, const arrival& came) {
  std::string names;
  for (std::size_t i = 0; i < came.what.fds.size(); ++i)
    names += (i == 0 ? "" : ":") + (i < options.names.size() ? options.names[i] : "unknown");
  tools::set(variables, "LISTEN_FDS", std::to_string(came.what.fds.size()));
  tools::set(variables, "LISTEN_PID", std::to_string(::getpid()));
  tools::set(variables, "LISTEN_FDNAMES", names);
  if (!options.tell) return;
  if (came.what.data.find('\0') != std::string::npos)
    throw tools::refusal{tools::failure, "--env: FDPASS_DATA: the message has a NUL byte"};
  tools::set(variables, "FDPASS_DATA", came.what.data);
  tools::set(variables, "FDPASS_PEER_PID", std::to_string(came.from.pid));
  tools::set(variables, "FDPASS_PEER_UID", std::to_string(came.from.uid));
  tools::set(variables, "FDPASS_PEER_GID", std::to_string(came.from.gid));
}

int receive(const options& options, char** envp) {
  const deadline deadline{options.connection.patience};
  arrival came =
      options.local ? receive_from_visitor(options, deadline) : receive_from(options, deadline);
  if (options.programs.empty())
    return tools::print(
        name, options.json ? describe_json(came.what, came.from) : describe(came.what, came.from));
  if (came.what.fds.empty() && !options.count)
    throw tools::refusal{tools::failure, "recv: message: no descriptor came with it"};
  tools::environment variables = tools::environment_of(envp);
  announce(variables, options, came);
  std::vector<int> fds;
  for (base::unique_fd& fd : came.what.fds) fds.push_back(fd.release());
  if (const int error = tools::place_descriptors(std::move(fds)))
    fail("recv: descriptors", base::system_error(error));
  return tools::execute(name, options.programs[0], variables);
}

int pair(const options& options, char** envp) {
  int ends[2];
  if (::socketpair(AF_UNIX, options.connection.type | SOCK_CLOEXEC, 0, ends) == -1)
    fail("pair: socket pair", base::last_error());
  base::unique_fd sockets[] = {base::unique_fd{ends[0]}, base::unique_fd{ends[1]}};
  const tools::environment variables = tools::environment_of(envp);
  const tools::supervisor supervisor;
  std::vector<pid_t> children;
  for (std::size_t i = 0; i < 2; ++i) {
    const pid_t pid = ::fork();
    if (pid == -1) {
      const std::error_code error = base::last_error();
      if (i == 1) {
        ::kill(children[0], SIGTERM);
        static_cast<void>(supervisor.wait(children));
      }
      fail("pair: " + options.programs[i][0], error);
    }
    if (pid == 0) {
      supervisor.release();
      if (const int error = tools::place_descriptors({sockets[i].release()}))
        fail("pair: descriptor 3", base::system_error(error));
      ::_exit(tools::execute(name, options.programs[i], variables));
    }
    children.push_back(pid);
  }
  // Each is to see the other's end.
  for (base::unique_fd& socket : sockets) socket.reset();
  const std::vector<int> statuses = supervisor.wait(children);
  return statuses[0] != 0 ? statuses[0] : statuses[1];
}

int main(int argc, char** argv, char** envp) {
  if (!tools::start(name)) return tools::failure;
  const auto options = parse_options(argc, argv);
  if (!options) return tools::finish(name, options.error());
  try {
    switch (options->what) {
      case options::command::send:
        return send(*options);
      case options::command::receive:
        return receive(*options, envp);
      case options::command::pair:
        return pair(*options, envp);
    }
  } catch (const tools::refusal& e) {
    tools::complain(name, e.what);
    return e.status;
  } catch (const tools::misuse& e) {
    tools::complain(name, e.what);
    return tools::wrong_usage;
  } catch (const std::bad_alloc&) {
    tools::complain_of_memory(name);
  }
  return tools::failure;
}

}  // namespace

const tools::tool tool{name, main, describe};

}  // namespace emilua::fdpass
