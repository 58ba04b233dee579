#include "lib/bindings/io/pollable.h"

#include <fcntl.h>
#include <sys/epoll.h>

namespace emilua::bindings {

std::error_code pollable_object::prepare(direction which) {
  auto& queue = queues_[static_cast<int>(which)];
  if (queue) return {};
  base::unique_fd set{::epoll_create1(EPOLL_CLOEXEC)};
  if (!set) return base::last_error();
  epoll_event event{};
  event.events = which == direction::read ? EPOLLIN : EPOLLOUT;
  if (::epoll_ctl(set.get(), EPOLL_CTL_ADD, native(), &event) == -1) return base::last_error();
  // The set is readable once our descriptor is ready for `which`.
  queue = std::make_shared<operation_queue>(loop_, std::move(set), operation_queue::wait_read);
  return {};
}

void pollable_object::cancel() {
  for (auto& queue : queues_)
    if (queue) queue->cancel();
}

void pollable_object::retry() {
  for (auto& queue : queues_)
    if (queue) queue->retry();
}

void pollable_object::close() {
  cancel();
  for (auto& queue : queues_) queue.reset();
  fd_.reset();
}

base::unique_fd pollable_object::release() {
  cancel();
  for (auto& queue : queues_) queue.reset();
  base::unique_fd fd;
  // A thread may still be reading: then the caller gets a number of its own.
  if (fd_.use_count() == 1)
    fd = std::move(*fd_);
  else
    fd.reset(::fcntl(fd_->get(), F_DUPFD_CLOEXEC, 0));
  fd_.reset();
  return fd;
}

}  // namespace emilua::bindings
