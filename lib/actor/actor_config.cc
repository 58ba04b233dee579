#include "lib/actor/actor_config.h"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include "lib/base/bytes.h"
#include "lib/ipc/codec.h"
#include "lib/ipc/sealed_memory.h"
#include "lib/ipc/seqpacket.h"

namespace emilua::actor {
namespace {

using string_pairs = std::vector<std::pair<std::string, std::string>>;

constexpr ipc::message_limits limits{.bytes = max_config_size, .depth = 2};

// What surely fits into a socket's buffer.
constexpr std::size_t packet_size = std::size_t{32} << 10;

void write_pairs(ipc::message_writer& writer, const string_pairs& pairs) {
  writer.begin_table(0, static_cast<std::uint32_t>(pairs.size()));
  for (const auto& [name, value] : pairs) {
    writer.string(name);
    writer.string(value);
  }
}

bool read_string(ipc::message_reader& reader, std::string& out) {
  const ipc::token t = reader.next();
  if (t.kind != ipc::token_kind::string) return false;
  out = t.string;
  return true;
}

bool read_pairs(ipc::message_reader& reader, string_pairs& out) {
  const ipc::token table = reader.next();
  if (table.kind != ipc::token_kind::table || table.list_length != 0) return false;
  for (std::uint32_t i = 0; i < table.pair_count; ++i) {
    auto& [name, value] = out.emplace_back();
    if (!read_string(reader, name) || !read_string(reader, value)) return false;
  }
  return true;
}

bool read_boolean(ipc::message_reader& reader, bool& out) {
  const ipc::token t = reader.next();
  out = t.boolean;
  return t.kind == ipc::token_kind::boolean;
}

void write_list(ipc::message_writer& writer, const std::vector<std::string>& list) {
  writer.begin_table(static_cast<std::uint32_t>(list.size()), 0);
  for (const std::string& text : list) writer.string(text);
}

bool read_list(ipc::message_reader& reader, std::vector<std::string>& out) {
  const ipc::token table = reader.next();
  if (table.kind != ipc::token_kind::table || table.pair_count != 0) return false;
  for (std::uint32_t i = 0; i < table.list_length; ++i)
    if (!read_string(reader, out.emplace_back())) return false;
  return true;
}

// Numbers below 2^53, as they are here, are the same as doubles.
template <class Integer>
bool read_integer(ipc::message_reader& reader, Integer& out) {
  const ipc::token t = reader.next();
  if (t.kind != ipc::token_kind::number) return false;
  out = static_cast<Integer>(t.number);
  return true;
}

base::result<base::unique_fd> seal(const ipc::message_writer& writer) {
  if (writer.bytes().size() > limits.bytes) return base::system_error(EMSGSIZE);
  return ipc::seal(writer.bytes(), "emilua-actor");
}

// Calls read(reader) with what follows the head of a list of so many fields.
template <class Read>
base::result<> read_fields(base::byte_view bytes, std::uint32_t count, Read read) {
  if (ipc::check(bytes, 0, limits) != ipc::message_error::none) return base::system_error(EBADMSG);
  ipc::message_reader reader{bytes};
  const ipc::token root = reader.next();
  if (root.kind != ipc::token_kind::table || root.list_length != count || !read(reader))
    return base::system_error(EBADMSG);
  return {};
}

// The same from a sealed memory.
template <class Read>
base::result<> read_sealed_fields(int memory, std::uint32_t count, Read read) {
  const auto mapping = ipc::open_sealed(memory, limits.bytes);
  if (!mapping) return mapping.error();
  return read_fields(mapping->bytes(), count, read);
}

// As text: they may be larger than what a double holds.
void write_limit(ipc::message_writer& writer, const std::optional<std::uint64_t>& limit) {
  writer.string(limit ? std::to_string(*limit) : "");
}

bool read_limit(ipc::message_reader& reader, std::optional<std::uint64_t>& out) {
  std::string text;
  if (!read_string(reader, text)) return false;
  if (text.empty()) return true;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out.emplace());
  return error == std::errc{} && stop == end;
}

constexpr std::uint32_t field_count = 11, program_field_count = 6, limit_count = 5;

base::result<actor_config> read_config(base::byte_view bytes) {
  actor_config config;
  const auto read = read_fields(bytes, field_count, [&](ipc::message_reader& reader) {
    return read_string(reader, config.module) && read_string(reader, config.import_root) &&
           read_pairs(reader, config.environment) && read_pairs(reader, config.sources) &&
           read_boolean(reader, config.text_only) && read_boolean(reader, config.single_threaded) &&
           read_boolean(reader, config.has_init_script) &&
           read_string(reader, config.init_script) && read_string(reader, config.box) &&
           read_boolean(reader, config.jit) && read_boolean(reader, config.children);
  });
  if (!read) return read.error();
  return config;
}

}  // namespace

