#include "lib/bindings/format/render.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>

namespace emilua::bindings {
namespace {

[[noreturn]] void throw_too_long() { throw fmt::format_error{"format: result too long"}; }

struct bounded_allocator {
  using value_type = char;

  static char* allocate(std::size_t n) {
    if (n > max_size()) throw_too_long();
    return std::allocator<char>{}.allocate(n);
  }
  static void deallocate(char* p, std::size_t n) noexcept {
    std::allocator<char>{}.deallocate(p, n);
  }
  static constexpr std::size_t max_size() noexcept { return max_rendered_size; }
};

// A double. {fmt} 9 builds hexadecimal ones aside, with all the zeros that the precision demands,
// and tries for ever when these are INT_MAX: the formatter below looks at the precision first.
struct real {
  double value;
};

std::optional<std::int64_t> to_integer(double number) {
  if (!(number >= -0x1p63 && number < 0x1p63) || number != std::trunc(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

using argument_store = fmt::dynamic_format_arg_store<fmt::format_context>;

template <class Value>
void add(argument_store& store, std::string_view name, Value value) {
  // A field cannot name what has a NUL in it, and {fmt} would read only up to there.
  if (name.empty() || name.find('\0') != name.npos)
    store.push_back(value);
  else
    store.push_back(fmt::arg(std::string{name}.c_str(), value));  // keeps a copy of the name
}

void add(argument_store& store, const format_argument& argument) {
  if (const auto* number = std::get_if<double>(&argument.value)) {
    if (const auto integer = to_integer(*number))
      add(store, argument.name, *integer);
    else
      add(store, argument.name, real{*number});
  } else if (const auto* boolean = std::get_if<bool>(&argument.value)) {
    add(store, argument.name, *boolean);
  } else {
    add(store, argument.name, std::get<std::string_view>(argument.value));
  }
}

}  // namespace
}  // namespace emilua::bindings

template <>
struct fmt::formatter<emilua::bindings::real> : fmt::formatter<double> {
  auto parse(fmt::format_parse_context& context) {
    const auto begin = context.begin();
    const auto end = fmt::formatter<double>::parse(context);  // throws unless the field is right
    std::string_view spec{begin, static_cast<std::size_t>(end - begin)};
    if (spec.ends_with('a') || spec.ends_with('A')) {
      spec.remove_suffix(1);
      if (spec.ends_with('L')) spec.remove_suffix(1);
      find_precision(spec, context);
    }
    return end;
  }

  auto format(emilua::bindings::real number, fmt::format_context& context) const {
    auto argument = fmt::basic_format_arg<fmt::format_context>{};
    if (index_) argument = context.arg(*index_);
    if (!name_.empty()) argument = context.arg(fmt::string_view{name_.data(), name_.size()});
    check(precision_);
    fmt::visit_format_arg(
        [](const auto& value) {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, long long>)
            check(value);  // the type of every integer here
        },
        argument);
    return fmt::formatter<double>::format(number.value, context);
  }

 private:
  // `spec` ends with the precision, if there is one: .123 or .{} or .{4} or .{name}
  void find_precision(std::string_view spec, const fmt::format_parse_context& context) {
    constexpr std::string_view digits = "0123456789";
    if (spec.ends_with('}')) {
      const auto brace = spec.rfind('{');
      if (brace == spec.npos || brace == 0 || spec[brace - 1] != '.') return;  // the width's
      const auto id = spec.substr(brace + 1, spec.size() - brace - 2);
      if (id.empty()) {
        auto next = context;
        index_ = next.next_arg_id() - 1;
      } else if (digits.find(id.front()) != digits.npos) {
        index_ = to_number(id);
      } else {
        name_ = id;
      }
    } else if (const auto dot = spec.find_last_not_of(digits);
               dot != spec.npos && spec[dot] == '.') {
      precision_ = to_number(spec.substr(dot + 1));
    }
  }

  static int to_number(std::string_view digits) {
    int number = std::numeric_limits<int>::max();  // what {fmt} takes greater ones for
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }

  static void check(long long precision) {
    if (precision > static_cast<long long>(emilua::bindings::max_rendered_size))
      emilua::bindings::throw_too_long();
  }

  int precision_ = 0;
  std::optional<int> index_;
  std::string_view name_;
};

namespace emilua::bindings {

std::string render(std::string_view text, std::span<const format_argument> arguments) {
  argument_store store;
  store.reserve(arguments.size(), arguments.size());
  for (const format_argument& argument : arguments) add(store, argument);
  fmt::basic_memory_buffer<char, fmt::inline_buffer_size, bounded_allocator> buffer;
  fmt::vformat_to(fmt::appender{buffer}, text, store);
  return {buffer.data(), buffer.size()};
}

}  // namespace emilua::bindings
