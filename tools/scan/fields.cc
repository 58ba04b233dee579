#include "tools/scan/fields.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "tools/command_line/standard_output.h"
#include "tools/scan/failure.h"

namespace emilua::scan {
namespace {

// Counted from 1.
std::optional<std::uint32_t> to_number(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || number == 0 || number == input::all_fields)
    return std::nullopt;
  return number;
}

std::optional<field_range> to_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == text.npos) {
    const auto number = to_number(text);
    return number ? std::optional{field_range{*number, *number}} : std::nullopt;
  }
  if (text.size() == 1) return std::nullopt;
  const auto first = dash == 0 ? std::optional{1U} : to_number(text.substr(0, dash));
  const auto last =
      dash + 1 == text.size() ? std::optional{input::all_fields} : to_number(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return field_range{*first, *last};
}

}  // namespace

boost::system::result<std::vector<field_range>, std::string> parse_fields(std::string_view list) {
  std::vector<field_range> fields;
  for (;;) {
    const std::size_t comma = list.find(',');
    const auto range = to_range(list.substr(0, comma));
    if (!range)
      return "'" + std::string{list.substr(0, comma)} +
             "' is no field and no range of fields, such as 1 or 3-5 or 3-";
    fields.push_back(*range);
    if (comma == list.npos) return fields;
    list.remove_prefix(comma + 1);
  }
}

int print_fields(input& in, output& out, const std::vector<field_range>& fields) {
  const std::uint32_t most = std::ranges::max(fields, {}, &field_range::last).last;
  for (;;) {
    const progress found = in.next();
    if (found == progress::end) break;
    if (found == progress::failed || in.find_field(most) == progress::failed)
      return report(in, in.failure());
    const record_view& record = in.view();
    for (const auto& [first, last] : fields)
      for (std::uint32_t i = first; i <= std::min(last, record.known); ++i)
        out.text({record.fields[i - 1].data, record.fields[i - 1].size});
    if (!out.end_record()) return tools::standard_output_failed();
  }
  return in.incomplete() ? failed_status : 0;
}

}  // namespace emilua::scan
