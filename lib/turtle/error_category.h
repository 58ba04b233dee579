// User error categories: what a `.ttl` module of spec 20 §6 declares, as a std::error_category.
//
//   turtle::category_registry registry{turtle::message_locale(lc_all, lc_messages, lang)};
//   auto category = registry.get("/srv/app/errors.ttl", source);       // one object for one path
//   if (!category) log(category.error().reason, category.error().line);
//   std::error_code error{*(*category)->code_of("disk_full"), **category};
//   error.message();   error == std::errc::no_space_on_device;
//
// The file:
//
//   @prefix : <https://schema.emilua.org/error_category/0/#> .
//   <about:emilua-module> a <https://schema.emilua.org/error_category/0/> ;
//     :error [ :code 1 ; :alias "disk_full" ; :generic_error "ENOSPC" ;
//              :message "The disk is full", "O disco está cheio"@pt-BR ] .
//
// What is counted (one code, one untagged message …) is counted in statements: the same one twice
// is two. Several errors may have one code: the first of them says what it means. Properties of
// other vocabularies are ignored, further subjects are not: they are errors.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <boost/system/result.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "lib/lua/core_error.h"

namespace emilua::turtle {

struct described_error {
  int code = 0;
  int generic = 0;  // errno; 0 if it has no portable equivalent
  std::vector<std::string> aliases;
  std::string message;
  std::map<std::string, std::string> translations;  // by language: "pt_br" for @pt-BR
};

struct category_failure {
  lua::core_errc code;      // bad_rdf, bad_rdf_module or bad_rdf_error_category
  std::size_t line;         // the first is 1; 0 if it is the whole file
  std::string_view reason;  // for people; static
};

using category_description = boost::system::result<std::vector<described_error>, category_failure>;

// Reads and checks a whole file. Time is linear but for the number of translations of one error,
// which counts n log n.
[[nodiscard]] category_description describe_category(std::string_view source);

// The process's message locale: the first of the environment's variables that is not empty.
[[nodiscard]] std::string_view message_locale(std::string_view lc_all, std::string_view lc_messages,
                                              std::string_view lang) noexcept;

// Immutable, so thread-safe.
class user_error_category final : public std::error_category {
 public:
  // Messages are in the language of `locale` where there is one: the longest tag that begins it
  // (case aside, first `-` read as `_`, and up to the end of a word).
  user_error_category(std::string_view path, const std::vector<described_error>& errors,
                      std::string_view locale);

  [[nodiscard]] const char* name() const noexcept override { return name_.c_str(); }  // file://PATH
  [[nodiscard]] std::string message(int code) const override;  // "Unknown" for other codes
  [[nodiscard]] std::error_condition default_error_condition(int code) const noexcept override;

  [[nodiscard]] std::optional<int> code_of(std::string_view alias) const;

 private:
  struct meaning {
    std::string message;
    int generic;
  };

  std::string name_;
  absl::flat_hash_map<int, meaning> meanings_;
  std::map<std::string, int, std::less<>> aliases_;
};

// The categories of one process. Error codes point to them: a registry must outlive all codes, so
// the process's own is never destroyed. Thread-safe.
class category_registry {
 public:
  explicit category_registry(std::string_view locale) : locale_(locale) {}

  using result = boost::system::result<const user_error_category*, category_failure>;

  // The category of the file at `path` (absolute). Made from `source` the first time that succeeds;
  // after that `source` is not looked at.
  [[nodiscard]] result get(const std::string& path, std::string_view source);

 private:
  const std::string locale_;
  std::mutex mutex_;
  absl::flat_hash_map<std::string, std::unique_ptr<const user_error_category>> categories_;
};

}  // namespace emilua::turtle
