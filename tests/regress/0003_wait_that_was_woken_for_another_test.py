"""A program's wait ended with EAGAIN, and the program was never reaped, when the event loop woke it for
a descriptor that was closed with an event under way: that of an actor just killed."""

from cases import case, emilua, main, script


@case
def waiting_for_a_program_outlasts_the_end_of_an_actor():
    path = script("""
        local inbox = require 'inbox'
        local system = require 'system'
        if _CONTEXT == 'worker' then
            inbox:receive():send 'ready'
            pcall(inbox.receive, inbox)
            return
        end
        for _ = 1, 200 do
            local actor = spawn_vm{module = '.', subprocess = {stderr = 'share'}}
            actor:send(inbox)
            inbox:receive()
            actor:kill()
            actor:wait()
            local program = system.spawn{program = '/bin/sleep', arguments = {'sleep', '0.002'}, stderr = 'share'}
            program:wait()
            assert(program.exit_code == 0)
        end
    """)
    run = emilua(path)
    assert (run.returncode, run.stderr) == (0, ""), run


main()
