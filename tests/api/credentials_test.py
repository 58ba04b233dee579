"""What takes privileges, or takes them away: ids, capabilities, namespaces, real-time scheduling."""

import os
import shutil
import signal
import subprocess
import tempfile

from cases import case, emilua, engine, main, scratch, script, skip
from processes import CONVERSATION, Program, children, status, wait_for_end

NOBODY = 65534
# LeakSanitizer cannot look into a process whose ids have changed.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
HEADER = CONVERSATION + """
local generic = require 'generic_error'
local filesystem = require 'filesystem'
local file = require 'file'

local function refused(expected, step, f, ...)
    local ok, e = pcall(f, ...)
    assert(not ok, 'nothing was raised')
    assert(e == expected and e.step == step, tostring(e) .. ' ' .. tostring(e.step))
end

local function open(path)
    local s = file.stream.new()
    s:open(filesystem.path.new(path), file.open_flag.read_only)
    return s:release()
end

-- What a Python expression says in a child.
local function ask(expression, options)
    options.program = system.arguments[3]
    options.arguments = {'python3', '-c', 'import os; print(' .. expression .. ')'}
    options.stdout = 'share'
    options.stderr = 'share'
    local child = system.spawn(options)
    child:wait()
    assert(child.exit_code == 0)
end

-- Threads besides the main one: for VMs, and those that read what has no page cache.
local function make_threads()
    spawn_context_threads(2)
    local s, buffer = file.stream.new(open '/proc/self/status'), byte_span.new(100)
    s:read_some(buffer)
    s:close()
end
"""


def needs_root():
    if os.getuid() != 0:
        skip("needs root, to become somebody else")


def python():
    return os.path.realpath("/usr/bin/python3")


def run(text, *arguments, **options):
    r = emilua(script(HEADER + text), python(), *arguments, **options)
    assert r.returncode == 0 and r.stderr == "", r
    return r.stdout.splitlines()


def public_script(text):
    """A copy of the engine and a script that everybody may read."""
    directory = scratch(public=True)
    path = os.path.join(directory, "main.lua")
    with open(path, "w", encoding="utf-8") as out:
        out.write(HEADER + text)
    return [shutil.copy(engine(), directory), path, python()]


def run_as_nobody(text):
    r = subprocess.run(public_script(text), user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True,
                       timeout=60, check=False)
    assert r.returncode == 0 and r.stderr == "", r


IDS = "os.getresuid(), os.getresgid(), sorted(os.getgroups())"


# --- spawn ----------------------------------------------------------------------------------------


@case
def a_child_gets_other_ids():
    needs_root()
    lines = run("""
        ask('%s', {ruid = 1001, euid = 1002, rgid = 1003, egid = 1004, extra_groups = {1005, 1006}})
        ask('%s', {rgid = 7, extra_groups = {}})
        ask('os.getresuid()', {euid = 1002})
        assert(system.getresuid() == 0)
    """.replace("%s", IDS))
    assert lines == ["(1001, 1002, 1002) (1003, 1004, 1004) [1005, 1006]", "(0, 0, 0) (7, 0, 0) []",
                     "(0, 1002, 1002)"], lines


@case
def a_child_that_may_not_execute_says_so():
    needs_root()
    directory = scratch(public=True)
    program = shutil.copy("/bin/true", directory)
    os.chmod(program, 0o700)
    run("""
        refused(generic.EACCES, 'program', system.spawn, {program = system.arguments[4], ruid = %d, euid = %d})
        local child = system.spawn{program = system.arguments[4]}
        child:wait()
        assert(child.exit_code == 0)
    """ % (NOBODY, NOBODY), program)


# 40 §17.40
@case
def nobody_gets_nothing():
    needs_root()
    run_as_nobody("""
        local EPERM = generic.EPERM
        local function spawn_refused(step, options)
            options.program = '/bin/true'
            refused(EPERM, step, system.spawn, options)
        end
        spawn_refused('ruid/euid', {ruid = 0, euid = 0})
        spawn_refused('rgid/egid', {egid = 0})
        spawn_refused('extra_groups', {extra_groups = {}})
        spawn_refused('scheduler', {scheduler = {policy = 'fifo', priority = 1}})
        spawn_refused('setns_net', {setns_net = open '/proc/self/ns/net'})
        refused(EPERM, nil, system.setresuid, 0, 0, 0)
        refused(EPERM, nil, system.setresgid, -1, 0, -1)
        refused(EPERM, nil, system.setgroups, {0})
        refused(EPERM, nil, system.kill, 1, 0)
        refused(EPERM, nil, system.cap_drop_bound, 'cap_chown')
        refused(EPERM, nil, system.cap_set_ambient, 'cap_chown', true)
        refused(EPERM, nil, system.cap_set_secbits, system.SECBIT_NOROOT)
        local caps = system.cap_from_text 'cap_chown=ep'
        refused(EPERM, nil, caps.set_proc, caps)
        system.cap_init():set_proc()
    """)


