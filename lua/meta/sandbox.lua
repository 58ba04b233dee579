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
---@field source? string bind: path of the host
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

---@class sandbox.policy
---@field fs? {read: sandbox.path[], write: sandbox.path[], exec: sandbox.path[], rules: {path: string, access: string[], optional: boolean}[], root: 'auto'|'host'|'empty', mounts: sandbox.mount[]} exec takes reading of files too; rules name Landlock's rights
---@field net? boolean|{connect: integer[], bind: integer[], loopback: boolean, unix: boolean} false unless it says otherwise; ports are TCP's
---@field syscalls? string|{promises: string, allow: table, deny: table, default: string, profile: table, raw: string} by default what the rest needs
---@field namespaces? 'auto'|string[] user mount pid net ipc uts cgroup time
---@field user? {uid: integer, gid: integer, groups: integer[], map: 'self'}
---@field capabilities? string[] kept
---@field limits? {address_space: integer, core: integer, cpu_time: integer, data: integer, file_size: integer, locked_memory: integer, open_files: integer, processes: integer, stack: integer} setrlimit(2)'s; bytes, seconds, counts
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
---@return {landlock_abi: integer, seccomp: boolean, namespaces: table<string, boolean>} landlock_abi 0: none
function sandbox.support() end

---@class sandbox.box
---@field policy sandbox.policy as given, with its defaults
---@field report sandbox.clause[]? nil before a handshake
local box = {}

---Options for spawn_vm, for one actor; `opts` are merged in. The actor runs without FFI, bytecode and
---machine code, and can start processes only with the promise proc. ENOTSUP with clause and reason if
---the policy cannot be enforced here.
---@param module string
---@param opts? table
---@return table
function box:context(module, opts) end

---Waits until every restriction is in force for the actor that context() was last called for; interruption point.
---Raises what has failed, with clause and reason: nothing of the actor has run then. ENOTCONN without
---such an actor, ETIMEDOUT.
---@param timeout? number seconds, by default 10
---@return sandbox.clause[]
function box:handshake(timeout) end

---The plan, step by step, before anything runs.
---@param format? 'text'|'json'
---@return string
function box:explain(format) end

return sandbox
