// How far words are apart: for hints about what somebody may have meant.
//
//   edit_distance("--raed", "--read");          // 2
//   nearest_word(options, "--raed");            // "--read", or empty if none is near
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace emilua::base {

// How many letters must be put in, taken out or replaced.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The first of the words that are nearest, if it is at most three edits away; else empty.
[[nodiscard]] std::string_view nearest_word(std::span<const std::string> words,
                                            std::string_view word);

}  // namespace emilua::base
