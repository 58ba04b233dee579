---@meta
-- require 'sandbox': boxes for actors. Nothing is granted but what the policy says:
--
--     local box = sandbox.new{fs = {read = {'/usr/share'}}}
--     local parser = spawn_vm(box:context './parser')
--     box:handshake()                          -- every restriction is in force
--
-- Errors about a policy carry `clause`, the path of its field ('fs.mounts[0].target', counted from 0 as
-- in its JSON form), and `reason`, in words.

local sandbox = {}

---A path is absolute, has no '.' and '..', and stands for what is beneath it, too.
---@alias sandbox.path string|{path: string, optional: boolean}

---@class sandbox.mount
---@field type 'bind'|'tmpfs'|'proc'|'dev'|'mqueue'|'overlay'|'file'|'dir'|'symlink'|'remount'
---@field target string path in the box
---@field source? string|file_descriptor bind: path of the host, or a descriptor of what is there; file: a descriptor of what is to be in it. The policy has a copy of the descriptor, which the box does not get
---@field content? string file: what is in it; symlink: what it refers to
---@field readonly? boolean
---@field noexec? boolean
---@field nosuid? boolean true unless it says false
---@field nodev? boolean true unless it says false
---@field recursive? boolean bind, remount: what is mounted beneath, too; true unless it says false
---@field optional? boolean bind: left out if there is no source
---@field size? integer tmpfs: bytes
---@field mode? integer tmpfs, dir, file: permission bits
---@field lower? string[] overlay: directories, topmost first
---@field upper? string overlay
---@field work? string overlay

---Ids from `inside` on are those from `outside` on.
---@class sandbox.id_range
---@field inside integer
---@field outside integer
---@field count integer

---@class sandbox.policy
---@field fs? {read: sandbox.path[], write: sandbox.path[], exec: sandbox.path[], rules: {path: string, access: string[], optional: boolean}[], root: 'auto'|'host'|'empty', mounts: sandbox.mount[], within: {read: sandbox.path[], write: sandbox.path[], exec: sandbox.path[], rules: table[]}[]} exec takes reading of files too; rules name Landlock's rights; each list of `within` must grant what is done, too
---@field net? boolean|{connect: integer[], bind: integer[], loopback: boolean, unix: boolean} false unless it says otherwise; ports are TCP's, and where some are named nothing but TCP is there
---@field syscalls? string|{promises: string, allow: table, deny: table, default: string, profile: table, raw: string} by default what the rest needs
---@field syscalls_within? table[] each, written as syscalls, must permit a call, too
---@field namespaces? 'auto'|string[] user mount pid net ipc uts cgroup time
---@field user? {uid: integer, gid: integer, groups: integer[], map: 'self'|'subid'|sandbox.id_range[]|{uid: sandbox.id_range[], gid: sandbox.id_range[]}} who it is, by default the caller. map: whose ids the box has; self: the caller's alone; subid: also the ranges of /etc/subuid and /etc/subgid, which have the numbers beside uid and gid, from 0 on; or these ranges, of users and groups alike if there is one list: then by default the caller, or the first one of a list that has no place for him. Other users' ids take root, or those ranges with newuidmap and newgidmap (ENOTSUP with clause 'user.map'). With a map of more than one id there are no supplementary groups but `groups`
---@field capabilities? string[] kept
---@field limits? {address_space: integer, core: integer, cpu_time: integer, data: integer, file_size: integer, locked_memory: integer, open_files: integer, processes: integer, stack: integer, wall_time: number, cgroup: {memory_max: integer, memory_swap_max: integer, pids_max: integer, cpu_max: string, io_max: string}} setrlimit(2)'s, in bytes, seconds, counts; wall_time: seconds until it is killed; cgroup: for the box as a whole, in the words of cgroup version 2; needs its controllers in a cgroup that is ours alone, whose processes move into one beneath it
---@field ipc? {abstract_unix: boolean, signals: boolean} with what is outside
---@field env? table<string, string>
---@field cwd? string '/' unless it says otherwise
---@field hostname? string
---@field umask? integer
---@field nice? integer
---@field oom_score_adj? integer
---@field jit? boolean machine code may be made of Lua code
---@field new_session? boolean true unless it says false
---@field die_with_parent? boolean true unless it says false
---@field dumpable? boolean
---@field mode? 'strict'|'best_effort' strict: what cannot be enforced exactly is refused

---How far a clause of the policy is enforced.
---@class sandbox.clause
---@field clause string
---@field level 'enforced'|'weaker'|'off'
---@field mechanism? string
---@field why? string
---@field remedy? string

