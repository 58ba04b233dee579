// What all VMs of one process share: thread pools, arguments, environment, sources, exit status.
//
//   context process{{.arguments = {"emilua", "main.lua"}}};
//   … create VMs on process.main_pool() …
//   process.run();                       // until no VM has anything left to do
//   return process.exit_code();
//
// Thread safety: once run() is called, everything but run() and provide() may be used from any
// thread.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/fiber/blocking_threads.h"
#include "lib/fiber/diagnostics.h"
#include "lib/fiber/pool.h"
#include "lib/fiber/source_store.h"
#include "lib/fiber/thread_list.h"

namespace emilua::fiber {

class context {
 public:
  struct options {
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<std::string> module_directories;  // where external modules are looked for
    std::vector<std::string> module_patterns;     // then these, with the module's name for `?`
    diagnostics log;
    concurrency main_concurrency = concurrency::multiple;
    bool test = false;       // _CONTEXT of the entry script is "test"
    bool text_only = false;  // no bytecode, FFI or native plugins: this process is in a box
    bool jit = true;         // machine code may be made of Lua code, until it is forbidden
  };

  // Throws what the constructor of a pool throws.
  explicit context(options opts);

  [[nodiscard]] pool& main_pool() noexcept { return main_pool_; }
  [[nodiscard]] const options& config() const noexcept { return options_; }
  [[nodiscard]] const diagnostics& log() const noexcept { return options_.log; }
  [[nodiscard]] source_store& sources() noexcept { return sources_; }

  // For system calls that block whatever the kernel is told.
  [[nodiscard]] blocking_threads& blocking() noexcept { return blocking_; }

  // What the process offers its VMs beyond this class, found by type. The caller keeps ownership
  // and provides before the first VM starts.
  template <class T>
  void provide(T& service) {
    services_[&service_key<T>] = &service;
  }
  template <class T>
  [[nodiscard]] T* find() const noexcept {
    const auto it = services_.find(&service_key<T>);
    return it == services_.end() ? nullptr : static_cast<T*>(it->second);
  }

  // No VM that starts from now on makes machine code of Lua code.
  void forbid_machine_code() noexcept { machine_code_ = false; }
  [[nodiscard]] bool may_make_machine_code() const noexcept { return machine_code_; }
  // How many VMs there are.
  [[nodiscard]] int vm_count() const noexcept { return vms_; }
  void count_vm(int change) noexcept { vms_ += change; }

  void set_exit_code(int code) noexcept { exit_code_ = code; }
  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

  // Runs a pool on a thread of its own until it has nothing left to do.
  [[nodiscard]] std::error_code launch(std::unique_ptr<pool> p);

  // Runs the main pool on this thread, and returns when the launched ones have ended too.
  void run();

 private:
  template <class T>
  static constexpr char service_key = 0;  // its address stands for the type

  options options_;
  pool main_pool_;
  source_store sources_;
  std::atomic<int> exit_code_{0};
  std::atomic<bool> machine_code_;
  std::atomic<int> vms_{0};
  thread_list launched_;
  // Goes before the loops, to which its jobs refer.
  blocking_threads blocking_;
  absl::flat_hash_map<const void*, void*> services_;
};

}  // namespace emilua::fiber
