// Boost.JSON, compiled once instead of linked from a library of the system's.
#include <boost/json/src.hpp>
