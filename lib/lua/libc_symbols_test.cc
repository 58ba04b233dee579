#include "lib/lua/libc_symbols.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>

namespace emilua::lua {
namespace {

// This test is linked dynamically: the loader knows better.
TEST(LibcSymbols, EachIsWhatTheDynamicLinkerFindsByItsName) {
  EXPECT_GT(libc_symbols().size(), 200U);
  for (const libc_symbol& symbol : libc_symbols()) {
    const std::string name{symbol.name};
    EXPECT_EQ(symbol.address, ::dlsym(RTLD_DEFAULT, name.c_str())) << name;
  }
}

TEST(LibcSymbols, EachIsFound) {
  for (const libc_symbol& symbol : libc_symbols())
    EXPECT_EQ(find_libc_symbol(symbol.name), symbol.address) << symbol.name;
}

TEST(LibcSymbols, OtherNamesAreNot) {
  for (const char* name : {"", "A", "getpi", "getpidd", "fork", "dlopen", "~", "zzz"})
    EXPECT_EQ(find_libc_symbol(name), nullptr) << name;
}

}  // namespace
}  // namespace emilua::lua
