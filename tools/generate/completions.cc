#include "tools/generate/completions.h"

#include <functional>
#include <string_view>
#include <vector>

#include "tools/family/family.h"

namespace emilua::generate {
namespace {

using tools::option;
using tools::option_table;
using takes = option::takes;
using list = std::vector<std::string>;

std::string command_of(const option_table& table) {
  return table.name().substr(table.name().rfind(' ') + 1);
}

std::string joined(const list& words, std::string_view between = " ") {
  std::string result;
  for (const std::string& word : words) result.append(result.empty() ? "" : between).append(word);
  return result;
}

list option_names(const option_table& table) {
  list names;
  for (const option& o : table.options()) names.push_back(o.name);
  return names;
}

list command_names(const option_table& table) {
  list names;
  for (const option_table& command : table.commands()) names.push_back(command_of(command));
  return names;
}

list program_names(const option_table& table) {
  list names;
  for (const auto& program : table.programs()) names.push_back(program.name);
  return names;
}

// The tables of the programs that are commands of this one.
void for_each_program(const option_table& table,
                      const std::function<void(const option_table&)>& read) {
  for (const std::string& name : program_names(table)) tools::find_tool(name)->describe(read);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Between single quotes, which most shells read alike; `special` gets a backslash.
std::string quoted(std::string_view text, std::string_view special = {}) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
      continue;
    }
    if (special.find(c) != special.npos) result += '\\';
    result += c;
  }
  return result + "'";
}

std::string header(const option_table& table, const char* shell) {
  return std::string{"# "} + shell + " completion of " + table.name() +
         "(1), made of its option table.\n";
}

// --- bash ----------------------------------------------------------------------------------------

// The pattern of the options whose value is the next word.
std::string bash_values(const option_table& table) {
  list names;
  for (const option& o : table.options())
    if (o.what() == takes::value) names.push_back(o.name);
  return names.empty() ? "''" : joined(names, "|");
}

std::string bash_case(const std::string& pattern, const option_table& table) {
  return "    " + pattern + ")\n      words=" + quoted(joined(option_names(table))) +
         "\n      case $previous in " + bash_values(table) + ") return ;; esac\n      ;;\n";
}

// What offers the first word. There are files beside programs.
std::string bash_first_word(const option_table& table) {
  const list programs = program_names(table);
  const list words = programs.empty() ? command_names(table) : programs;
  if (words.empty()) return "";
  return "  if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen" +
         std::string{programs.empty() ? "" : " -f"} + " -W " + quoted(joined(words)) +
         " -- \"$current\")\n" +
         (programs.empty() ? "" : "    compopt -o filenames 2>/dev/null\n") + "    return\n  fi\n";
}

// Programs complete the words that follow their names.
std::string bash_programs(const option_table& table) {
  const list programs = program_names(table);
  if (programs.empty()) return "";
  return "  case ${COMP_WORDS[1]} in " + joined(programs, "|") +
         ")\n      local program=${COMP_WORDS[1]}\n      local -a rest=(\"${COMP_WORDS[@]:1}\")\n"
         "      local -a COMP_WORDS=(\"${rest[@]}\")\n"
         "      local COMP_CWORD=$((COMP_CWORD - 1))\n"
         "      \"_emilua_$program\"\n      return\n      ;;\n  esac\n";
}

std::string bash_function(const option_table& table) {
  std::string text = "_emilua_" + table.name() +
                     "() {\n  local current=${COMP_WORDS[COMP_CWORD]} "
                     "previous=${COMP_WORDS[COMP_CWORD - 1]} words=\n"
                     "  COMPREPLY=()\n" +
                     bash_first_word(table) + bash_programs(table);
  // Behind `--` there are other programs' words.
  text +=
      "  local i\n  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    [[ ${COMP_WORDS[i]} != -- ]] || return\n  done\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const option_table& command : table.commands())
    text += bash_case(command_of(command), command);
  text += bash_case("*", table);
  return text +
         "  esac\n  [[ $current != -* ]] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
         "\"$current\")\n}\n";
}

}  // namespace

std::string bash_completion(const option_table& table) {
  std::string text = header(table, "bash");
  for_each_program(table, [&text](const option_table& program) { text += bash_function(program); });
  return text + bash_function(table) + "complete -o bashdefault -o default -F _emilua_" +
         table.name() + " " + table.name() + "\n";
}

// --- zsh -----------------------------------------------------------------------------------------

