#include "tools/confine/status.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "lib/base/file.h"

namespace emilua::confine {

namespace json = boost::json;

// Whoever asked for it and does not listen any more has no use for our failure.
void status_writer::write(const std::string& line) const {
  if (fd_ != -1) static_cast<void>(base::write_all(fd_, base::bytes_of(line + "\n")));
}

void status_writer::started(int pid) const {
  write(json::serialize(json::object{{"event", "started"}, {"pid", pid}}));
}

void status_writer::refused(const std::string& clause, const std::string& what) const {
  write(json::serialize(json::object{{"event", "refused"}, {"clause", clause}, {"reason", what}}));
}

void status_writer::exited(int code, int signal, bool timed_out) const {
  json::object event{{"event", "exited"}, {"code", code}};
  if (signal != 0) event["signal"] = signal;
  if (timed_out) event["timed_out"] = true;
  write(json::serialize(event));
}

}  // namespace emilua::confine
