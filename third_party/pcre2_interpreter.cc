// PCRE2 without its compiler to machine code, for tools whose size counts: a quarter of a megabyte.
// These definitions keep that object of the archive out of the link. They answer as a PCRE2 does
// that was configured without it, so that lib/regex interprets every expression.
#include <pcre2.h>

#include <cstddef>
#include <cstdint>

extern "C" {

int pcre2_jit_compile_8(pcre2_code* /*code*/, std::uint32_t /*options*/) {
  return PCRE2_ERROR_JIT_BADOPTION;
}

int pcre2_jit_match_8(const pcre2_code* /*code*/, PCRE2_SPTR /*subject*/, PCRE2_SIZE /*length*/,
                      PCRE2_SIZE /*start*/, std::uint32_t /*options*/, pcre2_match_data* /*data*/,
                      pcre2_match_context* /*context*/) {
  return PCRE2_ERROR_JIT_BADOPTION;
}

pcre2_jit_stack* pcre2_jit_stack_create_8(PCRE2_SIZE /*size*/, PCRE2_SIZE /*limit*/,
                                          pcre2_general_context* /*context*/) {
  return nullptr;
}

void pcre2_jit_stack_assign_8(pcre2_match_context* /*context*/, pcre2_jit_callback /*callback*/,
                              void* /*data*/) {}
void pcre2_jit_stack_free_8(pcre2_jit_stack* /*stack*/) {}
void pcre2_jit_free_unused_memory_8(pcre2_general_context* /*context*/) {}

// What PCRE2's other objects call.
void _pcre2_jit_free_rodata_8(void* /*data*/, void* /*allocator*/) {}
void _pcre2_jit_free_8(void* /*compiled*/, void* /*memory*/) {}
std::size_t _pcre2_jit_get_size_8(void* /*compiled*/) { return 0; }
const char* _pcre2_jit_get_target_8() { return "JIT is not supported"; }
int _pcre2_jit_check_exec_8() { return 0; }
}
