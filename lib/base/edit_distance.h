// How far words are apart: for hints about what somebody may have meant.
//
//   edit_distance("--raed", "--read");          // 2
//   did_you_mean(options, "--raed");            // "; did you mean --read?", or empty
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace emilua::base {

// How many letters must be put in, taken out or replaced.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// Names the first of the words that are nearest, if it is at most three edits away; else empty.
[[nodiscard]] std::string did_you_mean(std::span<const std::string> words, std::string_view word);

}  // namespace emilua::base
