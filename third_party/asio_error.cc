// Asio's error categories alone, for programs that speak of its errors and have no event loop. With
// these, nothing of asio.cc is linked.
#include <boost/asio/impl/error.ipp>
