// The handler of std::terminate() for small tools: it aborts. libstdc++'s own one would print the
// exception's type first, and bring along the demangler, which is a tenth of such a tool. This
// definition keeps that object of the library out of the link.
#include <cstdlib>
#include <exception>

namespace __cxxabiv1 {

extern std::terminate_handler __terminate_handler;
std::terminate_handler __terminate_handler = std::abort;

}  // namespace __cxxabiv1
