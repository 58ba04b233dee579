// PCRE2 without its compiler to machine code and without Unicode's properties, for tools whose size
// counts: a third of a megabyte. These definitions keep the objects of the archive that have them
// out of the link. The functions answer as a PCRE2 does that was configured without them, so that
// lib/regex interprets every expression; it also forbids UTF and Unicode's properties in all of
// them, so that of the tables at most what stands for the first 256 characters is looked at.
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

// One block of 128 characters, all of one kind that has no property.
extern const char* const _pcre2_unicode_version_8;
const char* const _pcre2_unicode_version_8 = "none";
extern const std::uint16_t _pcre2_ucd_stage1_8[2];
const std::uint16_t _pcre2_ucd_stage1_8[2] = {};
extern const std::uint16_t _pcre2_ucd_stage2_8[128];
const std::uint16_t _pcre2_ucd_stage2_8[128] = {};
extern const std::uint32_t _pcre2_ucd_records_8[4];
const std::uint32_t _pcre2_ucd_records_8[4] = {};
extern const std::uint32_t _pcre2_ucd_caseless_sets_8[1];
const std::uint32_t _pcre2_ucd_caseless_sets_8[1] = {0xffffffff};
extern const std::uint32_t _pcre2_ucd_digit_sets_8[1];
const std::uint32_t _pcre2_ucd_digit_sets_8[1] = {};
extern const std::uint32_t _pcre2_ucd_script_sets_8[4];
const std::uint32_t _pcre2_ucd_script_sets_8[4] = {};
extern const std::uint32_t _pcre2_ucd_boolprop_sets_8[2];
const std::uint32_t _pcre2_ucd_boolprop_sets_8[2] = {};
}
