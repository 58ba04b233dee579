---@meta
-- Global names that the engine adds to Lua, or replaces.

---Where this module's file lies.
---@type filesystem.path
_FILE = nil

---"main" in the program's entry ("test" under --test, then also in what it imports by ./ and ../),
---"worker" in an actor's entry, "" in every other module.
---@type "main"|"test"|"worker"|""
_CONTEXT = nil

---A fiber started by `spawn`. An unknown member raises `bad_index`.
---@class fiber
---@field joinable boolean Whether `join` or `detach` may still be called.
---@field interruption_caught boolean After `join`: whether the fiber ended by interruption. EINVAL before.
fiber = {}

---Waits for the fiber's end; returns its results, or raises its error value unchanged. Nothing is
---returned or raised if it ended by interruption. Suspends; interruption point. EINVAL{arg=1} when
---joined or detached already, EDEADLK for oneself.
---@return any ...
function fiber:join() end

---Gives the fiber up: its error, if it ends with one, is reported on standard error. EINVAL{arg=1}.
function fiber:detach() end

---Asks the fiber to end: every interruption point it reaches raises `interrupted` (emilua.core 13).
function fiber:interrupt() end

---Starts a fiber; it first runs when this one suspends.
---@param f fun(): any
---@return fiber
function spawn(f) end

---The running fiber. Writing a member raises EPERM.
---@class this_fiber
---@field is_main boolean True in the main fiber and while a module is loaded.
---@field local_ table Storage of this fiber; not inherited.
---@field id string For debugging.
this_fiber = {}

---Lets the other ready fibers run. Suspends; interruption point.
function this_fiber.yield() end

---Until `allow_suspend`, every call that might suspend raises `forbid_suspend_block` (emilua.core 12).
function this_fiber.forbid_suspend() end

---Ends one `forbid_suspend`. Raises `suspension_already_allowed` (emilua.core 10) without one.
function this_fiber.allow_suspend() end

---Until `restore_interruption`, requests to end are noted but not raised.
function this_fiber.disable_interruption() end

---Ends one `disable_interruption`. Raises `interruption_already_allowed` (emilua.core 11) without one.
function this_fiber.restore_interruption() end

---Loads a module once and returns it: its globals, or what its chunk returns. `./x`, `../x` and `/x`
---are files of the project, a bare name is built in or lies in EMILUA_PATH, or, dots allowed, where
---EMILUA_LUA_PATH says. Only in main and module fibers. Raises emilua.core codes 1 to 6 and 24, or
---the module's own error; ENOSYS for `ip` and `tls`, which are not there yet.
---
---`ffi` is LuaJIT's library; in a box ENOTSUP. In the static engine its `ffi.C` has what
---lib/lua/libc_symbols.inc lists, and `ffi.load` raises; emilua-dynamic sees the whole process. Calls
---block all fibers of the VM, and functions that C calls back cannot suspend.
---
---A native plugin, libNAME.so in EMILUA_PATH (lib/engine/plugin.h), needs emilua-dynamic: elsewhere
---ENOTSUP. ENOEXEC when it cannot be loaded; the error's field `reason` says why.
---@param id string
---@return any
function require(id) end

---Fills in the replacement fields of a text, by the rules of {fmt}: `{}`, `{0}`, `{name}`, with
---`:[[fill]align][sign][#][0][width][.precision][L][type]`; `{{` and `}}` are braces. Numbers with a
---64-bit integer value are integers, others doubles. A pair {name, value} has a name and a position.
---EINVAL{arg=i} for other arguments (the text is 1); a string error for a faulty text, and for a
---result longer than 64 MiB.
---@param text string
---@param ... boolean|number|string|{[1]: string, [2]: boolean|number|string}
---@return string
function format(text, ...) end

---Adds threads on which the actors of this process may run in parallel; one actor never does. They
---end with the process. ENOTSUP under --main-context-concurrency-hint 1, EAGAIN for more than 1024.
---@param count integer Nothing happens unless it is positive.
function spawn_context_threads(count) end

---@class subprocess.init
---@field script string Lua source that runs in the new process before the actor: see init_script.lua.
---@field arg? file_descriptor The script's global `arg`.

