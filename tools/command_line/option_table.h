// A tool's options: one table, from which its command line is read and its help is made.
//
//   option_table table{"confine", "Runs a program in a box.", {"[OPTION...] -- PROGRAM
//   [ARGUMENT...]"}}; table.add({"--read", "P", "Grant reading P", [&](const std::string& p) { …
//   }}); auto rest = table.parse(words);            // what is no option; or a parse_end
//
// Options are long, as `--name=value` or `--name value`; `--` ends them, as does the first word
// that is none. --help and --version are in every table. Made without streams and locales, which
// would be half the size of a small tool.
#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <string>
#include <vector>

namespace emilua::tools {

struct option {
  enum class takes { nothing, value, maybe_value };  // the last one only by `=`

  std::string name;   // with its dashes
  std::string value;  // how the help calls it; empty for a flag, in brackets if it may be left out
  std::string help;
  // May throw misuse.
  std::function<void(const std::string&)> apply;

  [[nodiscard]] takes what() const noexcept;
};

// What is wrong with an option's value, or with the options together.
struct misuse {
  std::string what;
};

// Why there is nothing to be run: text for standard output and status 0, or one line for standard
// error.
struct parse_end {
  bool wanted;
  std::string text;
};

class option_table {
 public:
  option_table(std::string tool, std::string purpose, std::vector<std::string> usages);

  void add(option o) { options_.push_back(std::move(o)); }
  void set_footer(std::string text) { footer_ = std::move(text); }

  // Calls apply() in the order of the words. What comes after the options, with the `--` if there
  // was one.
  [[nodiscard]] boost::system::result<std::vector<std::string>, parse_end> parse(
      const std::vector<std::string>& words) const;

  [[nodiscard]] parse_end complaint(const std::string& what) const;
  [[nodiscard]] std::string help() const;

 private:
  [[nodiscard]] const option* find(std::string_view name) const;
  [[nodiscard]] parse_end unknown(const std::string& name) const;

  std::string tool_, purpose_, footer_;
  std::vector<std::string> usages_;
  std::vector<option> options_;
};

}  // namespace emilua::tools
