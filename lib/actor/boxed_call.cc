#include "lib/actor/boxed_call.h"

#include <absl/functional/any_invocable.h>
#include <signal.h>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lib/actor/channel.h"
#include "lib/actor/spawn_process.h"
#include "lib/actor/value.h"
#include "lib/bindings/io/completion.h"
#include "lib/bindings/io/operation_queue.h"
#include "lib/bindings/sandbox/clauses.h"
#include "lib/bindings/sandbox/handshake.h"
#include "lib/fiber/suspend.h"
#include "lib/ipc/message.h"
#include "lib/ipc/seqpacket.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"

namespace emilua::actor {
namespace {

// What the actor's process runs in place of its module, whose text comes with the message.
constexpr std::string_view entry = R"lua(
local call = require('inbox'):receive()
local environment = getfenv(1)
local ok, value = pcall(function()
    local chunk, problem = loadstring(call.source, call.name)
    if not chunk then
        error(problem, 0)
    end
    local f = setfenv(chunk, environment)()
    if type(f) ~= 'function' then
        error(call.name:sub(2) .. ': returns no function', 0)
    end
    return f(call.argument)
end)
local answer = ok and {ok = true, value = value} or {ok = false, problem = tostring(value)}
if not pcall(call.reply_to.send, call.reply_to, answer) then
    call.reply_to:send{ok = false, problem = 'the result cannot be sent'}
end
)lua";

// Of what the function has raised: the part that is passed on.
constexpr std::size_t max_problem = 4096;

class boxed_call : public std::enable_shared_from_this<boxed_call> {
 public:
  boxed_call(fiber::vm& v, std::shared_ptr<bindings::handshake_in_progress> talk,
             outgoing_value value, ipc::outgoing_message message, base::unique_fd reply)
      : io_(v.io()),
        strand_(v.executor()),
        patience_(v.io()),
        talk_(std::move(talk)),
        sending_(outgoing{std::move(value), std::move(message)}),
        reply_(std::make_shared<bindings::operation_queue>(v.io(), std::move(reply),
                                                           bindings::operation_queue::wait_read)) {}

  // handler(std::error_code) once the process is gone, and what has come of it is known.
  template <class Handler>
  void run(spawned_process process, std::optional<std::chrono::nanoseconds> timeout,
           Handler handler) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this()](boost::asio::cancellation_type) {
        if (const auto self = weak.lock()) self->conclude(outcome::cancelled);
      });
    }
    done_ = [handler = std::move(handler)](std::error_code error) mutable {
      bindings::post_completion(std::move(handler), error);
    };
    begin(std::move(process), timeout);
  }

  // Pushes the result and returns 1, or pushes an error and returns raise_value.
  int push(lua_State* L);

 private:
  enum class outcome {
    none,
    handshake,  // not in the box: talk_ says why
    answered,
    died,  // without an answer
    late,
    cancelled,
  };
  using message_ptr = std::shared_ptr<ipc::received_message>;

  // A message under way, and what it refers to.
  struct outgoing {
    outgoing_value value;
    ipc::outgoing_message message;
  };

  template <class Result>
  auto on_strand(void (boxed_call::*member)(std::error_code, Result)) {
    return boost::asio::bind_executor(
        strand_, [self = shared_from_this(), member](std::error_code error, auto result) {
          ((*self).*member)(error, std::move(result));
        });
  }

  void begin(spawned_process process, std::optional<std::chrono::nanoseconds> timeout);
  void heard(std::error_code error);
  void send();
  [[nodiscard]] bool receive();
  void received(std::error_code error, bool any);
  void ended(std::error_code error, ipc::exit_status status);
  void look_for_the_end();
  void conclude(outcome what);
  void finish();

  int push_answer(lua_State* L);
  void push_end(lua_State* L) const;

  boost::asio::io_context& io_;
  fiber::strand strand_;
  boost::asio::steady_timer patience_;
  std::shared_ptr<bindings::handshake_in_progress> talk_;
  std::optional<outgoing> sending_;
  std::shared_ptr<bindings::operation_queue> reply_, sends_;
  std::shared_ptr<child_process> child_;
  absl::AnyInvocable<void(std::error_code)> done_;
  outcome outcome_ = outcome::none;
  bool heard_ = false;
  bool ended_ = false;
  message_ptr answer_;  // also what is malformed
  std::error_code end_error_;
  ipc::exit_status end_{};
};

