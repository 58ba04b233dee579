// Policies from JSON and back. Inside, an error is thrown; none leaves this file.
#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/base/utf8.h"
#include "lib/sandbox/duplicate_member.h"
#include "lib/sandbox/oci_profile.h"
#include "lib/sandbox/policy.h"
#include "lib/sandbox/policy_fields.h"

namespace emilua::sandbox {
namespace {

namespace json = boost::json;

std::string member_path(const std::string& path, std::string_view name) {
  return path.empty() ? std::string{name} : path + "." + std::string{name};
}

std::string element_path(const std::string& path, std::size_t i) {
  return path + "[" + std::to_string(i) + "]";
}

[[noreturn]] void fail(const std::string& where, std::string what) {
  throw policy_error{where, std::move(what)};
}

const char* kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "a table";
  }
  return "?";
}

[[noreturn]] void fail_type(const std::string& where, const char* wanted, const json::value& got) {
  fail(where, std::string{wanted} + " expected, got " + kind_of(got));
}

// Eight bytes an instruction, in hexadecimal.
std::string raw_filter(std::string_view text, const std::string& path) {
  std::string bytes;
  if (text.size() % 16 != 0) fail(path, "not a number of instructions, 16 hexadecimal digits each");
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = base::hex_value(text[i]), low = base::hex_value(text[i + 1]);
    if (high == -1 || low == -1) fail(path, "not hexadecimal");
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  }
  return text;
}

// --- reading -----------------------------------------------------------------------------------

// An empty table of Lua is both: a list and a table without fields.
const json::object& object_of(const json::value& value, const std::string& path) {
  static const json::object nothing;
  if (const auto* array = value.if_array(); array && array->empty()) return nothing;
  if (const auto* object = value.if_object()) return *object;
  fail_type(path, "a table", value);
}

const json::array& array_of(const json::value& value, const std::string& path) {
  static const json::array nothing;
  if (const auto* object = value.if_object(); object && object->empty()) return nothing;
  if (const auto* array = value.if_array()) return *array;
  fail_type(path, "a list", value);
}

std::string_view text_of(const json::value& value, const std::string& path) {
  const auto* text = value.if_string();
  if (!text) fail_type(path, "a string", value);
  const std::string_view view{text->data(), text->size()};
  // Everything here ends up in a system call, where a NUL would end it early.
  if (view.find('\0') != view.npos) fail(path, "contains a NUL byte");
  return view;
}

template <class Integer>
Integer integer_of(const json::value& value, const std::string& path) {
  std::optional<Integer> found;
  if (const auto* i = value.if_int64(); i && std::in_range<Integer>(*i))
    found = static_cast<Integer>(*i);
  else if (const auto* u = value.if_uint64(); u && std::in_range<Integer>(*u))
    found = static_cast<Integer>(*u);
  else if (const auto* d = value.if_double()) {
    // 1e3, or what comes from Lua, whose numbers are all of this type.
    constexpr double exact = 9007199254740992.0;
    if (*d >= -exact && *d <= exact && static_cast<double>(static_cast<std::int64_t>(*d)) == *d &&
        std::in_range<Integer>(static_cast<std::int64_t>(*d)))
      found = static_cast<Integer>(*d);
  }
  if (found) return *found;
  if (!value.is_number()) fail_type(path, "an integer", value);
  fail(path, "an integer from " + std::to_string(std::numeric_limits<Integer>::min()) + " to " +
                 std::to_string(std::numeric_limits<Integer>::max()) + " expected, got " +
                 json::serialize(value));
}

template <class Policy>
concept has_fields = requires(Policy& p) {
  fields(p, [](const char*, auto&) {});
};

// One overload for each type of field.
struct reader {
  static void read(const json::value& value, const std::string& path, bool& to) {
    if (!value.is_bool()) fail_type(path, "a boolean", value);
    to = value.get_bool();
  }

  template <std::integral Integer>
  static void read(const json::value& value, const std::string& path, Integer& to) {
    to = integer_of<Integer>(value, path);
  }

  static void read(const json::value& value, const std::string& path, double& to) {
    json::error_code error;
    to = value.to_number<double>(error);
    if (error) fail_type(path, "a number", value);
  }

