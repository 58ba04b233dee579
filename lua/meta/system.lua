---@meta
-- require 'system': the program and its process, signals, other programs, capabilities.
--
-- Functions marked (master) raise EPERM in any VM but the master of the process. Errors of the
-- system have the category system.

---@class system
---@field arguments string[] the engine's name, the script as given, its arguments; a fresh table at each read
---@field environment table<string, string> a fresh table at each read
---@field SECBIT_NOROOT integer
---@field SECBIT_NOROOT_LOCKED integer
---@field SECBIT_NO_SETUID_FIXUP integer
---@field SECBIT_NO_SETUID_FIXUP_LOCKED integer
---@field SECBIT_KEEP_CAPS integer
---@field SECBIT_KEEP_CAPS_LOCKED integer
---@field SECBIT_NO_CAP_AMBIENT_RAISE integer
---@field SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED integer
local system = {}

---Standard input. End of input is asio_error.misc.eof.
system.in_ = {}

---Suspends; interruption point.
---@param buffer byte_span
---@return integer count
function system.in_:read_some(buffer) end

---@return file_descriptor
function system.in_:dup() end

---@return boolean
function system.in_:isatty() end

---The foreground process group of the terminal. ENOTTY.
---@return integer
function system.in_:tcgetpgrp() end

---ENOTTY, EPERM; from the background it stops the process unless SIGTTOU is ignored.
---@param pgid integer
function system.in_:tcsetpgrp(pgid) end

---Standard output; past the buffer of `print`.
system.out = {}

---Suspends; interruption point.
---@param buffer byte_span
---@return integer count
function system.out:write_some(buffer) end

---@return file_descriptor
function system.out:dup() end

---@return boolean
function system.out:isatty() end

---The foreground process group of the terminal. ENOTTY.
---@return integer
function system.out:tcgetpgrp() end

---ENOTTY, EPERM; from the background it stops the process unless SIGTTOU is ignored.
---@param pgid integer
function system.out:tcsetpgrp(pgid) end

---Standard error.
system.err = {}

---Suspends; interruption point.
---@param buffer byte_span
---@return integer count
function system.err:write_some(buffer) end

---@return file_descriptor
function system.err:dup() end

---@return boolean
function system.err:isatty() end

---The foreground process group of the terminal. ENOTTY.
---@return integer
function system.err:tcgetpgrp() end

---ENOTTY, EPERM; from the background it stops the process unless SIGTTOU is ignored.
---@param pgid integer
function system.err:tcsetpgrp(pgid) end

---Ends this VM; nothing stops it. In the master VM `code` is the process's exit status. opts.force: 0
---(default), 2 (at once, without flushing), "abort"; 1 is ENOTSUP, others EINVAL{arg="force"}.
---@param code? integer default: 0
---@param opts? {force: 0|1|2|"abort"}
function system.exit(code, opts) end

-- --- ids, groups, sessions --------------------------------------------------

---@return integer
function system.getpid() end

---@return integer
function system.getppid() end

---@return integer
function system.getpgrp() end

---ESRCH.
---@param pid integer 0: ourselves
---@return integer
function system.getpgid(pid) end

---ESRCH.
---@param pid integer 0: ourselves
---@return integer
function system.getsid(pid) end

---(master) EPERM, ESRCH, EACCES (it has executed a program), EINVAL.
---@param pid integer 0: ourselves
---@param pgid integer 0: a group of its own
function system.setpgid(pid, pgid) end

---(master) EPERM for the leader of a group.
---@return integer sid
function system.setsid() end

---@return integer real
---@return integer effective
---@return integer saved
function system.getresuid() end

---@return integer real
---@return integer effective
---@return integer saved
function system.getresgid() end

---(master) In all threads, and in the process that subprocess actors come from; if only some follow,
---the program ends with status 1. EPERM, EINVAL.
---@param ruid integer -1 keeps it, as for the others
---@param euid integer
---@param suid integer
function system.setresuid(ruid, euid, suid) end

---(master) As setresuid.
---@param rgid integer
---@param egid integer
---@param sgid integer
function system.setresgid(rgid, egid, sgid) end

---The supplementary groups.
---@return integer[]
function system.getgroups() end