void boxed_call::begin(spawned_process process, std::optional<std::chrono::nanoseconds> timeout) {
  child_ = std::move(process.child);
  sends_ = std::make_shared<bindings::operation_queue>(io_, std::move(process.channel),
                                                       bindings::operation_queue::wait_write);
  if (timeout) {
    patience_.expires_after(*timeout);
    patience_.async_wait(
        boost::asio::bind_executor(strand_, [self = shared_from_this()](std::error_code error) {
          if (!error) self->conclude(outcome::late);
        }));
  }
  bindings::listen(talk_, boost::asio::bind_executor(
                              strand_, [self = shared_from_this()](std::error_code error) {
                                self->heard(error);
                              }));
  reply_->start(
      [this]() -> std::optional<bool> { return receive() ? std::optional{true} : std::nullopt; },
      on_strand(&boxed_call::received));
  child_->async_wait(on_strand(&boxed_call::ended));
}

void boxed_call::heard(std::error_code error) {
  heard_ = true;
  if (error || outcome_ != outcome::none) return;
  const auto& said = talk_->said;
  if (talk_->size != sizeof said || said.what != sandbox::box_message::kind::ready)
    return conclude(outcome::handshake);
  talk_->report->in_force = true;
  if (ended_) return look_for_the_end();
  send();
}

void boxed_call::send() {
  auto attempt = [this, socket = sends_->native()]() -> std::optional<bool> {
    const auto sent = sending_->message.send(socket);
    if (!sent && sent.error() == std::errc::resource_unavailable_try_again) return std::nullopt;
    // Whoever does not listen does not answer either: the end, or the time, tells.
    sending_.reset();
    return true;
  };
  // Nobody else is to hold the other end of the reply, once it is sent.
  sends_->start(
      std::move(attempt),
      boost::asio::bind_executor(
          strand_, [self = shared_from_this()](std::error_code, bool) { self->sends_.reset(); }));
}

// Takes what the actor has sent, once. True: there is nothing to wait for any more.
bool boxed_call::receive() {
  auto message = std::make_shared<ipc::received_message>(ipc::receive_message(reply_->native()));
  if (message->status == ipc::packet_status::would_block) return false;
  if (message->status != ipc::packet_status::closed) answer_ = std::move(message);
  return true;
}

void boxed_call::received(std::error_code error, bool /*any*/) {
  // One that has let go of the reply is heard of at its end.
  if (!error && answer_) conclude(outcome::answered);
}

void boxed_call::ended(std::error_code error, ipc::exit_status status) {
  ended_ = true;
  end_error_ = error;
  end_ = status;
  if (error == bindings::aborted()) return conclude(outcome::cancelled);  // the VM closes
  if (heard_) look_for_the_end();
  finish();
}

// The process has ended. Its answer may be here unread, and somebody else may hold the other end.
void boxed_call::look_for_the_end() {
  if (outcome_ != outcome::none) return;
  if (!answer_) static_cast<void>(receive());
  conclude(answer_ ? outcome::answered : outcome::died);
}

void boxed_call::conclude(outcome what) {
  if (outcome_ != outcome::none) return;
  outcome_ = what;
  // Whatever it is doing, it has had its turn. The only failure is that it has ended already.
  static_cast<void>(child_->send_signal(SIGKILL));
  patience_.cancel();
  reply_->cancel();
  if (sends_) sends_->cancel();
  if (!heard_) talk_->socket.cancel();
  finish();
}

void boxed_call::finish() {
  if (outcome_ == outcome::none || !ended_ || !done_) return;
  std::exchange(done_,
                nullptr)(outcome_ == outcome::cancelled ? bindings::aborted() : std::error_code{});
}

// --- the result -------------------------------------------------------------

int boxed_call::push(lua_State* L) {
  switch (outcome_) {
    case outcome::answered:
      return push_answer(L);
    case outcome::handshake:
      static_cast<void>(bindings::push_if_not_ready(L, *talk_));
      break;
    case outcome::late:
      bindings::push_clause(L, std::make_error_code(std::errc::timed_out), "",
                            "there was no answer in time");
      break;
    case outcome::none:
    case outcome::cancelled:
    case outcome::died:
      push_end(L);
  }
  return fiber::raise_value;
}

