#include "lib/bindings/unix/address.h"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <cstddef>
#include <string>

namespace emilua::bindings {
namespace {

using namespace std::string_literals;

constexpr std::size_t header = offsetof(sockaddr_un, sun_path);

std::string round_trip(const std::string& path) {
  const auto address = to_unix_address(path);
  return address ? unix_path(*address) : "error: " + address.error().message();
}

TEST(UnixAddress, PathnamesEndWithNul) {
  const auto address = to_unix_address("/run/x");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->get()->sa_family, AF_UNIX);
  EXPECT_EQ(address->size, header + 7);
  EXPECT_EQ(unix_path(*address), "/run/x");
}

TEST(UnixAddress, AbstractNamesKeepAllBytes) {
  EXPECT_EQ(to_unix_address("\0ab"s)->size, header + 3);
  EXPECT_EQ(round_trip("\0a\0b"s), "\0a\0b"s);
  EXPECT_EQ(round_trip("\0"s + std::string(107, 'x')), "\0"s + std::string(107, 'x'));
}

TEST(UnixAddress, NoNameIsTheEmptyPath) {
  EXPECT_EQ(to_unix_address("")->size, header);
  EXPECT_EQ(round_trip(""), "");
  EXPECT_EQ(unix_path(socket_address{}), "");
}

TEST(UnixAddress, NamesThatDoNotFit) {
  EXPECT_EQ(round_trip(std::string(107, 'x')), std::string(107, 'x'));
  EXPECT_EQ(to_unix_address(std::string(108, 'x')).error(), std::errc::filename_too_long);
  EXPECT_EQ(to_unix_address(std::string(1 << 20, 'x')).error(), std::errc::filename_too_long);
  EXPECT_EQ(to_unix_address("\0"s + std::string(108, 'x')).error(), std::errc::filename_too_long);
}

TEST(UnixAddress, TheKernelWouldStopAtNul) {
  EXPECT_EQ(to_unix_address("/run/x\0/y"s).error(), std::errc::invalid_argument);
}

TEST(UnixAddress, APathnameWithoutItsNulIsReportedLongerThanItIs) {
  auto address = *to_unix_address(std::string(107, 'x'));
  reinterpret_cast<sockaddr_un*>(&address.storage)->sun_path[107] = 'y';
  address.size = sizeof(sockaddr_un) + 1;
  EXPECT_EQ(unix_path(address), std::string(107, 'x') + 'y');
}

}  // namespace
}  // namespace emilua::bindings
