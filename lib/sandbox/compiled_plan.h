// The child's steps of a plan in one piece of memory: what crosses to the process that takes them,
// and is read there without a decision or an allocation.
//
//   std::string compiled = compile(plan);
//   compiled_plan steps{compiled};
//   for (std::size_t i = 0; i < steps.size(); ++i) take(steps[i]);
//
// It comes from the same program on the same machine, whom the reader obeys anyway: it is not
// checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "lib/sandbox/plan.h"

namespace emilua::sandbox {

struct compiled_step {
  step_kind kind;
  std::uint32_t flags;
  const char* path;  // ends with a NUL
  std::span<std::byte> data;
  std::uint64_t number, number2, number3;
};

[[nodiscard]] std::string compile(const plan& plan);

class compiled_plan {
 public:
  explicit compiled_plan(std::span<std::byte> bytes) noexcept : bytes_(bytes) {}
  explicit compiled_plan(std::string& bytes) noexcept
      : bytes_(reinterpret_cast<std::byte*>(bytes.data()), bytes.size()) {}

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] compiled_step operator[](std::size_t i) const noexcept;

 private:
  std::span<std::byte> bytes_;
};

}  // namespace emilua::sandbox
