// Writes what is made of the tools' option tables.
//
//   generate man|bash|zsh|fish TOOL      a manual page, or a completion
//   generate table                       the rows of README.md's table of tools
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tools/confine/confine.h"
#include "tools/fdpass/fdpass.h"
#include "tools/generate/completions.h"
#include "tools/generate/manual.h"
#include "tools/initexec/initexec.h"
#include "tools/jailattach/jailattach.h"
#include "tools/luarun/luarun.h"
#include "tools/scan/scan.h"

namespace {

using namespace emilua;

constexpr const tools::tool* all_tools[] = {&confine::tool,    &fdpass::tool, &initexec::tool,
                                            &jailattach::tool, &luarun::tool, &scan::tool};

std::vector<std::string_view> names() {
  std::vector<std::string_view> result;
  for (const tools::tool* tool : all_tools) result.push_back(tool->name);
  return result;
}

std::string made(std::string_view kind, const tools::option_table& table) {
  if (kind == "man") return generate::manual_page(table, names());
  if (kind == "bash") return generate::bash_completion(table);
  if (kind == "zsh") return generate::zsh_completion(table);
  if (kind == "fish") return generate::fish_completion(table);
  return {};
}

std::string rows() {
  std::string text;
  for (const tools::tool* tool : all_tools)
    tool->describe([&text](const tools::option_table& table) {
      text += "| `" + table.name() + "` | " + table.purpose() + " |\n";
    });
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  std::string text;
  if (words.size() == 1 && words[0] == "table") {
    text = rows();
  } else if (words.size() == 2) {
    const auto tool = std::ranges::find(all_tools, words[1], &tools::tool::name);
    if (tool != std::end(all_tools))
      (*tool)->describe(
          [&](const tools::option_table& table) { text = made(words[0], table); });
  }
  if (text.empty()) {
    std::fputs("usage: generate man|bash|zsh|fish TOOL\n       generate table\n", stderr);
    return 2;
  }
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}
