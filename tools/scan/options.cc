#include "tools/scan/options.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "tools/command_line/start.h"

namespace emilua::scan {
namespace {

using tools::misuse;

// As it was given; settings are made of it once all options are known.
struct given {
  std::optional<std::string> field_separator, record_separator, fields;
  bool regex = false, trim = false, csv = false, tsv = false, json = false;
};

constexpr const char* notes =
    R"(LUA runs once for each record, with these globals:
  F[1] … F[NF], N[i]       fields as strings; field i as a number
  line, NR, FNR, FILENAME  the record; its number, in all and in its file
  emit(…)                  writes a record: values, or a table; emit() this one
  exit(status)             ends the input, and with END the program
Functions at its top level are defined once; BEGIN() is called before the first
record, END() after the last one. Text that is not JSON is written with FS
between fields, or a space. FILE may be -, standard input, as is none.)";

tools::option_table table_for(given& g) {
  tools::option_table table{"scan",
                            "Runs Lua for each record of a text, or prints chosen fields.",
                            {"[OPTION...] LUA [FILE...]", "[OPTION...] --fields=LIST [FILE...]"}};
  const auto set = [](bool& flag) { return [&flag](const std::string&) { flag = true; }; };
  const auto keep = [](std::optional<std::string>& to) {
    return [&to](const std::string& value) { to = value; };
  };
  table.add(
      {"-F", "FS", "Text between fields (default: runs of white space)", keep(g.field_separator)});
  table.add(
      {"-R", "RS", "Text at the end of records (default: a newline)", keep(g.record_separator)});
  table.add({"--regex", "", "FS and RS are regular expressions (ECMAScript)", set(g.regex)});
  table.add({"--trim", "", "Cut white space off both ends of records", set(g.trim)});
  table.add({"--csv",
             "",
             "Comma-separated values (RFC 4180), in and out; -F takes\n"
             "another separator",
             set(g.csv),
             {"-R", "--regex", "--trim", "--tsv"}});
  table.add({"--tsv",
             "",
             "Tab-separated values with \\t \\n \\r \\\\, in and out",
             set(g.tsv),
             {"-F", "-R", "--regex", "--trim"}});
  table.add({"--json-out", "", "Write each record as a line of JSON", set(g.json)});
  table.add({"--fields", "LIST", "Print these fields: 1,3-5,7-", keep(g.fields)});
  table.set_notes(notes);
  table.add_status({"0", "all was read"});
  table.add_status({"2", "something could not be read or written, or LUA failed"});
  table.add_example({"scan -F: 'if N[3] >= 1000 then emit(F[1], F[7]) end' /etc/passwd",
                     "Prints the names and shells of ordinary users"});
  table.add_example({"scan --csv 's = (s or 0) + N[3] function END() emit(s) end' sales.csv",
                     "Sums the third column"});
  return table;
}

// \t \n \r \0 \\ \xHH; the shell makes it hard to write them.
std::string unescaped(const char* option, std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t at = text.find('\\');
    result += text.substr(0, at);
    if (at == text.npos) break;
    text.remove_prefix(at + 1);
    constexpr std::string_view names = "tnr0\\";
    constexpr std::string_view meanings{"\t\n\r\0\\", 5};
    unsigned code = 0;
    if (const std::size_t which = text.empty() ? text.npos : names.find(text.front());
        which != text.npos) {
      result += meanings[which];
      text.remove_prefix(1);
    } else if (text.size() >= 3 && text.front() == 'x' &&
               std::from_chars(&text[1], &text[0] + 3, code, 16).ptr == &text[0] + 3) {
      result += static_cast<char>(code);
      text.remove_prefix(3);
    } else {
      throw misuse{std::string{option} + ": not one of \\t \\n \\r \\0 \\\\ \\xHH: \\" +
                   std::string{text.substr(0, 3)}};
    }
  }
  if (result.empty()) throw misuse{std::string{option} + ": the separator is empty"};
  return result;
}

regex::expression compiled(const char* option, const std::string& pattern) {
  auto result = regex::expression::compile(pattern, regex::grammar::ecma);
  if (!result)
    throw misuse{std::string{option} + ": " + pattern + ": " +
                 make_error_code(result.error().code).message()};
  return std::move(*result);
}

void separators_of(const given& g, options& o) {
  if (g.regex) {
    if (!g.field_separator && !g.record_separator) throw misuse{"--regex needs -F or -R"};
    if (g.field_separator) o.how.field_pattern = compiled("-F", *g.field_separator);
    if (g.record_separator) o.how.record_pattern = compiled("-R", *g.record_separator);
  } else {
    if (g.field_separator) o.how.field_separator = unescaped("-F", *g.field_separator);
    if (g.record_separator) o.how.record_separator = unescaped("-R", *g.record_separator);
    // As awk has it.
    if (o.how.field_separator == " ") o.how.field_separator.clear();
  }
  o.out_separator = o.how.field_separator.empty() ? " " : o.how.field_separator;
}

void formats_of(const given& g, options& o) {
  if (g.csv) {
    o.how.what = format::csv;
    o.out = style::csv;
    if (o.how.field_separator.empty()) o.how.field_separator = g.field_separator ? " " : ",";
    const char c = o.how.field_separator.front();
    if (o.how.field_separator.size() != 1 || c == '"' || c == '\n' || c == '\r')
      throw misuse{"-F: with --csv the separator is one character, and no quote and no line end"};
    o.out_separator = o.how.field_separator;
  } else if (g.tsv) {
    o.how.what = format::tsv;
    o.out = style::tsv;
    o.out_separator = "\t";
  }
  if (g.json) o.out = style::json;
}

options options_of(const given& g, std::vector<std::string> words) {
  options o;
  separators_of(g, o);
  formats_of(g, o);
  o.how.trim = g.trim;
  const auto drop_dashes = [&words] {
    if (!words.empty() && words.front() == "--") words.erase(words.begin());
  };
  drop_dashes();
  if (g.fields) {
    auto fields = parse_fields(*g.fields);
    if (!fields) throw misuse{"--fields: " + fields.error()};
    o.fields = std::move(*fields);
  } else {
    if (words.empty()) throw misuse{"LUA, or --fields, is missing"};
    o.program = std::move(words.front());
    words.erase(words.begin());
    drop_dashes();
  }
  o.files = std::move(words);
  return o;
}

}  // namespace

boost::system::result<options, tools::parse_end> parse_options(int argc, char** argv) {
  given g;
  const tools::option_table table = table_for(g);
  auto line = table.parse(tools::words(argc, argv));
  if (!line) return line.error();
  try {
    return options_of(g, std::move(line->words));
  } catch (const misuse& e) {
    return table.complaint(e.what);
  }
}

void describe(const std::function<void(const tools::option_table&)>& reader) {
  given g;
  reader(table_for(g));
}

}  // namespace emilua::scan
