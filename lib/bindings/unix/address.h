// Addresses of unix sockets as paths (60 §9.1): a pathname, an abstract name (first byte NUL), or
// the empty path, which stands for no name, and in bind(2) for one that the kernel chooses.
//
//   base::result<socket_address> address = to_unix_address("/run/service");
//   std::string path = unix_path(address);
//
// Source: unix(7).
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/bindings/io/socket.h"

namespace emilua::bindings {

// ENAMETOOLONG for a pathname of more than 107 bytes or an abstract name of more than 108 with its
// NUL; EINVAL for a pathname that contains NUL, since the kernel would stop there.
[[nodiscard]] base::result<socket_address> to_unix_address(std::string_view path) noexcept;

// The inverse. One trailing NUL, which ends pathnames, is dropped.
[[nodiscard]] std::string unix_path(const socket_address& address);

}  // namespace emilua::bindings
