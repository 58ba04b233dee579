// byte_span: a view (start, length, capacity) over shared, reference-counted bytes.
//
//   auto& span = lua::check<bindings::byte_span>(L, 2);
//   read_into(span.mutable_buffer(), [keep = span.memory] …);   // the bytes outlive the Lua object
#pragma once

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <string_view>

#include "lib/lua/class.h"

namespace emilua::bindings {

// What views share. It counts those of its owners that copy and drop pointers; the collector knows
// others, see push_view.
struct alignas(std::max_align_t) byte_memory {
  std::atomic<std::size_t> owners = 0;
};

void intrusive_ptr_release(byte_memory* memory) noexcept;
inline void intrusive_ptr_add_ref(byte_memory* memory) noexcept {
  memory->owners.fetch_add(1, std::memory_order_relaxed);
}

struct byte_span {
  boost::intrusive_ptr<byte_memory> memory;
  std::byte* data = nullptr;
  std::size_t length = 0;
  std::size_t capacity = 0;

  [[nodiscard]] boost::asio::mutable_buffer mutable_buffer() const noexcept {
    return {data, length};
  }
  [[nodiscard]] boost::asio::const_buffer const_buffer() const noexcept { return {data, length}; }
  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(data), length};
  }
  // A view of the same memory that begins `begin` bytes further; both within the capacity.
  [[nodiscard]] byte_span part(std::size_t begin, std::size_t size) const {
    if (begin == capacity) return {};
    return {memory, data + begin, size, capacity - begin};
  }
};

// Zero-filled memory of `capacity` bytes; std::bad_alloc when there is not so much.
[[nodiscard]] byte_span make_byte_span(std::size_t length, std::size_t capacity);

// Pushes a view of a part of `whole` for which nothing is to be counted: it costs half as much as
// others. A userdata with the environment that the running C function has: that must keep `whole`
// alive. The capacity is the size. `metatable` is where that of push_view_metatable is.
void push_view(lua_State* L, int metatable, const byte_span& whole, std::string_view part);
void push_view_metatable(lua_State* L);

// Pushes the module: the global byte_span.
void push_byte_span(lua_State* L);

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::byte_span>();
