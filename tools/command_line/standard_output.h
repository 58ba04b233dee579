// Standard output of tools that write it through the C library's buffer, as Lua's own functions do:
// what cannot be written is told, whoever has written it and however the process ends.
//
//   if (!tools::guard_standard_output("scan", 2)) return 2;    // first of all
//   …
//   if (std::fwrite(…) != size) return tools::standard_output_failed();
#pragma once

namespace emilua::tools {

// At the end of the process the buffer is written; if that fails, or anything before has, there is
// a complaint and the process ends with status `failed`. A process that was started without a
// standard output is not ended by a signal for it.
[[nodiscard]] bool guard_standard_output(const char* tool, int failed);

// Writes the buffer now. If that fails the process ends, with the complaint.
void flush_standard_output();

// Complains with errno as the reason, once. The status to end with.
int standard_output_failed();

}  // namespace emilua::tools
