// Where module sources come from: what was shipped to this process, else the disk.
//
//   source_store sources;
//   sources.add("/srv/app/worker.lua", text);       // an actor without file system starts from
//   these auto text = sources.load("/srv/app/worker.lua");
//
// Paths are absolute and lexically normal. Shipped sources win over the disk. Thread-safe.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace emilua::fiber {

class source_store {
 public:
  using text = std::shared_ptr<const std::string>;

  // A source larger than this is refused (EFBIG).
  static constexpr std::size_t max_source_size = std::size_t{64} << 20;

  void add(const std::string& path, std::string source);

  // Whether `load` has something to load: a shipped source, or a regular file that may be looked
  // at.
  [[nodiscard]] bool exists(const std::string& path) const;

  // The first of them that exists, or null.
  [[nodiscard]] const std::string* first_existing(const std::vector<std::string>& candidates) const;

  // The source; errors are those of reading the file.
  [[nodiscard]] base::result<text> load(const std::string& path) const;

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, text> shipped_;
};

}  // namespace emilua::fiber
