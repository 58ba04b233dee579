#include "lib/bindings/unix/unix.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "lib/base/error.h"
#include "lib/bindings/io/lifecycle.h"
#include "lib/bindings/unix/objects.h"
#include "lib/bindings/unix/options.h"
#include "lib/bindings/unix/transfers.h"

namespace emilua::bindings {
namespace {

using lua::check;
using lua::class_method;
using lua::class_property;

std::error_code open_socket(socket_object& io, socket_kind kind) {
  base::unique_fd fd{::socket(AF_UNIX, native_type(kind) | SOCK_CLOEXEC, 0)};
  if (!fd) return base::last_error();
  io.assign(std::move(fd));
  return {};
}

void check_done(lua_State* L, int result) {
  if (result == -1) lua::raise(L, base::last_error());
}

// --- sockets and acceptors ------------------------------------------------

template <class T>
int open(lua_State* L) {
  if (const auto error = open_socket(check_not_open<io_of<T>>(L), T::kind)) lua::raise(L, error);
  return 0;
}

template <class T>
int bind(lua_State* L) {
  (void)check<T>(L, 1);
  const socket_address address = check_unix_address(L, 2);
  check_done(L, ::bind(check_open<io_of<T>>(L).native(), address.get(), address.size));
  return 0;
}

template <class T>
int set_option(lua_State* L) {
  return set_unix_option(L, check<T>(L, 1));
}

template <class T>
int get_option(lua_State* L) {
  return get_unix_option(L, check<T>(L, 1));
}

using name_call = int (*)(int, sockaddr*, socklen_t*);

template <class T, name_call Call>
int path(lua_State* L) {
  socket_address address{};
  address.size = sizeof address.storage;
  check_done(L, Call(check_open<io_of<T>>(L).native(), address.get(), &address.size));
  fiber::push_path(L, unix_path(address));
  return 1;
}

int get_local_name(int fd, sockaddr* name, socklen_t* size) {
  return ::getsockname(fd, name, size);
}
int get_remote_name(int fd, sockaddr* name, socklen_t* size) {
  return ::getpeername(fd, name, size);
}

// --- sockets --------------------------------------------------------------

template <class T>
int pair(lua_State* L) {
  int ends[2];
  check_done(L, ::socketpair(AF_UNIX, native_type(T::kind) | SOCK_CLOEXEC, 0, ends));
  base::unique_fd first{ends[0]}, second{ends[1]};
  lua::push_new<T>(L, fiber::vm::of(L)).io.assign(std::move(first));
  lua::push_new<T>(L, fiber::vm::of(L)).io.assign(std::move(second));
  return 2;
}

template <class T>
int connect(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  socket_object& io = io_of<T>(L);
  const socket_address address = check_unix_address(L, 2);
  std::error_code error;
  if (!io.is_open()) error = open_socket(io, T::kind);
  return fiber::await(
      L,
      [&](auto handler) {
        if (error) return post_completion(std::move(handler), error);
        io.async_connect(address, std::move(handler));
      },
      fiber::push_nothing);
}

template <class T>
int disconnect(lua_State* L) {
  socket_object& io = check_open<io_of<T>>(L);
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  check_done(L, ::connect(io.native(), &nobody, sizeof nobody.sa_family));
  io.retry();
  return 0;
}

template <class T>
int shutdown(lua_State* L) {
  const std::string_view what = luaL_checkstring(L, 2);
  const int how = what == "receive" ? SHUT_RD
                  : what == "send"  ? SHUT_WR
                  : what == "both"  ? SHUT_RDWR
                                    : -1;
  (void)check<T>(L, 1);
  if (how == -1) lua::raise_argument(L, 2);
  if (const auto error = check_open<io_of<T>>(L).shutdown(how)) lua::raise(L, error);
  return 0;
}

template <class T>
int io_control(lua_State* L) {
  const std::string_view command = luaL_checkstring(L, 2);
  (void)check<T>(L, 1);
  if (command != "bytes_readable") lua::raise(L, std::errc::not_supported);
  int bytes = 0;
  check_done(L, ::ioctl(check_open<io_of<T>>(L).native(), FIONREAD, &bytes));
  lua_pushinteger(L, bytes);
  return 1;
}

// --- acceptors ------------------------------------------------------------

template <class T>
int listen(lua_State* L) {
  (void)check<T>(L, 1);
  int backlog = SOMAXCONN;
  if (!lua_isnoneornil(L, 2)) {
    if (lua_type(L, 2) != LUA_TNUMBER) lua::raise_argument(L, 2);
    backlog = static_cast<int>(lua_tointeger(L, 2));
  }
  check_done(L, ::listen(check_open<io_of<T>>(L).native(), backlog));
  return 0;
}

template <class T>
int accept(lua_State* L) {
  fiber::vm::of(L).check_suspension(L);
  auto& self = check<T>(L, 1);
  return fiber::await(
      L, [&](auto handler) { self.io.async_accept(self.report_aborted, std::move(handler)); },
      [](lua_State* R, base::unique_fd fd) {
        lua::push_new<typename T::connection>(R, fiber::vm::of(R)).io.assign(std::move(fd));
        return 1;
      });
}

// --- classes --------------------------------------------------------------

template <std::size_t... Sizes>
constexpr auto join(const std::array<class_method, Sizes>&... parts) {
  std::array<class_method, (Sizes + ...)> all{};
  auto* end = all.data();
  ((end = std::ranges::copy(parts, end).out), ...);
  return all;
}

template <class T>
constexpr std::array common_methods = {
    class_method{"open", open<T>},
    class_method{"bind", bind<T>},
    class_method{"close", close<io_of<T>>},
    class_method{"cancel", cancel<io_of<T>>},
    class_method{"assign", assign<io_of<T>>},
    class_method{"release", release<io_of<T>>},
    class_method{"set_option", set_option<T>},
    class_method{"get_option", get_option<T>},
};

template <class T>
constexpr std::array socket_methods = {
    class_method{"connect", connect<T>, true},
    class_method{"disconnect", disconnect<T>},
    class_method{"shutdown", shutdown<T>},
    class_method{"io_control", io_control<T>},
    class_method{"receive_with_fds", socket_receive_with_fds<T, push_bytes_and_descriptors>, true},
    class_method{"send_with_fds", socket_send_with_fds<T>, true},
};

template <class T>
constexpr std::array message_methods = {
    class_method{"receive", socket_receive<T, push_bytes>, true},
    class_method{"send", socket_send<T>, true},
};

template <class T>
constexpr std::array acceptor_methods = {
    class_method{"listen", listen<T>},
    class_method{"accept", accept<T>, true},
};

constexpr auto stream_methods =
    join(common_methods<unix_stream_socket>, socket_methods<unix_stream_socket>,
         std::array{class_method{"read_some", socket_read_some<unix_stream_socket>, true},
                    class_method{"write_some", socket_write_some<unix_stream_socket>, true}});

using datagram = unix_datagram_socket;
constexpr auto datagram_methods = join(
    common_methods<datagram>, socket_methods<datagram>, message_methods<datagram>,
    std::array{
        class_method{"receive_from", socket_receive<datagram, push_bytes_and_sender>, true},
        class_method{"send_to", socket_send_to<datagram>, true},
        class_method{"receive_from_with_fds",
                     socket_receive_with_fds<datagram, push_bytes_sender_and_descriptors>, true},
        class_method{"send_to_with_fds", socket_send_to_with_fds<datagram>, true}});

constexpr auto seqpacket_methods =
    join(common_methods<unix_seqpacket_socket>, socket_methods<unix_seqpacket_socket>,
         message_methods<unix_seqpacket_socket>);

template <class T>
constexpr auto all_acceptor_methods = join(common_methods<T>, acceptor_methods<T>);

template <class T>
constexpr class_property acceptor_properties[] = {
    {"is_open", is_open<io_of<T>>},
    {"local_path", path<T, get_local_name>},
};

template <class T>
constexpr class_property socket_properties[] = {
    {"is_open", is_open<io_of<T>>},
    {"local_path", path<T, get_local_name>},
    {"remote_path", path<T, get_remote_name>},
};

template <class T>
constexpr class_method socket_functions[] = {{"new", make<T>}, {"pair", pair<T>}};
template <class T>
constexpr class_method acceptor_functions[] = {{"new", make<T>}};

void set_functions(lua_State* L, const char* name, std::span<const class_method> functions) {
  lua::push_functions(L, functions);
  lua_setfield(L, -2, name);
}

}  // namespace

void push_unix(lua_State* L) {
  lua_createtable(L, 0, 6);
  set_functions(L, "stream_socket", socket_functions<unix_stream_socket>);
  set_functions(L, "datagram_socket", socket_functions<unix_datagram_socket>);
  set_functions(L, "seqpacket_socket", socket_functions<unix_seqpacket_socket>);
  set_functions(L, "stream_acceptor", acceptor_functions<unix_stream_acceptor>);
  set_functions(L, "seqpacket_acceptor", acceptor_functions<unix_seqpacket_acceptor>);
  lua_createtable(L, 0, 1);
  lua_pushinteger(L, MSG_PEEK);
  lua_setfield(L, -2, "peek");
  lua_setfield(L, -2, "message_flag");
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::unix_stream_socket>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "unix.stream_socket",
                               .methods = stream_methods,
                               .properties = socket_properties<unix_stream_socket>};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::unix_datagram_socket>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "unix.datagram_socket",
                               .methods = datagram_methods,
                               .properties = socket_properties<unix_datagram_socket>};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::unix_seqpacket_socket>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "unix.seqpacket_socket",
                               .methods = seqpacket_methods,
                               .properties = socket_properties<unix_seqpacket_socket>};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::unix_stream_acceptor>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "unix.stream_acceptor",
                               .methods = all_acceptor_methods<unix_stream_acceptor>,
                               .properties = acceptor_properties<unix_stream_acceptor>};
  return info;
}

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::unix_seqpacket_acceptor>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "unix.seqpacket_acceptor",
                               .methods = all_acceptor_methods<unix_seqpacket_acceptor>,
                               .properties = acceptor_properties<unix_seqpacket_acceptor>};
  return info;
}
