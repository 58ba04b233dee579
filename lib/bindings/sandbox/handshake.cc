#include "lib/bindings/sandbox/handshake.h"

#include "lib/bindings/sandbox/clauses.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

base::result<base::unique_fd> handshake_in_progress::begin() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
    return base::last_error();
  base::unique_fd ours{ends[0]}, theirs{ends[1]};
  boost::system::error_code error;
  socket.assign(ours.get(), error);
  if (error) return std::error_code{error};
  static_cast<void>(ours.release());
  return theirs;
}

bool push_if_not_ready(lua_State* L, handshake_in_progress& talk) {
  const sandbox::box_message& said = talk.said;
  using kind = sandbox::box_message::kind;
  if (talk.late) {
    lua::push(L, std::make_error_code(std::errc::timed_out));
  } else if (talk.size != sizeof said ||
             (said.what == kind::failed && said.step >= talk.plan.steps.size())) {
    push_clause(L, std::make_error_code(std::errc::connection_reset), "",
                "the actor's process has ended, or was never started");
  } else if (said.what == kind::failed) {
    push_step(L, base::system_error(said.error), talk.plan.steps[said.step]);
  } else {
    talk.report->in_force = true;
    return false;
  }
  return true;
}

}  // namespace emilua::bindings
