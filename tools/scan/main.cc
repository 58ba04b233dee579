#include "tools/scan/scan.h"

int main(int argc, char** argv, char** envp) { return emilua::scan::tool.run(argc, argv, envp); }