@case
def real_time_policies_are_set():
    needs_root()
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except PermissionError:
        skip("real-time scheduling is not allowed here")
    lines = run("""
        local question = 'os.sched_getscheduler(0), os.sched_getparam(0).sched_priority'
        ask(question, {scheduler = {policy = 'fifo', priority = 3}})
        ask(question, {scheduler = {policy = 'rr', priority = 99, reset_on_fork = true}})
    """)
    assert lines == ["%d 3" % os.SCHED_FIFO, "%d 99" % (os.SCHED_RR | os.SCHED_RESET_ON_FORK)], lines


class Namespaces:
    """A process in namespaces of its own."""

    def __init__(self, *options):
        self.process = subprocess.Popen(["unshare", *options, "sh", "-c", "echo; exec sleep 1000"],
                                        stdout=subprocess.PIPE)
        self.process.stdout.read(1)
        self.pid = str(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def link(self, kind):
        return os.readlink("/proc/%s/ns/%s" % (self.pid, kind))


@case
def a_child_joins_namespaces():
    needs_root()
    with Namespaces("-u", "-i", "-n", "-m") as other:
        for prefix in "setns_", "nsenter_":
            for option, kind in ("uts", "uts"), ("ipc", "ipc"), ("net", "net"), ("mount", "mnt"):
                lines = run("""
                    ask('os.readlink("/proc/self/ns/%s")', {%s = open('/proc/' .. system.arguments[4] .. '/ns/%s')})
                """ % (kind, prefix + option, kind), other.pid)
                assert lines == [other.link(kind)] != [os.readlink("/proc/self/ns/" + kind)], lines


# 40 §9, §17.40: the user namespace first
@case
def a_user_namespace_is_joined_before_the_others():
    needs_root()
    with Namespaces("-U", "-r", "-n", "-u") as other:
        lines = run("""
            local function ns(kind) return open('/proc/' .. system.arguments[4] .. '/ns/' .. kind) end
            ask('*[os.readlink("/proc/self/ns/" + k) for k in ("user", "net", "uts")]',
                {setns_net = ns 'net', setns_uts = ns 'uts', setns_user = ns 'user'})
        """, other.pid)
        assert lines == [" ".join(other.link(kind) for kind in ("user", "net", "uts"))], lines


@case
def pdeathsig_survives_a_user_namespace():
    needs_root()
    with Namespaces("-U", "-r") as other:
        lines = run("""
            local question = '(c := __import__("ctypes"), i := c.c_int(), c.CDLL(None).prctl(2, c.byref(i)), i.value)[3]'
            ask(question, {pdeathsig = 9, setns_user = open('/proc/' .. system.arguments[4] .. '/ns/user')})
            ask(question, {pdeathsig = 10, ruid = 1000, euid = 1000})
        """, other.pid)
        assert lines == ["9", "10"], lines


# --- the process itself ---------------------------------------------------------------------------


def of_all_threads(pid, field):
    """The values of a field of /proc/PID/task/*/status."""
    found = []
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, task), encoding="ascii") as lines:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
        found.append(fields[field].strip())
    return found


def changes_all_threads(text, field, expected):
    with Program(HEADER + "make_threads()\n" + text + "\nsay 'done' hear()", python()) as p:
        assert p.line() == "done"
        values = of_all_threads(p.pid, field)
        assert len(values) > 1 and set(values) == {expected}, (field, values)
        p.say("end")
        assert p.end()[0] == 0


@case
def ids_change_in_all_threads():
    needs_root()
    changes_all_threads("system.setresgid(5, 6, 7)", "Gid", "5\t6\t7\t6")
    changes_all_threads("system.setresuid(5, 6, 7)", "Uid", "5\t6\t7\t6")
    changes_all_threads("system.setgroups{5, 6}", "Groups", "5 6")
    changes_all_threads("system.setgroups{}", "Groups", "")


