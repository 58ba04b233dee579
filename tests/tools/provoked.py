"""Which test provokes which complaint of the tools' sources (messages.py): checked, both ways, by coverage_test.py.

The key is a complaint's text, with … for what is in between; the value is the case, and for short ones the text that it
looks for."""

PROVOKED = {
    "tools/command_line/option_table.cc": {
        "(see … --help)": ("fdpass_test.every_wrong_command_line_is_one_line_and_2", "(see fdpass send --help)"),
        "a -- before PROGRAM is missing": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "no program is given after --": "confine_test.every_wrong_option_is_one_line_and_125",
        "unknown": ("fdpass_test.every_wrong_command_line_is_one_line_and_2", "unknown option --to"),
        "option": ("fdpass_test.every_wrong_command_line_is_one_line_and_2", "unknown option --to"),
        "takes no value": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "is missing": ("fdpass_test.every_wrong_command_line_is_one_line_and_2", "--type: TYPE is missing"),
        "is given twice … and … exclude each other": "complaints_test.options_that_exclude_each_other_are_told",
        "no command is given": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "command": ("fdpass_test.every_wrong_command_line_is_one_line_and_2", "unknown command snd; did you mean send?"),
    },
    "tools/command_line/program.cc": {
        "exec": ("initexec_test.programs_that_cannot_be_executed_are_told", "exec: /no/such: No such file or directory"),
    },
    "tools/command_line/standard_output.cc": {
        "standard output":
            ("luarun_test.standard_output_that_is_full_or_closed_is_told",
             "luarun: standard output: No space left on device"),
    },
    "tools/command_line/start.cc": {
        "refuses to run set-uid, set-gid or with file capabilities": "tool_cases.common",
        "standard streams":
            ("faults_test.standard_streams_that_cannot_be_made_are_told_by_all", "standard streams: Too many open files"),
        "memory": ("faults_test.too_little_memory_is_told", "memory: Cannot allocate memory"),
        "standard output": ("tool_cases.common", ": standard output: No space left on device"),
    },
    "tools/command_line/values.cc": {
        "not a number": ("fdpass_test.every_wrong_command_line_is_one_line_and_2", "--peer-pid: me: not a number"),
        "more than": ("fdpass_test.every_wrong_command_line_is_one_line_and_2", "--count: 254: more than 253"),
        "not a number of seconds": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "more than a year": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "no such namespace": "initexec_test.every_wrong_command_line_is_one_line_and_2",
    },
    "tools/confine/options.cc": {
        "a path is missing": "confine_test.every_wrong_option_is_one_line_and_125",
        "the current directory is unknown": "faults_test.a_directory_that_is_gone_is_told_by_confine",
        "--net … connect:PORT, bind:PORT, loopback or unix expected": "confine_test.every_wrong_option_is_one_line_and_125",
        "--limit … NAME=VALUE expected": "confine_test.every_wrong_option_is_one_line_and_125",
        "--limit … no such limit": "confine_test.every_wrong_option_is_one_line_and_125",
        "--env … NAME or NAME=VALUE expected": "confine_test.every_wrong_option_is_one_line_and_125",
        "--bind … SRC:DST or SRC:DST:ro expected": "confine_test.every_wrong_option_is_one_line_and_125",
        "--symlink … TEXT:DST expected": "confine_test.every_wrong_option_is_one_line_and_125",
        "--policy": ("confine_test.every_wrong_option_is_one_line_and_125", "--policy: /no/such: No such file or directory"),
        "--profile … no such profile; there are": "confine_test.every_wrong_option_is_one_line_and_125",
        "--report … json expected": "confine_test.every_wrong_option_is_one_line_and_125",
        "doctor runs no program": "confine_test.every_wrong_option_is_one_line_and_125",
        "no program is given": "confine_test.every_wrong_option_is_one_line_and_125",
        "--promises … unknown promise": "confine_test.every_wrong_option_is_one_line_and_125",
        "--rootfs … host or empty expected": "confine_test.every_wrong_option_is_one_line_and_125",
        "--user-map … self, subid or INSIDE:OUTSIDE:COUNT,... expected": "confine_map_test.wrong_maps_are_complaints",
        "fs.mounts[ … ].source … is not an open descriptor": "confine_map_test.a_descriptor_that_is_not_open_is_none_of_ours",
    },
    "tools/confine/run.cc": {
        "terminal … --pty": "faults_test.a_terminal_that_cannot_be_made_is_told_by_confine",
        "pipe": ("faults_test.calls_that_fail_are_named_by_confine", "pipe: "),
        "--pty": ("faults_test.calls_that_fail_are_named_by_confine", "confine: --pty: No space left on device"),
        "namespaces: clone": ("faults_test.calls_that_fail_are_named_by_confine", "namespaces: clone: "),
        "user.map":
            ("confine_map_test.what_newuidmap_says_is_told_and_nothing_runs", "user.map: /usr/bin/newuidmap: newuidmap: write"),
        "--profile=reader grants what most programs need": "confine_test.a_dynamic_program_without_its_linker_is_told_so",
        "wait": ("faults_test.calls_that_fail_are_named_by_confine", "wait: No space left on device"),
        "took longer than limits.wall_time": "confine_test.a_program_that_takes_too_long_is_killed",
        "memory": ("faults_test.calls_that_fail_are_named_by_confine", "memory: "),
    },
    "tools/emilua/options.cc": {
        "--main-context-concurrency-hint … 1 or safe expected": "complaints_test.fault",
        "--policy: a file is missing": "restrict_self_test.a_bad_policy_ends_it",
        "no script given": "family_test.chunks_and_standard_input_are_checked_too",
    },
    "tools/fdpass/endpoint.cc": {
        "socket … unix": ("faults_test.calls_that_fail_are_named_by_fdpass", "socket: unix: "),
        "socket": ("fdpass_test.everything_that_fails_is_one_line_and_1", "socket: fd:0: Socket operation on non-socket"),
        "--timeout … took too long": "fdpass_test.nobody_waits_longer_than_the_timeout",
        "poll": ("faults_test.calls_that_fail_are_named_by_fdpass", "poll: recv: message: "),
        "a path, @NAME or fd:N expected": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "longer than a socket's address can be": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "dup": ("faults_test.too_few_descriptors_are_told_by_fdpass", "dup: fd:0: Too many open files"),
        "connect … it is not of this --type": "fdpass_test.everything_that_fails_is_one_line_and_1",
        "connect": ("fdpass_test.everything_that_fails_is_one_line_and_1", "connect: %s/none: No such file or directory"),
        "bind":
            ("fdpass_test.a_path_that_nobody_listens_on_any_more_is_replaced_and_another_is_not",
             "bind: %s: Address already in use"),
        "listen": ("faults_test.calls_that_fail_are_named_by_fdpass", "listen: "),
        "socket … credentials": ("faults_test.calls_that_fail_are_named_by_fdpass", "socket: credentials: "),
        "peer … credentials": ("faults_test.visitors_that_cannot_be_let_in_are_told_by_fdpass", "peer: credentials: "),
        "--peer-uid": ("fdpass_test.wrong_peers_are_refused", "--peer-uid: "),
        "the peer's is": ("fdpass_test.wrong_peers_are_refused", "--peer-pid: 1: the peer's is %d"),
        "--peer-pid": ("fdpass_test.wrong_peers_are_refused", "--peer-pid: 1: the peer's is %d"),
    },
    "tools/fdpass/fdpass.cc": {
        "ignored": ("faults_test.the_wrong_datagrams_are_ignored_by_fdpass", ": ignored"),
        "accept": ("faults_test.visitors_that_cannot_be_let_in_are_told_by_fdpass", "accept: %s: "),
        "turned away": ("fdpass_test.the_wrong_visitors_are_turned_away_until_the_right_one_comes", ": turned away"),
        "--env: FDPASS_DATA: the message has a NUL byte": "fdpass_test.the_message_and_the_peer_are_variables_if_asked_for",
        "recv: message: no descriptor came with it": "fdpass_test.everything_that_fails_is_one_line_and_1",
        "recv: descriptors": ("faults_test.calls_that_fail_are_named_by_fdpass", "recv: descriptors: "),
        "pair: socket pair": ("faults_test.calls_that_fail_are_named_by_fdpass", "pair: socket pair: "),
        "pair": ("faults_test.calls_that_fail_are_named_by_fdpass", "pair: true: "),
        "pair: descriptor 3": ("faults_test.calls_that_fail_are_named_by_fdpass", "fdpass: pair: descriptor 3: "),
    },
    "tools/fdpass/message.cc": {
        "message": ("fdpass_test.everything_that_fails_is_one_line_and_1", "send: message: "),
        "recv":
            ("faults_test.a_socket_without_another_side_is_told_by_fdpass",
             "recv: message: Transport endpoint is not connected"),
        "recv … descriptors were lost": "fdpass_test.descriptors_that_there_is_no_room_for_are_told",
        "recv … longer than … bytes": "fdpass_test.everything_that_fails_is_one_line_and_1",
        "send: message": ("fdpass_test.everything_that_fails_is_one_line_and_1", "send: message: "),
        "send": ("fdpass_test.everything_that_fails_is_one_line_and_1", "send: message: "),
        "recv: message": ("fdpass_test.nobody_waits_longer_than_the_timeout", "--timeout: recv: message: took too long"),
        "recv … the other side ended without one … the other side ended after … of … descriptors":
            "fdpass_test.everything_that_fails_is_one_line_and_1",
    },
    "tools/fdpass/options.cc": {
        "--type … seqpacket, stream or datagram expected": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "--name … not up to 255 visible characters without a colon": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "a -- before PROGRAM is missing": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "--to is missing": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "no FD is given": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "more than … FDs": "fdpass_test.as_many_as_the_kernel_carries_and_no_more",
        "--data: '': a message cannot be empty": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "--from or --listen is missing": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "--listen: fd:N is connected already; use --from": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "--type: datagram: nothing comes from there; use --listen": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "--json prints, and runs no program": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "--env and --name are for a PROGRAM, which is missing": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "between the programs is missing": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "a program beside ::: is missing": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
    },
    "tools/fdpass/source.cc": {
        "FD": ("fdpass_test.everything_that_fails_is_one_line_and_1", "FD: open:r:/no/such: No such file or directory"),
        "FD … tcp-listen:HOST:PORT expected": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "FD … HOST is no numeric address": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "FD … open:r:PATH or open:rw:PATH expected": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "FD … a path or @NAME expected": "fdpass_test.every_wrong_command_line_is_one_line_and_2",
        "FD … a number, open:r:PATH, open:rw:PATH, tcp-listen:HOST:PORT, unix-listen:PATH, memfd:TEXT or pidfd:PID expected":
            "fdpass_test.every_wrong_command_line_is_one_line_and_2",
    },
    "tools/initexec/box.cc": {
        "--policy": (
            "initexec_test.what_a_running_process_cannot_have_is_refused_before_the_script",
            "--policy: /no/such: No such file or directory"),
        "exec": ("initexec_test.a_program_that_may_execute_nothing_is_executed", "exec: /bin/true: Permission denied"),
        "memory": ("faults_test.calls_that_fail_are_named_by_initexec", "--policy: memory: "),
        "clone": ("faults_test.calls_that_fail_are_named_by_initexec", "--policy: clone: "),
        "descriptors": ("faults_test.calls_that_fail_are_named_by_initexec", "--policy: descriptors: "),
    },
    "tools/initexec/container.cc": {
        "--keep-fd … the policy's limits.open_files is not above it":
            "initexec_test.kept_descriptors_enter_the_box_and_others_do_not",
        "script": ("initexec_test.what_fails_in_a_script_is_one_line_and_nothing_runs_after_it", "script: stdin:1: x"),
        "descriptors": ("faults_test.calls_that_fail_are_named_by_initexec", "descriptors: "),
        "--keep-fd":
            ("initexec_test.the_program_has_no_descriptors_but_the_standard_ones_and_those_kept",
             "--keep-fd: 9: Bad file descriptor"),
        "--pid1: PR_SET_CHILD_SUBREAPER": "faults_test.calls_that_fail_are_named_by_initexec",
        "PR_SET_PDEATHSIG": ("faults_test.calls_that_fail_are_named_by_initexec", "PR_SET_PDEATHSIG: "),
    },
    "tools/initexec/initexec.cc": {
        "--map": ("initexec_test.subordinate_ids_that_we_do_not_have_are_told", "--map: /etc/subuid: no ids for user root"),
        "--map: /proc": ("faults_test.what_initexec_looks_for_in_proc_is_told", "--map: /proc: No such file or directory"),
        "script … standard input": "faults_test.standard_input_that_cannot_be_read_is_told",
        "--env-file": ("initexec_test.the_program_has_our_environment_and_what_files_add",
                       "--env-file: /no/such: No such file"),
        "--env-file … NAME=VALUE expected": "initexec_test.the_program_has_our_environment_and_what_files_add",
        "--sync-fd": ("faults_test.calls_that_fail_are_named_by_initexec", "--sync-fd: %d: Socket operation on non-socket"),
        "--sync-fd … closed without a byte": "initexec_test.nothing_runs_before_the_outside_agrees",
        "--ns: clone": ("faults_test.calls_that_fail_are_named_by_initexec", "--ns: clone: "),
        "without --ns=user": "initexec_test.namespaces_that_cannot_be_made_are_told",
        "pipe": ("faults_test.calls_that_fail_are_named_by_initexec", "pipe: "),
        "descriptors": ("faults_test.calls_that_fail_are_named_by_initexec", "descriptors: "),
    },
    "tools/initexec/options.cc": {
        "--policy is for a PROGRAM, which is missing":
            "initexec_test.what_a_running_process_cannot_have_is_refused_before_the_script",
        "--report is for a --policy, which is missing":
            "initexec_test.what_a_running_process_cannot_have_is_refused_before_the_script",
        "--report … json expected":
            "initexec_test.what_a_running_process_cannot_have_is_refused_before_the_script",
        "no script is given": "initexec_test.every_wrong_command_line_is_one_line_and_2",
        "--map: --ns=user is missing": "initexec_test.every_wrong_command_line_is_one_line_and_2",
        "--keep-fd is for a PROGRAM, which is missing": "initexec_test.every_wrong_command_line_is_one_line_and_2",
        "--env-file is for a PROGRAM, which is missing": "initexec_test.every_wrong_command_line_is_one_line_and_2",
        "--kill-all-on-exit and --pid1=no exclude each other": "initexec_test.every_wrong_command_line_is_one_line_and_2",
        "--map … self or subid expected": "initexec_test.every_wrong_command_line_is_one_line_and_2",
        "--pid1 … no expected": "initexec_test.every_wrong_command_line_is_one_line_and_2",
    },
    "tools/initexec/orphans.cc": {
        "--kill-all-on-exit":
            ("faults_test.what_initexec_looks_for_in_proc_is_told", "--kill-all-on-exit: /proc/self/task/"),
    },
    "tools/jailattach/jailattach.cc": {
        "script … standard input": "faults_test.standard_input_that_cannot_be_read_is_told",
        "PR_SET_DUMPABLE": ("faults_test.calls_that_fail_are_named_by_jailattach", "PR_SET_DUMPABLE: "),
        "pipe": ("faults_test.calls_that_fail_are_named_by_jailattach", "pipe: "),
        "fork": ("faults_test.calls_that_fail_are_named_by_jailattach", "fork: "),
    },
    "tools/jailattach/options.cc": {
        "--pid, --pidfd or --ns is missing": "jailattach_test.every_wrong_command_line_is_one_line_and_2",
        "--root and --cgroup are those of a --pid or --pidfd": "jailattach_test.every_wrong_command_line_is_one_line_and_2",
        "--program-fd and --from-image are for a PROGRAM, which is missing":
            "jailattach_test.every_wrong_command_line_is_one_line_and_2",
        "nothing to run: --script, -e or a PROGRAM is missing": "jailattach_test.every_wrong_command_line_is_one_line_and_2",
        "--pidfd … fd:N expected": "jailattach_test.every_wrong_command_line_is_one_line_and_2",
        "--jail … jails need FreeBSD": "jailattach_test.every_wrong_command_line_is_one_line_and_2",
        "--ns … TYPE:PATH expected": "jailattach_test.every_wrong_command_line_is_one_line_and_2",
        "--user … UID or UID:GID expected": "jailattach_test.every_wrong_command_line_is_one_line_and_2",
        "--env … NAME or NAME=VALUE expected": "jailattach_test.every_wrong_command_line_is_one_line_and_2",
    },
    "tools/jailattach/program.cc": {
        "exec": ("jailattach_test.what_would_load_the_containers_libraries_is_refused",
                 "exec: /etc/passwd: Permission denied"),
        "--program-fd":
            ("jailattach_test.what_would_load_the_containers_libraries_is_refused", "exec: --program-fd %d: Illegal seek"),
        "no ELF program: its interpreter would be the container's":
            "jailattach_test.what_would_load_the_containers_libraries_is_refused",
        "not static: its libraries would be the container's (--from-image executes what is there)":
            "jailattach_test.what_would_load_the_containers_libraries_is_refused",
    },
    "tools/jailattach/target.cc": {
        "no descriptor of a process that can be seen from here": "jailattach_test.processes_that_are_no_containers_are_refused",
        "--cgroup … outside of our own": "faults_test.control_groups_that_cannot_be_joined_are_told_by_jailattach",
        "--cgroup … no control groups are mounted here":
            "faults_test.control_groups_that_cannot_be_joined_are_told_by_jailattach",
        "--pid": ("jailattach_test.processes_that_are_no_containers_are_refused", "--pid: 2147483646: No such process"),
        "--pidfd: fd": ("jailattach_test.a_process_is_named_by_its_descriptor_too", "--pidfd: fd:%d: "),
        "is in no other namespaces than we are: no container": "jailattach_test.processes_that_are_no_containers_are_refused",
        "--cgroup":
            ("faults_test.control_groups_that_cannot_be_joined_are_told_by_jailattach", "--cgroup: No space left on device"),
        "setns: the process's namespaces": "faults_test.calls_that_fail_are_named_by_jailattach",
        "--ns": ("jailattach_test.namespaces_are_named_one_by_one_too", "--ns: net: Invalid argument"),
    },
    "tools/jailattach/visit.cc": {
        "--root": ("faults_test.calls_that_fail_are_named_by_jailattach", "--root: "),
        "--cwd":
            ("jailattach_test.it_begins_in_the_root_directory_or_where_it_is_told",
             "--cwd: /no/such: No such file or directory"),
        "--user: setgroups": ("faults_test.calls_that_fail_are_named_by_jailattach", "--user: setgroups: "),
        "--user: gid": ("faults_test.calls_that_fail_are_named_by_jailattach", "--user: gid 0: "),
        "--user: uid": ("faults_test.calls_that_fail_are_named_by_jailattach", "--user: uid 0: "),
        "gid 0": ("faults_test.calls_that_fail_are_named_by_jailattach", "gid 0: "),
        "uid 0": ("faults_test.calls_that_fail_are_named_by_jailattach", "uid 0: "),
        "--no-caps": ("faults_test.calls_that_fail_are_named_by_jailattach", "--no-caps: "),
        "script": ("jailattach_test.a_script_comes_from_a_file_of_the_host_or_from_standard_input", "script: empty script"),
        "PR_SET_PDEATHSIG": ("faults_test.calls_that_fail_are_named_by_jailattach", "PR_SET_PDEATHSIG: "),
        "exec": ("faults_test.calls_that_fail_are_named_by_jailattach", "exec: /bin/busybox: "),
        "setsid": ("faults_test.calls_that_fail_are_named_by_jailattach", "setsid: "),
        "descriptors": ("faults_test.calls_that_fail_are_named_by_jailattach", "descriptors: "),
    },
    "tools/luarun/luarun.cc": {
        "(error object is a … value)": "luarun_test.an_uncaught_error_has_a_traceback",
        "arguments … more than a script can have": "luarun_test.more_arguments_than_lua_has_room_for_are_refused",
    },
    "tools/luarun/modules.cc": {
        "module … needs an event loop or actors: run this with emilua": "luarun_test.what_needs_the_engine_is_said",
    },
    "tools/luarun/options.cc": {
        "a script, - or -e is missing": "luarun_test.on_a_terminal_a_script_must_be_named",
        "-b needs SCRIPT and OUT": "luarun_test.misuse_is_told",
    },
    "tools/scan/emit.cc": {
        "emit: a table has names that are no texts": "scan_test.wrong_values_are_told",
        "emit: tables in tables, deeper than 100": "scan_test.wrong_values_are_told",
        "emit: neither a text, a number, a boolean, a table nor nil": "scan_test.wrong_values_are_told",
        "emit: value … is a": "scan_test.wrong_values_are_told",
        "emit: a table with names needs --json-out": "scan_test.wrong_values_are_told",
        "standard output": ("scan_test.a_full_device_is_told", "scan: standard output: No space left on device"),
    },
    "tools/scan/fields.cc": {
        "is no field and no range of fields, such as 1 or 3-5 or 3-": "scan_test.misuse_is_told",
    },
    "tools/scan/input.cc": {
        "open": ("scan_test.a_missing_file_is_told_and_the_others_are_read",
                 "scan: open: /nonexistent: No such file or directory"),
        "read": ("faults_test.standard_input_that_cannot_be_read_is_told", "read: -: Is a directory"),
        "record separator": "scan_test.an_expression_for_records_that_takes_too_long_is_stopped",
        "a quoted field is not closed": "scan_test.faulty_csv_is_told",
        "longer than … MiB": "scan_test.a_record_without_end_is_refused",
        "out of memory": ("faults_test.too_little_memory_is_told", ": record 1: out of memory"),
        "text after the closing quote of field": "scan_test.faulty_csv_is_told",
        "field separator": "scan_test.an_expression_that_takes_too_long_is_stopped",
    },
    "tools/scan/options.cc": {
        "not one of \\t \\n \\r \\0 \\\\ \\xHH: \\": "scan_test.misuse_is_told",
        "the separator is empty": "scan_test.misuse_is_told",
        "--regex needs -F or -R": "scan_test.misuse_is_told",
        "-F: with --csv the separator is one character, and no quote and no line end": "scan_test.misuse_is_told",
        "--fields": ("complaints_test.a_number_that_is_none_is_told", "--fields: 'x' is no field"),
        "LUA, or --fields, is missing": "scan_test.misuse_is_told",
    },
    "tools/scan/program.cc": {
        "out of memory": ("faults_test.too_little_memory_is_told", "out of memory\n"),
    },
}

# Of these a test would be none: why.
CANNOT = {
    "tools/confine/run.cc": {
        "limits.cgroup":
            "only where a control group is delegated, and has no room for another: without one the plan has refused it",
    },
    "tools/scan/emit.cc": {
        "emit":
            "tables are at most 100 deep, and take 8 places each of the 8000 that Lua has",
    },
}
