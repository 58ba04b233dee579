-- Makes the container of busybox_container from inside, and becomes its shell: see main.lua, which
-- also says what goes over `arg`. This is no module, but the script that runs first in the new process,
-- with blocking system calls (lua/meta/init_script.lua has the list).

local ffi = require 'ffi'
ffi.cdef 'char *strerror(int);'

-- A failing call would end the process with a line on standard error. The host can do better if it
-- hears which file it was.
errexit = false
local function must(what, result, errno)
    if result == -1 then
        C.write(arg, what .. ': ' .. ffi.string(ffi.C.strerror(errno)))
        os.exit(1)
    end
    return result
end

-- What the host says. When it is gone there is nobody to be told, and nothing to be done.
local function hear()
    local message = C.read(arg, 65536)
    if not message or message == '' then
        os.exit(1)
    end
    return message
end

local function open(path, flags)
    return must(path, C.open(path, bit.bor(flags, C.O_CLOEXEC)))
end

local function give(path)
    local fd = open(path, C.O_WRONLY)
    must('arg', send_with_fd(arg, '.', fd))
    C.close(fd)
end

-- 1. Ids. Until they are mapped nothing new has an owner: mkdir fails with EOVERFLOW. A group may be
-- mapped by an ordinary user only when nobody inside can leave one, which might be what locks him out.
if hear() == 'one' then
    must('setgroups', C.write(open('/proc/self/setgroups', C.O_WRONLY), 'deny'))
    give '/proc/self/uid_map'
    give '/proc/self/gid_map'
end
local order = {}
for word in (hear() .. '\0'):gmatch '(%Z*)%z' do
    order[#order + 1] = word
end
local rootfs = order[1]

-- 2. Files. First: what is mounted from now on is not passed on to the host, nor the other way round.
must('/', C.mount(nil, '/', nil, bit.bor(C.MS_REC, C.MS_PRIVATE)))

-- What becomes the root must be a mount of its own, so the directory is mounted upon itself, with all
-- that is mounted below (it is not allowed to look under those). Attributes are added to what the mounts
-- have already: in another user namespace none may be taken away.
must(rootfs, C.mount(rootfs, rootfs, nil, bit.bor(C.MS_BIND, C.MS_REC)))
must(rootfs, C.mount_setattr(C.AT_FDCWD, rootfs, C.AT_RECURSIVE,
    {attr_set = bit.bor(C.MOUNT_ATTR_RDONLY, C.MOUNT_ATTR_NOSUID, C.MOUNT_ATTR_NODEV)}))
local careful = bit.bor(C.MS_NOSUID, C.MS_NODEV, C.MS_NOEXEC)
must(rootfs .. '/proc', C.mount('proc', rootfs .. '/proc', 'proc', careful)) -- of the new pid namespace
must(rootfs .. '/tmp', C.mount('tmp', rootfs .. '/tmp', 'tmpfs', careful, 'size=64m,mode=1777'))

-- The old root goes to where the new one is, on top of it, and then away.
must(rootfs, C.chdir(rootfs))
must(rootfs, C.pivot_root('.', '.'))
must('the old root', C.umount2('.', C.MNT_DETACH))
must('/', C.chdir '/')

-- 3. Names and the network: 127.0.0.1 of its own.
must('sethostname', C.sethostname 'busybox')
must('lo', bring_up_loopback())

-- 4. Capabilities. Root keeps those over its own files, users and processes, as ambient ones because
-- being root is to count for nothing at exec. Without CAP_SYS_ADMIN nothing above can be undone.
local kept = {'cap_chown', 'cap_dac_override', 'cap_fowner', 'cap_kill', 'cap_setgid', 'cap_setuid'}
must('securebits', C.cap_set_secbits(bit.bor(C.SECBIT_NOROOT, C.SECBIT_NOROOT_LOCKED)))
must('capabilities', C.cap_set_proc(table.concat(kept, ',') .. '=eip'))
for _, name in ipairs(kept) do
    must(name, C.cap_set_ambient(name, true))
end
must('no_new_privs', set_no_new_privs())

-- 5. The shell, as process 1. `arg` is close-on-exec: this is how the host knows.
local environment = {}
for i = 3, 2 + order[2] do
    local name, value = order[i]:match '^(.-)=(.*)$'
    environment[name] = value
end
must(rootfs .. '/bin/busybox', C.execve('/bin/busybox', {'sh', unpack(order, 3 + order[2])}, environment))