# 80 §4
@case
def dropped_ids_do_not_come_back():
    needs_root()
    lines = run("""
        local uid, gid = %d, %d
        system.setgroups{}
        system.setresgid(gid, gid, gid)
        system.setresuid(uid, uid, uid)
        assert(table.concat({system.getresuid()}, ' ') == ('%%d %%d %%d'):format(uid, uid, uid))
        assert(#system.getgroups() == 0)
        refused(generic.EPERM, nil, system.setresuid, 0, 0, 0)
        refused(generic.EPERM, nil, system.setgroups, {0})
        ask('%s', {})
    """ % (NOBODY, NOBODY, IDS))
    assert lines == ["(65534, 65534, 65534) (65534, 65534, 65534) []"], lines


@case
def capabilities_change_in_all_threads():
    needs_root()
    none = "0" * 16
    changes_all_threads("system.cap_init():set_proc()", "CapEff", none)
    changes_all_threads("system.cap_init():set_proc()", "CapPrm", none)
    changes_all_threads("system.cap_from_text 'cap_chown=p':set_proc()", "CapPrm", none[:-1] + "1")
    changes_all_threads("""
        for line in ('chown dac_override dac_read_search fowner'):gmatch '%S+' do
            system.cap_drop_bound('cap_' .. line)
            assert(not system.cap_get_bound('cap_' .. line))
        end
    """, "CapBnd", "%016x" % (int(status(os.getpid())["CapBnd"], 16) & ~0xf))
    changes_all_threads("""
        system.cap_from_text 'cap_chown,cap_kill=pie':set_proc()
        system.cap_set_ambient('cap_chown', true)
        system.cap_set_ambient('cap_kill', true)
        system.cap_set_ambient('cap_kill', false)
        assert(system.cap_get_ambient 'cap_chown' and not system.cap_get_ambient 'cap_kill')
    """, "CapAmb", none[:-1] + "1")
    changes_all_threads("""
        system.cap_from_text 'cap_chown=pie':set_proc()
        system.cap_set_ambient('cap_chown', true)
        system.cap_reset_ambient()
        assert(not system.cap_get_ambient 'cap_chown')
    """, "CapAmb", none)


@case
def dropped_capabilities_do_not_come_back():
    needs_root()
    run("""
        local before = system.cap_get_proc()
        system.cap_init():set_proc()
        assert(tostring(system.cap_get_proc()) == '=')
        refused(generic.EPERM, nil, before.set_proc, before)
        refused(generic.EPERM, nil, system.cap_drop_bound, 'cap_chown')
        refused(generic.EPERM, nil, system.setgroups, {0})
    """)


@case
def an_ambient_capability_reaches_a_child():
    needs_root()
    lines = run("""
        local caps = system.cap_from_text 'cap_net_raw=pie cap_setuid,cap_setpcap=pe'
        caps:set_proc()
        system.cap_set_ambient('cap_net_raw', true)
        system.cap_set_secbits(bit.bor(system.SECBIT_NOROOT, system.SECBIT_NO_SETUID_FIXUP))
        assert(system.cap_get_secbits() == 5)
        ask('[l for l in open("/proc/self/status") if l.startswith("CapEff")][0].split()[1]', {})
        local child = system.spawn{program = 'sleep', arguments = {'sleep', '1000'}}
        assert(tostring(child:cap_get()) == 'cap_net_raw=eip', tostring(child:cap_get()))
        child:kill(9)
        child:wait()
    """)
    assert lines == ["0000000000002000"], lines


@case
def kept_capabilities_survive_a_change_of_user():
    needs_root()
    run("""
        system.cap_set_secbits(system.SECBIT_KEEP_CAPS)
        system.setresuid(1000, 1000, 1000)
        assert(system.cap_get_proc():get_flag('cap_chown', 'permitted'))
        assert(not system.cap_get_proc():get_flag('cap_chown', 'effective'))
        system.cap_from_text 'cap_chown=ep':set_proc()
        assert(tostring(system.cap_get_proc()) == 'cap_chown=ep')
    """)


# --- actors ---------------------------------------------------------------------------------------


