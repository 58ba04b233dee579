// A shared library for ffi.load.
#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int fixture_value;
int fixture_value = 7;

EXPORT int fixture_add(int a, int b);
int fixture_add(int a, int b) { return a + b; }
