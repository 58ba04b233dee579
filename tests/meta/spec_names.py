"""The public names of the specification's tables: files 10 §1, 20 §1 and §3, 80 §11.

Whatever is listed for a place is all that there may be: a name that the engine has beyond these
belongs in here first. What waits for a feature says so, and is moved when it comes.
"""

import collections

# `place` is "globals", "module NAME" or "class NAME"; `later` says what the names wait for, if they do.
Row = collections.namedtuple("Row", "spec place kind names later")
ROWS = []


def row(spec, place, kind, names, later=None):
    ROWS.append(Row(spec, place, kind, names.split(), later))


FUNCTION, FIELD, METAMETHOD = "function", "field", "metamethod"

# What LuaJIT brings. The members of the libraries are its business.
row("20 §3", "globals", FUNCTION, """
    assert collectgarbage dofile error gcinfo getfenv getmetatable ipairs load loadfile loadstring
    newproxy next pairs print rawequal rawget rawset select setfenv setmetatable tonumber tostring type
    unpack""")
row("20 §3", "globals", FIELD, "_G _VERSION bit jit math string table")
LIBRARIES = ("bit", "jit", "math", "string", "table")
STOCK = {name for r in ROWS for name in r.names}

row("10 §1", "globals", FUNCTION, """
    spawn spawn_context_threads scope scope_cleanup_push scope_cleanup_pop pcall xpcall
    coroutine.create coroutine.resume coroutine.wrap coroutine.yield coroutine.status coroutine.running
    this_fiber.yield this_fiber.forbid_suspend this_fiber.allow_suspend
    this_fiber.disable_interruption this_fiber.restore_interruption""")
row("10 §8", "globals", FUNCTION, "coroutine.isyieldable")
row("10 §1", "globals", FIELD, "coroutine this_fiber this_fiber.is_main this_fiber.local_ this_fiber.id")
STOCK |= {"pcall", "xpcall", "coroutine"} | {n for r in ROWS for n in r.names if n.startswith("coroutine.")}

row("10 §1", "class fiber", FUNCTION, "join detach interrupt")
row("10 §1", "class fiber", FIELD, "interruption_caught joinable")
for module in ("mutex", "recursive_mutex", "condition_variable", "future"):
    row("10 §1", "module " + module, FUNCTION, "new")
row("10 §1", "class mutex", FUNCTION, "lock try_lock unlock")
row("10 §1", "class recursive_mutex", FUNCTION, "lock try_lock unlock")
row("10 §1", "class condition_variable", FUNCTION, "wait notify_one notify_all")
row("10 §1", "class promise", FUNCTION, "set_value set_error")
row("10 §1", "class future", FUNCTION, "get")

row("20 §1", "globals", FUNCTION, "require format spawn_vm")
row("20 §1", "globals", FIELD, "_CONTEXT _FILE byte_span")
row("50 §2", "globals", FUNCTION, "byte_span.new byte_span.append")
row("20 §1", "class error_code", FIELD, "code category")
row("20 §1", "class error_code", FUNCTION, "togeneric")
row("20 §4", "class error_code", METAMETHOD, "__eq __tostring")
row("20 §1", "class error_category", FUNCTION, "message")
row("20 §4", "class error_category", METAMETHOD, "__tostring")
row("20 §1", "class rdf_error_category_module", FIELD, "[]")
row("20 §5.1", "module generic_error", FIELD, """
    E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG EBUSY ECANCELED
    ECHILD ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDOM EEXIST EFAULT EFBIG
    EHOSTUNREACH EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE EMLINK EMSGSIZE
    ENAMETOOLONG ENETDOWN ENETRESET ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT ENOEXEC ENOLCK ENOLINK
    ENOMEM ENOMSG ENOPROTOOPT ENOSPC ENOSYS ENOTCONN ENOTDIR ENOTEMPTY ENOTRECOVERABLE ENOTSOCK ENOTSUP
    ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EOWNERDEAD EPERM EPIPE EPROTO EPROTONOSUPPORT EPROTOTYPE ERANGE
    EROFS ESPIPE ESRCH ETIMEDOUT ETXTBSY EWOULDBLOCK EXDEV""")
row("20 §5.2", "module asio_error", FIELD, """
    basic netdb addrinfo misc
    basic.access_denied basic.address_family_not_supported basic.address_in_use basic.already_connected
    basic.already_started basic.bad_descriptor basic.broken_pipe basic.connection_aborted
    basic.connection_refused basic.connection_reset basic.fault basic.host_unreachable
    basic.in_progress basic.interrupted basic.invalid_argument basic.message_size basic.name_too_long
    basic.network_down basic.network_reset basic.network_unreachable basic.no_buffer_space
    basic.no_descriptors basic.no_memory basic.no_permission basic.no_protocol_option
    basic.no_such_device basic.not_connected basic.not_socket basic.operation_aborted
    basic.operation_not_supported basic.shut_down basic.timed_out basic.try_again basic.would_block
    netdb.host_not_found netdb.host_not_found_try_again netdb.no_recovery netdb.no_data
    addrinfo.service_not_found addrinfo.socket_type_not_supported
    misc.already_open misc.eof misc.not_found misc.fd_set_failure""")