  static void read(const json::value& value, const std::string& path, std::string& to) {
    to = text_of(value, path);
  }

  template <class T>
  static void read(const json::value& value, const std::string& path, std::vector<T>& to) {
    const json::array& array = array_of(value, path);
    for (std::size_t i = 0; i < array.size(); ++i)
      read(array[i], element_path(path, i), to.emplace_back());
  }

  static void read(const json::value& value, const std::string& path,
                   std::map<std::string, std::string>& to) {
    for (const auto& [name, member] : object_of(value, path)) {
      const std::string where = member_path(path, name);
      if (name.empty() || name.find('=') != name.npos || name.find('\0') != name.npos)
        fail(where, "not the name of a variable");
      to[std::string{name}] = text_of(member, where);
    }
  }

  template <class Enum>
  requires std::is_enum_v<Enum>
  static void read(const json::value& value, const std::string& path, Enum& to) {
    const std::string_view text = text_of(value, path);
    std::string all;
    for (const auto& [name, member] : enum_names<Enum>) {
      if (text == name) {
        to = member;
        return;
      }
      all += (all.empty() ? "" : ", ") + std::string{name};
    }
    fail(path, "unknown value '" + std::string{text} + "'; one of " + all + " expected");
  }

  template <has_fields Policy>
  static void read(const json::value& value, const std::string& path, Policy& to) {
    const json::object& object = object_of(value, path);
    std::vector<std::string> known;
    fields(to, [&](const char* name, auto& member) {
      known.emplace_back(name);
      if (const json::value* found = object.if_contains(name))
        read(*found, member_path(path, name), member);
    });
    for (const auto& [name, member] : object) {
      if (std::ranges::find(known, std::string_view{name}) == known.end())
        fail(member_path(path, name), "unknown field");
    }
  }

  static void read(const json::value& value, const std::string& path, granted_path& to) {
    if (value.is_string()) {
      to.path = text_of(value, path);
      return;
    }
    const json::object& object = object_of(value, path);
    for (const auto& [name, member] : object) {
      if (name == "path")
        to.path = text_of(member, member_path(path, name));
      else if (name == "optional")
        read(member, member_path(path, name), to.optional);
      else
        fail(member_path(path, name), "unknown field");
    }
  }

  static void read(const json::value& value, const std::string& path, mount_source& to) {
    if (value.is_string()) {
      to.path = text_of(value, path);
      return;
    }
    const json::object& object = object_of(value, path);
    const json::value* fd = object.if_contains("fd");
    if (!fd || object.size() != 1) fail(path, "a path, or a table with nothing but 'fd', expected");
    to.descriptor = integer_of<int>(*fd, member_path(path, "fd"));
  }

  static void read(const json::value& value, const std::string& path, net_policy& to) {
    if (value.is_bool()) {
      to.kind = value.get_bool() ? net_kind::all : net_kind::none;
      return;
    }
    if (!value.is_structured()) fail_type(path, "a boolean or a table", value);
    to.kind = net_kind::some;
    read<net_policy>(value, path, to);
  }

  static void read(const json::value& value, const std::string& path, id_map_policy& to) {
    if (const auto* text = value.if_string()) {
      if (*text != "self" && *text != "subid")
        fail(path, "unknown value '" + std::string{*text} + "'; self, subid or a list expected");
      to.kind = *text == "self" ? id_map_kind::self : id_map_kind::subid;
      return;
    }
    to.kind = id_map_kind::list;
    if (const auto* object = value.if_object(); object && !object->empty())
      return read(value, path, to.listed);
    read(value, path, to.listed.uids);
    to.listed.gids = to.listed.uids;
  }

  static void read(const json::value& value, const std::string& path,
                   std::optional<std::vector<std::string>>& to) {
    if (const auto* text = value.if_string()) {
      if (*text != "auto") fail(path, "\"auto\" or a list expected");
      to.reset();
      return;
    }
    read(value, path, to.emplace());
  }

  static void read(const json::value& value, const std::string& path, promise_set& to) {
    const auto parsed = parse_promises(text_of(value, path));
    if (!parsed) fail(path, "unknown promise '" + parsed.error().word + "'");
    to = *parsed;
  }

