"""The event loop was made at the first operation: with no descriptor left then, that operation failed
with a bare string, and each try lost one more descriptor."""

import resource

from cases import case, emilua, main, script

FILL = """
    local system = require 'system'
    local kept = {}
    while true do
        local ok, fd = pcall(system.err.dup, system.err)
        if not ok then break end
        kept[#kept + 1] = fd
    end
"""


def limited(count):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


@case
def the_first_operation_needs_no_descriptor_of_the_loop():
    run = emilua(script("local time = require 'time'" + FILL + "time.sleep(0) print 'slept'"), preexec_fn=limited(64))
    assert (run.returncode, run.stdout, run.stderr) == (0, "slept\n", ""), run


@case
def spawning_without_descriptors_is_an_error_code_and_loses_none():
    run = emilua(script("local generic_error = require 'generic_error'" + FILL + """
        local function spawn() return spawn_vm{module = '/nonexistent', subprocess = {}} end
        for _ = 1, 20 do
            local ok, e = pcall(spawn)
            assert(not ok and e == generic_error.EMFILE, tostring(e))
        end
        for _ = 1, 12 do table.remove(kept):close() end
        spawn()
        print 'spawned'
    """), preexec_fn=limited(64))
    assert (run.returncode, run.stdout, run.stderr) == (0, "spawned\n", ""), run


@case
def a_program_without_descriptors_for_the_loop_says_so_in_one_line():
    run = emilua("-e", "print 'never'", preexec_fn=limited(5))
    assert run.returncode == 1 and run.stdout == "", run
    assert run.stderr.startswith("emilua: ") and run.stderr.count("\n") == 1, run


main()