// An answer is {ok = true, value = …} or {ok = false, problem = text}, if it is from our lines.
int boxed_call::push_answer(lua_State* L) {
  if (answer_->status == ipc::packet_status::received) {
    push_value(L, *answer_);
    if (lua_istable(L, -1)) {
      lua_getfield(L, -1, "ok");
      const bool is_answer = lua_isboolean(L, -1), ok = lua_toboolean(L, -1) != 0;
      lua_pop(L, 1);
      lua_getfield(L, -1, ok ? "value" : "problem");
      lua_remove(L, -2);
      if (is_answer && ok) return 1;
      if (is_answer && lua_type(L, -1) == LUA_TSTRING) {
        // What the function has raised, which is text to us, whatever it was.
        lua::push_text(L, lua::to_text(L, -1).substr(0, max_problem));
        lua_remove(L, -2);
        return fiber::raise_value;
      }
    }
    lua_pop(L, 1);
  }
  bindings::push_clause(L, std::make_error_code(std::errc::protocol_error), "",
                        "the answer is malformed");
  return fiber::raise_value;
}

void boxed_call::push_end(lua_State* L) const {
  if (end_error_) return lua::push(L, end_error_);
  const bool signaled = end_.signal != 0;
  const std::string how = signaled ? "was ended by signal " + std::to_string(end_.signal)
                                   : "has left with status " + std::to_string(end_.code);
  bindings::push_clause(L, std::make_error_code(std::errc::connection_reset), "",
                        "the box's process " + how + " before it had answered");
  lua_pushinteger(L, signaled ? end_.signal : end_.code);
  lua_setfield(L, -2, signaled ? "exit_signal" : "exit_code");
}

// --- the call ---------------------------------------------------------------

// Pushes {source, name, argument, reply_to}.
void push_request(lua_State* L, const std::string& path, const std::string& source, int argument,
                  base::unique_fd reply) {
  lua_createtable(L, 0, 4);
  lua::push_text(L, source);
  lua_setfield(L, -2, "source");
  lua::push_text(L, "@" + path);
  lua_setfield(L, -2, "name");
  lua_pushvalue(L, argument);
  lua_setfield(L, -2, "argument");
  push_channel(L, std::move(reply));
  lua_setfield(L, -2, "reply_to");
}

// Null if the entry is not among what is shipped.
std::string* source_of_entry(actor_config& config) {
  for (auto& [path, source] : config.sources)
    if (path == config.module) return &source;
  return nullptr;
}

class caller final : public bindings::box_caller {
 public:
  int call(lua_State* L, const bindings::box_call& call) override {
    constexpr int caller_level = 2;  // behind the wrapper that suspending functions have
    spawn_options options = read_process(L, call.options, caller_level);
    std::string* const source = source_of_entry(options.config);
    // A file of the child's own, which a box does not have.
    if (source == nullptr) lua::raise(L, lua::core_errc::invalid_module_name);
    auto ends = ipc::make_channel();
    if (!ends) lua::raise(L, ends.error());
    push_request(L, options.config.module, *source, call.argument, std::move(ends->second));
    *source = entry;
    outgoing_value value{L, lua_gettop(L), call.argument};
    auto message = ipc::outgoing_message::prepare(value.writer());
    if (!message) lua::raise(L, message.error());
    // What the program does with its own objects until the child listens is not to matter.
    if (const auto kept = message->keep_descriptors(); !kept) lua::raise(L, kept.error());
    lua_getfield(L, -1, "reply_to");
    lua::check<ipc_channel>(L, lua_gettop(L)).close();
    auto operation = std::make_shared<boxed_call>(fiber::vm::of(L), call.talk, std::move(value),
                                                  std::move(*message), std::move(ends->first));
    return fiber::await(
        L,
        [&](auto handler) {
          operation->run(start_process(L, options), call.timeout, std::move(handler));
        },
        [operation](lua_State* R) { return operation->push(R); });
  }
};

}  // namespace

bindings::box_caller& boxed_calls() noexcept {
  static caller instance;
  return instance;
}

}  // namespace emilua::actor
