// What all VMs of one process share: event loop, arguments, environment, sources, exit status.
//
//   context process{{.arguments = {"emilua", "main.lua"}}};
//   … create VMs …
//   process.run();                       // until no VM has anything left to do
//   return process.exit_code();
#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/fiber/diagnostics.h"
#include "lib/fiber/source_store.h"

namespace emilua::fiber {

class context {
 public:
  struct options {
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<std::string> module_directories;  // where external modules are looked for
    diagnostics log;
    bool text_only = false;  // refuse bytecode: this process is in a box
  };

  // Throws std::system_error if the event loop's descriptors are not to be had: better now than at
  // the program's first operation.
  explicit context(options opts);
  ~context();

  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }
  [[nodiscard]] const options& config() const noexcept { return options_; }
  [[nodiscard]] const diagnostics& log() const noexcept { return options_.log; }
  [[nodiscard]] source_store& sources() noexcept { return sources_; }

  // Threads for system calls that block whatever the kernel is told; made on first use.
  [[nodiscard]] boost::asio::thread_pool& blocking_pool();

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

  void set_exit_code(int code) noexcept { exit_code_ = code; }
  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

  void run() { io_.run(); }

 private:
  template <class T>
  static constexpr char service_key = 0;  // its address stands for the type

  options options_;
  boost::asio::io_context io_;
  source_store sources_;
  std::atomic<int> exit_code_{0};
  std::mutex pool_mutex_;
  std::optional<boost::asio::thread_pool> pool_;
  absl::flat_hash_map<const void*, void*> services_;
};

}  // namespace emilua::fiber