---(master) As setresuid. A bad element is EINVAL{arg=2}.
---@param groups integer[]
function system.setgroups(groups) end

---(master) ESRCH, EPERM, EINVAL.
---@param pid integer
---@param sig integer 0 probes
function system.kill(pid, sig) end

-- --- programs ---------------------------------------------------------------

---@class system.scheduler
---@field policy? "other"|"batch"|"idle"|"fifo"|"rr"
---@field priority? integer for fifo and rr, in the system's range
---@field reset_on_fork? boolean

---@class system.spawn_options
---@field program string|filesystem.path|file_descriptor a string without `/` is looked up in our PATH; a relative path starts at the child's working directory; no script can be executed by descriptor (ENOENT)
---@field arguments? string[] with argv[0]; default: none
---@field environment? table<string, string> default: empty; the value "\0pid" stands for the child's pid
---@field stdin? "share"|file_descriptor default: at its end
---@field stdout? "share"|file_descriptor default: nobody reads, writers get SIGPIPE
---@field stderr? "share"|file_descriptor default: as stdout
---@field extra_fds? table<integer, file_descriptor> the child's descriptors 3 to 9; other keys are ignored
---@field signal_on_gcreaper? integer sent when an un-waited handle is collected; default: SIGTERM, 0: none
---@field scheduler? system.scheduler
---@field start_new_session? boolean
---@field set_ctty? file_descriptor its controlling terminal; needs start_new_session
---@field process_group? integer 0: its own
---@field foreground? "stdin"|"stdout"|"stderr"|file_descriptor terminal whose foreground its group becomes; needs process_group, a name also a shared stream
---@field ruid? integer
---@field euid? integer the saved id too
---@field rgid? integer
---@field egid? integer the saved id too
---@field extra_groups? integer[]
---@field umask? integer 0 to 511
---@field working_directory? filesystem.path|file_descriptor
---@field pdeathsig? integer sent when the thread that runs this VM ends
---@field setns_user? file_descriptor namespace to join, as the next; also under the name nsenter_user
---@field setns_mount? file_descriptor
---@field setns_uts? file_descriptor
---@field setns_ipc? file_descriptor
---@field setns_net? file_descriptor

---Starts a program; returns once it runs. Wrong options are EINVAL (EBUSY for a descriptor that is
---elsewhere) with arg = the option; what fails in the child has its errno and, as `step`, the option or
---"descriptors", "clone". Signals are at their defaults, all other descriptors closed.
---@param options system.spawn_options
---@return subprocess
function system.spawn(options) end

---A program that was started. Collected before a wait has completed, it gets signal_on_gcreaper; the engine
---does not end before it has ended.
---@class subprocess
---@field exit_code integer 128 + signal if killed; EINVAL before the wait
---@field exit_signal integer|nil EINVAL before the wait
---@field pid integer ECHILD after the wait
subprocess = {}

---Waits for its end. Suspends; interruption point, after which it may be called again. EBUSY while another
---fiber waits, ECHILD when done.
function subprocess:wait() end

---ESRCH after the wait, EPERM, EINVAL.
---@param signal integer 0 probes
function subprocess:kill(signal) end

---Its capabilities. ESRCH after the wait.
---@return linux_capabilities
function subprocess:cap_get() end

-- --- signals ----------------------------------------------------------------

---SIGINT and the like are integers here.
---@class system.signal
---@field SIGABRT integer
---@field SIGALRM integer
---@field SIGBUS integer
---@field SIGCHLD integer
---@field SIGCONT integer
---@field SIGFPE integer
---@field SIGHUP integer
---@field SIGILL integer
---@field SIGINT integer
---@field SIGIO integer
---@field SIGKILL integer
---@field SIGPIPE integer
---@field SIGPROF integer
---@field SIGQUIT integer
---@field SIGSEGV integer
---@field SIGSTOP integer
---@field SIGSYS integer
---@field SIGTERM integer
---@field SIGTRAP integer
---@field SIGTSTP integer
---@field SIGTTIN integer
---@field SIGTTOU integer
---@field SIGURG integer
---@field SIGUSR1 integer
---@field SIGUSR2 integer
---@field SIGVTALRM integer
---@field SIGWINCH integer
---@field SIGXCPU integer
---@field SIGXFSZ integer
system.signal = {}

