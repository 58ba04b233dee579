"""The engine's functions, and which of them take neither a path nor an address nor a process of outside."""

import json
import subprocess

# LuaJIT's own, which know no files: the io and os libraries are not there.
STOCK = ("globals.bit.", "globals.coroutine.", "globals.jit.", "globals.math.", "globals.string.", "globals.table.")

OBJECT = "assign cancel close release"
SOCKET = OBJECT + " disconnect get_option io_control receive_with_fds send_with_fds set_option shutdown"
ACCEPTOR = OBJECT + " accept get_option listen set_option"
STANDARD = "dup isatty tcgetpgrp tcsetpgrp"

NEITHER = {
    "globals": "assert collectgarbage error format gcinfo getfenv getmetatable ipairs load loadstring newproxy next "
               "pairs pcall print rawequal rawget rawset scope scope_cleanup_pop scope_cleanup_push select setfenv "
               "setmetatable spawn spawn_context_threads tonumber tostring type unpack xpcall byte_span.append "
               "byte_span.new this_fiber.allow_suspend this_fiber.disable_interruption this_fiber.forbid_suspend "
               "this_fiber.restore_interruption this_fiber.yield",
    "module byte_span": "append new",
    "module condition_variable": "new",
    "module file": "random_access.new read_all_at read_at_least_at stream.new write_all_at write_at_least_at",
    # Paths as values, which nobody looks up.
    "module filesystem": "path.from_generic path.new umask",
    "module future": "new",
    "module json": "decode encode into_array is_array writer.new",
    "module mutex": "new",
    "module pipe": "pair read_stream.new write_stream.new",
    "module recursive_mutex": "new",
    "module regex": "match new patsplit search split",
    # Policies name paths; whoever restricts himself opens them only to be granted no more than he has.
    "module sandbox": "new restrict_self support",
    "module serial_port": "new",
    "module stream": "read_all read_at_least scanner.mt.__index.buffer scanner.mt.__index.buffered_line "
                     "scanner.mt.__index.get_line scanner.mt.__index.remove_line scanner.mt.__index.set_buffer "
                     "scanner.new scanner.with_awk_defaults write_all write_at_least",
    # Those that take a pid are about children, or the caller itself.
    "module system": "cap_drop_bound cap_from_text cap_get_ambient cap_get_bound cap_get_proc cap_get_secbits cap_init "
                     "cap_reset_ambient cap_set_ambient cap_set_secbits exit getgroups getpgrp getpid getppid "
                     "getresgid getresuid jail_get jail_remove jail_set jailparam_all setgroups setpgid setresgid "
                     "setresuid setsid signal.default signal.ignore signal.raise signal.set.new in_.read_some "
                     "out.write_some err.write_some " +
                     " ".join("%s.%s" % (one, name) for one in ("in_", "out", "err") for name in STANDARD.split()),
    "module time": "high_resolution_clock.epoch high_resolution_clock.now sleep steady_clock.epoch steady_clock.now "
                   "steady_timer.new system_clock.epoch system_clock.now system_timer.new",
    "module unix": "datagram_socket.new datagram_socket.pair seqpacket_acceptor.new seqpacket_socket.new "
                   "seqpacket_socket.pair stream_acceptor.new stream_socket.new stream_socket.pair",
    "class byte_span": "append copy ends_with find find_first_not_of find_first_of find_last_not_of find_last_of rfind "
                       "slice starts_with trimmed",
    "class condition_variable": "notify_all notify_one wait",
    "class error_code": "togeneric",
    "class fiber": "detach interrupt join",
    "class file.random_access": OBJECT + " read_some_at resize write_some_at",
    "class file.stream": OBJECT + " read_some resize seek write_some",
    "class file_descriptor": "cap_fcntls_limit cap_get cap_ioctls_limit cap_rights_limit cap_set close dup",
    "class filesystem.path": "lexically_normal to_generic",
    "class future": "get",
    "class ipc_actor_channel": "close detach kill send wait",
    "class json.writer": "begin_array begin_object end_array end_object generate literal value",
    "class linux_capabilities": "clear clear_flag dup fill fill_flag get_flag get_nsowner set_flag set_nsowner set_proc",
    "class mutex": "lock try_lock unlock",
    "class pipe.read_stream": OBJECT + " read_some",
    "class pipe.write_stream": OBJECT + " write_some",
    "class promise": "set_error set_value",
    "class recursive_mutex": "lock try_lock unlock",
    "class rx-channel": "close receive",
    "class sandbox.box": "explain handshake restrict",
    "class serial_port": OBJECT + " isatty read_some send_break tcgetpgrp tcsetpgrp write_some",
    "class steady_clock.time_point": "add sub",
    "class steady_timer": "cancel expires_after expires_at wait",
    "class subprocess": "cap_get kill wait",
    "class system.signal.set": "add cancel clear remove wait",
    "class system_clock.time_point": "add sub",
    "class system_timer": "cancel expires_at wait",
    "class tx-channel": "close send",
    "class unix.datagram_socket": SOCKET + " receive receive_from receive_from_with_fds send",
    "class unix.seqpacket_acceptor": ACCEPTOR,
    "class unix.seqpacket_socket": SOCKET + " receive send",
    "class unix.stream_acceptor": ACCEPTOR,
    "class unix.stream_socket": SOCKET + " read_some write_some",
}


def is_stock(name):
    return name.startswith(STOCK)


def neither():
    return {"%s.%s" % (place, name) for place, members in NEITHER.items() for name in members.split()}


def functions(lister):
    """All names of functions and methods that the program `lister` prints: "module time.sleep"."""
    run = subprocess.run([lister], check=True, capture_output=True, text=True)
    listed = json.loads(run.stdout)
    places = {"globals": listed["globals"]}
    for part, kind in (("modules", "module "), ("classes", "class ")):
        for name, members in listed[part].items():
            places[kind + name] = members
    for place, members in places.items():
        for name, kind in members.items():
            full = "%s.%s" % (place, name)
            if kind in ("function", "method") and not is_stock(full):
                yield full
