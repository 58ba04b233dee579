"""As sandbox_fail_closed_test.py, for the boxes of actors."""

import errno
import json
import os

from cases import case, emilua, main, script
from sandbox_features import FEATURES, NEW, WHERE_NO_CLONE3, lacking

PROGRAM = """
local sandbox = require 'sandbox'
local inbox = require 'inbox'
local json = require 'json'
local system = require 'system'

if _CONTEXT == 'worker' then
    local file, filesystem = require 'file', require 'filesystem'
    local reply = inbox:receive()
    local ok = pcall(function()
        file.stream.new():open(filesystem.path.new '/etc/passwd', file.open_flag.read_only)
    end)
    reply:send(ok and 'read' or 'could not read')
    return
end

local policy = json.decode(system.arguments[3])
local ok, e = pcall(function()
    local box = sandbox.new(policy)
    local worker = spawn_vm(box:context('.', {subprocess = {stderr = 'share'}}))
    local report = box:handshake()
    worker:send(inbox)
    print('ran: ' .. inbox:receive())
    for _, clause in ipairs(report) do
        if clause.level ~= 'enforced' then
            print(clause.clause .. ': ' .. clause.level)
        end
    end
end)
if not ok then
    local clause = type(e) == 'table' and rawget(e, 'clause')
    print('refused: ' .. (clause or tostring(e)) .. ': ' .. tostring(type(e) == 'table' and rawget(e, 'reason')))
end
"""

ACTORS = script(PROGRAM)


def actor(policy, in_child):
    # The leak check needs calls of its own.
    environment = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
    run = emilua(ACTORS, json.dumps(policy), preexec_fn=in_child, env=environment)
    return run.stdout.splitlines(), run


def check(name, in_child, policy):
    lines, run = actor(policy, in_child)
    # Without what the engine needs for any actor there is none, and nobody has run.
    assert lines and lines[0].startswith(("ran: could not read", "refused: ")), (name, policy, run)
    assert lines[0].startswith("refused: ") or len(lines) == 1, (name, policy, run)
    lax, run = actor({**policy, "mode": "best_effort"}, in_child)
    if lax and lax[0] == "ran: read":
        assert len(lax) > 1, (name, policy, run)
    else:
        assert lax and lax[0].startswith(("ran: could not read", "refused: ")), (name, policy, run)


def add_case(name, in_child):
    def run():
        for policy in {}, {"fs": {"read": ["/usr"]}}, {"fs": {"mounts": [{"type": "tmpfs", "target": "/tmp"}]}}:
            check(name, in_child, policy)

    run.__name__ = "a box keeps its promise or nobody is in it where " + name
    case(run)


for feature, function in FEATURES.items():
    add_case(feature, function)


# 91 row 58
@case
def the_clause_and_what_would_help():
    no_mounts = ("clone", errno.EPERM, {"flags": NEW["mount"]})
    for in_child, policy, expected in (
            (lacking(("seccomp", errno.ENOSYS, {})), {}, "refused: syscalls: cannot be enforced here (no filters of"),
            (lacking(("landlock_create_ruleset", errno.ENOSYS, {}), no_mounts, WHERE_NO_CLONE3),
             {"fs": {"read": ["/usr"]}}, "refused: fs: cannot be enforced here (no Landlock: Function not implemented); "
                                         "what would help: Linux 5.13"),
            (lacking(("landlock_restrict_self", errno.EPERM, {})), {}, "refused: fs: Landlock: enforce: Operation not")):
        lines, run = actor(policy, in_child)
        assert lines and lines[0].startswith(expected), run


main()
