// Fuzzing the fiber API: random programs, run by a VM and by a model of the specification.
//
// Input: a program (fiber_program.h) of spawn, join, interrupt, locks, conditions, futures, scopes,
// protected calls and coroutines. Checked: the VM does step by step what the model (fiber_model.h)
// says, with the same results and errors; it ends when the model does, with the same exit status;
// and reports the same panics, deadlocks and failed handlers.
//
// In ordinary CI fiber_fuzz_test drives this. By hand, with libFuzzer, from the workspace:
//
//   bazel build --config=release //lua:runtime
//   clang++ -std=c++20 -g -O1 -I. -I/usr/include/luajit-2.1
//     -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_ASIO_NO_DEPRECATED
//     -fsanitize=fuzzer,address,undefined -fno-sanitize=function -fno-sanitize-recover=all
//     -o /tmp/fiber_fuzz tests/fuzz/fiber_{fuzz,model,program}.cc
//     lib/fiber/{context,diagnostics,fiber_api,globals,module_loader,module_name}.cc
//     lib/fiber/{native_stack,path,pool,source_store,sync,vm}.cc
//     lib/lua/{class,core_error,embedded,error}.cc lib/base/file.cc
//     bazel-bin/lua/runtime_embedded.cc third_party/asio.cc -lluajit-5.1 -labsl_hash -labsl_city
//     -labsl_low_level_hash -labsl_raw_hash_set (all in one line)
//   mkdir -p /tmp/fiber_corpus && /tmp/fiber_fuzz -max_len=300 -max_total_time=600
//   /tmp/fiber_corpus
//
// Debian: clang-14, libclang-rt-14-dev, libboost1.81-dev, libluajit-5.1-dev and libabsl-dev. With
// FIBER_FUZZ_VERBOSE=1 in the environment each program and what it does are printed.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <lua.hpp>
#include <span>
#include <string>
#include <string_view>

#include "lib/fiber/context.h"
#include "lib/fiber/sync.h"
#include "lib/fiber/vm.h"
#include "lib/lua/class.h"
#include "lib/lua/core_error.h"
#include "lib/lua/error.h"
#include "tests/fuzz/fiber_model.h"
#include "tests/fuzz/fiber_program.h"

