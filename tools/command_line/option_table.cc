#include "tools/command_line/option_table.h"

#include <algorithm>

#include "lib/base/edit_distance.h"
#include "lib/engine/version.h"

namespace emilua::tools {
namespace {

constexpr std::size_t help_column = 26;

// "  --read P             Grant reading P": further lines of the help begin in the same column.
std::string help_line(const option& o) {
  std::string text = "  " + o.name;
  if (o.what() == option::takes::maybe_value)
    text += "[=" + o.value.substr(1, o.value.size() - 2) + "]";
  else if (o.what() == option::takes::value)
    text += " " + o.value;
  text += text.size() < help_column - 1 ? std::string(help_column - text.size(), ' ')
                                        : "\n" + std::string(help_column, ' ');
  for (const char c : o.help) {
    text += c;
    if (c == '\n') text.append(help_column, ' ');
  }
  return text + "\n";
}

}  // namespace

option::takes option::what() const noexcept {
  if (value.empty()) return takes::nothing;
  return value.front() == '[' ? takes::maybe_value : takes::value;
}

option_table::option_table(std::string tool, std::string purpose, std::vector<std::string> usages)
    : tool_(std::move(tool)), purpose_(std::move(purpose)), usages_(std::move(usages)) {}

const option* option_table::find(std::string_view name) const {
  const auto it = std::ranges::find(options_, name, &option::name);
  return it == options_.end() ? nullptr : &*it;
}

parse_end option_table::complaint(const std::string& what) const {
  return {false, tool_ + ": " + what + " (see " + tool_ + " --help)"};
}

parse_end option_table::unknown(const std::string& name) const {
  std::vector<std::string> names{"--help", "--version"};
  for (const option& o : options_) names.push_back(o.name);
  const std::string_view nearest = base::nearest_word(names, name);
  return complaint("unknown option " + name +
                   (nearest.empty() ? "" : "; did you mean " + std::string{nearest} + "?"));
}

std::string option_table::help() const {
  std::string text;
  for (const std::string& usage : usages_)
    text += (text.empty() ? "Usage: " : "       ") + tool_ + " " + usage + "\n";
  text += "\n" + purpose_ + "\n\nOptions:\n";
  for (const option& o : options_) text += help_line(o);
  text += help_line({"--help", "", "Print this and exit", {}});
  text += help_line({"--version", "", "Print the version and exit", {}});
  return text + footer_;
}

boost::system::result<std::vector<std::string>, parse_end> option_table::parse(
    const std::vector<std::string>& words) const {
  std::size_t i = 0;
  try {
    for (; i < words.size() && words[i] != "--" && words[i].starts_with('-') && words[i] != "-";
         ++i) {
      const std::size_t equals = words[i].find('=');
      const std::string name = words[i].substr(0, equals);
      if (name == "--help" || name == "-h") return parse_end{true, help()};
      if (name == "--version") return parse_end{true, tool_ + " " + engine::version + "\n"};
      const option* const o = find(name);
      if (o == nullptr) return unknown(name);
      std::string value;
      if (equals != words[i].npos) {
        if (o->what() == option::takes::nothing) return complaint(name + " takes no value");
        value = words[i].substr(equals + 1);
      } else if (o->what() == option::takes::value) {
        if (i + 1 == words.size()) return complaint(name + ": " + o->value + " is missing");
        value = words[++i];
      }
      o->apply(value);
    }
  } catch (const misuse& e) {
    return parse_end{false, tool_ + ": " + e.what};
  }
  return std::vector<std::string>(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
}

}  // namespace emilua::tools
