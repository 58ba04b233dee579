#include "tools/command_line/option_table.h"

#include <gtest/gtest.h>

namespace emilua::tools {
namespace {

class option_table_test : public testing::Test {
 protected:
  option_table_test() {
    table_.add(
        {"--read", "P", "Grant reading P", [this](const std::string& v) { log("read", v); }});
    table_.add(
        {"--net", "[SPEC]", "Grant the network", [this](const std::string& v) { log("net", v); }});
    table_.add({"--json", "", "Print JSON", [this](const std::string& v) { log("json", v); }});
    table_.add(
        {"--text", "", "Print text", [this](const std::string& v) { log("text", v); }, {"--json"}});
    table_.add({"-e", "CHUNK", "Run CHUNK", [this](const std::string& v) { log("e", v); }});
    table_.add({"--bad", "N", "Never right",
                [](const std::string& v) { throw misuse{"--bad " + v + ": not a number"}; }});
  }

  void log(const std::string& name, const std::string& value) { seen_ += name + "(" + value + ")"; }

  std::string error(const std::vector<std::string>& words) {
    const auto line = table_.parse(words);
    return line || line.error().wanted ? "no error" : line.error().text;
  }

  option_table table_{"box", "Boxes.", {"[OPTION...] -- PROGRAM"}};
  std::string seen_;
};

TEST_F(option_table_test, values_follow_a_name_or_an_equals_sign) {
  const auto line =
      table_.parse({"--read", "-x", "--read=a=b", "--read=", "--json", "-e1", "-e", "=2", "w"});
  ASSERT_TRUE(line);
  EXPECT_EQ(seen_, "read(-x)read(a=b)read()json()e(1)e(=2)");
  EXPECT_EQ(line->words, std::vector<std::string>{"w"});
}

TEST_F(option_table_test, a_value_that_may_be_left_out_needs_the_equals_sign) {
  const auto line = table_.parse({"--net", "x"});
  ASSERT_TRUE(line);
  EXPECT_EQ(seen_, "net()");
  EXPECT_EQ(line->words, std::vector<std::string>{"x"});
  ASSERT_TRUE(table_.parse({"--net=y"}));
  EXPECT_EQ(seen_, "net()net(y)");
}

TEST_F(option_table_test, two_dashes_or_a_word_or_a_dash_end_the_options) {
  EXPECT_EQ(table_.parse({"--", "--read"})->words, (std::vector<std::string>{"--", "--read"}));
  EXPECT_EQ(table_.parse({"word", "--read"})->words, (std::vector<std::string>{"word", "--read"}));
  EXPECT_EQ(table_.parse({"-", "--read"})->words, (std::vector<std::string>{"-", "--read"}));
  EXPECT_EQ(seen_, "");
}

TEST_F(option_table_test, complaints_name_the_word_and_what_helps) {
  EXPECT_EQ(error({"--raed=1"}),
            "box: unknown option --raed; did you mean --read? (see box --help)");
  EXPECT_EQ(error({"--entirely-different"}),
            "box: unknown option --entirely-different (see box --help)");
  EXPECT_EQ(error({"--read"}), "box: --read: P is missing (see box --help)");
  EXPECT_EQ(error({"--json=x"}), "box: --json takes no value (see box --help)");
  EXPECT_EQ(error({"--bad", "x"}), "box: --bad x: not a number");
}

TEST_F(option_table_test, options_that_exclude_each_other_do_so_in_either_order) {
  EXPECT_EQ(error({"--json", "--text"}),
            "box: --json and --text exclude each other (see box --help)");
  EXPECT_EQ(error({"--text", "--json"}),
            "box: --text and --json exclude each other (see box --help)");
}

TEST_F(option_table_test, an_option_can_exclude_itself) {
  table_.add({"--once", "N", "Once", [this](const std::string& v) { log("once", v); }, {"--once"}});
  EXPECT_EQ(error({"--once=1", "--once=2"}), "box: --once is given twice (see box --help)");
  EXPECT_TRUE(table_.parse({"--once=1", "--read=x", "--read=x"}));
}

TEST_F(option_table_test, the_version_may_be_that_of_several_things) {
  const std::string alone = table_.parse({"--version"}).error().text;
  EXPECT_TRUE(alone.starts_with("box ") && alone.ends_with("\n")) << alone;
  table_.set_versions("Engine 7\n");
  EXPECT_EQ(table_.parse({"--version"}).error().text, alone + "Engine 7\n");
}

TEST_F(option_table_test, other_programs_are_listed_and_not_parsed) {
  table_.set_programs([] { return std::vector<program_summary>{{"lid", "Closes."}}; });
  EXPECT_NE(table_.help().find("\nCommands:\n  lid                     Closes.\n"),
            std::string::npos);
  EXPECT_EQ(table_.parse({"lid", "--tight"})->words, (std::vector<std::string>{"lid", "--tight"}));
}

TEST_F(option_table_test, help_has_everything_that_is_in_the_table) {
  table_.set_notes("A note.");
  table_.add_status({"125", "the box could not be made"});
  table_.add_example({"box -- ls", "Lists"});
  const auto line = table_.parse({"--json", "--help"});
  ASSERT_FALSE(line);
  EXPECT_TRUE(line.error().wanted);
  EXPECT_EQ(line.error().text,
            "Usage: box [OPTION...] -- PROGRAM\n\nBoxes.\n\nOptions:\n"
            "  --read P                Grant reading P\n"
            "  --net[=SPEC]            Grant the network\n"
            "  --json                  Print JSON\n"
            "  --text                  Print text\n"
            "  -e CHUNK                Run CHUNK\n"
            "  --bad N                 Never right\n"
            "  --help                  Print this and exit\n"
            "  --version               Print the version and exit\n"
            "\nA note.\n\nExit status:\n"
            "  125                     the box could not be made\n"
            "\nExamples:\n  box -- ls\n");
}

class commands_test : public testing::Test {
 protected:
  commands_test() {
    option_table send{"pass send", "Sends.", {"[OPTION...] FD..."}};
    send.add({"--to", "PATH", "To PATH", [this](const std::string& v) { to_ = v; }});
    table_.add_command(std::move(send));
    table_.add_command({"pass pair", "Pairs.", {"A ::: B"}});
  }

  std::string error(const std::vector<std::string>& words) {
    const auto line = table_.parse(words);
    return line || line.error().wanted ? "no error" : line.error().text;
  }

  option_table table_{"pass", "Passes.", {"COMMAND"}};
  std::string to_;
};

TEST_F(commands_test, a_command_has_options_of_its_own) {
  const auto line = table_.parse({"send", "--to", "here", "3"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->command, "send");
  EXPECT_EQ(line->words, std::vector<std::string>{"3"});
  EXPECT_EQ(to_, "here");
}

TEST_F(commands_test, complaints_are_the_tools_and_point_to_the_commands_help) {
  EXPECT_EQ(error({"send", "--ot"}),
            "pass: unknown option --ot; did you mean --to? (see pass send --help)");
  EXPECT_EQ(error({"snd"}), "pass: unknown command snd; did you mean send? (see pass --help)");
  EXPECT_EQ(error({}), "pass: no command is given (see pass --help)");
  EXPECT_EQ(error({"--to"}), "pass: unknown option --to (see pass --help)");
}

TEST_F(commands_test, help_lists_the_commands) {
  EXPECT_NE(table_.help().find("\nCommands:\n  send                    Sends.\n"),
            std::string::npos);
  EXPECT_EQ(table_.commands()[0].name(), "pass send");
}

}  // namespace
}  // namespace emilua::tools
