#include "lib/turtle/error_category.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

namespace emilua::turtle {
namespace {

using lua::core_errc;

const std::string prefix = "@prefix : <https://schema.emilua.org/error_category/0/#> .\n";
const std::string type =
    "<about:emilua-module> a <https://schema.emilua.org/error_category/0/> .\n";

// A category whose errors are these; each on a line of its own, the first on line 3.
std::string category(const std::vector<std::string>& errors) {
  std::string text = prefix + type;
  for (const std::string& error : errors)
    text += "<about:emilua-module> :error [ " + error + " ] .\n";
  return text;
}

const std::string sample = category({
    R"(:code 1 ; :alias "full", "disk_full" ; :message "The disk is full",
       "O disco está cheio"@pt-BR, "O disco está cheio!"@pt, "Płyta pełna"@pl ;
       :generic_error "ENOSPC")",
    R"(:code -7 ; :message "Other", "Anders"@de)",
    R"(:message "Bare"; :code +40; :alias "")",
});

TEST(DescribeCategory, ReadsAllProperties) {
  const auto errors = describe_category(sample);
  ASSERT_TRUE(errors);
  ASSERT_EQ(errors->size(), 3U);
  EXPECT_EQ(errors->at(0).code, 1);
  EXPECT_EQ(errors->at(0).generic, ENOSPC);
  EXPECT_EQ(errors->at(0).aliases, (std::vector<std::string>{"full", "disk_full"}));
  EXPECT_EQ(errors->at(0).message, "The disk is full");
  EXPECT_EQ(errors->at(0).translations.at("pt_br"), "O disco está cheio");
  EXPECT_EQ(errors->at(1).code, -7);
  EXPECT_EQ(errors->at(1).generic, 0);
  EXPECT_TRUE(errors->at(1).aliases.empty());
  EXPECT_EQ(errors->at(2).code, 40);
}

TEST(DescribeCategory, WhatIsAllowed) {
  const std::string allowed[] = {
      prefix + type,  // no errors
      category({":code 1; :message 'a'", ":code 1; :message 'b'; :alias 'x'"}),
      category({":code 1; :message 'a'; :alias 'x', 'X', 'x '"}),
      category({":code '1'^^<http://www.w3.org/2001/XMLSchema#integer>; :message 'a'"}),
      category({":code 2147483647; :message 'a'", ":code -2147483648; :message 'b'"}),
      category({":code 0; :message ''"}),
      category({":code 1; :message 'a', 'b'@en, 'c'@en-GB"}),
      category({":code 1; :message 'a'^^<http://www.w3.org/2001/XMLSchema#string>"}),
      // Of other vocabularies
      category({":code 1; :message 'a'; a <x>; <http://purl.org/dc/terms/creator> 'me'"}),
      prefix + type + "<about:emilua-module> <x> 1, 'two', <three> .",
      // Nodes with a name, described before or after they are named
      prefix + type +
          "<about:emilua-module> :error <#e>, _:e . <#e> :code 1; :message 'a' ."
          "_:e :code 2; :message 'b' .",
      prefix + "<#e> :code 1 . <about:emilua-module> :error <#e> . <#e> :message 'a' ." + type,
      // Full names, and the subject relative to a base
      "@base <about:emilua-module> . <> a <https://schema.emilua.org/error_category/0/> .",
  };
  for (const std::string& text : allowed) {
    const auto errors = describe_category(text);
    EXPECT_TRUE(errors) << text << (errors ? "" : errors.error().reason);
  }
}

struct bad_case {
  std::string text;
  core_errc code;
  std::size_t line;
};

const auto bad_rdf = core_errc::bad_rdf;
const auto bad_module = core_errc::bad_rdf_module;
const auto bad_category = core_errc::bad_rdf_error_category;

const bad_case bad_cases[] = {
    {"", bad_rdf, 0},
    {"# nothing", bad_rdf, 0},
    {prefix, bad_rdf, 0},
    {prefix + type + "oops", bad_rdf, 3},
    {"local answer = 42", bad_rdf, 1},

    {prefix + "<s> <p> <o> .", bad_module, 0},
    {prefix + "<s> a <https://schema.emilua.org/error_category/0/> .", bad_module, 0},
    {prefix + "<about:emilua-module> :error [ :code 1; :message 'a' ] .", bad_module, 0},
    {prefix + type + type, bad_module, 3},
    {prefix + type + "<about:emilua-module> a <x> .", bad_module, 3},
    {prefix + "<about:emilua-module> a\n'https://schema.emilua.org/error_category/0/' .",
     bad_module, 3},
    {prefix + "<about:emilua-module> a [] .", bad_module, 2},
    {prefix + "_:about a <https://schema.emilua.org/error_category/0/> .", bad_module, 0},

    {"<about:emilua-module> a <https://schema.emilua.org/error_category/1/> .", bad_category, 1},
    {"<about:emilua-module> a <https://schema.emilua.org/error_category/0/#> .", bad_category, 1},
    {prefix + type + "<about:other> <p> <o> .", bad_category, 3},
    {prefix + type + "[] :code 1; :message 'a' .", bad_category, 3},
    {prefix + type + "<about:emilua-module> <x> [ <y> 1 ] .", bad_category, 3},
    {prefix + type + "<about:emilua-module> :errors [] .", bad_category, 3},
    {prefix + type + "<about:emilua-module> :code 1 .", bad_category, 3},
    {prefix + type + "<about:emilua-module> : 1 .", bad_category, 3},
    {prefix + type + "<about:emilua-module> :error 'x' .", bad_category, 3},
    {prefix + type + "<about:emilua-module> :error 1 .", bad_category, 3},
    {prefix + type + "<about:emilua-module> :error <about:emilua-module> .", bad_category, 3},
    {prefix + type + "<about:emilua-module> :error _:e,\n_:e . _:e :code 1; :message 'a' .",
     bad_category, 4},
    {prefix + type + "<about:emilua-module> :error ([ :code 1; :message 'a' ]) .", bad_category, 3},
    {category({""}), bad_category, 3},

    {category({":message 'a'"}), bad_category, 3},
    {category({":code 1; :message 'a'; :code 2"}), bad_category, 3},
    {category({":code 1, 1; :message 'a'"}), bad_category, 3},
    {category({":code 1.0; :message 'a'"}), bad_category, 3},
    {category({":code '1'; :message 'a'"}), bad_category, 3},
    {category({":code 2147483648; :message 'a'"}), bad_category, 3},
    {category({":code -2147483649; :message 'a'"}), bad_category, 3},
    {category({":code '+-1'^^<http://www.w3.org/2001/XMLSchema#integer>; :message 'a'"}),
     bad_category, 3},
    {category({":code ' 1'^^<http://www.w3.org/2001/XMLSchema#integer>; :message 'a'"}),
     bad_category, 3},
    {category({":code ''^^<http://www.w3.org/2001/XMLSchema#integer>; :message 'a'"}), bad_category,
     3},

    {category({":code 1"}), bad_category, 3},
    {category({":code 1; :message 'a'@en"}), bad_category, 3},
    {category({":code 1; :message 'a'", ":code 2; :message 'a'@en"}), bad_category, 4},
    {category({":code 1; :message 'a', 'b'"}), bad_category, 3},
    {category({":code 1; :message 'a', 'b'@en, 'c'@en"}), bad_category, 3},
    {category({":code 1; :message 'a', 'b'@en-gb, 'c'@EN-GB"}), bad_category, 3},
    {category({":code 1; :message 'a', 1"}), bad_category, 3},
    {category({":code 1; :message 'a'; :message <b>"}), bad_category, 3},

    {category({":code 1; :message 'a'; :alias 'x', 'x'"}), bad_category, 3},
    {category({":code 1; :message 'a'; :alias 'x'", ":code 2; :message 'b'; :alias 'x'"}),
     bad_category, 4},
    {category({":code 1; :message 'a'; :alias 'x'@en"}), bad_category, 3},
    {category({":code 1; :message 'a'; :alias 2"}), bad_category, 3},
    {category({":code 1; :message 'a'; :alias <x>"}), bad_category, 3},

    {category({":code 1; :message 'a'; :generic_error 'ENOSUCH'"}), bad_category, 3},
    {category({":code 1; :message 'a'; :generic_error 'enoent'"}), bad_category, 3},
    {category({":code 1; :message 'a'; :generic_error 2"}), bad_category, 3},
    {category({":code 1; :message 'a'; :generic_error 'EPERM'@en"}), bad_category, 3},
    {category({":code 1; :message 'a'; :generic_error 'EPERM', 'EPERM'"}), bad_category, 3},
    {category({":code 1; :message 'a'; :mesage 'a'@en"}), bad_category, 3},
};

TEST(DescribeCategory, FailuresAreToldApart) {
  for (const bad_case& c : bad_cases) {
    const auto errors = describe_category(c.text);
    ASSERT_FALSE(errors) << c.text;
    EXPECT_EQ(make_error_code(errors.error().code).message(), make_error_code(c.code).message())
        << c.text << errors.error().reason;
    EXPECT_EQ(errors.error().line, c.line) << c.text << errors.error().reason;
    EXPECT_FALSE(errors.error().reason.empty()) << c.text;
  }
}

std::string message_in(std::string_view locale, int code = 1) {
  return user_error_category{"/x", *describe_category(sample), locale}.message(code);
}

TEST(UserErrorCategory, MessagesInTheLanguageOfTheLocale) {
  EXPECT_EQ(message_in("pt_BR.UTF-8"), "O disco está cheio");
  EXPECT_EQ(message_in("pt_BR"), "O disco está cheio");
  EXPECT_EQ(message_in("pt_PT.UTF-8"), "O disco está cheio!");
  EXPECT_EQ(message_in("pt"), "O disco está cheio!");
  EXPECT_EQ(message_in("pt@euro"), "O disco está cheio!");
  EXPECT_EQ(message_in("pl_PL.UTF-8"), "Płyta pełna");
  for (const char* other : {"", "C", "C.UTF-8", "POSIX", "p", "plx_XX", "de_DE.UTF-8"})
    EXPECT_EQ(message_in(other), "The disk is full") << other;
  EXPECT_EQ(message_in("de_AT.UTF-8", -7), "Anders");
  EXPECT_EQ(message_in("pt_BR", -7), "Other");
}

TEST(UserErrorCategory, UnknownCodes) {
  const user_error_category c{"/x", *describe_category(sample), ""};
  for (const int code : {0, 2, 7, 2147483647}) {
    EXPECT_EQ(c.message(code), "Unknown");
    EXPECT_EQ(c.default_error_condition(code), (std::error_condition{code, c}));
  }
}

TEST(UserErrorCategory, NameAliasesAndConditions) {
  const user_error_category c{"/srv/a b/é.ttl", *describe_category(sample), ""};
  EXPECT_STREQ(c.name(), "file:///srv/a b/é.ttl");
  EXPECT_EQ(c.code_of("full"), 1);
  EXPECT_EQ(c.code_of("disk_full"), 1);
  EXPECT_EQ(c.code_of(""), 40);
  EXPECT_EQ(c.code_of("Full"), std::nullopt);
  EXPECT_EQ((std::error_code{1, c}), std::errc::no_space_on_device);
  EXPECT_NE((std::error_code{-7, c}), std::errc::no_space_on_device);
  EXPECT_EQ((std::error_code{-7, c}).default_error_condition(), (std::error_condition{-7, c}));
}

TEST(UserErrorCategory, OfSeveralErrorsWithOneCodeTheFirstCounts) {
  const auto errors = describe_category(category({
      ":code 1; :message 'first'; :alias 'a'",
      ":code 1; :message 'second'; :alias 'b'; :generic_error 'EPERM'",
  }));
  const user_error_category c{"/x", *errors, ""};
  EXPECT_EQ(c.code_of("a"), 1);
  EXPECT_EQ(c.code_of("b"), 1);
  EXPECT_EQ(c.message(1), "first");
  EXPECT_EQ(c.default_error_condition(1).category(), c);
}

TEST(MessageLocale, TheFirstThatIsSet) {
  EXPECT_EQ(message_locale("a", "b", "c"), "a");
  EXPECT_EQ(message_locale("", "b", "c"), "b");
  EXPECT_EQ(message_locale("", "", "c"), "c");
  EXPECT_EQ(message_locale("", "", ""), "");
}

TEST(CategoryRegistry, OnePathIsOneCategory) {
  category_registry registry{"pl"};
  const auto first = registry.get("/a.ttl", sample);
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->message(1), "Płyta pełna");
  EXPECT_EQ(*registry.get("/a.ttl", "what is there is not read again"), *first);
  const auto second = registry.get("/b.ttl", sample);
  ASSERT_TRUE(second);
  EXPECT_NE(*second, *first);
  EXPECT_NE((std::error_code{1, **first}), (std::error_code{1, **second}));
}