  static void read(const json::value& value, const std::string& path, syscall_action& to) {
    const std::string_view text = text_of(value, path);
    const auto action = parse_action(text);
    if (!action)
      fail(path, "unknown action '" + std::string{text} +
                     "'; allow, kill, kill_thread, errno:NAME, log, trap or notify expected");
    to = *action;
  }

  static void read_test(const json::array& test, const std::string& path, unsigned index,
                        std::vector<argument_test>& to) {
    // What is left of it: op, value and perhaps mask.
    const std::size_t at = test.size() > 0 && test[0].is_number() ? 1 : 0;
    if (test.size() < at + 2 || test.size() > at + 3) fail(path, "{op, value[, mask]} expected");
    const std::string_view op = text_of(test[at], element_path(path, at));
    const auto comparison = parse_comparison(op);
    if (!comparison)
      fail(element_path(path, at),
           "unknown comparison '" + std::string{op} + "'; one of == ~= < <= > >= &== expected");
    argument_test& out = to.emplace_back();
    out.index = index;
    out.op = *comparison;
    out.value = integer_of<std::uint64_t>(test[at + 1], element_path(path, at + 1));
    if (test.size() == at + 3)
      out.mask = integer_of<std::uint64_t>(test[at + 2], element_path(path, at + 2));
  }

  // By the argument's number, {"0": [op, value, mask]}; or a list, [[0, op, value, mask]], which
  // can test an argument twice.
  static void read(const json::value& value, const std::string& path,
                   std::vector<argument_test>& to) {
    constexpr const char* wanted = "the number of an argument, 0 to 5, expected";
    if (const auto* list = value.if_array(); list && !list->empty()) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string where = element_path(path, i);
        const json::array& test = array_of((*list)[i], where);
        if (test.empty()) fail(where, wanted);
        const auto index = integer_of<unsigned>(test[0], element_path(where, 0));
        if (index > 5) fail(element_path(where, 0), wanted);
        read_test(test, where, index, to);
      }
      return;
    }
    for (const auto& [name, member] : object_of(value, path)) {
      const std::string where = member_path(path, name);
      if (name.size() != 1 || name[0] < '0' || name[0] > '5') fail(where, wanted);
      read_test(array_of(member, where), where, static_cast<unsigned>(name[0] - '0'), to);
    }
  }

  static void read(const json::value& value, const std::string& path, syscall_rule& to) {
    if (value.is_string()) {
      to.name = text_of(value, path);
      return;
    }
    for (const auto& [name, member] : object_of(value, path)) {
      const std::string where = member_path(path, name);
      if (name == "name")
        to.name = text_of(member, where);
      else if (name == "arg")
        read(member, where, to.tests);
      else if (name == "action")
        read(member, where, to.action.emplace());
      else if (name == "optional")
        read(member, where, to.optional);
      else
        fail(where, "unknown field");
    }
    if (to.name.empty()) fail(path, "the name of a system call is missing");
  }

  static void read_profile(const json::value& value, const std::string& path, syscall_policy& to) {
    auto profile = read_oci_profile(json::serialize(value));
    if (!profile) fail(member_path(path, profile.error().where), profile.error().what);
    to = std::move(*profile);
  }

  static void read(const json::value& value, const std::string& path, syscall_policy& calls) {
    if (value.is_string()) {
      read(value, path, calls.promises);
      return;
    }
    const json::object& object = object_of(value, path);
    // First of all: the others add to it.
    if (const json::value* profile = object.if_contains("profile"))
      read_profile(*profile, member_path(path, "profile"), calls);
    for (const auto& [name, member] : object) {
      const std::string where = member_path(path, name);
      if (name == "promises")
        read(member, where, calls.promises);
      else if (name == "allow")
        read(member, where, calls.allow);
      else if (name == "deny")
        read(member, where, calls.deny);
      else if (name == "default")
        read(member, where, calls.otherwise.emplace());
      else if (name == "raw")
        calls.raw = raw_filter(text_of(member, where), where);
      else if (name != "profile")
        fail(where, "unknown field");
    }
  }

  template <class T>
  static void read(const json::value& value, const std::string& path, std::optional<T>& to) {
    read(value, path, to.emplace());
  }
};

