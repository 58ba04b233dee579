// Text that grows at its end. Unlike std::string it grows by realloc, which moves large blocks
// without copying them, and gives its room to what writes there by itself.
//
//   text_buffer out;
//   out.append("abc");
//   char* p = out.room(24);                       // valid until the next call
//   out.end_at(std::to_chars(p, p + 24, 1.5).ptr);
//   out.view();                                   // abc1.5
//
// Throws std::bad_alloc when there is no memory; what was there stays.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace emilua::bindings::json {

class text_buffer {
 public:
  text_buffer() = default;
  text_buffer(text_buffer&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  text_buffer& operator=(text_buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  // Where the next `size` bytes go.
  char* room(std::size_t size) {
    if (capacity_ - size_ < size) grow(size);
    return data_.get() + size_;
  }
  void end_at(const char* end) { size_ = static_cast<std::size_t>(end - data_.get()); }

  void append(char c) {
    *room(1) = c;
    ++size_;
  }
  void append(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(room(text.size()), text.data(), text.size());
    size_ += text.size();
  }

  [[nodiscard]] std::string_view view() const { return {data_.get(), size_}; }

 private:
  void grow(std::size_t size) {
    const std::size_t capacity = std::max({size_ + size, capacity_ * 2, std::size_t{64}});
    void* data = std::realloc(data_.get(), capacity);
    if (data == nullptr) throw std::bad_alloc{};
    static_cast<void>(data_.release());  // realloc has taken it
    data_.reset(static_cast<char*>(data));
    capacity_ = capacity;
  }

  struct free_memory {
    void operator()(char* data) const noexcept { std::free(data); }
  };

  std::unique_ptr<char, free_memory> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace emilua::bindings::json
