// Maps of user and group ids, as values.
//
//   id_maps maps{.uids = map_around(0, ::geteuid(), others), .gids = …};
//   inside_of(maps.uids, ::geteuid());                    // 0
//
// Source: user_namespaces(7).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace emilua::sandbox {

struct id_range {
  std::uint32_t inside, outside, count;

  bool operator==(const id_range&) const = default;
};

using id_ranges = std::vector<id_range>;

struct id_maps {
  id_ranges uids, gids;

  bool operator==(const id_maps&) const = default;
};

// "of uids 0 1000 1, 1 100000 65536; of gids …"; "of uids and gids …" where they are the same.
[[nodiscard]] std::string in_words(const id_maps& maps);

// What the id is in the box, if it is anything.
[[nodiscard]] std::optional<std::uint32_t> inside_of(const id_ranges& map, std::uint32_t outside);
[[nodiscard]] std::optional<std::uint32_t> outside_of(const id_ranges& map, std::uint32_t inside);

// `own` becomes `inside`, and `others` have, in their order, all numbers beside it, from 0 on.
[[nodiscard]] id_ranges map_around(std::uint32_t inside, std::uint32_t own,
                                   std::span<const id_range> others);

// The ids that a user may map (id_map.h finds them).
struct mappable_ids {
  bool all = false;  // the caller has CAP_SETUID and CAP_SETGID
  // Beside his own; what they are inside is not said.
  id_ranges uids = {}, gids = {};
  std::string missing = {};  // why these are empty, in words: "/etc/subuid: no ids for user me"
};

}  // namespace emilua::sandbox