namespace {

using emilua::fiber::vm;
using fiber_fuzz::block;
using fiber_fuzz::observation;
using fiber_fuzz::operation;

void require(bool holds, const char* property) {
  if (holds) return;
  (void)std::fprintf(stderr, "fiber_fuzz: violated: %s\n", property);
  std::abort();
}

// --- the interpreter ----------------------------------------------------------

constexpr std::string_view interpreter = R"lua(
local session = require 'session'
local record, interrupted = session.record, session.interrupted

local mutexes, conditions, promises, futures = {}, {}, {}, {}
for i = 0, session.mutexes - 1 do mutexes[i] = require('mutex').new() end
for i = 0, session.conditions - 1 do conditions[i] = require('condition_variable').new() end
for i = 0, session.futures - 1 do promises[i], futures[i] = require('future').new() end
local recursive = require('recursive_mutex').new()
local fibers, coroutines = {}, {}

local function me()
    return this_fiber.local_.number
end

-- The object that an argument means, and what is left of the argument.
local function chosen(objects, count, argument)
    return objects[argument % count], math.floor(argument / count)
end

local function values(o)
    local count = o.argument % 4
    if count == 1 then
        return o.number
    elseif count == 2 then
        return o.number, nil
    elseif count == 3 then
        return nil, o.number, nil
    end
end

local execute = {}

local function gives(o, ...)
    record(me(), o.number, 'gives', ...)
end

local function run(block)
    for i = 1, #block do
        local o = block[i]
        record(me(), o.number, 'starts')
        gives(o, execute[o.name](o))
    end
end

local function body(o)
    run(o.block)
    return values(o)
end

function execute.spawn(o)
    local number = #fibers + 1
    fibers[number] = spawn(function(...)
        this_fiber.local_.number = number
        record(number, o.number, 'begins', ...)
        return body(o)
    end)
end

local function on_fiber(f)
    return function(o)
        if #fibers == 0 then
            return 'none'
        end
        return f(fibers[o.argument % #fibers + 1])
    end
end

execute.join = on_fiber(function(f) return f:join() end)
execute.detach = on_fiber(function(f) return f:detach() end)
execute.interrupt = on_fiber(function(f) return f:interrupt() end)
execute.interruption_caught = on_fiber(function(f) return f.interruption_caught end)
execute.joinable = on_fiber(function(f) return f.joinable end)

for _, name in ipairs{'yield', 'disable_interruption', 'restore_interruption', 'forbid_suspend',
                      'allow_suspend'} do
    execute[name] = function() return this_fiber[name]() end
end

for _, name in ipairs{'lock', 'try_lock', 'unlock'} do
    execute[name] = function(o)
        local mutex = chosen(mutexes, session.mutexes, o.argument)
        return mutex[name](mutex)
    end
    execute['recursive_' .. name] = function() return recursive[name](recursive) end
end

function execute.wait(o)
    local condition, rest = chosen(conditions, session.conditions, o.argument)
    return condition:wait((chosen(mutexes, session.mutexes, rest)))
end

for _, name in ipairs{'notify_one', 'notify_all'} do
    execute[name] = function(o)
        local condition = chosen(conditions, session.conditions, o.argument)
        return condition[name](condition)
    end
end

function execute.get(o)
    return chosen(futures, session.futures, o.argument):get()
end

function execute.set_value(o)
    local promise, rest = chosen(promises, session.futures, o.argument)
    if rest % 2 == 0 then
        return promise:set_value(o.number)
    end
    return promise:set_value()
end

function execute.set_error(o)
    local promise, rest = chosen(promises, session.futures, o.argument)
    return promise:set_error(rest % 2 == 0 and 'set' .. o.number or nil)
end

function execute.pcall(o)
    return pcall(body, o)
end

function execute.xpcall(o)
    return xpcall(body, function(e)
        record(me(), o.number, 'handles', e)
        return 'handled'
    end, o)
end

function execute.scope(o)
    return scope(function()
        return body(o)
    end)
end

function execute.push(o)
    return scope_cleanup_push(function(...)
        record(me(), o.number, 'handles', ...)
        run(o.block)
        return 'dropped'
    end)
end

function execute.pop(o)
    if o.argument % 3 == 2 then
        return scope_cleanup_pop()
    end
    return scope_cleanup_pop(o.argument % 3 == 1)
end

local function coroutine_of(o)
    return function(...)
        record(me(), o.number, 'begins', ...)
        return body(o)
    end
end

function execute.create(o)
    coroutines[#coroutines + 1] = coroutine.create(coroutine_of(o))
end

function execute.wrap(o)
    coroutines[#coroutines + 1] = coroutine.wrap(coroutine_of(o))
end

function execute.resume(o)
    if #coroutines == 0 then
        return 'none'
    end
    local co = coroutines[o.argument % #coroutines + 1]
    if type(co) == 'function' then
        return co(values(o))
    end
    return coroutine.resume(co, values(o))
end

function execute.coroutine_yield(o)
    return coroutine.yield(values(o))
end

function execute.status(o)
    if #coroutines == 0 then
        return 'none'
    end
    local co = coroutines[o.argument % #coroutines + 1]
    return type(co) == 'function' and 'wrapped' or coroutine.status(co)
end

function execute.error(o)
    local kind = session.errors[o.argument % #session.errors + 1]
    if kind == 'nil' then
        error(nil, 0)
    elseif kind == 'table' then
        error({}, 0)
    elseif kind == 'interrupted' then
        error(interrupted, 0)
    end
    error('e' .. o.number, 0)
end

execute.exit = session.exit

this_fiber.local_.number = 0
run(session.program)
)lua";

// --- the VM's side ------------------------------------------------------------

// What runs now; found by the VM's functions through the context.
struct session {
  const block* program = nullptr;
  observation seen = {};
};

session& of(lua_State* L) { return *vm::of(L).process().find<session>(); }

std::string shown(lua_State* L, int index) {
  if (const auto error = emilua::lua::to_error(L, index)) {
    lua_getfield(L, index, "arg");
    const int argument = static_cast<int>(lua_tointeger(L, -1));
    lua_pop(L, 1);
    return fiber_fuzz::show_code(*error, argument);
  }
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      return "nil";
    case LUA_TBOOLEAN:
      return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER:
      return fiber_fuzz::show_number(static_cast<int>(lua_tointeger(L, index)));
    case LUA_TSTRING:
      return fiber_fuzz::show_string(emilua::lua::to_text(L, index));
    default:
      return luaL_typename(L, index);
  }
}

// record(fiber, operation, what, values…)
int record(lua_State* L) {
  std::vector<std::string> values;
  for (int i = 4, n = lua_gettop(L); i <= n; ++i) values.push_back(shown(L, i));
  of(L).seen.trace.push_back(fiber_fuzz::show_event(static_cast<int>(luaL_checkinteger(L, 1)),
                                                    static_cast<int>(luaL_checkinteger(L, 2)),
                                                    emilua::lua::to_text(L, 3), values));
  return 0;
}

int end_program(lua_State* L) { return vm::of(L).exit(L); }

void push_block(lua_State* L, const block& operations) {
  luaL_checkstack(L, 6, "program");
  lua_createtable(L, static_cast<int>(operations.size()), 0);
  int position = 0;
  for (const operation& o : operations) {
    lua_createtable(L, 0, 4);
    emilua::lua::push_text(L, fiber_fuzz::name(o.kind));
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, o.argument);
    lua_setfield(L, -2, "argument");
    lua_pushinteger(L, o.number);
    lua_setfield(L, -2, "number");
    push_block(L, o.block);
    lua_setfield(L, -2, "block");
    lua_rawseti(L, -2, ++position);
  }
}

void push_session(lua_State* L) {
  constexpr emilua::lua::class_method functions[] = {{"record", record}, {"exit", end_program}};
  emilua::lua::push_functions(L, functions);
  push_block(L, *of(L).program);
  lua_setfield(L, -2, "program");
  emilua::lua::push(L, emilua::lua::core_errc::interrupted);
  lua_setfield(L, -2, "interrupted");
  for (const auto& [name, count] : {std::pair{"mutexes", fiber_fuzz::mutex_count},
                                    std::pair{"conditions", fiber_fuzz::condition_count},
                                    std::pair{"futures", fiber_fuzz::future_count}}) {
    lua_pushinteger(L, count);
    lua_setfield(L, -2, name);
  }
  lua_newtable(L);
  int position = 0;
  for (const char* kind : {"string", "string", "nil", "table", "interrupted"}) {
    lua_pushstring(L, kind);
    lua_rawseti(L, -2, ++position);
  }
  lua_setfield(L, -2, "errors");
}

constexpr emilua::fiber::builtin_module modules[] = {
    {"condition_variable", emilua::fiber::push_condition_variable},
    {"future", emilua::fiber::push_future},
    {"mutex", emilua::fiber::push_mutex},
    {"recursive_mutex", emilua::fiber::push_recursive_mutex},
    {"session", push_session},
};

// Where reports go: a file in memory, read and emptied after each program.
class report_file {
 public:
  report_file() : fd_(::memfd_create("reports", MFD_CLOEXEC)) {
    require(fd_ >= 0 && ::fcntl(fd_, F_SETFL, O_APPEND) == 0, "reports can be written");
  }

  [[nodiscard]] int fd() const { return fd_; }

  std::string take() {
    std::string text;
    char part[4096];
    for (ssize_t n; (n = ::pread(fd_, part, sizeof part, static_cast<off_t>(text.size()))) > 0;)
      text.append(part, static_cast<std::size_t>(n));
    require(text.empty() || ::ftruncate(fd_, 0) == 0, "reports can be taken");
    return text;
  }

 private:
  int fd_;  // for as long as the process lives
};

// The lines that say what happened, without addresses, as the model writes them.
std::vector<std::string> events_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto panicked = line.find(" panicked: ");
    const auto deadlock = line.find("possible deadlock: '");
    if (line.starts_with("stack traceback") || line.starts_with('\t')) continue;
    if (panicked != line.npos) {
      std::string who = line.starts_with("Main fiber") ? "Main fiber" : "Fiber";
      lines.push_back(std::move(who.append(line.substr(panicked))));
    } else if (deadlock != line.npos) {
      const std::string_view object = line.substr(deadlock + 20);
      lines.push_back("possible deadlock: " + std::string{object.substr(0, object.find(' '))});
    } else if (line.find("a cleanup handler failed") != line.npos) {
      lines.emplace_back("a cleanup handler failed");
    } else {
      lines.emplace_back(line);
    }
  }
  std::ranges::sort(lines);
  return lines;
}

observation observed(const block& program) {
  static report_file reports;
  static emilua::fiber::context process{{.arguments = {},
                                         .environment = {},
                                         .module_directories = {},
                                         .module_patterns = {},
                                         .log = {.fd = reports.fd()}}};
  static session running;
  static const bool provided = (process.provide(running), true);
  (void)provided;

  running = {.program = &program};
  process.set_exit_code(0);
  {
    const auto machine = vm::create(
        process, process.main_pool(),
        {.names = {
             .modules = modules, .globals = {}, .push_category = nullptr, .push_plugin = nullptr}});
    const std::string error = machine->start({.path = "/interpreter.lua",
                                              .source = interpreter,
                                              .chunk_name = "=interpreter",
                                              .import_root = {}});
    require(error.empty(), "the interpreter is Lua");
  }
  process.main_pool().io().restart();
  process.run();
  running.seen.reports = events_of(reports.take());
  running.seen.exit_code = process.exit_code();
  return std::move(running.seen);
}

// --- comparison -----------------------------------------------------------------

void print(const char* title, const std::vector<std::string>& lines) {
  (void)std::fprintf(stderr, "--- %s\n", title);
  for (const std::string& line : lines) (void)std::fprintf(stderr, "%s\n", line.c_str());
}

void explain(const block& program, const observation& model, const observation& engine) {
  (void)std::fprintf(stderr, "--- program\n%s", fiber_fuzz::to_text(program).c_str());
  const auto [m, e] = std::ranges::mismatch(model.trace, engine.trace);
  print("both", {model.trace.begin(), m});
  print("then the model", {m, model.trace.end()});
  print("then the engine", {e, engine.trace.end()});
  print("reports of the model", model.reports);
  print("reports of the engine", engine.reports);
  (void)std::fprintf(stderr, "exit codes: %d and %d\n", model.exit_code, engine.exit_code);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool verbose = std::getenv("FIBER_FUZZ_VERBOSE") != nullptr;
  const block program = fiber_fuzz::decode({data, size});
  const observation model = fiber_fuzz::expected(program);
  const observation engine = observed(program);
  const bool same = model == engine;
  if (verbose || !same) explain(program, model, engine);
  require(same, "the VM does what the specification says");
  return 0;
}