TEST(CategoryRegistry, AFailureIsNotRemembered) {
  category_registry registry{""};
  EXPECT_EQ(registry.get("/a.ttl", "oops").error().code, core_errc::bad_rdf);
  EXPECT_TRUE(registry.get("/a.ttl", sample));
}

TEST(CategoryRegistry, Threads) {
  category_registry registry{""};
  std::vector<const user_error_category*> seen(8);
  {
    std::vector<std::jthread> threads;
    threads.reserve(seen.size());
    for (auto& slot : seen)
      threads.emplace_back([&slot, &registry] {
        for (int i = 0; i < 50; ++i) {
          slot = *registry.get("/a.ttl", sample);
          if (slot->message(1) != "The disk is full") slot = nullptr;
          (void)registry.get("/" + std::to_string(i), sample);
        }
      });
  }
  for (const auto* category : seen) EXPECT_EQ(category, seen.front());
  EXPECT_NE(seen.front(), nullptr);
}

// Where it could be slow: many languages of one message, many aliases, many nodes.
TEST(DescribeCategory, LargeFiles) {
  const auto many = [](int count, auto&& text) {
    std::string result;
    for (int i = 0; i < count; ++i) result += text(std::to_string(i));
    return result;
  };
  EXPECT_TRUE(describe_category(
      category({":code 1; :message 'a'" + many(60'000, [](auto i) { return ",''@x-" + i; })})));
  EXPECT_TRUE(describe_category(category(
      {":code 1; :message 'a'; :alias ''" + many(60'000, [](auto i) { return ",'" + i + "'"; })})));
  EXPECT_TRUE(describe_category(prefix + type + many(18'000, [](auto i) {
                                  return "<about:emilua-module>:error[:code " + i +
                                         ";:message'']. ";
                                })));
}

}  // namespace
}  // namespace emilua::turtle
