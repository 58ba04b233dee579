#include "lib/fiber/module_closure.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace emilua::fiber {
namespace {

using list = std::vector<std::string>;

list required_ids(std::string_view source) {
  list ids;
  for (const auto& [id, line] : required_names(source)) ids.push_back(id);
  return ids;
}

TEST(RequiredNames, EveryLiteralForm) {
  EXPECT_EQ(required_ids("require 'a' require \"b\" require('c') require ( \"d\" ) "
                         "require[[e]] require [==[f]==] local x = require'g'.h"),
            (list{"a", "b", "c", "d", "e", "f", "g"}));
}

TEST(RequiredNames, NotInCommentsOrStrings) {
  EXPECT_EQ(required_ids("-- require 'a'\n--[[ require 'b'\n ]] --[==[ require 'c' ]] ]==]\n"
                         "local s = \"require 'd'\" s = [[require 'e']] s = 'it\\'s require' "
                         "require 'f' --"),
            list{"f"});
}

TEST(RequiredNames, OthersThatLookAlike) {
  EXPECT_EQ(required_ids("x.require 'a' x:require 'b' xrequire 'c' require_ 'd' require(n) "
                         "require('a' .. b) require = 'e' require"),
            list{"a"});
}

TEST(RequiredNames, ShebangAndBrokenInput) {
  EXPECT_EQ(required_ids("#!/usr/bin/emilua require 'a'\nrequire 'b'"), list{"b"});
  for (const char* broken : {"require '", "require [[", "--[[", "'\\", "require(", "[=", "#"})
    EXPECT_EQ(required_ids(broken).size(),
              broken == std::string{"require '"} || broken == std::string{"require [["} ? 1U : 0U)
        << broken;
}

TEST(RequiredNames, KnowTheirLines) {
  std::vector<int> lines;
  for (const auto& [id, line] : required_names("#!x\nrequire 'a' --[[\n]] require\n'b'\n"
                                               "require [[c]] local s = 'x\\\ny' require 'd'"))
    lines.push_back(line);
  EXPECT_EQ(lines, (std::vector<int>{2, 4, 5, 6}));
}

list paths(const std::vector<shipped_module>& modules) {
  list result;
  std::ranges::transform(modules, std::back_inserter(result), &shipped_module::path);
  return result;
}

TEST(ModuleClosure, FollowsRequiresThroughTheProject) {
  source_store sources;
  sources.add("/p/worker.lua", "require '../lib' require 'json' require '../nope'");
  sources.add("/p/lib/init.lua", "require './part' require '/other' require '../worker'");
  sources.add("/p/lib/part.lua", "return 1");
  sources.add("/p/other.lua", "require '../lib'");
  const auto closure = module_closure("/p/worker.lua", "/p", sources);
  ASSERT_TRUE(closure);
  EXPECT_EQ(paths(*closure),
            (list{"/p/worker.lua", "/p/lib/init.lua", "/p/lib/part.lua", "/p/other.lua"}));
  EXPECT_EQ(*closure->at(2).source, "return 1");
}

TEST(ModuleClosure, ShipsErrorCategoriesAndReadsNothingInThem) {
  source_store sources;
  sources.add("/p/worker.lua", "require '../errors' require '/lib/more' require '../both'");
  sources.add("/p/errors.ttl", "require '../not_named_by_lua'");
  sources.add("/p/lib/more.ttl", "even if it is faulty");
  sources.add("/p/both.lua", "return 1");
  sources.add("/p/both.ttl", "");
  sources.add("/p/not_named_by_lua.lua", "");
  const auto closure = module_closure("/p/worker.lua", "/p", sources);
  ASSERT_TRUE(closure);
  EXPECT_EQ(paths(*closure),
            (list{"/p/worker.lua", "/p/errors.ttl", "/p/lib/more.ttl", "/p/both.lua"}));
  EXPECT_EQ(*closure->at(2).source, "even if it is faulty");
}

TEST(ModuleClosure, AnUnreadableEntryIsAnError) {
  const source_store sources;
  EXPECT_EQ(module_closure("/nonexistent/worker.lua", "/nonexistent", sources).error(),
            std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace emilua::fiber
