#include "lib/sandbox/promises.h"

#include <gtest/gtest.h>

#include <vector>

namespace emilua::sandbox {
namespace {

TEST(Promises, AreThoseOfTheSpecification) {
  EXPECT_EQ(
      to_text(promise_set::all()),
      "stdio rpath wpath cpath dpath tmppath fattr chown flock unix inet dns sendfd recvfd tty "
      "proc thread exec prot_exec id sched prctl ioctl shm fsnotify mount seccomp io_uring "
      "error");
}

TEST(Promises, RoundTrip) {
  for (const promise word : promise_set::all()) {
    const auto parsed = parse_promises(promise_name(word));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, promise_set{word});
    EXPECT_EQ(to_text(word), promise_name(word));
  }
  EXPECT_EQ(*parse_promises(to_text(promise_set::all())), promise_set::all());
}

TEST(Promises, AreSeparatedByWhiteSpace) {
  EXPECT_EQ(*parse_promises("  rpath\tstdio\n stdio "),
            (promise_set{promise::stdio, promise::rpath}));
  EXPECT_EQ(*parse_promises(""), promise_set{});
  EXPECT_EQ(*parse_promises(" \n"), promise_set{});
}

TEST(Promises, UnknownWordsAreNamed) {
  EXPECT_EQ(parse_promises("stdio rpaht inet").error().word, "rpaht");
  EXPECT_EQ(parse_promises("stdio,rpath").error().word, "stdio,rpath");
  EXPECT_EQ(parse_promises("STDIO").error().word, "STDIO");
  EXPECT_EQ(parse_promises(std::string_view{"stdio\0", 6}).error().word,
            (std::string{"stdio\0", 6}));
}

TEST(PromiseSet, IsASet) {
  const promise_set files{promise::rpath, promise::wpath};
  EXPECT_TRUE(files.contains(promise::rpath));
  EXPECT_TRUE(files.contains(promise_set{}));
  EXPECT_FALSE(files.contains(promise::stdio));
  EXPECT_FALSE(files.contains({promise::rpath, promise::cpath}));
  EXPECT_EQ(files & promise::rpath, promise_set{promise::rpath});
  EXPECT_EQ(files - promise::rpath, promise_set{promise::wpath});
  EXPECT_EQ((files | promise::stdio) - files, promise_set{promise::stdio});
  EXPECT_TRUE((files & promise::stdio).empty());
}

TEST(PromiseSet, IteratesInOrder) {
  std::vector<promise> words;
  for (const promise word : promise_set{promise::error, promise::stdio, promise::inet})
    words.push_back(word);
  EXPECT_EQ(words, (std::vector{promise::stdio, promise::inet, promise::error}));
}

}  // namespace
}  // namespace emilua::sandbox
