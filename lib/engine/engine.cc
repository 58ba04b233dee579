#include "lib/engine/engine.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "lib/actor/boxed_call.h"
#include "lib/actor/inbox.h"
#include "lib/actor/spawn_helper.h"
#include "lib/base/file.h"
#include "lib/base/printable.h"
#include "lib/base/signals.h"
#include "lib/bindings/sandbox/restrict_engine.h"
#include "lib/bindings/system/signal_service.h"
#include "lib/engine/builtins.h"
#include "lib/engine/check.h"
#include "lib/engine/command_line.h"
#include "lib/fiber/fresh_state.h"
#include "lib/fiber/vm.h"
#include "lib/ipc/credentials.h"
#include "lib/lua/core_error.h"
#include "lib/lua/cpuid.h"

namespace emilua::engine {
namespace {

using environment = std::vector<std::pair<std::string, std::string>>;
using helper_ptr = boost::system::result<std::unique_ptr<actor::spawn_helper>, actor::failed_call>;

constexpr int failure = 1, misuse = 2;

int fail(std::string_view what, int status) {
  const std::string line = base::printable(what) + "\n";
  static_cast<void>(base::write_all(2, base::bytes_of(line)));
  return status;
}

const char* find(const environment& variables, std::string_view name) {
  for (const auto& [key, value] : variables)
    if (key == name) return value.c_str();
  return nullptr;
}

environment read_environment(char** envp) {
  environment variables;
  for (; envp != nullptr && *envp != nullptr; ++envp) {
    const std::string_view entry = *envp;
    const auto equals = entry.find('=');
    if (equals != entry.npos)
      variables.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return variables;
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto full = std::filesystem::absolute(path, error);
  if (error) return path;
  std::string normal = full.lexically_normal().native();
  if (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

// The non-empty paths of a list, made absolute.
std::vector<std::string> path_list(const environment& variables, std::string_view name,
                                   char separator) {
  std::vector<std::string> paths;
  const char* value = find(variables, name);
  std::string_view rest = value != nullptr ? value : "";
  while (!rest.empty()) {
    const auto end = rest.find(separator);
    if (end != 0) paths.push_back(absolute(std::string{rest.substr(0, end)}));
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  }
  return paths;
}

fiber::context::options process_options(environment variables, std::vector<std::string> arguments) {
  fiber::context::options options;
  options.arguments = std::move(arguments);
  options.module_directories = path_list(variables, "EMILUA_PATH", ':');
  options.module_patterns = path_list(variables, "EMILUA_LUA_PATH", ';');
  if (const char* colors = find(variables, "EMILUA_COLORS"); colors != nullptr && *colors != '\0' &&
                                                             std::string_view{colors} != "0" &&
                                                             std::string_view{colors} != "1")
    fail("emilua: EMILUA_COLORS is neither 0 nor 1: ignored", 0);
  options.log.color = fiber::want_color(find(variables, "EMILUA_COLORS"),
                                        find(variables, "NO_COLOR"), ::isatty(2) == 1);
  options.log.max_level =
      fiber::parse_log_level(find(variables, "EMILUA_LOG_LEVELS"), options.log.max_level);
  options.environment = std::move(variables);
  return options;
}

std::shared_ptr<bindings::signal_service> provide_signals(fiber::context& process) {
  auto signals = std::make_shared<bindings::signal_service>(process.main_pool().io());
  process.provide(*signals);
  return signals;
}

void provide_helper(fiber::context& process, actor::spawn_helper& helper) {
  process.provide(helper);
  process.provide<ipc::credential_follower>(helper);
  process.provide<sandbox::launcher>(helper);
  process.provide(actor::boxed_calls());
  process.provide<sandbox::companion>(helper);
}

// Runs one VM, and all that it starts, to the end.
int run_to_end(fiber::context& process, fiber::vm& v, const fiber::vm::entry_script& entry,
               const std::string& name) {
  const std::string message = v.start(entry);
  if (!message.empty()) return fail(name + ": " + message, failure);
  process.run();
  // What print() has buffered; a full disk or a closed pipe is not to pass for success.
  if (std::fflush(stdout) != 0 && process.exit_code() == 0)
    return fail("emilua: standard output: " + base::last_error().message(), failure);
  return process.exit_code();
}

// What --policy asks for; as much as can be done before the process knows its script.
struct engine_box {
  sandbox::plan plan;

  // 0, or the status to end with.
  static int prepare(const std::string& file, std::optional<engine_box>& box,
                     fiber::context::options& options) {
    if (file.empty()) return 0;
    const std::string name = "emilua: --policy: " + file + ": ";
    const auto text = base::read_file(file.c_str(), sandbox::max_policy_size);
    if (!text) return fail(name + text.error().message(), misuse);
    const auto policy = sandbox::read_policy(*text);
    if (!policy) return fail(name + in_words(policy.error()), misuse);
    auto planned = bindings::plan_for_engine(*policy);
    if (!planned) return fail(name + in_words(planned.error().fault), failure);
    box = engine_box{std::move(*planned)};
    options.text_only = true;
    options.jit = box->plan.promises.contains(sandbox::promise::prot_exec);
    options.module_patterns.clear();  // packages made for another world
    return 0;
  }

  [[nodiscard]] int enter(fiber::context& process) const {
    const auto entered = bindings::restrict_engine(plan, process.find<sandbox::companion>());
    return entered ? 0 : fail("emilua: --policy: " + in_words(entered.error().fault), failure);
  }
};

// 0, or the status after a complaint.
int read_entry(const command_line& line, const fiber::source_store& sources,
               fiber::vm::entry_script& entry, fiber::source_store::text& source) {
  switch (line.what) {
    case command_line::action::run_chunk:
      entry.path = absolute("=(command line)");
      entry.chunk_name = "=(command line)";
      source = std::make_shared<const std::string>(line.script);
      break;
    case command_line::action::run_stdin: {
      auto text = base::read_all(0, fiber::source_store::max_source_size);
      if (!text) return fail("emilua: standard input: " + text.error().message(), failure);
      entry.path = absolute("=stdin");
      entry.chunk_name = "=stdin";
      source = std::make_shared<const std::string>(std::move(*text));
      break;
    }
    default: {
      entry.path = absolute(line.script);
      entry.chunk_name = "@" + entry.path;
      auto text = sources.load(entry.path);
      if (!text) return fail("emilua: " + line.script + ": " + text.error().message(), failure);
      source = *text;
    }
  }
  entry.source = *source;
  return 0;
}

int print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) == 0) return 0;
  return fail("emilua: standard output: " + base::last_error().message(), failure);
}

// The files of the program on standard output, or what is wrong with them.
int check(const command_line& line, char** envp) {
  const auto options = process_options(read_environment(envp), line.arguments);
  const fiber::source_store sources;
  fiber::source_store::text source;
  fiber::vm::entry_script entry;
  if (const int status = read_entry(line, sources, entry, source)) return status;
  const check_report report = check_program(entry, builtin_names(), options, sources);
  for (const std::string& problem : report.problems) fail("emilua: " + problem, failure);
  if (!report.problems.empty()) return failure;
  std::string text;
  for (const std::string& module : report.modules) text += module + "\n";
  return print(text);
}

int run_program(const command_line& line, char** envp, helper_ptr& helper) {
  auto options = process_options(read_environment(envp), line.arguments);
  options.test = line.test;
  std::optional<engine_box> box;
  if (const int status = engine_box::prepare(line.policy, box, options); status != 0) return status;
  if (line.single_threaded) options.main_concurrency = fiber::concurrency::single;
  fiber::context process{std::move(options)};
  const auto signals = provide_signals(process);
  if (helper)
    provide_helper(process, **helper);
  else
    fail(std::string{"emilua: subprocess actors are not available: "} + helper.error().call + ": " +
             helper.error().error.message(),
         failure);

  fiber::source_store::text source;
  fiber::vm::entry_script entry;
  if (const int status = read_entry(line, process.sources(), entry, source)) return status;
  if (const int status = box ? box->enter(process) : 0; status != 0) return status;
  const auto v = fiber::vm::create(process, process.main_pool(), {.names = builtin_names()});
  return run_to_end(process, *v, entry, "emilua");
}

// The life of an actor's process, once the init.script has run.
class actor_life final : public actor::actor_life {
 public:
  void prepare() noexcept override;
  int run(actor::actor_start start) override;

