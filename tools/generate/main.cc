// Writes what is made of the tools' option tables.
//
//   generate man|bash|zsh|fish TOOL      a manual page, or a completion
//   generate page NAME SUMMARY <HELP     the page of a program whose help has another source
//   generate table                       the rows of README.md's table of tools
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tools/family/family.h"
#include "tools/generate/completions.h"
#include "tools/generate/manual.h"

namespace {

using namespace emilua;

std::string made(std::string_view kind, const tools::option_table& table) {
  if (kind == "man") return generate::manual_page(table);
  if (kind == "bash") return generate::bash_completion(table);
  if (kind == "zsh") return generate::zsh_completion(table);
  if (kind == "fish") return generate::fish_completion(table);
  return {};
}

std::string rows() {
  std::string text;
  for (const tools::tool* tool : tools::family())
    tool->describe([&text](const tools::option_table& table) {
      text += "| `" + table.name() + "` | " + table.purpose() + " |\n";
    });
  return text;
}

std::string standard_input() {
  std::string text;
  for (int c = std::getchar(); c != EOF; c = std::getchar()) text += static_cast<char>(c);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  std::string text;
  if (words.size() == 1 && words[0] == "table") {
    text = rows();
  } else if (words.size() == 3 && words[0] == "page") {
    text = generate::page_of_help(words[1], words[2], standard_input());
  } else if (words.size() == 2) {
    if (const tools::tool* tool = tools::find_tool(words[1]))
      tool->describe([&](const tools::option_table& table) { text = made(words[0], table); });
  }
  if (text.empty()) {
    std::fputs(
        "usage: generate man|bash|zsh|fish TOOL\n       generate page NAME SUMMARY <HELP\n"
        "       generate table\n",
        stderr);
    return 2;
  }
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}
