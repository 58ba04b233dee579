#include "lib/fiber/thread_list.h"

#include <utility>

namespace emilua::fiber {

std::error_code thread_list::start(absl::AnyInvocable<void()> function) {
  const std::scoped_lock lock{mutex_};
  std::erase_if(entries_, [](entry& e) {
    const bool ended = *e.ended;
    if (ended) e.thread.join();
    return ended;
  });
  auto ended = std::make_shared<std::atomic<bool>>(false);
  entries_.push_back({std::thread{}, ended});
  try {
    entries_.back().thread = std::thread{[function = std::move(function), ended]() mutable {
      function();
      function = nullptr;  // what it holds goes with it
      *ended = true;
    }};
  } catch (const std::system_error& error) {
    entries_.pop_back();
    return error.code();
  }
  return {};
}

void thread_list::join() {
  for (;;) {
    std::thread last;
    {
      const std::scoped_lock lock{mutex_};
      if (entries_.empty()) return;
      last = std::move(entries_.back().thread);
      entries_.pop_back();
    }
    last.join();
  }
}

std::size_t thread_list::size() const {
  const std::scoped_lock lock{mutex_};
  return entries_.size();
}

}  // namespace emilua::fiber
