// What LuaJIT's FFI finds in a static executable: nothing.
//
// A static program has no dynamic symbols, and glibc's static dlopen would load the host's C
// library as a second copy into the process wherever one is installed. The linker's --wrap sends
// LuaJIT's four calls here instead, so that glibc's loader is not even linked.
#include <cstddef>

namespace {
thread_local const char* last_error = nullptr;

void* refuse() noexcept {
  last_error = "dynamic loading is not available in a static executable";
  return nullptr;
}
}  // namespace

extern "C" {
void* __wrap_dlopen(const char* /*file*/, int /*flags*/) { return refuse(); }
void* __wrap_dlsym(void* /*handle*/, const char* /*symbol*/) { return refuse(); }
int __wrap_dlclose(void* /*handle*/) { return 0; }
const char* __wrap_dlerror() {
  const char* error = last_error;
  last_error = nullptr;
  return error;
}
}
