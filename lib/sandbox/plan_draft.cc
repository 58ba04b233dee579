#include "lib/sandbox/plan_draft.h"

#include <cstring>
#include <utility>

namespace emilua::sandbox {

void plan_draft::add(step s) { made.steps.push_back(std::move(s)); }

void plan_draft::add_number(step_kind kind, std::string clause, std::uint64_t number,
                            std::uint64_t number2, std::uint64_t number3) {
  step s{kind, std::move(clause)};
  s.number = number;
  s.number2 = number2;
  s.number3 = number3;
  add(std::move(s));
}

void plan_draft::enforced(std::string clause, std::string mechanism) {
  made.report.push_back({std::move(clause), std::move(mechanism)});
}

void plan_draft::compromise(level level, std::string clause, std::string mechanism, std::string why,
                            std::string remedy) {
  made.report.push_back(
      {std::move(clause), std::move(mechanism), level, std::move(why), std::move(remedy)});
}

void plan_draft::missing_namespace(std::string clause, namespace_set kind) {
  if (is_in_place(context.who))
    return compromise(level::off, std::move(clause), "",
                      "a process that runs already gets no namespace",
                      "promises that do not reach so far");
  if (can(kind))
    return compromise(level::off, std::move(clause), "",
                      "it needs a namespace that is not asked for",
                      "name it in `namespaces`, or leave that to \"auto\"");
  const int error = here.error_of(kind);
  compromise(level::off, std::move(clause), "",
             "no namespace: " + std::string{std::strerror(error)},
             remedy_for_namespace(kind, error));
}

}  // namespace emilua::sandbox
