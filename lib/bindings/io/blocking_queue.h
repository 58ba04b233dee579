// Reads and writes of what cannot be polled, such as files: at once where that does not wait and is
// no more than a few megabytes, and otherwise on threads that may block.
//
//   auto queue = std::make_shared<blocking_queue>(process.blocking());
//   queue->start(fd, {direction::read, room, size},        // shared_ptr<base::unique_fd>
//                handler);                                  // handler(std::error_code, size_t)
//
// Operations at the descriptor's position are done one after the other, in the order in which they
// came; those at an offset of their own wait for nobody. An operation that no thread has begun can
// be cancelled, through the handler's cancellation slot or by cancel(), and ends with
// operation_aborted; one that has begun runs to its end and keeps its result. Handlers are called
// through their associated executor, never from inside start(), and keep its event loop running.
// Used from one strand: that of the handlers' associated executor.
//
// Why no io_uring: the attempt that does not wait has the kernel begin to read what is not cached,
// so that a thread wakes up while the disk is at work. What a ring gains after it, measured on a
// busy machine: half of the processor time of reads of 4 KiB that are not cached, and a quarter of
// their time if there is one under way; nothing certain if there are 16, or if they are larger.
// Against that, a ring's workers keep the credentials of whoever used it, block the signal that
// makes threads give these up (lib/ipc/all_threads.h), and go only some time after the ring is
// closed, which has to wait for all that is under way.
#pragma once

#include <atomic>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "lib/base/unique_fd.h"
#include "lib/bindings/io/attempt.h"
#include "lib/bindings/io/completion.h"
#include "lib/fiber/blocking_threads.h"

namespace emilua::bindings {

class blocking_queue : public std::enable_shared_from_this<blocking_queue> {
 public:
  explicit blocking_queue(fiber::blocking_threads& threads) : threads_(threads) {}

  template <class Handler>
  void start(std::shared_ptr<base::unique_fd> fd, const io_request& request, Handler handler) {
    const bool has_turn = !is_ordered(request) || entries_.empty();
    if (has_turn) {
      const io_outcome outcome = try_now(*fd, request);
      if (!outcome.would_block)
        return post_completion(std::move(handler), outcome.error, outcome.bytes);
    }
    const std::uint64_t id = ++last_id_;
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this(), id](boost::asio::cancellation_type) {
        if (const auto self = weak.lock()) self->cancel(id);
      });
    }
    entry_list added;
    added.push_back(
        std::make_unique<typed_entry<Handler>>(id, std::move(fd), request, std::move(handler)));
    if (has_turn) {
      if (const std::error_code error = added.front()->submit(*this))
        return added.front()->complete(error, 0);
    }
    entries_.splice(entries_.end(), added);  // which cannot fail: a thread may be at it
  }

  // Ends all operations that no thread has begun.
  void cancel();

 private:
  struct entry {
    entry(std::uint64_t i, std::shared_ptr<base::unique_fd> f, const io_request& r)
        : id(i), fd(std::move(f)), request(r) {}
    virtual ~entry() = default;
    // Hands the operation to a thread. An error if there are none, nor can be made.
    [[nodiscard]] virtual std::error_code submit(blocking_queue& queue) = 0;
    // True: no thread has begun, nor ever will.
    [[nodiscard]] virtual bool withdraw() = 0;
    virtual void complete(std::error_code error, std::size_t bytes) = 0;

    std::uint64_t id;
    std::shared_ptr<base::unique_fd> fd;
    io_request request;
    bool submitted = false;
  };
  using entry_list = std::list<std::unique_ptr<entry>>;

  // What a thread needs, until it or the strand has claimed it. A job that is cancelled may lie in
  // the queue of the threads for longer than the event loop lives.
  template <class Executor>
  struct job {
    struct content {
      decltype(keep_running(std::declval<Executor>())) work;  // goes last
      Executor executor;
      std::shared_ptr<blocking_queue> queue;
      std::shared_ptr<base::unique_fd> fd;
    };

    [[nodiscard]] bool claim() noexcept { return !claimed.exchange(true); }

    std::atomic<bool> claimed{false};
    std::optional<content> held;  // whoever has claimed the job empties it
  };

  template <class Handler>
  struct typed_entry final : entry {
    using executor = boost::asio::associated_executor_t<Handler>;

    typed_entry(std::uint64_t i, std::shared_ptr<base::unique_fd> f, const io_request& r, Handler h)
        : entry(i, std::move(f), r), handler(std::move(h)) {}

    std::error_code submit(blocking_queue& queue) override {
      const auto run_on = boost::asio::get_associated_executor(handler);
      const auto made = std::make_shared<job<executor>>();
      made->held.emplace(typename job<executor>::content{keep_running(run_on), run_on,
                                                         queue.shared_from_this(), fd});
      const auto run = [j = made, r = request, i = id] {
        if (!j->claim()) return;
        auto mine = std::move(*std::exchange(j->held, std::nullopt));
        const io_outcome outcome = attempt(mine.fd->get(), r, /*wait=*/true);
        mine.fd.reset();  // whoever sees the result may close it
        boost::asio::post(mine.executor,
                          [queue = mine.queue, i, outcome] { queue->finish(i, outcome); });
      };
      if (const std::error_code error = queue.threads_.post(run)) return error;
      given = made;
      submitted = true;
      fd.reset();
      return {};
    }
    [[nodiscard]] bool withdraw() override { return !given || given->claim(); }
    void complete(std::error_code error, std::size_t bytes) override {
      post_completion(std::move(handler), error, bytes);
      // Only now, so that the event loop always has work.
      if (given) given->held.reset();
    }

    Handler handler;
    std::shared_ptr<job<executor>> given;
  };

  [[nodiscard]] static bool is_ordered(const io_request& request) noexcept {
    return request.offset == current_position;
  }
  // Copying more than this would keep the caller's thread from other fibers for too long.
  static constexpr std::size_t most_at_once = 4 << 20;
  [[nodiscard]] static io_outcome try_now(const base::unique_fd& fd,
                                          const io_request& request) noexcept {
    if (request.size > most_at_once) return {.error = {}, .bytes = 0, .would_block = true};
    return attempt(fd.get(), request, /*wait=*/false);
  }

  void cancel(std::uint64_t id);
  [[nodiscard]] entry_list::iterator find(std::uint64_t id);
  // Begins what had to wait for its turn.
  void advance();
  void finish(std::uint64_t id, const io_outcome& outcome);

  fiber::blocking_threads& threads_;
  entry_list entries_;
  std::uint64_t last_id_ = 0;
};

}  // namespace emilua::bindings
