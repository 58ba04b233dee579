// Rules for system calls, by number, written as one program for the kernel's filters.
//
//   std::vector<sock_filter> program = write_filter(std::move(rules), otherwise);
//
// Of the rules for a call, the first decides whose tests all hold. The program finds a call by
// bisection of the numbers; it is kept short, because the kernel translates it, and runs it once
// for each call that there is, whenever it is installed.
//
// libseccomp could write it, but takes longer for that than all else that starts a box; and where
// several rules for a call test arguments, version 2.5.4 merges comparisons of order into code that
// answers otherwise.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

#include "lib/sandbox/syscall_rules.h"

namespace emilua::sandbox {

struct filter_rule {
  std::uint32_t number;
  std::span<const argument_test> tests;  // none: any arguments
  syscall_action action;
};

// `rules`: those for the same call in the order of their precedence. `otherwise`: what all other
// calls get, those of foreign architectures and those newer than newest_judged_call excepted.
[[nodiscard]] std::vector<sock_filter> write_filter(std::vector<filter_rule> rules,
                                                    const syscall_action& otherwise);

// Whoever `program` lets pass goes on to what will be appended to it.
void let_pass(std::vector<sock_filter>& program);

}  // namespace emilua::sandbox