row("20 §1", "module json", FIELD, "null lexer_ecat dom_ecat writer")
row("20 §1", "module json", FUNCTION, "decode encode is_array into_array writer.new")
row("20 §1", "class json.writer", FUNCTION, """
    value begin_object end_object begin_array end_array literal generate""")
row("20 §1", "class json.writer", FIELD, "level")
row("20 §1", "module regex", FUNCTION, "new match search split patsplit")
row("20 §1", "module regex", FIELD, """
    match_flag match_flag.not_bol match_flag.not_eol match_flag.not_bow match_flag.not_eow
    match_flag.any match_flag.not_null match_flag.continuous""")
row("20 §1", "class regex", FIELD, "mark_count grammar ignore_case nosubs optimized")

row("50 §10", "class file_descriptor", FUNCTION,
    "close dup cap_get cap_set cap_rights_limit cap_ioctls_limit cap_fcntls_limit")
row("50 §6", "class file_descriptor", METAMETHOD, "__tostring")

row("80 §11", "module time", FUNCTION, """
    sleep steady_clock.now steady_clock.epoch system_clock.now system_clock.epoch
    high_resolution_clock.now high_resolution_clock.epoch steady_timer.new system_timer.new""")
row("80 §11", "module time", FIELD, """
    steady_clock system_clock high_resolution_clock high_resolution_clock.is_steady
    steady_timer system_timer""")
for clock in ("steady_clock", "system_clock"):
    row("80 §11", "class %s.time_point" % clock, FUNCTION, "add sub")
    row("80 §11", "class %s.time_point" % clock, FIELD, "seconds_since_epoch")
    row("80 §11", "class %s.time_point" % clock, METAMETHOD, "__add __sub __eq __lt __le")
row("80 §11", "class high_resolution_clock.time_point", FIELD, "seconds_since_epoch")
row("80 §11", "class high_resolution_clock.time_point", METAMETHOD, "__sub __eq __lt __le")
row("80 §11", "class steady_timer", FUNCTION, "expires_at expires_after wait cancel")
row("80 §11", "class system_timer", FUNCTION, "expires_at wait cancel")
for timer in ("steady_timer", "system_timer"):
    row("80 §11", "class " + timer, FIELD, "expiry")

row("80 §11", "module system", FIELD, "arguments environment in_ out err")
row("80 §11", "module system", FUNCTION, """
    exit getpid getppid in_.read_some out.write_some err.write_some
    in_.dup out.dup err.dup in_.isatty out.isatty err.isatty""")
row("80 §11", "module system", FUNCTION, """
    in_.tcgetpgrp out.tcgetpgrp err.tcgetpgrp in_.tcsetpgrp out.tcsetpgrp err.tcsetpgrp""")
row("80 §11", "module system", FIELD, """
    signal signal.set signal.SIGABRT signal.SIGFPE signal.SIGILL signal.SIGINT signal.SIGSEGV
    signal.SIGTERM signal.SIGALRM signal.SIGBUS signal.SIGCHLD signal.SIGCONT signal.SIGHUP
    signal.SIGIO signal.SIGKILL signal.SIGPIPE signal.SIGPROF signal.SIGQUIT signal.SIGSTOP
    signal.SIGSYS signal.SIGTRAP signal.SIGTSTP signal.SIGTTIN signal.SIGTTOU signal.SIGURG
    signal.SIGUSR1 signal.SIGUSR2 signal.SIGVTALRM signal.SIGWINCH signal.SIGXCPU signal.SIGXFSZ
    """)
row("80 §11", "module system", FUNCTION,
    "signal.raise signal.ignore signal.default signal.set.new")
row("80 §11", "class system.signal.set", FUNCTION, "add remove clear cancel wait")
row("80 §11", "module system", FUNCTION, "spawn kill")
row("80 §11", "class subprocess", FUNCTION, "wait kill cap_get")
row("80 §11", "class subprocess", FIELD, "exit_code exit_signal pid")
row("80 §11", "module system", FUNCTION, """
    getpgrp getpgid setpgid getsid setsid getresuid getresgid setresuid setresgid getgroups setgroups
    """)
row("80 §11", "module system", FUNCTION, """
    cap_get_proc cap_init cap_from_text cap_get_bound cap_drop_bound cap_get_ambient cap_set_ambient
    cap_reset_ambient cap_get_secbits cap_set_secbits""")
row("80 §11", "module system", FIELD, """
    SECBIT_NOROOT SECBIT_NOROOT_LOCKED SECBIT_NO_SETUID_FIXUP SECBIT_NO_SETUID_FIXUP_LOCKED
    SECBIT_KEEP_CAPS SECBIT_KEEP_CAPS_LOCKED SECBIT_NO_CAP_AMBIENT_RAISE
    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED""")
row("80 §11", "class linux_capabilities", FUNCTION, """
    dup clear clear_flag get_flag set_flag fill_flag fill set_proc get_nsowner set_nsowner""")
row("80 §11", "class linux_capabilities", METAMETHOD, "__tostring")
row("80 §11", "module system", FUNCTION, "jail_set jail_get jail_remove jailparam_all")
