#include "lib/fiber/context.h"

namespace emilua::fiber {

context::context(options opts)
    : options_(std::move(opts)),
      main_pool_(options_.main_concurrency),
      machine_code_(options_.jit) {}

std::error_code context::launch(std::unique_ptr<pool> p) {
  return launched_.start([p = std::move(p)] { p->run(); });
}

void context::run() {
  main_pool_.run();
  launched_.join();
}

}  // namespace emilua::fiber
