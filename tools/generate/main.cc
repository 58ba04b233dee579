// Writes what is made of the tools' option tables.
//
//   generate man|bash|zsh|fish TOOL      a manual page, or a completion
//   generate table                       the rows of README.md's table of tools
//   generate options                     all options, a line each: tool, command or -, option
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/emilua/options.h"
#include "tools/family/family.h"
#include "tools/generate/completions.h"
#include "tools/generate/manual.h"

namespace {

using namespace emilua;
using reader = std::function<void(const tools::option_table&)>;

// The engine's, then those of its commands.
void for_each_tool(const reader& read) {
  command::describe(read);
  for (const tools::tool* tool : tools::family()) tool->describe(read);
}

std::string made(std::string_view kind, const tools::option_table& table) {
  if (kind == "man") return generate::manual_page(table);
  if (kind == "bash") return generate::bash_completion(table);
  if (kind == "zsh") return generate::zsh_completion(table);
  if (kind == "fish") return generate::fish_completion(table);
  return {};
}

std::string rows() {
  std::string text;
  for_each_tool([&text](const tools::option_table& table) {
    text += "| `" + table.name() + "` | " + table.purpose() + " |\n";
  });
  return text;
}

std::string option_lines(const tools::option_table& table) {
  const std::size_t space = table.name().find(' ');
  const std::string command = space == std::string::npos ? "-" : table.name().substr(space + 1);
  std::string text;
  for (const tools::option& o : table.options())
    text += table.tool() + " " + command + " " + o.name + "\n";
  for (const tools::option_table& c : table.commands()) text += option_lines(c);
  return text;
}

std::string options() {
  std::string text;
  for_each_tool([&text](const tools::option_table& table) { text += option_lines(table); });
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  std::string text;
  if (words.size() == 1 && words[0] == "table") {
    text = rows();
  } else if (words.size() == 1 && words[0] == "options") {
    text = options();
  } else if (words.size() == 2) {
    for_each_tool([&](const tools::option_table& table) {
      if (table.name() == words[1]) text = made(words[0], table);
    });
  }
  if (text.empty()) {
    std::fputs(
        "usage: generate man|bash|zsh|fish TOOL\n       generate table\n       generate options\n",
        stderr);
    return 2;
  }
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}
