// What is accepted is tested through json.decode, in tests/api/json_text_test.lua.
#include "lib/bindings/json/reader.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace emilua::bindings::json {
namespace {

// Notes the events; arrays hold `longest` elements.
class recorder {
 public:
  explicit recorder(std::size_t longest = 100) : longest_(longest) {}

  bool null() { return value("null"); }
  bool boolean(bool is) { return value(is ? "true" : "false"); }
  bool number(double) { return value("number"); }
  bool string(std::string_view text) { return value('\'' + std::string{text} + '\''); }
  bool begin_array() { return value("[") && open(); }
  bool begin_object() { return value("{") && open(); }
  void key(std::string_view text) { notes += std::string{text} + '='; }
  void end_array() { close("] "); }
  void end_object() { close("} "); }

  std::string notes;

 private:
  bool value(const std::string& text) {
    if (!counts_.empty() && ++counts_.back() > longest_) return false;
    notes += text + ' ';
    return true;
  }
  bool open() {
    counts_.push_back(0);
    return true;
  }
  void close(std::string_view text) {
    counts_.pop_back();
    notes += text;
  }

  std::size_t longest_;
  std::vector<std::size_t> counts_;
};

std::string events(std::string_view text) {
  recorder handler;
  const auto error = read(text, handler);
  return error ? "error" : handler.notes;
}

TEST(JsonReader, TellsWhatIsThere) {
  EXPECT_EQ(events("1"), "number ");
  EXPECT_EQ(events(R"([null,true,false,"x\n",[],{}])"), "[ null true false 'x\n' [ ] { } ] ");
  EXPECT_EQ(events(R"({"a":{"b":[1]},"c":"d"})"), "{ a={ b=[ number ] } c='d' } ");
  EXPECT_EQ(events("[1"), "error");
}

// A view in the middle of other text: what follows is none of the reader's business.
TEST(JsonReader, EndsWhereTheViewEnds) {
  const std::string_view text = "123456789012345678901234567890";
  recorder handler;
  EXPECT_FALSE(read(text.substr(0, 5), handler));
  const std::string_view words = "[true,\"abcdefghijklmnop\"]";
  for (std::size_t size = 0; size != words.size(); ++size) {
    recorder other;
    EXPECT_TRUE(read(words.substr(0, size), other)) << size;
  }
}

TEST(JsonReader, AFullArrayIsAnError) {
  for (const std::string_view text : {"[1,2,3]", "[1,2,null]", "[1,2,\"x\"]", "[1,2,[]]",
                                      "[1,2,{}]", "[1,2,true]", "[1,2,false]"}) {
    recorder handler{2};
    const auto error = read(text, handler);
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code, dom_errc::array_too_long) << text;
    EXPECT_EQ(error->offset, 5U) << text;
    EXPECT_EQ(path_to(text, error->offset), path{std::size_t{3}}) << text;
  }
  recorder handler{2};
  EXPECT_FALSE(read("[[1,2],[3,4]]", handler));
}

TEST(JsonReader, PathsLeadToTheValue) {
  const std::string_view text = R"({"a":[1,{"b":[2,3],"c\n":[[],4]}],"d":5})";
  const auto path_of = [text](std::string_view value) { return path_to(text, text.find(value)); };
  const auto position = [](std::size_t n) { return path::value_type{n}; };
  const auto key = [](const char* name) { return path::value_type{std::string{name}}; };
  EXPECT_EQ(path_of("{"), path{});
  EXPECT_EQ(path_of("1"), (path{key("a"), position(1)}));
  EXPECT_EQ(path_of("3"), (path{key("a"), position(2), key("b"), position(2)}));
  EXPECT_EQ(path_of("4"), (path{key("a"), position(2), key("c\n"), position(2)}));
  EXPECT_EQ(path_of("5"), path{key("d")});
}

}  // namespace
}  // namespace emilua::bindings::json
