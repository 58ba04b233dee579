-- Makes the container of empty_root from inside: see main.lua. This is no module, but the script that
-- runs first in the new process, with blocking system calls (lua/meta/init_script.lua has the list). A
-- call that fails ends the process, with a line on its standard error.
--
-- No id is mapped into the user namespace: who runs here is the overflow user (65534), and cannot make
-- a user namespace again. A container whose processes are to own files needs maps: busybox_container.

-- What is mounted from now on is not passed on to the host, nor the other way round.
C.mount(nil, '/', nil, bit.bor(C.MS_REC, C.MS_PRIVATE))

-- The new root, empty and never to be written. Where it is mounted does not matter: any directory that
-- exists will do.
local flags = bit.bor(C.MS_RDONLY, C.MS_NOSUID, C.MS_NODEV, C.MS_NOEXEC)
C.mount('none', '/tmp', 'tmpfs', flags, 'size=4k')
C.chdir '/tmp'

-- The old root goes to where the new one is, on top of it, and then away: so no directory is needed to
-- put it in. Files that are open already stay so; that is how the engine still works.
C.pivot_root('.', '.')
C.umount2('.', C.MNT_DETACH)
C.chdir '/'

-- 127.0.0.1, which nothing listens at but what runs here.
bring_up_loopback()
C.sethostname 'empty'

-- Two seconds of computing; then SIGXCPU ends it.
C.setrlimit(C.RLIMIT_CPU, {rlim_cur = 2, rlim_max = 3})

-- Last, as they were needed for all of this: capabilities. Then nothing gives them back, neither a
-- change of user nor a program.
C.cap_set_secbits(bit.bor(
    C.SECBIT_NOROOT, C.SECBIT_NOROOT_LOCKED,
    C.SECBIT_NO_SETUID_FIXUP, C.SECBIT_NO_SETUID_FIXUP_LOCKED,
    C.SECBIT_NO_CAP_AMBIENT_RAISE, C.SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED))
C.cap_set_proc '='
set_no_new_privs()
