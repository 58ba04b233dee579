#include "lib/bindings/io/blocking_queue.h"

#include <algorithm>

namespace emilua::bindings {

blocking_queue::entry_list::iterator blocking_queue::find(std::uint64_t id) {
  return std::ranges::find(entries_, id, [](const auto& e) { return e->id; });
}

void blocking_queue::advance() {
  while (!entries_.empty() && !entries_.front()->submitted) {
    entry& next = *entries_.front();
    io_outcome outcome = try_now(*next.fd, next.request);
    if (outcome.would_block) {
      outcome = {.error = next.submit(*this)};
      if (!outcome.error) return;
    }
    next.complete(outcome.error, outcome.bytes);
    entries_.pop_front();
  }
}

void blocking_queue::finish(std::uint64_t id, const io_outcome& outcome) {
  const auto it = find(id);
  (*it)->complete(outcome.error, outcome.bytes);
  entries_.erase(it);
  advance();
}

void blocking_queue::cancel(std::uint64_t id) {
  const auto it = find(id);
  if (it == entries_.end() || !(*it)->withdraw()) return;
  (*it)->complete(aborted(), 0);
  entries_.erase(it);
  advance();
}

void blocking_queue::cancel() {
  std::erase_if(entries_, [](const auto& e) {
    if (!e->withdraw()) return false;
    e->complete(aborted(), 0);
    return true;
  });
}

}  // namespace emilua::bindings
