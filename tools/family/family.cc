#include "tools/family/family.h"

#include "tools/confine/confine.h"
#include "tools/fdpass/fdpass.h"
#include "tools/initexec/initexec.h"
#include "tools/jailattach/jailattach.h"
#include "tools/luarun/luarun.h"
#include "tools/scan/scan.h"

namespace emilua::tools {
namespace {

constexpr const tool* all[] = {
    &confine::tool, &fdpass::tool, &initexec::tool, &jailattach::tool, &luarun::tool, &scan::tool,
};

}  // namespace

std::span<const tool* const> family() noexcept { return all; }

const tool* find_tool(std::string_view name) noexcept {
  for (const tool* t : all)
    if (t->name == name) return t;
  return nullptr;
}

}  // namespace emilua::tools
