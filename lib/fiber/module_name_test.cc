#include "lib/fiber/module_name.h"

#include <gtest/gtest.h>

namespace emilua::fiber {
namespace {

using lua::core_errc;
using list = std::vector<std::string>;

module_info directory_module(std::string path, std::string root) {
  return {.path = std::move(path), .import_root = std::move(root), .leaf = false, .context = {}};
}

module_info leaf(std::string path, std::string root) {
  return {.path = std::move(path), .import_root = std::move(root), .leaf = true, .context = {}};
}

base::result<list> resolve(std::string_view id, const module_info& importer) {
  const auto request = parse_module_name(id);
  if (!request) return request.error();
  return module_candidates(*request, importer);
}

TEST(ParseModuleName, Shapes) {
  EXPECT_EQ(parse_module_name("./net")->kind, module_kind::child);
  EXPECT_EQ(parse_module_name("json")->kind, module_kind::external);
  EXPECT_EQ(parse_module_name("penlight.class")->kind, module_kind::external);
  EXPECT_EQ(parse_module_name("/a/b_2")->kind, module_kind::root);
  EXPECT_EQ(parse_module_name("/a/b_2")->name, "a/b_2");
  EXPECT_EQ(parse_module_name("../../log")->levels_up, 2);
  EXPECT_EQ(parse_module_name("./../log")->levels_up, 1);
  EXPECT_EQ(parse_module_name("./../log")->kind, module_kind::relative);
}

TEST(ParseModuleName, EverythingElseIsInvalid) {
  for (const char* id : {"",        ".",      "..",  "./",   "../",   "/",   "foo/bar", "./a/b",
                         "./a.lua", "../a/b", "9a",  "a-b",  "a..b",  ".a",  "a.",      "/a/",
                         "//a",     "/a//b",  "./.", "./..", "../..", "a b", "./a\n"})
    EXPECT_EQ(parse_module_name(id).error(), core_errc::invalid_module_name) << id;
  EXPECT_EQ(parse_module_name(std::string_view{"./a\0b", 5}).error(),
            core_errc::invalid_module_name);
}

TEST(ModuleCandidates, DirectoryModules) {
  const auto top = directory_module("/src/init.lua", "/src");
  EXPECT_EQ(*resolve("./net", top), (list{"/src/net.lua", "/src/net/init.lua", "/src/net.ttl"}));
  EXPECT_EQ(resolve("../x", top).error(), core_errc::root_cannot_import_parent);
  const auto net = directory_module("/src/net/init.lua", "/src");
  EXPECT_EQ(resolve("./tcp", net)->front(), "/src/net/tcp.lua");
  EXPECT_EQ(resolve("../log", net)->front(), "/src/log.lua");
  EXPECT_EQ(resolve("../../log", net).error(), core_errc::root_cannot_import_parent);
}

TEST(ModuleCandidates, Leaves) {
  const auto tcp = leaf("/src/net/tcp.lua", "/src");
  EXPECT_EQ(resolve("../udp", tcp)->front(), "/src/net/udp.lua");
  EXPECT_EQ(resolve("../../log", tcp)->front(), "/src/log.lua");
  EXPECT_EQ(resolve("../../../log", tcp).error(), core_errc::root_cannot_import_parent);
  EXPECT_EQ(resolve("./udp", tcp).error(), core_errc::leaf_cannot_import_child);
}

TEST(ModuleCandidates, RootImportsAndTheFileSystemsRoot) {
  EXPECT_EQ(*resolve("/a/b", leaf("/src/net/tcp.lua", "/src")),
            (list{"/src/a/b.lua", "/src/a/b/init.lua", "/src/a/b.ttl"}));
  const auto top = directory_module("/main.lua", "/");
  EXPECT_EQ(resolve("./x", top)->front(), "/x.lua");
  EXPECT_EQ(resolve("/x", top)->front(), "/x.lua");
  EXPECT_EQ(resolve("../x", top).error(), core_errc::root_cannot_import_parent);
}

TEST(Patterns, DotsAreDirectories) {
  EXPECT_EQ(pattern_candidate("/lua/?.lua", "pl"), "/lua/pl.lua");
  EXPECT_EQ(pattern_candidate("/lua/?/init.lua", "pl.List"), "/lua/pl/List/init.lua");
  EXPECT_EQ(pattern_candidate("/lua/?/?.lua", "a"), "/lua/a/a.lua");
  EXPECT_EQ(pattern_candidate("/lua/fixed.lua", "a"), "/lua/fixed.lua");
}

TEST(Patterns, TheImportRootIsWhereNamesBegin) {
  EXPECT_EQ(pattern_root("/lua/?.lua"), "/lua");
  EXPECT_EQ(pattern_root("/lua/?/init.lua"), "/lua");
  EXPECT_EQ(pattern_root("/lua/lib?.lua"), "/lua");
  EXPECT_EQ(pattern_root("/?.lua"), "/");
  EXPECT_EQ(pattern_root("/lua/fixed.lua"), "/lua");
}

TEST(PluginIn, IsDecorated) {
  EXPECT_EQ(plugin_in("/packages", "zip"), "/packages/libzip.so");
  EXPECT_EQ(plugin_in("/", "zip"), "/libzip.so");
}

TEST(IsCategoryPath, ByTheEndOfTheName) {
  EXPECT_TRUE(is_category_path("/src/net.ttl"));
  EXPECT_FALSE(is_category_path("/src/net.ttl.lua"));
  EXPECT_FALSE(is_category_path("/src/net.ttl/init.lua"));
}

}  // namespace
}  // namespace emilua::fiber