 private:
  std::unique_ptr<fiber::fresh_state> fresh_;
};

void actor_life::prepare() noexcept {
  if (fresh_) return;
  // Each actor has an error of it, sooner or later: made here, it is not made anew each time.
  static_cast<void>(lua::core_category());
  try {
    auto fresh = std::make_unique<fiber::fresh_state>(builtin_names());
    fresh->settle();
    fresh_ = std::move(fresh);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): the actor may have more
  }
}

int actor_life::run(actor::actor_start start) {
  actor::actor_config& config = start.config;
  // The actor's own helper: its children hold no more than it does itself.
  helper_ptr helper = actor::failed_call{base::system_error(EPERM), "fork"};
  if (start.helper)
    helper = actor::spawn_helper::connect(std::move(start.helper));
  else if (config.children)
    helper = actor::spawn_helper::start({0, nullptr, nullptr}, *this);
  base::ignore_sigpipe();  // in this process only
  auto options = process_options(std::move(config.environment), {"emilua", config.module});
  options.text_only = config.text_only;
  options.jit = config.jit;
  if (config.single_threaded) options.main_concurrency = fiber::concurrency::single;
  if (config.text_only) options.module_patterns.clear();  // packages made for another world
  fiber::context process{std::move(options)};
  const auto signals = provide_signals(process);
  if (helper) provide_helper(process, **helper);
  for (auto& [path, source] : config.sources) process.sources().add(path, std::move(source));

  fiber::vm::entry_script entry;
  entry.path = absolute(config.module);
  entry.chunk_name = "@" + entry.path;
  entry.import_root = config.import_root;
  const auto source = process.sources().load(entry.path);
  if (!source)
    return fail("<3>ipc_actor: " + entry.path + ": " + source.error().message(), failure);
  entry.source = **source;
  const fiber::vm::options what{
      .names = builtin_names(), .entry = fiber::vm::role::worker, .master = true};
  const auto v = fresh_ ? fiber::vm::create(process, process.main_pool(), what, *fresh_)
                        : fiber::vm::create(process, process.main_pool(), what);
  v->extension<actor::inbox>().add_channel(std::move(start.inbox));
  return run_to_end(process, *v, entry, "<3>ipc_actor");
}

}  // namespace

