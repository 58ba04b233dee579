#include "lib/fiber/source_store.h"

#include <sys/stat.h>

#include "lib/base/file.h"

namespace emilua::fiber {

void source_store::add(const std::string& path, std::string source) {
  const std::scoped_lock lock{mutex_};
  shipped_[path] = std::make_shared<const std::string>(std::move(source));
}

bool source_store::exists(const std::string& path) const {
  {
    const std::scoped_lock lock{mutex_};
    if (shipped_.contains(path)) return true;
  }
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode);
}

const std::string* source_store::first_existing(const std::vector<std::string>& candidates) const {
  for (const std::string& path : candidates)
    if (exists(path)) return &path;
  return nullptr;
}

base::result<source_store::text> source_store::load(const std::string& path) const {
  {
    const std::scoped_lock lock{mutex_};
    if (const auto it = shipped_.find(path); it != shipped_.end()) return it->second;
  }
  auto source = base::read_file(path.c_str(), max_source_size);
  if (!source) return source.error();
  return std::make_shared<const std::string>(std::move(*source));
}

}  // namespace emilua::fiber
