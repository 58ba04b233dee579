"""Actors of a program that is not root."""

import os
import shutil

from cases import case, emilua, engine, main, scratch, skip

NOBODY = 65534


def as_nobody(text):
    """Runs a script as a user without any right."""
    if os.getuid() != 0:
        skip("needs root, to become somebody else")
    directory = scratch(public=True)
    copy = shutil.copy(engine(), directory)
    path = os.path.join(directory, "main.lua")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return emilua(path, executable=copy, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")


# 30 §16.39
@case
def namespaces_are_refused_without_a_user_namespace():
    run = as_nobody("""
        for _, name in ipairs{'uts', 'ipc', 'pid', 'net', 'mount', 'cgroup'} do
            local ok, e = pcall(spawn_vm, {module = '.', subprocess = {['newns_' .. name] = true}})
            assert(not ok and e == require 'generic_error'.EPERM and tostring(e.category) == 'system', name)
        end
        print 'refused'
    """)
    assert (run.returncode, run.stdout, run.stderr) == (0, "refused\n", ""), run


@case
def with_a_user_namespace_they_are_everybodys():
    run = as_nobody("""
        local inbox = require 'inbox'
        if _CONTEXT == 'worker' then
            inbox:receive():send(require('system').getpid())
            return
        end
        local all = {stderr = 'share'}
        for _, name in ipairs{'user', 'uts', 'ipc', 'pid', 'net', 'mount', 'cgroup'} do
            all['newns_' .. name] = true
        end
        local actor = spawn_vm{module = '.', subprocess = all}
        actor:send(inbox)
        print(inbox:receive(), actor:wait().exit_code)
    """)
    assert (run.returncode, run.stdout, run.stderr) == (0, "2\t0\n", ""), run


main()
