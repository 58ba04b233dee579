// file_descriptor: a descriptor as a Lua value, with no operations of its own but dup and close.
#pragma once

#include <lua.hpp>
#include <memory>
#include <span>
#include <vector>

#include "lib/base/unique_fd.h"
#include "lib/lua/class.h"

namespace emilua::bindings {

class lent_descriptors;

struct file_descriptor {
  struct shared {
    base::unique_fd fd;
    const lent_descriptors* lent_to = nullptr;
  };

  std::shared_ptr<shared> state;

  [[nodiscard]] int number() const noexcept { return state->fd.get(); }
  // An operation uses it: everything else is EBUSY.
  [[nodiscard]] bool is_busy() const noexcept { return state->lent_to != nullptr; }
};

void push_file_descriptor(lua_State* L, base::unique_fd fd);

// The number of the object at `index`, which keeps it. EINVAL with arg = index for anything else,
// EBUSY while an operation uses it.
[[nodiscard]] int check_file_descriptor(lua_State* L, int index);

// Takes the descriptor of the object at `index`, which is inert afterwards. Errors as above.
[[nodiscard]] base::unique_fd take_file_descriptor(lua_State* L, int index);

// Descriptors that an operation uses: busy, and open whatever becomes of their objects, until this
// is destroyed. Used from the VM's strand.
class lent_descriptors {
 public:
  // Those in the list at `index`, up to the first nil; an object that is listed twice counts once.
  // EINVAL with arg = index for anything but a list of descriptors, EBUSY when one is busy. A list
  // longer than any message may carry is not read to its end.
  [[nodiscard]] static std::shared_ptr<lent_descriptors> borrow(lua_State* L, int index);

  lent_descriptors() = default;
  lent_descriptors(const lent_descriptors&) = delete;
  lent_descriptors& operator=(const lent_descriptors&) = delete;
  ~lent_descriptors();

  [[nodiscard]] std::span<const int> numbers() const noexcept { return numbers_; }

 private:
  std::vector<std::shared_ptr<file_descriptor::shared>> lent_;
  std::vector<int> numbers_;
};

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::file_descriptor>();