base::result<base::unique_fd> send_config(const actor_config& config, int channel) {
  ipc::message_writer writer;
  writer.begin_table(field_count, 0);
  writer.string(config.module);
  writer.string(config.import_root);
  write_pairs(writer, config.environment);
  write_pairs(writer, config.sources);
  writer.boolean(config.text_only);
  writer.boolean(config.single_threaded);
  writer.boolean(config.has_init_script);
  writer.string(config.init_script);
  writer.string(config.box);
  writer.boolean(config.jit);
  writer.boolean(config.children);
  if (writer.bytes().size() <= packet_size &&
      ipc::send_packet(channel, writer.bytes(), {}).has_value())
    return base::unique_fd{};
  return seal(writer);
}

base::result<actor_config> receive_config(int channel, int memory) {
  if (memory != -1) {
    const auto mapping = ipc::open_sealed(memory, limits.bytes);
    if (!mapping) return mapping.error();
    return read_config(mapping->bytes());
  }
  const auto room = std::make_unique_for_overwrite<std::byte[]>(packet_size);
  const auto packet = ipc::receive_packet(channel, {room.get(), packet_size});
  if (packet.status != ipc::packet_status::received) return base::system_error(EBADMSG);
  auto config = read_config(packet.bytes);
  // It may hold the init.script's secrets, and those of the environment.
  base::secure_erase(room.get(), packet.bytes.size());
  return config;
}

base::result<base::unique_fd> seal_program(const program_config& config) {
  ipc::message_writer writer;
  writer.begin_table(program_field_count, 0);
  writer.string(config.path);
  write_list(writer, config.arguments);
  write_list(writer, config.environment);
  writer.string(config.box);
  writer.number(config.exec_descriptor);
  writer.number(static_cast<double>(config.empty_path));
  return seal(writer);
}

base::result<program_config> open_program(int memory) {
  program_config config;
  const auto read = read_sealed_fields(memory, program_field_count, [&](auto& reader) {
    return read_string(reader, config.path) && read_list(reader, config.arguments) &&
           read_list(reader, config.environment) && read_string(reader, config.box) &&
           read_integer(reader, config.exec_descriptor) && read_integer(reader, config.empty_path);
  });
  if (!read) return read.error();
  return config;
}

base::result<base::unique_fd> seal_limits(const sandbox::cgroup_policy& limits) {
  ipc::message_writer writer;
  writer.begin_table(limit_count, 0);
  write_limit(writer, limits.memory_max);
  write_limit(writer, limits.memory_swap_max);
  write_limit(writer, limits.pids_max);
  writer.string(limits.cpu_max);
  writer.string(limits.io_max);
  return seal(writer);
}

base::result<sandbox::cgroup_policy> open_limits(int memory) {
  sandbox::cgroup_policy limits;
  const auto read = read_sealed_fields(memory, limit_count, [&](auto& reader) {
    return read_limit(reader, limits.memory_max) && read_limit(reader, limits.memory_swap_max) &&
           read_limit(reader, limits.pids_max) && read_string(reader, limits.cpu_max) &&
           read_string(reader, limits.io_max);
  });
  if (!read) return read.error();
  return limits;
}

}  // namespace emilua::actor
