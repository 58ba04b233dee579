// The C library by name: what `ffi.C` finds in an executable that has no dynamic symbols.
//
//   if (find_libc_symbol != nullptr)           // the executable has the table
//     void* address = find_libc_symbol("getpid");
//
// The names are listed in libc_symbols.inc.
#pragma once

#include <span>
#include <string_view>

namespace emilua::lua {

struct libc_symbol {
  std::string_view name;
  const void* address;  // of a function or a variable
};

// The whole table, sorted by name.
[[nodiscard]] std::span<const libc_symbol> libc_symbols() noexcept;

// Null if the table does not have the name. Weak: an executable has the table only if it depends on
// :libc_symbols, so that tools without FFI do not carry it.
[[nodiscard, gnu::weak]] void* find_libc_symbol(std::string_view name) noexcept;

}  // namespace emilua::lua
