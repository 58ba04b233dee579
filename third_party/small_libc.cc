// What a small tool leaves of the C library: languages, character sets, shared objects, wide
// characters and most of scanf go, a tenth of such a tool or more. The linker's --wrap sends the
// calls here that would bring them along, LuaJIT's as well as the C library's own, so that the
// objects of the archive that answer them are not linked. The locale is C and stays that; whatever
// a static executable cannot want ends it.
#include <cctype>
#include <clocale>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// --- numbers that are read from files
// -------------------------------------------------------------

// As much as Lua 5.3 and its successors take for a number, too.
constexpr std::size_t max_numeral = 200;

// The longest beginning of what a file has that could become a Lua numeral; one character too many
// is looked at, and given back.
class numeral {
 public:
  explicit numeral(std::FILE* file) : file_{file}, next_{skip_space(file)} {}

  // Whether the whole of what was taken is one.
  bool read(double& value) {
    take_one_of("+-");
    bool hexadecimal = false;
    std::size_t digits = 0;
    if (take_one_of("0")) {
      hexadecimal = take_one_of("xX");
      digits = hexadecimal ? 0 : 1;
    }
    digits += take_digits(hexadecimal);
    if (take_one_of(".")) digits += take_digits(hexadecimal);
    bool complete = digits > 0;
    if (complete && take_one_of(hexadecimal ? "pP" : "eE")) {
      take_one_of("+-");
      complete = take_digits(false) > 0;
    }
    ::ungetc(next_, file_);
    text_[size_] = '\0';
    if (!complete || too_long_) return false;
    value = std::strtod(text_, nullptr);
    return true;
  }

  [[nodiscard]] bool at_end() const { return size_ == 0 && next_ == EOF; }

 private:
  static int skip_space(std::FILE* file) {
    int c = 0;
    do c = std::getc(file);
    while (std::isspace(c));
    return c;
  }

  void take() {
    if (size_ < max_numeral)
      text_[size_++] = static_cast<char>(next_);
    else
      too_long_ = true;
    next_ = too_long_ ? EOF : std::getc(file_);
  }

  bool take_one_of(const char* characters) {
    if (next_ == EOF || std::strchr(characters, next_) == nullptr) return false;
    take();
    return true;
  }

  std::size_t take_digits(bool hexadecimal) {
    std::size_t n = 0;
    for (; next_ != EOF && (hexadecimal ? std::isxdigit(next_) : std::isdigit(next_)); ++n) take();
    return n;
  }

  std::FILE* file_;
  int next_;
  bool too_long_ = false;
  std::size_t size_ = 0;
  char text_[max_numeral + 1];
};

}  // namespace

extern "C" {

// --- assert
// ---------------------------------------------------------------------------------------

// The C library's would speak the user's language, and to wide streams, too.
[[noreturn]] void __wrap___assert_fail(const char* assertion, const char* file, unsigned line,
                                       const char* function) {
  std::fprintf(stderr, "%s:%u: %s: Assertion `%s' failed.\n", file, line,
               function != nullptr ? function : "?", assertion);
  std::abort();
}

// --- languages and character sets
// -----------------------------------------------------------------

char* __wrap_setlocale(int category, const char* locale) {
  static char name[] = "C";
  if (category < LC_CTYPE || category > LC_IDENTIFICATION) return nullptr;
  const bool known = locale == nullptr || *locale == '\0' || std::strcmp(locale, "C") == 0 ||
                     std::strcmp(locale, "POSIX") == 0;
  return known ? name : nullptr;
}

char* __wrap_dcgettext(const char* /*domain*/, const char* message, int /*category*/) {
  return const_cast<char*>(message);
}

char* __wrap___dcgettext(const char* /*domain*/, const char* message, int /*category*/) {
  return const_cast<char*>(message);
}

// How other character sets than C's, which needs none of these, are converted: they are unknown.
int __wrap___gconv_find_transform(const char* /*to*/, const char* /*from*/, void** /*steps*/,
                                  std::size_t* /*count*/, int /*flags*/) {
  return 1;  // __GCONV_NOCONV
}

int __wrap___gconv_close_transform(void* /*steps*/, std::size_t /*count*/) { return 0; }
void __wrap___gconv_release_step(void* /*step*/) {}

// --- shared objects
// -------------------------------------------------------------------------------

// Where they would be searched for.
void __wrap__dl_init_paths(const char* /*path*/, const char* /*source*/, const char* /*prepend*/,
                           const char* /*mask*/) {}

// The directory of the executable, for names of shared objects: asked for at every start.
const char* __wrap__dl_get_origin() { return reinterpret_cast<const char*>(-1); }  // unknown

// Behind dlopen(), which //lib/lua:static_dl keeps from everybody, and character sets.
void* __wrap__dl_open() { die("a static executable loads no shared objects"); }
void __wrap__dl_close(void* /*object*/) {}

// --- scanf
// ----------------------------------------------------------------------------------------

// LuaJIT's file:read("*n"). Infinities and NaNs, which C reads, are no numerals of Lua's.
int __wrap___isoc99_fscanf(std::FILE* file, const char* format, ...) {
  if (std::strcmp(format, "%lf") != 0) die("fscanf: unknown format");
  std::va_list arguments;
  va_start(arguments, format);
  double* const value = va_arg(arguments, double*);
  va_end(arguments);
  numeral number{file};
  if (number.read(*value)) return 1;
  return number.at_end() ? EOF : 0;
}

// What time zones are read with: %hu, %n and characters that stand for themselves.
int __wrap___isoc99_sscanf(const char* text, const char* format, ...) {
  const char* const begin = text;
  int converted = *text == '\0' ? EOF : 0;
  std::va_list arguments;
  va_start(arguments, format);
  for (; *format != '\0'; ++format) {
    if (std::strncmp(format, "%hu", 3) == 0) {
      format += 2;
      char* end = nullptr;
      const unsigned long number = std::strtoul(text, &end, 10);
      if (end == text) break;
      text = end;
      *va_arg(arguments, unsigned short*) = static_cast<unsigned short>(number);
      ++converted;
    } else if (std::strncmp(format, "%n", 2) == 0) {
      ++format;
      *va_arg(arguments, int*) = static_cast<int>(text - begin);
    } else if (*format == '%') {
      die("sscanf: unknown format");
    } else if (*text++ != *format) {
      break;
    }
  }
  va_end(arguments);
  return converted;
}
}
