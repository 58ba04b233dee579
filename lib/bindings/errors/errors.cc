#include "lib/bindings/errors/errors.h"

#include <netdb.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <iterator>
#include <span>
#include <string_view>
#include <system_error>

#include "lib/base/errno_name.h"
#include "lib/lua/class.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

constexpr named_code basic_codes[] = {
    {"access_denied", EACCES},
    {"address_family_not_supported", EAFNOSUPPORT},
    {"address_in_use", EADDRINUSE},
    {"already_connected", EISCONN},
    {"already_started", EALREADY},
    {"bad_descriptor", EBADF},
    {"broken_pipe", EPIPE},
    {"connection_aborted", ECONNABORTED},
    {"connection_refused", ECONNREFUSED},
    {"connection_reset", ECONNRESET},
    {"fault", EFAULT},
    {"host_unreachable", EHOSTUNREACH},
    {"in_progress", EINPROGRESS},
    {"interrupted", EINTR},
    {"invalid_argument", EINVAL},
    {"message_size", EMSGSIZE},
    {"name_too_long", ENAMETOOLONG},
    {"network_down", ENETDOWN},
    {"network_reset", ENETRESET},
    {"network_unreachable", ENETUNREACH},
    {"no_buffer_space", ENOBUFS},
    {"no_descriptors", EMFILE},
    {"no_memory", ENOMEM},
    {"no_permission", EPERM},
    {"no_protocol_option", ENOPROTOOPT},
    {"no_such_device", ENODEV},
    {"not_connected", ENOTCONN},
    {"not_socket", ENOTSOCK},
    {"operation_aborted", ECANCELED},
    {"operation_not_supported", EOPNOTSUPP},
    {"shut_down", ESHUTDOWN},
    {"timed_out", ETIMEDOUT},
    {"try_again", EAGAIN},
    {"would_block", EWOULDBLOCK},
};

constexpr named_code netdb_codes[] = {
    {"host_not_found", boost::asio::error::host_not_found},
    {"host_not_found_try_again", boost::asio::error::host_not_found_try_again},
    {"no_recovery", boost::asio::error::no_recovery},
    {"no_data", boost::asio::error::no_data},
};

constexpr named_code addrinfo_codes[] = {
    {"service_not_found", EAI_SERVICE},
    {"socket_type_not_supported", EAI_SOCKTYPE},
};

constexpr named_code misc_codes[] = {
    {"already_open", boost::asio::error::already_open},
    {"eof", boost::asio::error::eof},
    {"not_found", boost::asio::error::not_found},
    {"fd_set_failure", boost::asio::error::fd_set_failure},
};

// One table of codes, all of one category.
struct code_group {
  const char* name;
  const char* type;  // for getmetatable
  std::span<const named_code> codes;
  const std::error_category& (*category)();
};

const code_group groups[] = {
    {"basic", "asio_error.basic", basic_codes,
     []() -> const std::error_category& { return std::system_category(); }},
    {"netdb", "asio_error.netdb", netdb_codes,
     []() -> const std::error_category& { return boost::asio::error::get_netdb_category(); }},
    {"addrinfo", "asio_error.addrinfo", addrinfo_codes,
     []() -> const std::error_category& { return boost::asio::error::get_addrinfo_category(); }},
    {"misc", "asio_error.misc", misc_codes,
     []() -> const std::error_category& { return boost::asio::error::get_misc_category(); }},
};

// __index of generic_error. Each access makes a fresh error code, free to be decorated.
int index_generic(lua_State* L) {
  const auto code = base::errno_by_name(lua::to_text(L, 2));
  if (!code) lua::raise(L, lua::core_errc::bad_index, {"index", 2});
  lua::push(L, {*code, std::generic_category()});
  return 1;
}

// The same of a group.
int index_group(lua_State* L) {
  const auto* group = static_cast<const code_group*>(lua_touserdata(L, lua_upvalueindex(1)));
  const std::string_view name = lua::to_text(L, 2);
  for (const named_code& entry : group->codes) {
    if (entry.name != name) continue;
    lua::push(L, {entry.code, group->category()});
    return 1;
  }
  lua::raise(L, lua::core_errc::bad_index, {"index", 2});
}

// An empty userdata that only answers reads, by the __index on top of the stack, which it replaces.
void push_reader(lua_State* L, const char* name) {
  lua_newuserdata(L, 0);
  lua_createtable(L, 0, 2);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__metatable");
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

}  // namespace

void push_generic_error(lua_State* L) {
  lua_pushcfunction(L, index_generic);
  push_reader(L, "generic_error");
}

void push_asio_error(lua_State* L) {
  // An unknown group reads as nil: __index is a plain table.
  lua_createtable(L, 0, static_cast<int>(std::size(groups)));
  for (const code_group& group : groups) {
    lua_pushlightuserdata(L, const_cast<code_group*>(&group));
    lua_pushcclosure(L, index_group, 1);
    push_reader(L, group.type);
    lua_setfield(L, -2, group.name);
  }
  push_reader(L, "asio_error");
}

std::span<const named_code> asio_error_names(std::string_view group) noexcept {
  for (const code_group& g : groups)
    if (g.name == group) return g.codes;
  return {};
}

}  // namespace emilua::bindings
