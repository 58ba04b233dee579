#include "tools/generate/completions.h"

#include <functional>

namespace emilua::generate {
namespace {

using tools::option;
using tools::option_table;
using takes = option::takes;

std::string command_of(const option_table& table) {
  return table.name().substr(table.name().rfind(' ') + 1);
}

std::string joined(const option_table& table,
                   const std::function<std::string(const option&)>& text) {
  std::string result;
  for (const option& o : table.options()) {
    const std::string one = text(o);
    if (!one.empty()) result += (result.empty() ? "" : " ") + one;
  }
  return result;
}

std::string commands(const option_table& table) {
  std::string result;
  for (const option_table& command : table.commands())
    result += (result.empty() ? "" : " ") + command_of(command);
  return result;
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

// --- bash ----------------------------------------------------------------------------------------

std::string bash_words(const option_table& table) {
  return joined(table, [](const option& o) { return o.name; });
}

// The pattern of the options whose value is the next word.
std::string bash_values(const option_table& table) {
  std::string result;
  for (const option& o : table.options())
    if (o.what() == takes::value) result += (result.empty() ? "" : "|") + o.name;
  return result.empty() ? "''" : result;
}

std::string bash_case(const std::string& pattern, const option_table& table) {
  return "    " + pattern + ")\n      words=" + quoted(bash_words(table)) +
         "\n      case $previous in " + bash_values(table) + ") return ;; esac\n      ;;\n";
}

}  // namespace

std::string bash_completion(const option_table& table) {
  const std::string& name = table.name();
  std::string text = "# bash completion of " + name + "(1), made of its option table.\n_emilua_" +
                     name +
                     "() {\n  local current=${COMP_WORDS[COMP_CWORD]} "
                     "previous=${COMP_WORDS[COMP_CWORD - 1]} words=\n"
                     "  COMPREPLY=()\n";
  if (!table.commands().empty())
    text +=
        "  if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then\n"
        "    mapfile -t COMPREPLY < <(compgen -W " +
        quoted(commands(table)) + " -- \"$current\")\n    return\n  fi\n";
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
         "\"$current\")\n}\ncomplete -o bashdefault -o default -F _emilua_" +
         name + " " + name + "\n";
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

}  // namespace

std::string zsh_completion(const option_table& table) {
  std::string text =
      "#compdef " + table.name() + "\n# Made of the option table of " + table.name() + "(1).\n";
  if (table.commands().empty()) return text + zsh_arguments(table, "");
  text += "if ((CURRENT == 2)) && [[ $PREFIX != -* ]]; then\n  compadd -- " + commands(table) +
          "\n  return\nfi\ncase $words[2] in\n";
  for (const option_table& command : table.commands())
    text += "  " + command_of(command) + ")\n    shift words\n    ((--CURRENT))\n" +
            zsh_arguments(command, "    ") + "    ;;\n";
  return text + "  *)\n" + zsh_arguments(table, "    ") + "    ;;\nesac\n";
}

// --- fish ----------------------------------------------------------------------------------------

namespace {

std::string fish_options(const option_table& table, const std::string& tool,
                         const std::string& condition) {
  std::string text;
  for (const option& o : table.options()) {
    const bool is_long = o.name.starts_with("--");
    text += "complete -c " + tool + condition + (is_long ? " -l " : " -s ") +
            o.name.substr(is_long ? 2 : 1) + (o.what() == takes::value ? " -r" : "") + " -d " +
            quoted(first_line(o.help), "\\") + "\n";
  }
  return text;
}

}  // namespace

std::string fish_completion(const option_table& table) {
  const std::string& name = table.name();
  std::string text = "# fish completion of " + name + "(1), made of its option table.\n";
  if (table.commands().empty()) return text + fish_options(table, name, "");
  text += fish_options(table, name, " -n __fish_use_subcommand");
  for (const option_table& command : table.commands()) {
    const std::string word = command_of(command);
    text += "complete -c " + name + " -n __fish_use_subcommand -a " + word + " -d " +
            quoted(command.purpose(), "\\") + "\n";
    text += fish_options(command, name, " -n '__fish_seen_subcommand_from " + word + "'");
  }
  return text;
}

}  // namespace emilua::generate
