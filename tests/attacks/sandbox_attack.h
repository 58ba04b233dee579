// A hostile program: many misbehaviours, one of them in each run.
//
//   sandbox_attack NAME [ARGUMENT...]
//
// It says what became of it, as a line on standard output, and nothing else:
//
//   done [TEXT]          the kernel let it; then it stays until it is killed, to be looked at
//   refused CALL ERRNO   and ends
//
// or it is killed. What it has done to the outside is for others to find out: see
// sandbox_attacks_test.py, which names the row of spec 91 that each misbehaviour belongs to.
#pragma once

#include <cerrno>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace emilua::attacks {

struct outcome {
  std::string text;            // of what was done
  const char* call = nullptr;  // that was refused, with
  int error = 0;
};

inline outcome done(std::string text = "") { return {std::move(text)}; }

// Of the call that has just failed.
inline outcome refused(const char* call) { return {"", call, errno}; }

// Of a call that returns -1 when it fails.
inline outcome result_of(const char* call, long result) {
  return result == -1 ? refused(call) : done();
}

class arguments {
 public:
  explicit arguments(std::span<char* const> values) : values_(values) {}
  // Ends the program if there is none.
  [[nodiscard]] const char* text(std::size_t index) const;
  [[nodiscard]] long number(std::size_t index) const;
  [[nodiscard]] char* const* from(std::size_t index) const;

 private:
  std::span<char* const> values_;
};

struct attack {
  std::string_view name;
  outcome (*run)(const arguments&);
};

std::span<const attack> call_attacks();
std::span<const attack> file_attacks();
std::span<const attack> network_attacks();
std::span<const attack> process_attacks();
std::span<const attack> resource_attacks();
std::span<const attack> terminal_attacks();

// Up to 4096 bytes, with what would break a line made harmless.
outcome contents_of(int fd);

// A descriptor from the message that waits at standard input, or -1.
int received_descriptor();

}  // namespace emilua::attacks
