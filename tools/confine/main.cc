#include "tools/confine/confine.h"

int main(int argc, char** argv, char** envp) { return emilua::confine::tool.run(argc, argv, envp); }
