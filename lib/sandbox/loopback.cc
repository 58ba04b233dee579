// No malloc, no locks, no stdio, no exceptions.
#include "lib/sandbox/loopback.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>

#include "lib/base/unique_fd.h"

namespace emilua::sandbox {
namespace {

constexpr int loopback_index = 1;  // of the first interface of every namespace

struct link_request {
  nlmsghdr header;
  ifinfomsg link;
};

struct link_reply {
  nlmsghdr header;
  nlmsgerr error;
};

}  // namespace

base::result<> bring_up_loopback() noexcept {
  const base::unique_fd socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!socket) return base::last_error();
  link_request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.link.ifi_family = AF_UNSPEC;
  request.link.ifi_index = loopback_index;
  request.link.ifi_flags = IFF_UP;
  request.link.ifi_change = IFF_UP;
  if (base::retry([&] { return ::send(socket.get(), &request, sizeof request, 0); }) == -1)
    return base::last_error();
  // The reply repeats the request's header, or all of the request; its beginning is enough.
  link_reply reply{};
  const ssize_t n =
      base::retry([&] { return ::recv(socket.get(), &reply, sizeof reply, MSG_TRUNC); });
  if (n == -1) return base::last_error();
  if (static_cast<std::size_t>(n) < sizeof reply.header + sizeof reply.error.error ||
      reply.header.nlmsg_type != NLMSG_ERROR)
    return base::system_error(EPROTO);
  if (reply.error.error != 0) return base::system_error(-reply.error.error);
  return {};
}

}  // namespace emilua::sandbox
