#include "lib/fiber/module_name.h"

#include <algorithm>
#include <filesystem>

namespace emilua::fiber {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_name(std::string_view text) {
  return !text.empty() && is_letter(text[0]) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// NAME<separator>…<separator>NAME
bool is_name_list(std::string_view text, char separator) {
  for (;;) {
    const auto end = text.find(separator);
    if (!is_name(text.substr(0, end))) return false;
    if (end == text.npos) return true;
    text.remove_prefix(end + 1);
  }
}

std::string with_slash(std::string_view directory) {
  std::string path{directory};
  if (!path.ends_with('/')) path += '/';
  return path;
}

}  // namespace

base::result<module_request> parse_module_name(std::string_view id) {
  const std::error_code invalid = lua::core_errc::invalid_module_name;
  if (id.starts_with('/')) {
    id.remove_prefix(1);
    if (!is_name_list(id, '/')) return invalid;
    return module_request{.kind = module_kind::root, .name = std::string{id}};
  }
  if (!id.starts_with('.')) {
    if (!is_name_list(id, '.')) return invalid;
    return module_request{.kind = module_kind::external, .name = std::string{id}};
  }
  const bool dot = id.starts_with("./");
  if (dot) id.remove_prefix(2);
  int levels = 0;
  while (id.starts_with("../")) {
    id.remove_prefix(3);
    ++levels;
  }
  if ((!dot && levels == 0) || !is_name(id)) return invalid;
  return module_request{.kind = levels == 0 ? module_kind::child : module_kind::relative,
                        .levels_up = levels,
                        .name = std::string{id}};
}

std::vector<std::string> candidates_in(std::string_view directory, std::string_view name) {
  const std::string base = with_slash(directory).append(name);
  return {base + ".lua", base + "/init.lua", base + ".ttl"};
}

std::string plugin_in(std::string_view directory, std::string_view name) {
  return with_slash(directory).append("lib").append(name) + ".so";
}

base::result<std::vector<std::string>> module_candidates(const module_request& request,
                                                         const module_info& importer) {
  namespace fs = std::filesystem;
  switch (request.kind) {
    case module_kind::external:
      return std::vector<std::string>{};
    case module_kind::root:
      return candidates_in(importer.import_root, request.name);
    case module_kind::child:
      if (importer.leaf) return lua::make_error_code(lua::core_errc::leaf_cannot_import_child);
      [[fallthrough]];
    case module_kind::relative: {
      fs::path directory = fs::path{importer.path}.parent_path();
      const int climb = request.levels_up - (importer.leaf ? 1 : 0);
      for (int i = 0; i < climb; ++i) {
        if (directory == importer.import_root || directory == directory.root_path())
          return lua::make_error_code(lua::core_errc::root_cannot_import_parent);
        directory = directory.parent_path();
      }
      return candidates_in(directory.native(), request.name);
    }
  }
  return lua::make_error_code(lua::core_errc::invalid_module_name);
}

std::string pattern_candidate(std::string_view pattern, std::string_view name) {
  std::string file{name};
  std::ranges::replace(file, '.', '/');
  std::string path;
  for (const char c : pattern) {
    if (c == '?')
      path += file;
    else
      path += c;
  }
  return path;
}

std::string pattern_root(std::string_view pattern) {
  pattern = pattern.substr(0, pattern.find('?'));
  const auto end = pattern.rfind('/');
  return std::string{end == 0 || end == pattern.npos ? "/" : pattern.substr(0, end)};
}

bool is_leaf_path(std::string_view path) noexcept { return !path.ends_with("/init.lua"); }

bool is_category_path(std::string_view path) noexcept { return path.ends_with(".ttl"); }

}  // namespace emilua::fiber
