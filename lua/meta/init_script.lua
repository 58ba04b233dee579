---@meta
-- What an init script finds: Lua with its standard libraries (io, os, ffi … included), and the names
-- below. It runs in a new process before the actor does; blocking calls block. It has 1 MiB of memory
-- in all, erased at its end, when every descriptor above 3 is closed too. A failure ends the process
-- with status 1 and a line on its standard error.

---Whether a failing call ends the process; read at each failure.
errexit = true

---The descriptor given as subprocess.init.arg, close-on-exec.
---@type integer?
arg = nil

---user<<6 | group<<3 | other
---@param user integer
---@param group integer
---@param other integer
---@return integer
function mode(user, group, other) end

---Receives at most one descriptor (-1: none), close-on-exec. End of file is "", -1, 0.
---@param fd integer
---@param buf_size integer bytes
---@return string? data, integer descriptor, integer errno
function receive_with_fd(fd, buf_size) end

---@param fd integer
---@param str string
---@param fd2 integer goes along
---@return integer sent -1 on failure
---@return integer errno
function send_with_fd(fd, str, fd2) end

---@param fd integer
---@param str string
---@return integer written -1 on failure
---@return integer errno
function write_all(fd, str) end

---prctl(PR_SET_NO_NEW_PRIVS): irreversible.
---@return integer result, integer errno
function set_no_new_privs() end

---System calls and constants by their C names. A call returns its result and errno (0 on success);
---strings stand for buffers, nil for NULL. Unknown names raise "key not found".
---@class C
---@field [string] integer constants: errno names, O_*, S_I*, MS_*, MNT_*, CLONE_NEW*, AT_*, F_OK …
C = {}

---One read of at most 64 KiB; "" at the end of file.
---@return string? data, integer errno
function C.read(fd, size) end
function C.write(fd, data) end
function C.open(path, flags, mode) end
function C.close(fd) end
function C.dup(fd) end
function C.dup2(fd, fd2) end
function C.access(path, mode) end
function C.mkdir(path, mode) end
function C.chdir(path) end
function C.link(old, new) end
function C.symlink(target, path) end
function C.chown(path, uid, gid) end
function C.chmod(path, mode) end
---Returns the old mask, and nothing else.
function C.umask(mask) end
function C.mount(source, target, fstype, flags, data) end
function C.umount(path) end
function C.umount2(path, flags) end
function C.pivot_root(new, put_old) end
function C.chroot(path) end
function C.sethostname(name) end
function C.setdomainname(name) end
function C.setsid() end
function C.setpgid(pid, pgid) end
function C.setresuid(ruid, euid, suid) end
function C.setresgid(rgid, egid, sgid) end
function C.setgroups(groups) end
function C.unshare(flags) end
function C.setns(fd, nstype) end
---argv: a list of strings, env: name → value; nil is empty. Returns only on failure.
function C.execve(path, argv, env) end
function C.fexecve(fd, argv, env) end

---With nil and {'version'}: the ABI. Rights by their kernel names in lower case, such as 'read_file'.
---@param attributes? {handled_access_fs?: string[], handled_access_net?: string[], scoped?: string[]}
---@param flags? string[]
---@return integer ruleset, integer errno
function C.landlock_create_ruleset(attributes, flags) end

---@param ruleset integer
---@param rule "path_beneath"|"net_port"
---@param attributes {allowed_access: string[], parent_fd?: integer, port?: integer}
---@return integer result, integer errno
function C.landlock_add_rule(ruleset, rule, attributes) end

---Needs set_no_new_privs() first, or CAP_SYS_ADMIN.
---@param ruleset integer
---@return integer result, integer errno
function C.landlock_restrict_self(ruleset) end
