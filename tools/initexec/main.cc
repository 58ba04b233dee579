#include "tools/initexec/initexec.h"

int main(int argc, char** argv, char** envp) {
  return emilua::initexec::tool.run(argc, argv, envp);
}
