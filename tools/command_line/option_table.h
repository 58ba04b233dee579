// A tool's options: one table, from which its command line is read and its help, its manual page
// and its completions are made.
//
//   option_table table{"confine", "Runs a program in a box.",
//                      {"[OPTION...] -- PROGRAM [ARGUMENT...]"}};
//   table.add({"--read", "P", "Grant reading P", [&](const std::string& p) { … }});
//   table.add_example({"confine -- ls", "Lists an empty root directory"});
//   auto line = table.parse(words);            // the command and what is no option; or a parse_end
//
// Options are long, as `--name=value` or `--name value`, or one letter, as `-e value` or `-evalue`;
// `--` ends them, as does the first word that is none. --help and --version are in every table.
// A command (`fdpass send`) is a table in the table, and the first word. Made without streams and
// locales, which would be half the size of a small tool.
#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace emilua::tools {

struct option {
  enum class takes { nothing, value, maybe_value };  // the last one only by `=`

  std::string name;   // with its dashes
  std::string value;  // how the help calls it; empty for a flag, in brackets if it may be left out
  std::string help;   // lines
  // May throw misuse.
  std::function<void(const std::string&)> apply;
  // Options that cannot be given together with it; itself, if it can be given once only.
  std::vector<std::string> excludes = {};

  [[nodiscard]] takes what() const noexcept;
};

struct example {
  std::string command;
  std::string what;  // it does, as a sentence without a full stop
};

// Another program, whose command line follows its name (`emilua scan …`): whoever parses looks for
// it first. It has a page and completions of its own.
struct program_summary {
  std::string name;
  std::string purpose;
};

struct exit_status {
  std::string value;    // "125", "128 + N"
  std::string meaning;  // "the box could not be set up and nothing ran"
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

struct parsed_line {
  std::string command;             // "send", or empty
  std::vector<std::string> words;  // after the options, with the `--` if there was one
};

class option_table {
 public:
  // That of a command is named with its tool: "fdpass send".
  option_table(std::string name, std::string purpose, std::vector<std::string> usages);

  void add(option o) { options_.push_back(std::move(o)); }
  void add_command(option_table command) { commands_.push_back(std::move(command)); }
  // Called for the help alone: it may take its time.
  void set_programs(std::vector<program_summary> (*list)()) noexcept { list_programs_ = list; }
  void add_status(exit_status status) { statuses_.push_back(std::move(status)); }
  void add_example(example e) { examples_.push_back(std::move(e)); }
  // What there is to know besides: paragraphs, each line at most 78 wide.
  void set_notes(std::string text) { notes_ = std::move(text); }
  // Lines that --version prints besides its own.
  void set_versions(std::string text) { versions_ = std::move(text); }

  // Calls apply() in the order of the words. A table of commands alone must be given one.
  [[nodiscard]] boost::system::result<parsed_line, parse_end> parse(
      const std::vector<std::string>& words) const;

  // Of a line's words, the program's: none, or what follows a `--`.
  [[nodiscard]] boost::system::result<std::vector<std::string>, parse_end> program(
      std::vector<std::string> words) const;

  // "TOOL: what (see TOOL --help)"
  [[nodiscard]] parse_end complaint(const std::string& what) const;
  [[nodiscard]] std::string help() const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string tool() const { return name_.substr(0, name_.find(' ')); }
  [[nodiscard]] const std::string& purpose() const noexcept { return purpose_; }
  [[nodiscard]] const std::string& notes() const noexcept { return notes_; }
  [[nodiscard]] std::span<const std::string> usages() const noexcept { return usages_; }
  // With --help and --version.
  [[nodiscard]] std::vector<option> options() const;
  [[nodiscard]] std::span<const option_table> commands() const noexcept { return commands_; }
  [[nodiscard]] std::vector<program_summary> programs() const;
  [[nodiscard]] std::span<const exit_status> statuses() const noexcept { return statuses_; }
  [[nodiscard]] std::span<const example> examples() const noexcept { return examples_; }

 private:
  [[nodiscard]] const option* find(std::string_view name) const;
  [[nodiscard]] parse_end unknown(const std::string& what, std::vector<std::string> names,
                                  const std::string& word) const;
  [[nodiscard]] parse_end unknown_option(const std::string& name) const;
  [[nodiscard]] std::string command_name() const;
  [[nodiscard]] std::string version() const;

  std::string name_, purpose_, notes_, versions_;
  std::vector<std::string> usages_;
  std::vector<option> options_;
  std::vector<option_table> commands_;
  std::vector<program_summary> (*list_programs_)() = nullptr;
  std::vector<exit_status> statuses_;
  std::vector<example> examples_;
};

}  // namespace emilua::tools
