// byte_span: a view (start, length, capacity) over shared, reference-counted bytes.
//
//   auto& span = lua::check<bindings::byte_span>(L, 2);
//   read_into(span.mutable_buffer(), [keep = span.memory] …);   // the bytes outlive the Lua object
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <memory>
#include <string_view>

#include "lib/lua/class.h"

namespace emilua::bindings {

struct byte_span {
  std::shared_ptr<std::byte[]> memory;
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

// Pushes the module: the global byte_span.
void push_byte_span(lua_State* L);

}  // namespace emilua::bindings

template <>
const emilua::lua::class_info& emilua::lua::class_of<emilua::bindings::byte_span>();
