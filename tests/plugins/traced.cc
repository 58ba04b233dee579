// Says on standard output which of its hooks run. The one that FAIL names fails with EBUSY, if the
// library has the file name that follows: FAIL=event_loop:libnet.so. With NO_MODULE it has no VM
// hook.
#include <dlfcn.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "lib/engine/plugin.h"

namespace {

std::string own_name() {
  Dl_info info;
  if (::dladdr(&EMILUA_PLUGIN, &info) == 0) std::abort();
  const char* slash = std::strrchr(info.dli_fname, '/');
  return slash != nullptr ? slash + 1 : info.dli_fname;
}

int trace(const char* hook) {
  std::printf("%s %s\n", own_name().c_str(), hook);
  std::fflush(stdout);  // an actor may be killed
  const char* fail = std::getenv("FAIL");
  return fail != nullptr && fail == hook + (":" + own_name()) ? EBUSY : 0;
}

void init_process() { trace("process"); }

int init_event_loop(void* event_loop) {
  if (event_loop == nullptr) std::abort();
  return trace("event_loop");
}

#ifdef NO_MODULE
constexpr int (*open_module)(lua_State*) = nullptr;
#else
int open_module(lua_State* L) {
  lua_createtable(L, 0, 1);
  lua_pushstring(L, own_name().c_str());
  lua_setfield(L, -2, "name");
  return trace("vm");
}
#endif

}  // namespace

const emilua_plugin EMILUA_PLUGIN = {
    .init_process = init_process, .init_event_loop = init_event_loop, .open_vm = open_module};
