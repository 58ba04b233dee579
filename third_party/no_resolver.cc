// The C library's resolver loads shared objects at run time, which a static executable must not do.
// Nothing in the project calls it; Asio's compiled half refers to it. The linker's --wrap sends
// those references here, which keeps the resolver itself out of every executable.
#include <netdb.h>

extern "C" {
int __wrap_getaddrinfo(const char* /*node*/, const char* /*service*/, const addrinfo* /*hints*/,
                       addrinfo** /*result*/) {
  return EAI_FAIL;
}
void __wrap_freeaddrinfo(addrinfo* /*list*/) {}
int __wrap_getnameinfo(const sockaddr* /*address*/, socklen_t /*length*/, char* /*host*/,
                       socklen_t /*host_size*/, char* /*service*/, socklen_t /*service_size*/,
                       int /*flags*/) {
  return EAI_FAIL;
}
}