---@class subprocess.options
---@field stdin? "share"|file_descriptor Default: at its end.
---@field stdout? "share"|file_descriptor Default: nobody reads it.
---@field stderr? "share"|file_descriptor Default: nobody reads it.
---@field environment? table<string, string> Default: empty.
---@field init? subprocess.init
---@field newns_uts? boolean Namespaces of its own: CLONE_NEWUTS and so on. Who is not root needs newns_user.
---@field newns_ipc? boolean
---@field newns_pid? boolean The init script is process 1, the actor process 2.
---@field newns_user? boolean
---@field newns_net? boolean
---@field newns_mount? boolean
---@field newns_cgroup? boolean

---@class spawn_vm.options
---@field module string "." (this file), a module of the project, or an absolute path inside the child.
---@field inherit_context? boolean Default: true, on the threads of this VM. false: on a new one.
---@field new_master? boolean Hands over the right to change process-wide state. EPERM when it is not ours.
---@field concurrency_hint? integer|"safe" 1: the new process or thread will never have company.
---@field subprocess? subprocess.options In a process of its own; not with the two above.

---Starts an actor: in this process, or in one of its own. Does not suspend. Sources that the module
---requires by literal names are shipped along. EINVAL with `arg` for a wrong option, ENOTSUP for one
---that does not exist, emilua.core codes 1, 2, 3, 5 and 24 for the module, the code 3 of category "lua"
---with `message` for a syntax error, ECHILD without the helper process. What the system refuses has its
---errno and, as `step`, "memfd_create", "socketpair" or "clone".
---@param options string|spawn_vm.options a string is the module
---@return tx-channel|ipc_actor_channel
function spawn_vm(options) end

---The sending end of the inbox of an actor in this process. Two of one inbox are equal; ENOTSUP when both
---are closed. An unknown member raises `bad_index`.
---@class tx-channel
tx_channel = {}

---Sends a copy of booleans, numbers, strings, tables of them (1..#t or string keys), file descriptors,
---channels and `inbox`; what a table holds besides is lost. Suspends until it is received; interruption
---point. EINVAL or ENOTSUP for what cannot be sent, emilua.json.dom 4 for a table inside itself,
---`channel_closed` (emilua.core 15) after `close` and when the actor is gone.
---@param message any
function tx_channel:send(message) end

---Gives the channel up.
function tx_channel:close() end

---The sending end of an actor's inbox. An unknown member raises `bad_index`.
---@class ipc_actor_channel
---@field child_pid integer Of one's own child; otherwise, or after close, kill or detach, EINVAL.
ipc_actor_channel = {}

---Sends booleans, numbers, strings, tables of them (1..#t and string keys), file descriptors, channels
---and `inbox`, up to 16 MiB, 100 tables deep, 253 descriptors. Suspends while the actor's queue is
---full; interruption point. EINVAL{arg=2} for what cannot be sent, EMSGSIZE, `channel_closed`
---(emilua.core 15) after `close`, EPIPE or ECONNRESET when the actor is gone.
---@param message any
function ipc_actor_channel:send(message) end

---Gives the channel up. The actor, if it is one's own child, still ends with this VM.
function ipc_actor_channel:close() end

---Lets one's own child live on when this VM ends. EINVAL{arg=1} when it is not one's own.
function ipc_actor_channel:detach() end

---Sends a signal to one's own child; SIGKILL, the default, also closes the channel. EPERM when it is not
---one's own, ESRCH when it has ended.
---@param signal? integer
function ipc_actor_channel:kill(signal) end

---Waits until one's own child has ended, also after close or kill, and tells how. In a pid namespace of
---its own, the code is 128 plus the signal that ended the actor. Suspends; interruption point. EPERM when
---it is not one's own or was detached, ECHILD when the helper process has gone without telling.
---@return {exit_code: integer?, exit_signal: integer?}
function ipc_actor_channel:wait() end

---Calls f in a scope of its own: the handlers pushed in it run when it ends, the last first, also when f
---raises, whose error is then raised unchanged. Returns nothing.
---@param f fun()
function scope(f) end

---Adds a handler to the innermost scope (a fiber, a coroutine's body, pcall and xpcall are scopes too). It
---may suspend and is not interrupted; if it raises, the VM ends. EINVAL for anything but a function.
---@param handler fun()
function scope_cleanup_push(handler) end

---Removes the most recent handler of the innermost scope, and runs it unless `execute` is false.
---`unmatched_scope_cleanup` (emilua.core 14) when the scope has none.
---@param execute? boolean default: true
function scope_cleanup_pop(execute) end
