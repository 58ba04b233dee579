#include "tools/fdpass/fdpass.h"

int main(int argc, char** argv, char** envp) { return emilua::fdpass::tool.run(argc, argv, envp); }
