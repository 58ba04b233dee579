// The functions that can raise a Lua error own nothing while they do.
#include "lib/init/mount_calls.h"

#include <sys/mount.h>

#include <cstdint>
#include <string_view>

#include "lib/init/call.h"

namespace emilua::init {
namespace {

// The kernel reads as many bytes as it is told: never more than there are.
int check_binary_size(lua_State* L, int index, std::string_view value) {
  if (value.size() > INT32_MAX) luaL_argerror(L, index, "value too long");
  if (lua_isnoneornil(L, index)) return static_cast<int>(value.size());
  const std::size_t size = check_size(L, index);
  if (size > value.size()) luaL_argerror(L, index, "size is larger than the value");
  return static_cast<int>(size);
}

}  // namespace

int c_mount_setattr(lua_State* L) {
  const int directory = check_int(L, 1);
  const char* const path = lua_isnoneornil(L, 2) ? "" : check_text(L, 2);
  const unsigned flags = check_word(L, 3);
  std::uint64_t set = 0, clear = 0, propagation = 0, user_namespace = 0;
  check_fields(L, 4,
               {{"attr_set", set},
                {"attr_clr", clear},
                {"propagation", propagation},
                {"userns_fd", user_namespace}},
               "invalid mount_attr");
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  attributes.propagation = propagation;
  attributes.userns_fd = user_namespace;
  return push_result(L, "mount_setattr",
                     ::mount_setattr(directory, path, flags, &attributes, sizeof attributes));
}

int c_fsconfig(lua_State* L) {
  const int fd = check_int(L, 1);
  const unsigned command = check_word(L, 2);
  const char* const key = check_text_or_nil(L, 3);
  const void* value = nullptr;
  int aux = 0;
  if (command == FSCONFIG_SET_BINARY) {
    const std::string_view bytes = check_bytes(L, 4);
    value = bytes.data();
    aux = check_binary_size(L, 5, bytes);
  } else {
    value = check_text_or_nil(L, 4);
    if (!lua_isnoneornil(L, 5)) aux = check_int(L, 5);
  }
  return push_result(L, "fsconfig", ::fsconfig(fd, command, key, value, aux));
}

}  // namespace emilua::init
