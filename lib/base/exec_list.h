// Arguments and variables in the form that execve(2) takes them in.
//
//   std::vector<char*> argv = base::exec_list(words);    // points into `words`; ends with null
#pragma once

#include <string>
#include <vector>

namespace emilua::base {

[[nodiscard]] inline std::vector<char*> exec_list(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace emilua::base
