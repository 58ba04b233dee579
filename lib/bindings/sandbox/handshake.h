// The host's end of a handshake with an actor that is put into a box.
//
//   auto talk = std::make_shared<handshake_in_progress>(io, std::move(plan));
//   base::unique_fd childs = *talk->begin();
//   … once the child has it: listen(talk, handler);     // handler(std::error_code)
//   if (!push_if_not_ready(L, *talk)) push_report(L, talk->report->clauses);
#pragma once

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <lua.hpp>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/io/completion.h"
#include "lib/sandbox/execute.h"
#include "lib/sandbox/plan.h"

namespace emilua::bindings {

// What is enforced in a box, once it is.
struct box_report {
  std::vector<sandbox::clause_report> clauses;
  bool in_force = false;
};

struct handshake_in_progress {
  handshake_in_progress(boost::asio::io_context& io, sandbox::plan p)
      : plan(std::move(p)),
        report(std::make_shared<box_report>(box_report{plan.report})),
        socket(io),
        patience(io) {}

  // Makes the two ends: the child's is the result.
  [[nodiscard]] base::result<base::unique_fd> begin();

  sandbox::plan plan;  // what the child is to do meanwhile
  std::shared_ptr<box_report> report;
  boost::asio::posix::stream_descriptor socket;
  boost::asio::steady_timer patience;
  bool late = false;  // the time was over first
  sandbox::box_message said{};
  ssize_t size = 0;  // of what was said
};

// handler(std::error_code) when the child has spoken or is gone.
template <class Handler>
void listen(std::shared_ptr<handshake_in_progress> talk, Handler handler) {
  auto& socket = talk->socket;
  socket.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    mapped_handler{std::move(handler),
                                   [talk = std::move(talk)](Handler& h, std::error_code error) {
                                     if (!error) {
                                       talk->size = base::retry([&] {
                                         return ::recv(talk->socket.native_handle(), &talk->said,
                                                       sizeof talk->said, MSG_DONTWAIT);
                                       });
                                       // An event may be that of another descriptor, which had the
                                       // number before.
                                       if (talk->size == -1 && errno == EAGAIN)
                                         return listen(talk, std::move(h));
                                     }
                                     talk->patience.cancel();
                                     h(talk->late ? std::error_code{} : error);
                                   }});
}

// False if the child is in its box; otherwise pushes why it is not.
[[nodiscard]] bool push_if_not_ready(lua_State* L, handshake_in_progress& talk);

}  // namespace emilua::bindings
