// The kinds of namespaces, by the names that policies and plans give them.
//
//   namespace_set all = *namespace_by_name("user") | *namespace_by_name("pid");
//
// Source: namespaces(7), clone(2).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace emilua::sandbox {

// CLONE_NEW* flags.
using namespace_set = std::uint64_t;

struct named_namespace {
  std::string_view name;  // "user"
  namespace_set flag;     // CLONE_NEWUSER
};

// All kinds: user mount pid net ipc uts cgroup time.
[[nodiscard]] std::span<const named_namespace> namespace_kinds() noexcept;
[[nodiscard]] std::optional<namespace_set> namespace_by_name(std::string_view name) noexcept;

}  // namespace emilua::sandbox
