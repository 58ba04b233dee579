// --status-fd: one JSON object a line for each event.
#pragma once

#include <string>

namespace emilua::confine {

class status_writer {
 public:
  explicit status_writer(int fd) : fd_(fd) {}

  void started(int pid) const;
  // Nothing has run.
  void refused(const std::string& clause, const std::string& what) const;
  void exited(int code, int signal, bool timed_out) const;

 private:
  void write(const std::string& line) const;

  int fd_;  // -1: nobody wants to know
};

}  // namespace emilua::confine
