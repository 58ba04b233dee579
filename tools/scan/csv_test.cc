#include "tools/scan/csv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace emilua::scan {
namespace {

using texts = std::vector<std::string>;

texts fields_of(std::string_view record, char separator = ',') {
  std::string scratch;
  std::vector<field> fields;
  EXPECT_EQ(csv_split(record, separator, scratch, fields), 0U);
  texts result;
  for (const field& f : fields) result.emplace_back(f.data, f.size);
  return result;
}

// Of an input that comes in pieces of `piece` bytes, to a buffer of `capacity`.
texts records_of(std::string_view input, std::size_t piece, std::size_t capacity = 8,
                 std::size_t limit = 4096) {
  csv_records records{','};
  std::vector<char> memory(capacity);
  records.adopt(memory);
  texts result;
  for (outcome what = records.next(limit);;) switch (what) {
      case outcome::record:
        result.emplace_back(records.record());
        what = records.next(limit);
        break;
      case outcome::more: {
        const std::size_t size = std::min({piece, input.size(), records.room().size()});
        std::memcpy(records.room().data(), input.data(), size);
        records.commit(size);
        input.remove_prefix(size);
        what = size != 0 ? records.search(limit) : records.finish();
        break;
      }
      case outcome::grow: {
        std::vector<char> larger(records.wanted(limit));
        records.move_to(larger);
        memory.swap(larger);
        what = records.search(limit);
        break;
      }
      case outcome::too_long:
        result.emplace_back("too long");
        return result;
      case outcome::end:
        return result;
    }
}

TEST(csv, splits_fields) {
  EXPECT_EQ(fields_of("a,b"), (texts{"a", "b"}));
  EXPECT_EQ(fields_of("a,,b,"), (texts{"a", "", "b", ""}));
  EXPECT_EQ(fields_of(","), (texts{"", ""}));
  EXPECT_EQ(fields_of(""), texts{});
  EXPECT_EQ(fields_of("a;b,c", ';'), (texts{"a", "b,c"}));
}

TEST(csv, unquotes_fields) {
  EXPECT_EQ(fields_of(R"("a,b",c)"), (texts{"a,b", "c"}));
  EXPECT_EQ(fields_of(R"("say ""hi""","")"), (texts{"say \"hi\"", ""}));
  EXPECT_EQ(fields_of(R"("""",x,"""""")"), (texts{"\"", "x", "\"\""}));
  EXPECT_EQ(fields_of("\"two\nlines\",2"), (texts{"two\nlines", "2"}));
}

TEST(csv, takes_a_quote_within_a_field_for_a_character) {
  EXPECT_EQ(fields_of(R"(5" disk,x"y")"), (texts{"5\" disk", "x\"y\""}));
}

TEST(csv, names_the_field_with_text_behind_its_quote) {
  std::string scratch;
  std::vector<field> fields;
  EXPECT_EQ(csv_split(R"(a,"b"c,d)", ',', scratch, fields), 2U);
  EXPECT_EQ(csv_split(R"("a" ,b)", ',', scratch, fields), 1U);
}

TEST(csv, finds_records_however_they_come) {
  const std::string_view input =
      "a,b\r\n\"two\nlines\",\"and a \"\"quote\"\"\r\n\"\n\n5\" disk,1\n\"\"\n\"x,\n\",y\nlast";
  const texts expected{
      "a,b", "\"two\nlines\",\"and a \"\"quote\"\"\r\n\"", "", "5\" disk,1", "\"\"", "\"x,\n\",y",
      "last"};
  for (std::size_t piece = 1; piece <= input.size(); ++piece)
    for (const std::size_t capacity : {1, 8, 100})
      EXPECT_EQ(records_of(input, piece, capacity), expected) << piece << ' ' << capacity;
}

TEST(csv, has_no_record_behind_the_last_line_end) {
  EXPECT_EQ(records_of("a\n", 1), texts{"a"});
  EXPECT_EQ(records_of("", 1), texts{});
  EXPECT_EQ(records_of("a\r", 1), texts{"a"});
}

TEST(csv, refuses_what_is_too_long_and_a_quote_that_stays_open) {
  EXPECT_EQ(records_of("\"open\n", 3), texts{"too long"});
  EXPECT_EQ(records_of("1234\n" + std::string(64, 'x'), 3, 8, 32), (texts{"1234", "too long"}));
}

TEST(tsv, undoes_escapes) {
  std::string text = R"(a\tb)", other = R"(\\n\q\)";
  std::vector<field> fields{{text.data(), 4}, {other.data(), 6}, {"plain", 5}};
  std::string scratch;
  tsv_unescape(scratch, fields);
  EXPECT_EQ(std::string(fields[0].data, fields[0].size), "a\tb");
  EXPECT_EQ(std::string(fields[1].data, fields[1].size), "\\n\\q\\");
  EXPECT_EQ(std::string(fields[2].data, fields[2].size), "plain");
}

}  // namespace
}  // namespace emilua::scan