namespace {

// Brackets would end a description.
std::string described(const std::string& help) {
  std::string result;
  for (const char c : help) {
    if (c == '[' || c == ']' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_option(const option& o) {
  std::string text = o.name;
  if (o.what() == takes::value) text += o.name.starts_with("--") ? "=" : "+";
  if (o.what() == takes::maybe_value) text += "=-";
  text += "[" + described(first_line(o.help)) + "]";
  if (o.what() == takes::value) text += ":" + o.value + ":_files";
  if (o.what() == takes::maybe_value) text += "::" + o.value.substr(1, o.value.size() - 2) + ":";
  return quoted(text);
}

std::string zsh_arguments(const option_table& table, const std::string& indent) {
  std::string text = indent + "_arguments -S";
  for (const option& o : table.options()) text += " \\\n" + indent + "  " + zsh_option(o);
  return text + " \\\n" + indent + "  '*:argument:_files'\n";
}

// Of the words from the table's own name on: $words[1] is that.
std::string zsh_body(const option_table& table, const std::string& indent) {
  const list programs = program_names(table);
  const list first = programs.empty() ? command_names(table) : programs;
  if (first.empty()) return zsh_arguments(table, indent);
  const std::string inner = indent + "    ";
  std::string text = indent + "if ((CURRENT == 2)) && [[ $PREFIX != -* ]]; then\n" + indent +
                     "  compadd -- " + joined(first) + "\n" +
                     (programs.empty() ? "" : indent + "  _files\n") + indent + "  return\n" +
                     indent + "fi\n" + indent + "case $words[2] in\n";
  const auto add = [&](const option_table& command) {
    text += indent + "  " + command_of(command) + ")\n" + inner + "shift words\n" + inner +
            "((--CURRENT))\n" + zsh_body(command, inner) + inner + ";;\n";
  };
  for (const option_table& command : table.commands()) add(command);
  for_each_program(table, add);
  return text + indent + "  *)\n" + zsh_arguments(table, inner) + inner + ";;\n" + indent +
         "esac\n";
}

}  // namespace

std::string zsh_completion(const option_table& table) {
  return "#compdef " + table.name() + "\n" + header(table, "zsh") + zsh_body(table, "");
}

// --- fish ----------------------------------------------------------------------------------------

namespace {

// A table's place on the command line: the tool that is completed, and the words that lead to the
// table.
struct place {
  std::string tool;
  list words;

  [[nodiscard]] std::string next() const {
    return "(commandline -opc)[" + std::to_string(words.size() + 2) + "]";
  }

  // "contains -- send (commandline -opc)[2]; and "
  [[nodiscard]] std::string condition() const {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i)
      text +=
          "contains -- " + words[i] + " (commandline -opc)[" + std::to_string(i + 2) + "]; and ";
    return text;
  }

  [[nodiscard]] place with(const std::string& word) const {
    place below = *this;
    below.words.push_back(word);
    return below;
  }
};

std::string fish_line(const place& here, std::string condition, const std::string& rest) {
  if (condition.ends_with("; and ")) condition.resize(condition.size() - 6);
  return "complete -c " + here.tool + (condition.empty() ? "" : " -n " + quoted(condition)) + rest +
         "\n";
}

std::string fish_options(const option_table& table, const place& here,
                         const std::string& condition) {
  std::string text;
  for (const option& o : table.options()) {
    const bool is_long = o.name.starts_with("--");
    text += fish_line(here, condition,
                      (is_long ? " -l " : " -s ") + o.name.substr(is_long ? 2 : 1) +
                          (o.what() == takes::value ? " -r" : "") + " -d " +
                          quoted(first_line(o.help), "\\"));
  }
  return text;
}

std::string fish_command(const std::string& word, const std::string& purpose, const place& here) {
  return fish_line(here,
                   here.condition() + "test (count (commandline -opc)) -eq " +
                       std::to_string(here.words.size() + 1),
                   " -a " + word + " -d " + quoted(purpose, "\\"));
}

std::string fish_lines(const option_table& table, const place& here) {
  list others = command_names(table);
  for (const std::string& name : program_names(table)) others.push_back(name);
  if (others.empty()) return fish_options(table, here, here.condition());
  std::string text = fish_options(
      table, here, here.condition() + "not contains -- " + here.next() + " " + joined(others));
  const auto add = [&](const option_table& command) {
    const std::string word = command_of(command);
    text += fish_command(word, command.purpose(), here) + fish_lines(command, here.with(word));
  };
  for (const option_table& command : table.commands()) add(command);
  for_each_program(table, add);
  return text;
}

}  // namespace

std::string fish_completion(const option_table& table) {
  return header(table, "fish") + fish_lines(table, {table.name(), {}});
}

}  // namespace emilua::generate
