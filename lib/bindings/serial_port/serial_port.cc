#include "lib/bindings/serial_port/serial_port.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/unique_fd.h"
#include "lib/bindings/io/completion.h"
#include "lib/bindings/io/lifecycle.h"
#include "lib/bindings/io/some.h"
#include "lib/bindings/io/transfer.h"
#include "lib/bindings/serial_port/line.h"
#include "lib/bindings/system/arguments.h"
#include "lib/fiber/may_suspend.h"
#include "lib/fiber/suspend.h"
#include "lib/fiber/vm.h"
#include "lib/lua/class.h"
#include "lib/lua/error.h"

namespace emilua::bindings {

struct serial_port {
  explicit serial_port(fiber::vm& v) : io(v.process(), v.io()) {}
  transfer_object io;
};

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::serial_port>();

namespace emilua::bindings {
namespace {

// Non-blocking, as a line without a carrier would make open(2) wait for one.
constexpr int open_flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;

transfer_object& io_of(lua_State* L) { return lua::check<serial_port>(L, 1).io; }

int open(lua_State* L) {
  auto& io = io_of(L);
  std::size_t size;
  const char* device = luaL_checklstring(L, 2, &size);
  check_not_open<io_of>(L);
  // The kernel would silently take what stands before a NUL for the whole path.
  if (std::string_view{device, size}.find('\0') != std::string_view::npos)
    lua::raise(L, base::system_error(EINVAL));
  base::unique_fd fd{base::retry([&] { return ::open(device, open_flags); })};
  if (!fd || ::isatty(fd.get()) == 0) lua::raise(L, base::last_error());
  io.assign(std::move(fd));
  return 0;
}

int ptypair(lua_State* L) {
  base::unique_fd terminal{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!terminal || ::unlockpt(terminal.get()) == -1) lua::raise(L, base::last_error());
  // Not by its name, which may stand for another one in this process's view of the files.
  base::unique_fd program{::ioctl(terminal.get(), TIOCGPTPEER, open_flags)};
  if (!program) lua::raise(L, base::last_error());
  lua::push_new<serial_port>(L, fiber::vm::of(L)).io.assign(std::move(terminal));
  push_file_descriptor(L, std::move(program));
  return 2;
}

// Takes a quarter of a second, or longer where there is still something to be sent.
std::error_code break_line(int fd) noexcept {
  return base::retry([&] { return ::tcsendbreak(fd, 0); }) == -1 ? base::last_error()
                                                                 : std::error_code{};
}

// A break on a thread that may block. Nothing stops it: an interruption request has to wait.
template <class Handler>
class break_job {
 public:
  break_job(std::shared_ptr<base::unique_fd> fd, Handler handler)
      : fd_(std::move(fd)), handler_(std::move(handler)) {}

  void run() {
    const std::error_code error = break_line(fd_->get());
    fd_.reset();  // whoever sees the result may close it
    handler_.complete(error);
  }

