#include "lib/sandbox/compiled_plan.h"

#include <cstring>

namespace emilua::sandbox {
namespace {

struct record {
  std::uint64_t number, number2, number3;
  std::uint32_t kind, flags;
  std::uint32_t path, data, data_size, unused;  // places, from the beginning of it all
};

struct header {
  std::uint64_t count;
};

template <class T>
T load(std::span<const std::byte> bytes, std::size_t at) noexcept {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class T>
void store(std::string& bytes, std::size_t at, const T& value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

}  // namespace

std::string compile(const plan& plan) {
  std::string bytes(sizeof(header) + plan.steps.size() * sizeof(record), '\0');
  store(bytes, 0, header{plan.steps.size()});
  std::size_t at = sizeof(header);
  for (const step& s : plan.steps) {
    const auto path = static_cast<std::uint32_t>(bytes.size());
    bytes.append(s.path).push_back('\0');
    const auto data = static_cast<std::uint32_t>(bytes.size());
    bytes.append(s.data).push_back('\0');
    store(bytes, at,
          record{s.number, s.number2, s.number3, static_cast<std::uint32_t>(s.kind), s.flags, path,
                 data, static_cast<std::uint32_t>(s.data.size()), 0});
    at += sizeof(record);
  }
  return bytes;
}

std::size_t compiled_plan::size() const noexcept {
  return bytes_.empty() ? 0 : load<header>(bytes_, 0).count;
}

compiled_step compiled_plan::operator[](std::size_t i) const noexcept {
  const auto r = load<record>(bytes_, sizeof(header) + i * sizeof(record));
  return {
      .kind = static_cast<step_kind>(r.kind),
      .flags = r.flags,
      .path = reinterpret_cast<const char*>(bytes_.data()) + r.path,
      .data = bytes_.subspan(r.data, r.data_size),
      .number = r.number,
      .number2 = r.number2,
      .number3 = r.number3,
  };
}

}  // namespace emilua::sandbox
