#include "lib/bindings/io/file_descriptor.h"

#include <string>

#include "lib/base/file.h"
#include "lib/bindings/system/capabilities.h"
#include "lib/ipc/descriptors.h"
#include "lib/lua/error.h"

namespace emilua::bindings {
namespace {

int dup(lua_State* L) {
  auto copy = base::duplicate(check_file_descriptor(L, 1));
  if (!copy) lua::raise(L, copy.error());
  push_file_descriptor(L, std::move(*copy));
  return 1;
}

int close(lua_State* L) {
  take_file_descriptor(L, 1).reset();
  return 0;
}

int cap_get(lua_State* L) {
  push_capabilities_of_file(L, check_file_descriptor(L, 1));
  return 1;
}

int cap_set(lua_State* L) {
  set_capabilities_of_file(L, check_file_descriptor(L, 1), 2);
  return 0;
}

// The rights of single descriptors are FreeBSD's.
int limit_rights(lua_State* L) {
  (void)check_file_descriptor(L, 1);
  lua::raise(L, std::errc::function_not_supported);
}

int tostring(lua_State* L) {
  lua::push_text(L, "/dev/fd/" + std::to_string(check_file_descriptor(L, 1)));
  return 1;
}

const lua::class_method methods[] = {
    {"dup", dup},
    {"close", close},
    {"cap_get", cap_get},
    {"cap_set", cap_set},
    {"cap_rights_limit", limit_rights},
    {"cap_ioctls_limit", limit_rights},
    {"cap_fcntls_limit", limit_rights},
};
const lua::class_method metamethods[] = {{"__tostring", tostring}};

}  // namespace

void push_file_descriptor(lua_State* L, base::unique_fd fd) {
  auto state = std::make_shared<file_descriptor::shared>();
  state->fd = std::move(fd);
  lua::push_new<file_descriptor>(L).state = std::move(state);
}

int check_file_descriptor(lua_State* L, int index) {
  const auto& object = lua::check<file_descriptor>(L, index);
  if (object.is_busy()) lua::raise(L, std::errc::device_or_resource_busy);
  return object.number();
}

base::unique_fd take_file_descriptor(lua_State* L, int index) {
  (void)check_file_descriptor(L, index);
  return std::move(lua::take<file_descriptor>(L, index).state->fd);
}

std::shared_ptr<lent_descriptors> lent_descriptors::borrow(lua_State* L, int index) {
  if (!lua_istable(L, index)) lua::raise_argument(L, index);
  auto lent = std::make_shared<lent_descriptors>();
  for (int i = 1; lent->numbers_.size() <= ipc::max_descriptors; ++i) {
    lua_rawgeti(L, index, i);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      break;
    }
    const auto* object = lua::to<file_descriptor>(L, -1);
    if (object == nullptr) lua::raise_argument(L, index);
    if (object->state->lent_to != lent.get()) {
      if (object->is_busy()) lua::raise(L, std::errc::device_or_resource_busy);
      lent->numbers_.push_back(object->number());
      lent->lent_.push_back(object->state);
      object->state->lent_to = lent.get();
    }
    lua_pop(L, 1);
  }
  return lent;
}

lent_descriptors::~lent_descriptors() {
  for (const auto& state : lent_) state->lent_to = nullptr;
}

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::file_descriptor>() {
  using namespace emilua::bindings;
  static const class_info info{
      .name = "file_descriptor", .methods = methods, .metamethods = metamethods};
  return info;
}
