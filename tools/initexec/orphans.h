// The processes that a program leaves behind.
#pragma once

namespace emilua::initexec {

// Kills everybody that has come to the caller, as process 1 or as subreaper, and waits until there
// is nobody any more. A subreaper that is not process 1 finds them in /proc: throws tools::refusal
// if there is none.
void kill_orphans();

}  // namespace emilua::initexec