---Sends a signal to this process. In the master `raise_error` (emilua.core 18) with `ret`. Others may only
---raise SIGCONT, SIGCHLD, SIGURG, SIGWINCH and what does not have its default disposition (EPERM, EINVAL).
---@param sig integer
function system.signal.raise(sig) end

---(master) EPERM while a set has the signal; EINVAL. SIGCHLD is never really ignored: exit codes would be lost.
---@param sig integer
function system.signal.ignore(sig) end

---(master) EPERM while a set has the signal; EINVAL.
---@param sig integer
function system.signal.default(sig) end

---Signals that are caught while the set has them.
---@class system.signal.set
system.signal.set = {}

---(master) EINVAL{arg=i} for what cannot be caught.
---@param ... integer
---@return system.signal.set
function system.signal.set.new(...) end

---(master) EINVAL{arg=2}.
---@param signal integer
function system.signal.set:add(signal) end

---Also forgets those that have come. Waiters go on.
---@param signal integer
function system.signal.set:remove(signal) end

---Removes all.
function system.signal.set:clear() end

---All waiters get operation_aborted.
function system.signal.set:cancel() end

---The next signal; those that came while nobody waited first, in ascending order. One wakes all waiters.
---Suspends; interruption point. Does not keep the program running by itself, only while a fiber waits.
---@return integer
function system.signal.set:wait() end

-- --- capabilities -----------------------------------------------------------

---@alias capability_flag "effective"|"inheritable"|"permitted"

---Empty.
---@return linux_capabilities
function system.cap_init() end

---Those of this process.
---@return linux_capabilities
function system.cap_get_proc() end

---As cap_from_text(3): "cap_chown,cap_kill=ep". EINVAL.
---@param caps string
---@return linux_capabilities
function system.cap_from_text(caps) end

---@param cap string "cap_chown" and the like; EINVAL{arg=1}, as below
---@return boolean
function system.cap_get_bound(cap) end

---(master) As setresuid, as all that changes capabilities.
---@param cap string
function system.cap_drop_bound(cap) end

---@param cap string
---@return boolean
function system.cap_get_ambient(cap) end

---(master)
---@param cap string
---@param value boolean
function system.cap_set_ambient(cap, value) end

---(master)
function system.cap_reset_ambient() end

---@return integer
function system.cap_get_secbits() end

---(master)
---@param bits integer SECBIT_* combined
function system.cap_set_secbits(bits) end

---Three sets of capabilities. tostring gives the text of cap_from_text.
---@class linux_capabilities
linux_capabilities = {}

---@return linux_capabilities
function linux_capabilities:dup() end

function linux_capabilities:clear() end

---@param flag capability_flag
function linux_capabilities:clear_flag(flag) end

---@param cap string
---@param flag capability_flag
---@return boolean
function linux_capabilities:get_flag(cap, flag) end

---@param flag capability_flag
---@param caps string[]
---@param value boolean
function linux_capabilities:set_flag(flag, caps, value) end

---Copies flag `from` of `ref`.
---@param to capability_flag
---@param ref linux_capabilities
---@param from capability_flag
function linux_capabilities:fill_flag(to, ref, from) end

---The same within the object.
---@param to capability_flag
---@param from capability_flag
function linux_capabilities:fill(to, from) end

---(master) Makes them the process's. EPERM.
function linux_capabilities:set_proc() end

---The user that a namespace's file capabilities belong to.
---@return integer
function linux_capabilities:get_nsowner() end

---@param rootuid integer
function linux_capabilities:set_nsowner(rootuid) end

-- --- jails ------------------------------------------------------------------

---FreeBSD only: ENOSYS, as the next three.
---@param params table<string, string|boolean>
---@param flags? string[]
---@return integer jid
function system.jail_set(params, flags) end

---@param params table
---@param flags? string[]
---@return integer jid
---@return table<string, string>
function system.jail_get(params, flags) end

---@param jid integer
function system.jail_remove(jid) end

---@return string[]
function system.jailparam_all() end

return system
