// A Lua state with which every VM begins: libraries and globals, and nothing of a process yet.
//
//   fresh_state fresh{names};                                   // any time before
//   auto v = vm::create(process, threads, options, fresh);      // here, or in a fork of the
//   process
//
// Most of the work of making a VM does not depend on what it is for. What is done in a process
// before it forks is done for all its children: they begin with a copy.
//
// The copies have the seed of the strings' hashes and of LuaJIT's generator in common, as processes
// forked from one have the layout of their memory and the stack protector's secret in common: none
// of them tells anything of another, but what a program finds out of its own seed holds for the
// siblings. Nothing of a program has been in the state when it is copied.
#pragma once

#include <cstddef>
#include <lua.hpp>

#include "lib/fiber/block_cache.h"
#include "lib/fiber/builtins.h"

namespace emilua::fiber {

class vm;

class fresh_state {
 public:
  // std::bad_alloc when there is no memory for it.
  explicit fresh_state(const builtins& names);
  ~fresh_state();

  // For a state of which there are to be many copies: does once what each would soon do, and what
  // would touch the memory that they have in common.
  void settle();

  fresh_state(const fresh_state&) = delete;
  fresh_state& operator=(const fresh_state&) = delete;

 private:
  friend class vm;  // takes both

  static void* allocate(void* self, void* block, std::size_t old_size,
                        std::size_t new_size) noexcept;

  block_cache blocks_;
  lua_State* state_;
};

}  // namespace emilua::fiber
