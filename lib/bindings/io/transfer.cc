#include "lib/bindings/io/transfer.h"

#include <algorithm>

namespace emilua::bindings {

transfer_object::~transfer_object() { cancel_blocking(); }

void transfer_object::assign(base::unique_fd fd) {
  decltype(blocking_) queues;
  if (!is_pollable(fd.get()))
    for (auto& queue : queues) queue = std::make_shared<blocking_queue>(process_.blocking());
  pollable_object::assign(std::move(fd));
  std::ranges::move(queues, blocking_);
}

void transfer_object::cancel() {
  pollable_object::cancel();
  cancel_blocking();
}

void transfer_object::cancel_blocking() {
  for (auto& queue : blocking_)
    if (queue) queue->cancel();
}

void transfer_object::forget_blocking() {
  cancel_blocking();
  for (auto& queue : blocking_) queue.reset();
}

void transfer_object::close() {
  forget_blocking();
  pollable_object::close();
}

base::unique_fd transfer_object::release() {
  forget_blocking();
  return pollable_object::release();
}

}  // namespace emilua::bindings