struct writer {
  static json::value write(bool value) { return value; }
  static json::value write(double value) { return value; }
  static json::value write(const std::string& value) { return json::string{value}; }

  template <std::integral Integer>
  static json::value write(Integer value) {
    return value;
  }

  template <class Enum>
  requires std::is_enum_v<Enum>
  static json::value write(Enum value) {
    for (const auto& [name, member] : enum_names<Enum>)
      if (member == value) return name;
    return nullptr;
  }

  static json::value write(const granted_path& grant) {
    if (!grant.optional) return json::string{grant.path};
    return {{"path", grant.path}, {"optional", true}};
  }

  static json::value write(const mount_source& source) {
    if (source.descriptor == -1) return json::string{source.path};
    return {{"fd", source.descriptor}};
  }

  static json::value write(const std::map<std::string, std::string>& map) {
    json::object object;
    for (const auto& [name, value] : map) object[name] = value;
    return object;
  }

  template <class T>
  static json::value write(const std::vector<T>& list) {
    json::array array;
    for (const T& element : list) array.push_back(write(element));
    return array;
  }

  static json::value write(const net_policy& net) {
    if (net.kind != net_kind::some) return net.kind == net_kind::all;
    return write<net_policy>(net);
  }

  static json::value write(const id_map_policy& map) {
    if (map.kind != id_map_kind::list) return map.kind == id_map_kind::self ? "self" : "subid";
    if (map.listed.uids == map.listed.gids) return write(map.listed.uids);
    return write(map.listed);
  }

  static json::value write(const syscall_rule& rule) {
    json::object object{{"name", rule.name}};
    if (rule.action) object["action"] = action_name(*rule.action);
    if (rule.optional) object["optional"] = true;
    json::array tests;
    for (const argument_test& test : rule.tests)
      tests.push_back(json::array{test.index, std::string_view{comparison_name(test.op)},
                                  test.value, test.mask});
    if (!tests.empty()) object["arg"] = std::move(tests);
    return object;
  }

  static json::value write(const syscall_policy& calls) {
    json::object object{{"promises", to_text(calls.promises)},
                        {"allow", write(calls.allow)},
                        {"deny", write(calls.deny)}};
    if (!calls.raw.empty()) object["raw"] = hexadecimal(calls.raw);
    if (calls.otherwise) object["default"] = action_name(*calls.otherwise);
    return object;
  }

  template <class T>
  static json::value write(const std::optional<T>& value) {
    if (value) return write(*value);
    return nullptr;
  }

  template <class Policy>
  requires has_fields<const Policy>
  static json::value write(const Policy& policy) {
    json::object object;
    fields(policy, [&](const char* name, const auto& member) {
      if (json::value value = write(member); !value.is_null()) object[name] = std::move(value);
    });
    return object;
  }
};

}  // namespace

policy_result<policy> read_policy(std::string_view text) {
  if (text.size() > max_policy_size) return policy_error{"", "larger than 1 MiB"};
  json::error_code error;
  json::stream_parser parser{{}, {.max_depth = 16}};
  const std::size_t read_bytes = parser.write_some(text.data(), text.size(), error);
  if (error)
    return policy_error{
        "", "not JSON: byte " + std::to_string(read_bytes + 1) + ": " + error.message()};
  if (text.find_first_not_of(" \t\r\n", read_bytes) != text.npos)
    return policy_error{"", "not JSON: byte " + std::to_string(read_bytes + 1) + ": extra data"};
  parser.finish(error);
  if (error) return policy_error{"", "not JSON: it ends too early"};
  if (auto twice = duplicate_member(text)) return policy_error{std::move(*twice), "given twice"};
  return read_policy(parser.release());
}

policy_result<policy> read_policy(const json::value& value) {
  try {
    policy out;
    reader::read(value, "", out);
    if (auto checked = check(out); !checked) return checked.error();
    return out;
  } catch (const policy_error& e) {
    return e;
  }
}

std::string write_policy(const policy& policy) { return json::serialize(writer::write(policy)); }

}  // namespace emilua::sandbox