---Checks the policy; needs no privilege. EINVAL with clause and reason.
---@param policy? sandbox.policy
---@return sandbox.box
function sandbox.new(policy) end

---What this kernel can enforce for this user: tried out in scratch processes.
---@return {landlock_abi: integer, seccomp: boolean, namespaces: table<string, boolean>, cgroup: {memory: boolean, pids: boolean, cpu: boolean, io: boolean}} landlock_abi 0: none; cgroup: the controllers that limits.cgroup can use
function sandbox.support() end

---Puts this process, with all its threads and the actors that it starts from now on, into a box, for good; the
---master VM only. What it holds (descriptors, actors that run) it keeps. Paths and ports by Landlock, system calls,
---limits, capabilities; clauses that only a new process could have (a root of its own, namespaces, user, env …) are
---refused. Without jit in the policy no machine code is made any more: EBUSY if other actors run in this process's
---threads. Without the promise proc there are no more actors in processes of their own (ECHILD). ENOTSUP if the
---policy cannot be enforced here, with clause and reason: nothing has changed then. If a step fails, what came
---before it stays.
---@param policy sandbox.policy|sandbox.box
---@return sandbox.clause[]
function sandbox.restrict_self(policy) end

---@class sandbox.box
---@field policy sandbox.policy as given, with its defaults
---@field report sandbox.clause[]? of the last handshake, call or program; nil before
local box = {}

---Options for spawn_vm, for one actor; `opts` are merged in. The actor runs without FFI, bytecode and
---machine code, and can start processes only with the promise proc. ENOTSUP with clause and reason if
---the policy cannot be enforced here. spawn_vm raises what of limits.cgroup cannot be had, with clause,
---step, mechanism and reason.
---@param module string
---@param opts? table
---@return table
function box:context(module, opts) end

---Waits until every restriction is in force for the actor that context() was last called for; interruption point.
---Raises what has failed, with clause, step, mechanism and reason: nothing of the actor has run then. ENOTCONN without
---such an actor, ETIMEDOUT.
---@param timeout? number seconds, by default 10
---@return sandbox.clause[]
function box:handshake(timeout) end

---Runs one function in an actor of its own, and returns what it returns. `module` is one that returns
---the function; it gets `argument`, and its result must be something that can be sent, or nil. The
---process is killed and gone when the call returns, whatever it was doing; interruption point, which
---kills it, too. What the function raises is raised as text (its first 4096 bytes); anything else is
---an error code: what handshake() raises; ECONNRESET with reason and exit_code or exit_signal if the
---process ended without an answer; ETIMEDOUT; EPROTO if the answer is malformed.
---@param module string as spawn_vm finds it
---@param argument any sent
---@param opts? {timeout: number, subprocess: table} timeout: seconds for all of it, by default none; the rest is merged in as by context()
---@return any
function box:call(module, argument, opts) end

---Starts an unmodified program under the policy, otherwise as system.spawn; returns when it runs. The
---program is found outside the box and need not be in it; a dynamic one needs `fs.exec` of its linker
---and libraries, a script that of its interpreter and itself. The caller's memory is not copied.
---
---`environment` is added to the policy's `env`, and must not name the same variables. What the policy
---has a field for is the policy's alone, and refused here (ENOTSUP with arg): scheduler,
---start_new_session, process_group, set_ctty, foreground, extra_groups, ruid, euid, rgid, egid, umask,
---pdeathsig, working_directory, setns_*. With a pid namespace, signals other than SIGKILL reach the
---program if they are SIGTERM, SIGINT, SIGHUP, SIGUSR1 or SIGUSR2, and one that a signal has ended
---has the exit code 128 + its number, and no exit_signal.
---
---Errors have step, mechanism, clause and reason; ENOTSUP if the policy cannot be enforced here.
---@param opts {program: string|path|file_descriptor, arguments: string[], environment: table<string, string>, stdin: 'share'|file_descriptor, stdout: 'share'|file_descriptor, stderr: 'share'|file_descriptor, extra_fds: table<integer, file_descriptor>, signal_on_gcreaper: integer}
---@return subprocess
function box:spawn(opts) end

---A box that can do only what both policies permit. EINVAL with clause and reason where nothing expresses that.
---@param other sandbox.policy|sandbox.box
---@return sandbox.box
function box:restrict(other) end

---The plan, step by step, before anything runs.
---@param format? 'text'|'json'
---@return string
function box:explain(format) end

return sandbox
