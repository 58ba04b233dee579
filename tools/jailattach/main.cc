#include "tools/jailattach/jailattach.h"

int main(int argc, char** argv, char** envp) {
  return emilua::jailattach::tool.run(argc, argv, envp);
}
