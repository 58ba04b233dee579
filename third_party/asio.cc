// Asio, compiled once instead of into every source that includes it.
#include <boost/asio/impl/src.hpp>