 private:
  std::shared_ptr<base::unique_fd> fd_;
  foreign_handler<Handler> handler_;
};

// Part of a program's straight-line code, which must work where a fiber cannot wait, too.
int send_break(lua_State* L) {
  auto& io = check_open<io_of>(L);
  if (!fiber::may_suspend(L)) {
    if (const std::error_code error = break_line(io.native())) lua::raise(L, error);
    lua_pushboolean(L, 1);
    return 1;
  }
  return fiber::await(
      L,
      [&](auto handler) {
        const auto job =
            std::make_shared<break_job<decltype(handler)>>(io.shared(), std::move(handler));
        // Without a thread to block, this one has to.
        if (fiber::vm::of(L).process().blocking().post([job] { job->run(); })) job->run();
      },
      fiber::push_nothing);
}

// --- terminals: EBADF is generic here ---

int check_terminal(lua_State* L) {
  auto& io = io_of(L);
  if (!io.is_open()) lua::raise(L, std::errc::bad_file_descriptor);
  return io.native();
}

int isatty(lua_State* L) {
  lua_pushboolean(L, ::isatty(check_terminal(L)));
  return 1;
}

int tcgetpgrp(lua_State* L) {
  const pid_t group = ::tcgetpgrp(check_terminal(L));
  if (group == -1) lua::raise(L, base::last_error());
  lua_pushinteger(L, group);
  return 1;
}

int tcsetpgrp(lua_State* L) {
  const pid_t group = check_integer(L, 2);
  if (::tcsetpgrp(check_terminal(L), group) == -1) lua::raise(L, base::last_error());
  return 0;
}

// --- settings of the line ---

termios line_of(lua_State* L) {
  termios line;
  if (::tcgetattr(check_open<io_of>(L).native(), &line) == -1) lua::raise(L, base::last_error());
  return line;
}

void apply(lua_State* L, const termios& line) {
  const int fd = io_of(L).native();
  if (base::retry([&] { return ::tcsetattr(fd, TCSANOW, &line); }) == -1)
    lua::raise(L, base::last_error());
}

constexpr int value_argument = 3;

template <class Value>
struct choice {
  std::string_view name;
  Value value;
};

// The choice of which argument 3 is the name.
template <class Value, std::size_t Count>
Value check_choice(lua_State* L, const choice<Value> (&choices)[Count]) {
  const std::string_view name = lua::to_text(L, value_argument);
  if (name.data() == nullptr) lua::raise_argument(L, value_argument);
  for (const auto& entry : choices)
    if (entry.name == name) return entry.value;
  lua::raise(L, std::errc::not_supported);
}

// nil for a value that is none of them.
template <class Value, std::size_t Count>
int push_choice(lua_State* L, const choice<Value> (&choices)[Count], Value value) {
  for (const auto& entry : choices) {
    if (entry.value != value) continue;
    lua::push_text(L, entry.name);
    return 1;
  }
  lua_pushnil(L);
  return 1;
}

constexpr choice<flow_control> flow_controls[] = {{"software", flow_control::software},
                                                  {"hardware", flow_control::hardware}};
constexpr choice<parity> parities[] = {{"odd", parity::odd}, {"even", parity::even}};
// In halves.
constexpr choice<int> stop_bit_counts[] = {{"one", 2}, {"one_point_five", 3}, {"two", 4}};

int read_baud_rate(lua_State* L) {
  const auto rate = baud_rate_of(line_of(L));
  if (!rate) lua::raise(L, base::system_error(EINVAL));
  lua_pushinteger(L, static_cast<lua_Integer>(*rate));
  return 1;
}

int write_baud_rate(lua_State* L) {
  check_number_type(L, value_argument);
  const auto rate = to_integer<std::int64_t>(lua_tonumber(L, value_argument));
  termios line = line_of(L);
  if (!rate || !set_baud_rate(line, *rate)) lua::raise(L, base::system_error(EINVAL));
  apply(L, line);
  return 0;
}

int read_flow_control(lua_State* L) {
  return push_choice(L, flow_controls, flow_control_of(line_of(L)));
}

int write_flow_control(lua_State* L) {
  termios line = line_of(L);
  set_flow_control(
      line, lua_isnil(L, value_argument) ? flow_control::none : check_choice(L, flow_controls));
  apply(L, line);
  return 0;
}

int read_parity(lua_State* L) { return push_choice(L, parities, parity_of(line_of(L))); }

int write_parity(lua_State* L) {
  termios line = line_of(L);
  set_parity(line, lua_isnil(L, value_argument) ? parity::none : check_choice(L, parities));
  apply(L, line);
  return 0;
}

int read_stop_bits(lua_State* L) {
  return push_choice(L, stop_bit_counts, 2 * stop_bits_of(line_of(L)));
}

int write_stop_bits(lua_State* L) {
  termios line = line_of(L);
  const int halves = check_choice(L, stop_bit_counts);
  if (halves % 2 != 0) lua::raise(L, base::system_error(EOPNOTSUPP));
  set_stop_bits(line, halves / 2);
  apply(L, line);
  return 0;
}

int read_character_size(lua_State* L) {
  lua_pushinteger(L, character_size_of(line_of(L)));
  return 1;
}

int write_character_size(lua_State* L) {
  check_number_type(L, value_argument);
  const auto bits = to_integer<int>(lua_tonumber(L, value_argument));
  termios line = line_of(L);
  if (!bits || *bits < 5 || *bits > 8) lua::raise(L, std::errc::result_out_of_range);
  set_character_size(line, *bits);
  apply(L, line);
  return 0;
}

const lua::class_method methods[] = {
    {"open", open},
    {"close", close<io_of>},
    {"cancel", cancel<io_of>},
    {"assign", assign<io_of>},
    {"release", release<io_of>},
    {"send_break", send_break, true},
    {"isatty", isatty},
    {"tcgetpgrp", tcgetpgrp},
    {"tcsetpgrp", tcsetpgrp},
    {"read_some", read_some<io_of>, true},
    {"write_some", write_some<io_of>, true},
};
const lua::class_property properties[] = {
    {"is_open", is_open<io_of>},
    {"baud_rate", read_baud_rate, write_baud_rate},
    {"flow_control", read_flow_control, write_flow_control},
    {"parity", read_parity, write_parity},
    {"stop_bits", read_stop_bits, write_stop_bits},
    {"character_size", read_character_size, write_character_size},
};
const lua::class_method functions[] = {{"new", make<serial_port>}, {"ptypair", ptypair}};

}  // namespace

void push_serial_port(lua_State* L) { lua::push_functions(L, functions); }

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::serial_port>() {
  using namespace emilua::bindings;
  static const class_info info{.name = "serial_port",
                               .methods = methods,
                               .properties = properties,
                               .unknown_write = on_write::bad_index};
  return info;
}
