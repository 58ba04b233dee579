// A pseudoterminal for the program, relayed to our own standard streams.
//
//   auto terminal = terminal::make();
//   … the program has terminal->slave() for its streams …
//   terminal->start();                       // our terminal is raw from here on, and restored at
//   the end terminal->watch(events); poll(…); terminal->handle(events); terminal->drain(); // when
//   the program has ended
//
// The program's terminal is set as ours is, and has its size. Keys reach it as they are: what ^C
// and ^Z mean is its own affair. Where our standard input is none, its end is the key that means
// one. Source: pty(7), termios(3), ioctl_tty(2).
#pragma once

#include <poll.h>
#include <termios.h>

#include <optional>
#include <span>
#include <string>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"

namespace emilua::confine {

class terminal {
 public:
  [[nodiscard]] static base::result<terminal> make();

  terminal(terminal&&) noexcept = default;
  terminal& operator=(terminal&&) = delete;
  ~terminal() { restore(); }

  [[nodiscard]] int slave() const noexcept { return slave_.get(); }

  // Gives the slave up, which the program has now. EIO: our terminal cannot be set.
  [[nodiscard]] base::result<> start();

  static constexpr std::size_t watched = 3;
  void watch(std::span<pollfd, watched> events) const;
  void handle(std::span<const pollfd, watched> events);

  // Nobody has the slave open, and nobody says when it is opened again: look at it now and then.
  [[nodiscard]] bool is_unused() const noexcept { return unused_; }
  static constexpr int unused_for = 50;  // milliseconds

  void resize() const;
  // Stops this process with our terminal as it was, and returns when it is continued.
  void suspend();
  // What the program has written and nobody has read yet; our terminal as it was.
  void drain();

 private:
  terminal(base::unique_fd master, base::unique_fd slave)
      : master_(std::move(master)), slave_(std::move(slave)) {}

  void make_raw();
  void restore() noexcept;
  void read_keys();
  void type(const char* text, std::size_t size);
  // False: there is nothing at present.
  bool read_screen();
  void write_screen();

  base::unique_fd master_, slave_;
  std::optional<termios> ours_;  // as it was, where our standard input is a terminal
  bool raw_ = false;
  bool unused_ = false;
  bool keys_ = true;            // may still come
  bool line_begins_ = true;     // what was typed last is a whole line
  std::string typed_, screen_;  // on their way
};

}  // namespace emilua::confine