# 80 §4, 30 §9
@case
def actors_have_what_their_creator_has_left():
    needs_root()
    text = """
        local function tell()
            local caps = system.cap_get_proc()
            return {uid = table.concat({system.getresuid()}, ' '), gid = table.concat({system.getresgid()}, ' '),
                groups = #system.getgroups(), last = system.getgroups()[#system.getgroups()] or -1,
                bits = system.cap_get_secbits(), bound = system.cap_get_bound 'cap_sys_boot',
                ambient = system.cap_get_ambient 'cap_chown', caps = tostring(caps)}
        end
        if _CONTEXT == 'worker' then
            inbox:receive().to:send(tell())
            return
        end
        local many = {}
        for i = 1, 5000 do many[i] = 10000 + i end
        for _, change in ipairs{
            function() system.setgroups(many) end,
            function() system.setgroups{} end,
            function() system.setresgid(1, 2, 3) end,
            function() system.cap_drop_bound 'cap_sys_boot' end,
            function() system.cap_set_secbits(system.SECBIT_KEEP_CAPS) end,
            function() system.cap_from_text 'cap_setuid,cap_chown=pei':set_proc() end,
            function() system.cap_set_ambient('cap_chown', true) end,
            function() system.setresuid(1000, 1000, 1000) end,
            function() system.cap_init():set_proc() end,
        } do
            change()
            local here = tell()
            local actor = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
            actor:send{to = inbox}
            local there = inbox:receive()
            for name, value in pairs(here) do
                assert(there[name] == value, name .. ': ' .. tostring(value) .. ', ' .. tostring(there[name]))
            end
        end
        print 'same'
    """
    r = subprocess.run(public_script(text), capture_output=True, text=True, timeout=60, check=False)
    assert (r.returncode, r.stdout, r.stderr) == (0, "same\n", ""), r


# 50 §6
@case
def a_file_gives_capabilities():
    needs_root()
    with tempfile.NamedTemporaryFile(dir="/tmp") as target:
        text = """
            local fd = open(system.arguments[4])
            local ok, e = pcall(fd.cap_get, fd)
            assert(not ok and e.code == 61, tostring(e)) -- ENODATA
            fd:cap_set(system.cap_from_text 'cap_net_raw,cap_chown=ep')
            print(fd:dup():cap_get())
            system.setresuid(%d, %d, %d)
            print(fd:cap_get(), pcall(fd.cap_set, fd, system.cap_init()))
        """ % (NOBODY, NOBODY, NOBODY)
        caps = "cap_chown,cap_net_raw=ep"
        assert run(text, target.name) == [caps, caps + "\tfalse\tOperation not permitted"]
        assert os.getxattr(target.name, "security.capability")


def ends_with_its_helper(change, what):
    with Program(HEADER + "say 'ready' hear() %s say 'never'" % change, python()) as p:
        assert p.line() == "ready"
        [helper] = children(p.pid)
        os.kill(helper, signal.SIGKILL)
        assert wait_for_end(helper)
        p.say("go on")
        code, out, err = p.end()
        assert (code, out) == (1, ""), (code, out)
        assert err == ("emilua: the process of the actors kept %s that this one gave up: "
                       "No child processes\n" % what), err


@case
def a_dead_helper_does_not_hide_a_change():
    needs_root()
    ends_with_its_helper("system.setresgid(5, 5, 5)", "credentials")
    ends_with_its_helper("filesystem.current_working_directory(filesystem.path.new '/')", "a working directory")
    ends_with_its_helper("filesystem.umask(0)", "a file mask")


# 70 §10
@case
def a_directory_that_one_may_not_enter():
    needs_root()
    command = public_script("""
        local cwd = filesystem.current_working_directory
        local before = cwd()
        for _, name in ipairs{'closed', 'closed/below'} do
            local ok, e = pcall(cwd, filesystem.path.new(name))
            assert(not ok and e == generic.EACCES and e.path1 == filesystem.path.new(name), tostring(e))
            assert(cwd() == before)
        end
        print 'refused'
    """)
    place = os.path.dirname(command[0])
    os.makedirs(os.path.join(place, "closed", "below"))
    os.chmod(os.path.join(place, "closed"), 0)
    r = subprocess.run(command, user=NOBODY, group=NOBODY, extra_groups=[], cwd=place, capture_output=True, text=True,
                       timeout=60, check=False)
    assert (r.returncode, r.stdout, r.stderr) == (0, "refused\n", ""), r


main()
