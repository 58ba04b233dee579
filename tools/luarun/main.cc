#include "tools/luarun/luarun.h"

int main(int argc, char** argv, char** envp) { return emilua::luarun::tool.run(argc, argv, envp); }
