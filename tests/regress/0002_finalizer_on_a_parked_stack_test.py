"""The results that a fiber waits for were made on its own stack. When the collector ran then and a
finalizer failed, the coroutine no longer counted as suspended: resuming it called a number, and the
report of that crashed."""

from cases import case, emilua, main, script

# Each read makes an error; nothing else in the loop allocates, so that finalizers run there.
TEXT = """
    local file, path = require 'file', require('filesystem').path
    local stream, buffer, ran = file.stream.new(), byte_span.new(1), 0
    stream:open(path.new '/dev/null', file.open_flag.read_only)
    local read = stream.read_some
    local function fail()
        ran = ran + 1
        error('failed', 0)
    end
    for _ = 1, 300 do
        getmetatable(newproxy(true)).__gc = fail
    end
    while ran < 300 do
        assert(not pcall(read, stream, buffer))
    end
    print 'alive'
"""


@case
def a_finalizer_fails_while_an_error_is_delivered():
    run = emilua(script(TEXT))
    assert (run.returncode, run.stdout, run.stderr) == (0, "alive\n", "Finalizer failed: 'failed'\n" * 300), run


main()
