#include <stdio.h>

int main(void) { return puts("hello from a confined build") == EOF; }
