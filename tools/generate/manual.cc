#include "tools/generate/manual.h"

#include <string_view>
#include <utility>

#include "lib/engine/version.h"
#include "tools/family/family.h"

namespace emilua::generate {
namespace {

using tools::option;
using tools::option_table;

constexpr const char* begun = "2026-01-01";  // the version: see tools/dist/dist.py, EPOCH

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

// Of one character or, of UTF-8, more: what has a meaning to roff, and what it would make prettier.
std::string_view escape_of(std::string_view text, std::size_t& size) {
  constexpr std::pair<std::string_view, std::string_view> escapes[] = {
      {"\\", "\\e"},  {"-", "\\-"},   {"'", "\\(aq"},     {"`", "\\(ga"},
      {"^", "\\(ha"}, {"~", "\\(ti"}, {"…", "\\[u2026]"},
  };
  for (const auto& [plain, escape] : escapes) {
    if (!text.starts_with(plain)) continue;
    size = plain.size();
    return escape;
  }
  size = 1;
  return text.substr(0, 1);
}

std::string escaped(std::string_view text) {
  std::string result;
  bool line_begins = true;
  while (!text.empty()) {
    if (line_begins && text.front() == '.') result += "\\&";
    line_begins = text.front() == '\n';
    std::size_t size = 1;
    result += escape_of(text, size);
    text.remove_prefix(size);
  }
  return result;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

std::string as_it_is(std::string_view text) { return ".nf\n" + escaped(text) + "\n.fi\n"; }

std::string described(const std::string& tag, std::string_view text) {
  return ".TP\n" + tag + "\n" + escaped(text) + "\n";
}

std::string option_entry(const option& o) {
  std::string tag = bold(o.name);
  if (o.what() == option::takes::value)
    tag += (o.name.starts_with("--") ? "=" : " ") + italic(o.value);
  else if (o.what() == option::takes::maybe_value)
    tag += "[=" + italic(std::string_view{o.value}.substr(1, o.value.size() - 2)) + "]";
  return described(tag, o.help + ".");
}

std::string usages(const option_table& table) {
  std::string text;
  for (const std::string& usage : table.usages())
    text += (text.empty() ? "" : ".br\n") + bold(table.name()) + " " + escaped(usage) + "\n";
  return text;
}

// What a command of a tool has, too.
std::string details(const option_table& table, bool command) {
  std::string text = command ? "" : ".SH OPTIONS\n";
  for (const option& o : table.options()) text += option_entry(o);
  if (!table.notes().empty()) text += (command ? ".PP\n" : ".SH NOTES\n") + as_it_is(table.notes());
  return text;
}

std::string command_section(const option_table& command) {
  return ".SS " + escaped(command.name()) + "\n" + usages(command) + ".PP\n" +
         escaped(command.purpose()) + "\n" + details(command, true);
}

// "Runs a program." for whatis(1): "runs a program"
std::string summary(const option_table& table) {
  std::string text = table.purpose();
  if (text.ends_with('.')) text.pop_back();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string header(const std::string& name, const std::string& what) {
  return ".TH " + upper(name) + " 1 " + begun + " \"emilua " + engine::version +
         "\" \"emilua\"\n.SH NAME\n" + name + " \\- " + escaped(what) + "\n";
}

std::string see_also(std::string_view name) {
  std::string list;
  if (name != "emilua") list = bold("emilua") + "(1)";
  for (const tools::tool* other : tools::family())
    if (other->name != name) list += (list.empty() ? "" : ",\n") + bold(other->name) + "(1)";
  return ".SH SEE ALSO\n" + list + "\n";
}

}  // namespace

std::string manual_page(const option_table& table) {
  std::string text = ".\\\" Made of the option table of " + table.name() + ".\n" +
                     header(table.name(), summary(table)) + ".SH SYNOPSIS\n" + usages(table) +
                     ".SH DESCRIPTION\n" + escaped(table.purpose()) + "\n";
  const auto programs = table.programs();
  if (!table.commands().empty() || !programs.empty()) text += ".SH COMMANDS\n";
  for (const option_table& command : table.commands()) text += command_section(command);
  for (const auto& program : programs)
    text += described(bold(program.name), program.purpose + " See " + program.name + "(1).");
  text += details(table, false);
  if (!table.statuses().empty()) text += ".SH EXIT STATUS\n";
  for (const auto& status : table.statuses())
    text += described(bold(status.value), status.meaning + ".");
  if (!table.examples().empty()) text += ".SH EXAMPLES\n";
  for (const auto& example : table.examples())
    text += ".TP\n" + escaped(example.what) + ":\n.nf\n" + bold(example.command) + "\n.fi\n";
  return text + see_also(table.name());
}

}  // namespace emilua::generate
