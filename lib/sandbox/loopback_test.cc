#include "lib/sandbox/loopback.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "lib/base/unique_fd.h"
#include "lib/ipc/test_child.h"

namespace emilua::sandbox {
namespace {

using ipc::in_child;

constexpr int bad_setup = 200;

// 0 or errno of a connection to a listener on 127.0.0.1.
int connect_to_myself() {
  const base::unique_fd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const base::unique_fd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (!listener || !client || ::bind(listener.get(), generic, size) == -1 ||
      ::listen(listener.get(), 1) == -1 || ::getsockname(listener.get(), generic, &size) == -1)
    return bad_setup;
  return ::connect(client.get(), generic, size) == 0 ? 0 : errno;
}

// 40 §17.24
TEST(Loopback, IsDownInANewNamespaceAndUpAfterwards) {
  const int status = in_child([] {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) == -1) return bad_setup + 1;
    if (connect_to_myself() != ENETUNREACH) return bad_setup + 2;
    if (const auto up = bring_up_loopback(); !up) return up.error().value();
    return connect_to_myself();
  });
  if (status == bad_setup + 1) EMILUA_SKIP("no user namespaces");
  EXPECT_EQ(status, 0);
}

TEST(Loopback, IsNotForEverybody) {
  const int status = in_child([] {
    if (::unshare(CLONE_NEWUSER) == -1) return bad_setup + 1;
    const auto up = bring_up_loopback();  // of a namespace that is not ours
    return up ? 0 : up.error().value();
  });
  if (status == bad_setup + 1) EMILUA_SKIP("no user namespaces");
  EXPECT_EQ(status, EPERM);
}

}  // namespace
}  // namespace emilua::sandbox
