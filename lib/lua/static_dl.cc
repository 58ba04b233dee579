// The dynamic linker of a static executable: there is none.
//
// A static program has no dynamic symbols, and glibc's static dlopen would load the host's C
// library as a second copy into the process wherever one is installed. The linker's --wrap sends
// every call here instead, LuaJIT's above all, so that glibc's loader is not even linked. `ffi.C`
// finds what libc_symbols.inc lists, in executables that have the table.
#include <cstdio>

#include "lib/lua/libc_symbols.h"

namespace {

thread_local char message[192];
thread_local const char* last_error = nullptr;

}  // namespace

extern "C" {

void* __wrap_dlopen(const char* /*file*/, int /*flags*/) {
  last_error =
      "shared libraries cannot be loaded into a static executable: this needs the dynamically "
      "linked engine (emilua-dynamic)";
  return nullptr;
}

void* __wrap_dlsym(void* /*handle*/, const char* symbol) {
  namespace lua = emilua::lua;
  void* address = lua::find_libc_symbol != nullptr ? lua::find_libc_symbol(symbol) : nullptr;
  if (address == nullptr) {
    std::snprintf(message, sizeof message,
                  "undefined symbol: %.80s (a static executable offers some of the C library's "
                  "functions; this is none of them)",
                  symbol);
    last_error = message;
  }
  return address;
}

int __wrap_dlclose(void* /*handle*/) { return 0; }

char* __wrap_dlerror() {
  const char* error = last_error;
  last_error = nullptr;
  return const_cast<char*>(error);
}
}
