// --fields: which fields of each record are printed, and in which order.
//
//   const auto list = parse_fields("1,3-5,7-");      // no list: what is wrong with it
//   print_fields(in, out, *list);
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/scan/input.h"
#include "tools/scan/output.h"

namespace emilua::scan {

struct field_range {
  std::uint32_t first, last;  // last is input::all_fields where it is open
};

[[nodiscard]] boost::system::result<std::vector<field_range>, std::string> parse_fields(
    std::string_view list);

// Of all records. Fields that a record does not have are left out. The exit status.
[[nodiscard]] int print_fields(input& in, output& out, const std::vector<field_range>& fields);

}  // namespace emilua::scan
