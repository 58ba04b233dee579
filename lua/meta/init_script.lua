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

---Binds a unix socket to a path of at most 107 bytes.
---@param fd integer
---@param path string
---@return integer result -1 on failure
---@return integer errno
function bind_unix(fd, path) end

---The names in an open directory, from where it has been read up to; neither "." nor "..".
---@param fd integer
---@return string[]? names
---@return integer errno
function list_directory(fd) end

---The parts of a device number.
---@param dev integer
---@return integer
function dev_major(dev) end

---@param dev integer
---@return integer
function dev_minor(dev) end

---prctl(PR_SET_NO_NEW_PRIVS): irreversible.
---@return integer result, integer errno
function set_no_new_privs() end

---Brings up `lo` of a network namespace of one's own, where it is down at first.
---@return integer result, integer errno
function bring_up_loopback() end

---System calls and constants by their C names. A call returns its result and errno (0 on success);
---strings stand for buffers, nil for NULL. Unknown names raise "key not found".
---@class C
---@field [string] integer constants: errno names, O_*, S_I*, MS_*, MNT_*, MOUNT_ATTR_*, CLONE_NEW*, AT_*,
---AF_*, SOCK_*, SECBIT_*, RLIMIT_*, PR_*, F_OK …
C = {}

---One read of at most 64 KiB; "" at the end of file.
---@return string? data, integer errno
function C.read(fd, size) end
function C.write(fd, data) end
function C.open(path, flags, mode) end
function C.close(fd) end
function C.dup(fd) end
function C.dup2(fd, fd2) end
---Closes every descriptor from this one on; returns nothing.
function C.closefrom(fd) end
function C.access(path, mode) end
---As the effective user, where access asks for the real one.
function C.eaccess(path, mode) end
function C.mkdir(path, mode) end
function C.chdir(path) end
function C.link(old, new) end
function C.linkat(olddirfd, old, newdirfd, new, flags) end
function C.symlink(target, path) end
function C.mkfifo(path, mode) end
---dev: of C.makedev, for S_IFCHR and S_IFBLK.
function C.mknod(path, mode, dev) end
---@param major integer at most 4095
---@param minor integer at most 1048575
---@return integer dev, integer errno
function C.makedev(major, minor) end
function C.chown(path, uid, gid) end
function C.chmod(path, mode) end
---Returns the old mask, and nothing else.
function C.umask(mask) end
function C.mount(source, target, fstype, flags, data) end
function C.umount(path) end
function C.umount2(path, flags) end
function C.pivot_root(new, put_old) end
function C.chroot(path) end
---The newer mount interface; paths may be '' with the flags that say so (AT_EMPTY_PATH …).
function C.fsopen(fstype, flags) end
---key and value: nil for NULL. With FSCONFIG_SET_BINARY, aux is the size of the value, by default all of it.
function C.fsconfig(fd, cmd, key, value, aux) end
function C.fsmount(fd, flags, attr_flags) end
function C.fspick(dirfd, path, flags) end
function C.open_tree(dirfd, path, flags) end
function C.move_mount(from_dirfd, from_path, to_dirfd, to_path, flags) end
---path: nil is ''.
---@param attr {attr_set?: integer, attr_clr?: integer, propagation?: integer, userns_fd?: integer}
---@return integer result, integer errno
function C.mount_setattr(dirfd, path, flags, attr) end
function C.socket(domain, type, protocol) end
function C.listen(fd, backlog) end
function C.sethostname(name) end
function C.setdomainname(name) end
function C.setsid() end
function C.setpgid(pid, pgid) end
function C.setresuid(ruid, euid, suid) end
function C.setresgid(rgid, egid, sgid) end
function C.setgroups(groups) end
---Capabilities as cap_from_text(3) writes them: '=' drops all. A text that means nothing is fatal.
function C.cap_set_proc(text) end
---name: such as 'cap_sys_admin'; an unknown one is fatal.
function C.cap_drop_bound(name) end
---@param name string
---@param value boolean
---@return integer result, integer errno
function C.cap_set_ambient(name, value) end
function C.cap_reset_ambient() end
---bits: SECBIT_*, or-combined.
function C.cap_set_secbits(bits) end
---@param resource integer RLIMIT_*
---@return {rlim_cur: integer, rlim_max: integer}? limit, integer errno
function C.getrlimit(resource) end
---@param resource integer RLIMIT_*
---@param limit {rlim_cur: integer, rlim_max: integer} -1: RLIM_INFINITY
---@return integer result, integer errno
function C.setrlimit(resource, limit) end
---The options PR_* that C has: their arguments are numbers, or PR_SET_NAME's string.
function C.prctl(option, ...) end
---bpf: an array of struct sock_filter (8 bytes each). Needs set_no_new_privs() first, or CAP_SYS_ADMIN.
function C.seccomp_set_mode_filter(bpf) end
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
