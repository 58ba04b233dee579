#include "lib/sandbox/step_failure_text.h"

namespace emilua::sandbox {
namespace {

// Plans take root at his word. One without capabilities is refused: his box would keep groups and
// securebits that the policy says it has not.
std::string remedy_for(step_kind kind, std::error_code error) {
  const bool roots = kind == step_kind::set_groups || kind == step_kind::set_gid ||
                     kind == step_kind::set_uid || kind == step_kind::lock_securebits;
  if (!roots || error != std::errc::operation_not_permitted) return "";
  return "start it as another user, or as root with CAP_SETGID, CAP_SETUID and CAP_SETPCAP";
}

}  // namespace

std::string describe_failure(const step& s, std::error_code error) {
  std::string text = describe(s) + ": " + error.message();
  if (const std::string remedy = remedy_for(s.kind, error); !remedy.empty())
    text += "; what would help: " + remedy;
  return text;
}

}  // namespace emilua::sandbox
