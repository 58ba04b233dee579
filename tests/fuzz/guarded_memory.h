// Memory whose end is the end of the accessible: a byte read past an input is a SIGSEGV.
//
//   guarded_memory memory{4096};
//   LLVMFuzzerTestOneInput(memory.place(input), input.size());
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

class guarded_memory {
 public:
  explicit guarded_memory(std::size_t longest) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    size_ = (longest + page - 1) / page * page;
    void* memory =
        ::mmap(nullptr, size_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    begin_ = static_cast<std::uint8_t*>(memory);
    EXPECT_EQ(::mprotect(begin_ + size_, page, PROT_NONE), 0);
    mapped_ = size_ + page;
  }
  guarded_memory(const guarded_memory&) = delete;
  guarded_memory& operator=(const guarded_memory&) = delete;
  ~guarded_memory() { ::munmap(begin_, mapped_); }

  // Valid until the next call; no longer than promised.
  const std::uint8_t* place(const std::string& input) {
    std::uint8_t* at = begin_ + size_ - input.size();
    std::copy(input.begin(), input.end(), at);
    return at;
  }

 private:
  std::uint8_t* begin_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;
};