int main(int argc, char** argv, char** envp, command_line_reader* read) {
  // A program that runs scripts must not do so with somebody else's rights.
  if (::getauxval(AT_SECURE) != 0)
    return fail("emilua: refuses to run set-uid, set-gid or with file capabilities", misuse);
  if (const auto ready = base::ensure_standard_descriptors(); !ready)
    return fail("emilua: standard streams: " + ready.error().message(), failure);
  // What all processes to come inherit.
  base::reset_signal_dispositions();
  lua::learn_cpuid();
  // The helper erases its copy of argv and envp: nothing may be taken from there afterwards but by
  // this process. It comes first, before there is anything that a child must not have.
  actor_life life;
  helper_ptr helper = actor::spawn_helper::start({argc, argv, envp}, life);
  base::ignore_sigpipe();
  base::unblock_all_signals();
  const command_line line = read(argc, argv);
  switch (line.what) {
    case command_line::action::usage_error:
      return fail(line.text, misuse);
    case command_line::action::print:
      return print(line.text);
    default:
      break;
  }
  try {
    return line.check ? check(line, envp) : run_program(line, envp, helper);
  } catch (const std::exception& e) {  // no memory, no descriptors
    return fail(std::string{"emilua: "} + e.what(), failure);
  }
}

}  // namespace emilua::engine
