#include "lib/lua/libc_symbols.h"

#include <algorithm>
#include <array>

namespace emilua::lua {

// Declared by their names for the linker: the headers' declarations are overloaded, or macros.
namespace libc {
#define SYMBOL(name) extern const char symbol_##name __asm__(#name);
#include "lib/lua/libc_symbols.inc"
#undef SYMBOL
}  // namespace libc

namespace {

constexpr auto table = [] {
  auto symbols = std::to_array<libc_symbol>({
#define SYMBOL(name) {#name, &libc::symbol_##name},
#include "lib/lua/libc_symbols.inc"
#undef SYMBOL
  });
  std::ranges::sort(symbols, {}, &libc_symbol::name);
  return symbols;
}();

static_assert(std::ranges::adjacent_find(table, {}, &libc_symbol::name) == table.end(),
              "libc_symbols.inc has a name twice");

}  // namespace

std::span<const libc_symbol> libc_symbols() noexcept { return table; }

void* find_libc_symbol(std::string_view name) noexcept {
  const auto it = std::ranges::lower_bound(table, name, {}, &libc_symbol::name);
  return it != table.end() && it->name == name ? const_cast<void*>(it->address) : nullptr;
}

}  // namespace emilua::lua
