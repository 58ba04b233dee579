#include "tools/command_line/option_table.h"

#include <algorithm>

#include "lib/base/edit_distance.h"
#include "lib/engine/version.h"

namespace emilua::tools {
namespace {

constexpr std::size_t help_column = 26;

// "  --read P             Grant reading P": further lines of the help begin in the same column.
std::string help_line(std::string text, const std::string& help) {
  text.insert(0, 2, ' ');
  text += text.size() < help_column - 1 ? std::string(help_column - text.size(), ' ')
                                        : "\n" + std::string(help_column, ' ');
  for (const char c : help) {
    text += c;
    if (c == '\n') text.append(help_column, ' ');
  }
  return text + "\n";
}

std::string help_line(const option& o) {
  std::string text = o.name;
  if (o.what() == option::takes::maybe_value)
    text += "[=" + o.value.substr(1, o.value.size() - 2) + "]";
  else if (o.what() == option::takes::value)
    text += " " + o.value;
  return help_line(std::move(text), o.help);
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word.front() == '-' && word != "--";
}

// The name and, if it is in the same word, the value of an option: --name=value, -evalue.
std::size_t end_of_name(const std::string& word) {
  return word.starts_with("--") ? std::min(word.find('='), word.size()) : 2;
}

}  // namespace

option::takes option::what() const noexcept {
  if (value.empty()) return takes::nothing;
  return value.front() == '[' ? takes::maybe_value : takes::value;
}

option_table::option_table(std::string name, std::string purpose, std::vector<std::string> usages)
    : name_(std::move(name)), purpose_(std::move(purpose)), usages_(std::move(usages)) {}

const option* option_table::find(std::string_view name) const {
  const auto it = std::ranges::find(options_, name, &option::name);
  return it == options_.end() ? nullptr : &*it;
}

std::vector<option> option_table::options() const {
  std::vector<option> all = options_;
  all.push_back({"--help", "", "Print this and exit", {}});
  all.push_back({"--version", "", "Print the version and exit", {}});
  return all;
}

std::vector<program_summary> option_table::programs() const {
  return list_programs_ == nullptr ? std::vector<program_summary>{} : list_programs_();
}

std::string option_table::version() const {
  return tool() + " " + engine::version + "\n" + versions_;
}

std::string option_table::command_name() const { return name_.substr(name_.rfind(' ') + 1); }

parse_end option_table::complaint(const std::string& what) const {
  return {false, tool() + ": " + what + " (see " + name_ + " --help)"};
}

boost::system::result<std::vector<std::string>, parse_end> option_table::program(
    std::vector<std::string> words) const {
  if (words.empty()) return words;
  if (words.front() != "--")
    return complaint("'" + words.front() + "': a -- before PROGRAM is missing");
  words.erase(words.begin());
  if (words.empty()) return complaint("no program is given after --");
  return words;
}

parse_end option_table::unknown(const std::string& what, std::vector<std::string> names,
                                const std::string& word) const {
  return complaint("unknown " + what + " " + word + base::did_you_mean(names, word));
}

parse_end option_table::unknown_option(const std::string& name) const {
  std::vector<std::string> names;
  for (const option& o : options()) names.push_back(o.name);
  return unknown("option", std::move(names), name);
}

std::string option_table::help() const {
  std::string text;
  for (const std::string& usage : usages_)
    text += (text.empty() ? "Usage: " : "       ") + name_ + " " + usage + "\n";
  text += "\n" + purpose_ + "\n";
  const std::vector<program_summary> others = programs();
  if (!commands_.empty() || !others.empty()) text += "\nCommands:\n";
  for (const option_table& c : commands_) text += help_line(c.command_name(), c.purpose_);
  for (const program_summary& p : others) text += help_line(p.name, p.purpose);
  text += "\nOptions:\n";
  for (const option& o : options()) text += help_line(o);
  if (!notes_.empty()) text += "\n" + notes_ + "\n";
  if (!statuses_.empty()) text += "\nExit status:\n";
  for (const exit_status& s : statuses_) text += help_line(s.value, s.meaning);
  if (!examples_.empty()) text += "\nExamples:\n";
  for (const example& e : examples_) text += "  " + e.command + "\n";
  return text;
}

boost::system::result<parsed_line, parse_end> option_table::parse(
    const std::vector<std::string>& words) const {
  if (!commands_.empty() && !words.empty()) {
    for (const option_table& c : commands_) {
      if (c.command_name() != words[0]) continue;
      auto line = c.parse({words.begin() + 1, words.end()});
      if (line) line->command = words[0];
      return line;
    }
  }
  std::vector<const option*> given;
  std::size_t i = 0;
  try {
    for (; i < words.size() && is_option(words[i]); ++i) {
      const std::size_t end = end_of_name(words[i]);
      const std::string name = words[i].substr(0, end);
      if (name == "--help" || name == "-h") return parse_end{true, help()};
      if (name == "--version") return parse_end{true, version()};
      const option* const o = find(name);
      if (o == nullptr) return unknown_option(name);
      std::string value;
      if (end != words[i].size()) {
        if (o->what() == option::takes::nothing) return complaint(name + " takes no value");
        value = words[i].substr(words[i][end] == '=' && name.size() > 2 ? end + 1 : end);
      } else if (o->what() == option::takes::value) {
        if (i + 1 == words.size()) return complaint(name + ": " + o->value + " is missing");
        value = words[++i];
      }
      for (const option* other : given)
        if (std::ranges::count(o->excludes, other->name) != 0 ||
            std::ranges::count(other->excludes, name) != 0)
          return complaint(other == o ? name + " is given twice"
                                      : other->name + " and " + name + " exclude each other");
      given.push_back(o);
      o->apply(value);
    }
  } catch (const misuse& e) {
    return parse_end{false, tool() + ": " + e.what};
  }
  if (options_.empty() && !commands_.empty()) {
    std::vector<std::string> names;
    for (const option_table& c : commands_) names.push_back(c.command_name());
    return i == words.size() ? complaint("no command is given")
                             : unknown("command", std::move(names), words[i]);
  }
  return parsed_line{"", {words.begin() + static_cast<std::ptrdiff_t>(i), words.end()}};
}

}  // namespace emilua::tools
