#include "lib/engine/engine.h"

int main(int argc, char** argv, char** envp) { return emilua::engine::main(argc, argv, envp); }
