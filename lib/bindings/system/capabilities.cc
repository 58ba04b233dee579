#include "lib/bindings/system/capabilities.h"

#include <linux/securebits.h>
#include <sys/capability.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/bindings/system/arguments.h"
#include "lib/bindings/system/credentials.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

struct capabilities {
  struct release {
    void operator()(cap_t caps) const noexcept { ::cap_free(caps); }
  };
  std::unique_ptr<std::remove_pointer_t<cap_t>, release> caps;
};

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::capabilities>();

namespace emilua::bindings {
namespace {

using lua::check;

int raise_errno(lua_State* L) { lua::raise(L, base::last_error()); }

// Nothing to return, or errno.
int finish(lua_State* L, int result) { return result == -1 ? raise_errno(L) : 0; }

int push_capabilities(lua_State* L, cap_t caps) {
  capabilities::release release;
  if (caps == nullptr) return raise_errno(L);
  std::unique_ptr<std::remove_pointer_t<cap_t>, capabilities::release> owner{caps, release};
  lua::push_new<capabilities>(L).caps = std::move(owner);
  return 1;
}

cap_t caps_at(lua_State* L, int index) { return check<capabilities>(L, index).caps.get(); }

// The text at `index`, which ends where C sees its end.
const char* text_at(lua_State* L, int index) {
  const std::string_view text = lua::to_text(L, index);
  if (text.data() == nullptr || text.find('\0') != text.npos) return nullptr;
  return text.data();
}

// `position` is that of the argument to blame.
cap_value_t capability_at(lua_State* L, int index, int position) {
  cap_value_t value;
  const char* const name = text_at(L, index);
  if (name == nullptr || ::cap_from_name(name, &value) == -1) lua::raise_argument(L, position);
  return value;
}

cap_value_t check_capability(lua_State* L, int index) { return capability_at(L, index, index); }

cap_flag_t check_flag(lua_State* L, int index) {
  const std::string_view name = lua::to_text(L, index);
  if (name == "effective") return CAP_EFFECTIVE;
  if (name == "inheritable") return CAP_INHERITABLE;
  if (name == "permitted") return CAP_PERMITTED;
  lua::raise_argument(L, index);
}

cap_flag_value_t check_boolean(lua_State* L, int index) {
  luaL_checktype(L, index, LUA_TBOOLEAN);
  return lua_toboolean(L, index) != 0 ? CAP_SET : CAP_CLEAR;
}

using kind = ipc::credential_kind;

// A change that is about one number. libcap's own calls would reach the calling thread only.
int change(lua_State* L, kind what, unsigned value) {
  change_credentials(L, {.what = what, .values = {value}});
  return 0;
}

// --- functions of system --------------------------------------------------

int init(lua_State* L) { return push_capabilities(L, ::cap_init()); }

int get_proc(lua_State* L) { return push_capabilities(L, ::cap_get_proc()); }

int from_text(lua_State* L) {
  const char* const text = text_at(L, 1);
  if (text == nullptr) lua::raise_argument(L, 1);
  return push_capabilities(L, ::cap_from_text(text));
}

int push_state(lua_State* L, int state) {
  if (state == -1) return raise_errno(L);
  lua_pushboolean(L, state);
  return 1;
}

int get_bound(lua_State* L) { return push_state(L, ::cap_get_bound(check_capability(L, 1))); }

int drop_bound(lua_State* L) {
  check_master(L);
  return change(L, kind::drop_bound, static_cast<unsigned>(check_capability(L, 1)));
}

int get_ambient(lua_State* L) { return push_state(L, ::cap_get_ambient(check_capability(L, 1))); }

int set_ambient(lua_State* L) {
  const bool raise = check_boolean(L, 2) == CAP_SET;
  check_master(L);
  return change(L, raise ? kind::raise_ambient : kind::lower_ambient,
                static_cast<unsigned>(check_capability(L, 1)));
}

int reset_ambient(lua_State* L) {
  check_master(L);
  return change(L, kind::reset_ambient, 0);
}

int get_secbits(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(::cap_get_secbits()));
  return 1;
}

int set_secbits(lua_State* L) {
  check_master(L);
  return change(L, kind::securebits, check_integer<unsigned>(L, 1));
}

// --- methods --------------------------------------------------------------

int dup(lua_State* L) { return push_capabilities(L, ::cap_dup(caps_at(L, 1))); }

int clear(lua_State* L) { return finish(L, ::cap_clear(caps_at(L, 1))); }

int clear_flag(lua_State* L) {
  const cap_t caps = caps_at(L, 1);
  return finish(L, ::cap_clear_flag(caps, check_flag(L, 2)));
}

int get_flag(lua_State* L) {
  const cap_t caps = caps_at(L, 1);
  const cap_value_t value = check_capability(L, 2);
  cap_flag_value_t state;
  if (::cap_get_flag(caps, value, check_flag(L, 3), &state) == -1) return raise_errno(L);
  lua_pushboolean(L, state == CAP_SET);
  return 1;
}

int set_flag(lua_State* L) {
  const cap_t caps = caps_at(L, 1);
  const cap_flag_t flag = check_flag(L, 2);
  if (!lua_istable(L, 3)) lua::raise_argument(L, 3);
  const cap_flag_value_t state = check_boolean(L, 4);
  std::vector<cap_value_t> values;
  for (int i = 1;; ++i) {
    lua_rawgeti(L, 3, i);
    if (lua_isnil(L, -1)) break;
    values.push_back(capability_at(L, lua_gettop(L), 3));
    lua_pop(L, 1);
  }
  if (values.empty()) return 0;  // which libcap takes for a mistake
  return finish(L,
                ::cap_set_flag(caps, flag, static_cast<int>(values.size()), values.data(), state));
}

int fill_flag(lua_State* L) {
  const cap_t caps = caps_at(L, 1);
  const cap_flag_t to = check_flag(L, 2);
  const cap_t reference = caps_at(L, 3);
  return finish(L, ::cap_fill_flag(caps, to, reference, check_flag(L, 4)));
}

int fill(lua_State* L) {
  const cap_t caps = caps_at(L, 1);
  const cap_flag_t to = check_flag(L, 2);
  return finish(L, ::cap_fill(caps, to, check_flag(L, 3)));
}

int set_proc(lua_State* L) {
  const cap_t caps = caps_at(L, 1);
  check_master(L);
  ipc::credential_change all{.what = kind::capabilities};
  const std::size_t sets = all.values.size() / 2;  // of the capabilities below 32, and above
  constexpr cap_flag_t order[] = {CAP_EFFECTIVE, CAP_PERMITTED, CAP_INHERITABLE};
  static_assert(std::size(order) == std::tuple_size_v<decltype(all.values)> / 2);
  for (unsigned value = 0; value < 64; ++value) {
    for (std::size_t i = 0; i < std::size(order); ++i) {
      cap_flag_value_t state = CAP_CLEAR;
      // Fails for what libcap does not know and thus cannot have set.
      static_cast<void>(::cap_get_flag(caps, static_cast<cap_value_t>(value), order[i], &state));
      if (state == CAP_SET) all.values[value / 32 * sets + i] |= 1U << (value % 32);
    }
  }
  change_credentials(L, all);
  return 0;
}

int get_nsowner(lua_State* L) {
  lua_pushnumber(L, ::cap_get_nsowner(caps_at(L, 1)));
  return 1;
}

int set_nsowner(lua_State* L) {
  const cap_t caps = caps_at(L, 1);
  return finish(L, ::cap_set_nsowner(caps, check_id(L, 2)));
}

int tostring(lua_State* L) {
  const std::unique_ptr<char, int (*)(void*)> text{::cap_to_text(caps_at(L, 1), nullptr),
                                                   &::cap_free};
  if (text == nullptr) return raise_errno(L);
  lua_pushstring(L, text.get());
  return 1;
}

const lua::class_method functions[] = {
    {"cap_init", init},
    {"cap_get_proc", get_proc},
    {"cap_from_text", from_text},
    {"cap_get_bound", get_bound},
    {"cap_drop_bound", drop_bound},
    {"cap_get_ambient", get_ambient},
    {"cap_set_ambient", set_ambient},
    {"cap_reset_ambient", reset_ambient},
    {"cap_get_secbits", get_secbits},
    {"cap_set_secbits", set_secbits},
};

const lua::class_method methods[] = {
    {"dup", dup},
    {"clear", clear},
    {"clear_flag", clear_flag},
    {"get_flag", get_flag},
    {"set_flag", set_flag},
    {"fill_flag", fill_flag},
    {"fill", fill},
    {"set_proc", set_proc},
    {"get_nsowner", get_nsowner},
    {"set_nsowner", set_nsowner},
};
const lua::class_method metamethods[] = {{"__tostring", tostring}};

template <int Value>
int constant(lua_State* L) {
  lua_pushinteger(L, Value);
  return 1;
}

const lua::class_property securebits[] = {
    {"SECBIT_NOROOT", constant<SECBIT_NOROOT>},
    {"SECBIT_NOROOT_LOCKED", constant<SECBIT_NOROOT_LOCKED>},
    {"SECBIT_NO_SETUID_FIXUP", constant<SECBIT_NO_SETUID_FIXUP>},
    {"SECBIT_NO_SETUID_FIXUP_LOCKED", constant<SECBIT_NO_SETUID_FIXUP_LOCKED>},
    {"SECBIT_KEEP_CAPS", constant<SECBIT_KEEP_CAPS>},
    {"SECBIT_KEEP_CAPS_LOCKED", constant<SECBIT_KEEP_CAPS_LOCKED>},
    {"SECBIT_NO_CAP_AMBIENT_RAISE", constant<SECBIT_NO_CAP_AMBIENT_RAISE>},
    {"SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED", constant<SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED>},
};

}  // namespace

void push_capabilities_of(lua_State* L, pid_t process) {
  push_capabilities(L, ::cap_get_pid(process));
}

void push_capabilities_of_file(lua_State* L, int fd) { push_capabilities(L, ::cap_get_fd(fd)); }

void set_capabilities_of_file(lua_State* L, int fd, int index) {
  if (::cap_set_fd(fd, caps_at(L, index)) == -1) lua::raise(L, base::last_error());
}

std::span<const lua::class_method> capability_functions() noexcept { return functions; }
std::span<const lua::class_property> securebit_constants() noexcept { return securebits; }

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::capabilities>() {
  using namespace emilua::bindings;
  static const class_info info{
      .name = "linux_capabilities", .methods = methods, .metamethods = metamethods};
  return info;
}
