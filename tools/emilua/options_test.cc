#include "tools/emilua/options.h"

#include <gtest/gtest.h>

namespace emilua::command {
namespace {

using engine::command_line;
using action = command_line::action;
using list = std::vector<std::string>;

command_line parse(list words) {
  std::vector<char*> argv;
  words.insert(words.begin(), "emilua");
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return parse_options(static_cast<int>(words.size()), argv.data());
}

TEST(CommandLine, TheScriptAndWhatFollowsIt) {
  const auto line = parse({"main.lua", "a", "--flag", "-e", "b"});
  EXPECT_EQ(line.what, action::run_file);
  EXPECT_EQ(line.script, "main.lua");
  EXPECT_EQ(line.arguments, (list{"emilua", "main.lua", "a", "--flag", "-e", "b"}));
}

TEST(CommandLine, OneDoubleDashAfterTheScriptIsDropped) {
  EXPECT_EQ(parse({"main.lua", "--", "--", "x"}).arguments,
            (list{"emilua", "main.lua", "--", "x"}));
  EXPECT_EQ(parse({"main.lua", "x", "--"}).arguments, (list{"emilua", "main.lua", "x", "--"}));
}

TEST(CommandLine, DoubleDashBeforeTheScriptEndsOptions) {
  const auto line = parse({"--", "-weird.lua", "x"});
  EXPECT_EQ(line.what, action::run_file);
  EXPECT_EQ(line.script, "-weird.lua");
}

TEST(CommandLine, StandardInputAndChunks) {
  EXPECT_EQ(parse({"-", "x"}).what, action::run_stdin);
  EXPECT_EQ(parse({"-", "x"}).arguments, (list{"emilua", "-", "x"}));
  const auto line = parse({"-e", "print(1)", "x", "--y"});
  EXPECT_EQ(line.what, action::run_chunk);
  EXPECT_EQ(line.script, "print(1)");
  EXPECT_EQ(line.arguments, (list{"emilua", "-e", "x", "--y"}));
  EXPECT_EQ(parse({"-e", "--version"}).script, "--version");
}

TEST(CommandLine, HelpAndVersionArePrinted) {
  for (const char* option : {"--help", "-h", "--version"}) {
    const auto line = parse({option});
    EXPECT_EQ(line.what, action::print) << option;
    EXPECT_TRUE(line.text.ends_with("\n"));
  }
  // They belong to the script once there is one.
  EXPECT_EQ(parse({"main.lua", "--help"}).what, action::run_file);
}

TEST(CommandLine, MisuseIsOneLine) {
  for (const list& words : std::vector<list>{{}, {"--nope"}, {"-x"}, {"-e"}, {"--check=1"}}) {
    const auto line = parse(words);
    EXPECT_EQ(line.what, action::usage_error);
    EXPECT_TRUE(line.text.starts_with("emilua: ")) << line.text;
    EXPECT_EQ(line.text.find('\n'), std::string::npos) << line.text;
  }
}

TEST(CommandLine, WhatHasOneValueIsGivenOnce) {
  EXPECT_EQ(parse({"-e", "x", "-ey"}).text, "emilua: -e is given twice (see emilua --help)");
  EXPECT_EQ(parse({"--policy=a", "--policy", "b", "x"}).text,
            "emilua: --policy is given twice (see emilua --help)");
  EXPECT_EQ(parse({"--test", "--test", "x"}).what, action::run_file);
}

TEST(CommandLine, ToolsAreListedAndNotParsed) {
  const auto help = parse({"--help"}).text;
  EXPECT_NE(help.find("\nCommands:\n  confine "), std::string::npos) << help;
  EXPECT_EQ(parse({"--", "confine", "--", "--help"}).arguments,
            (list{"emilua", "confine", "--help"}));
}

TEST(CommandLine, TheNearestOptionIsNamed) {
  EXPECT_NE(parse({"--verson"}).text.find("did you mean --version?"), std::string::npos);
  EXPECT_EQ(parse({"--completely-different"}).text.find("did you mean"), std::string::npos);
}

}  // namespace
}  // namespace emilua::command
