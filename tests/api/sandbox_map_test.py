"""Boxes of actors and of box:spawn that have ids of others."""

import functools
import json
import os

from cases import case, engine, main
from processes import CONVERSATION
from subordinate_ids import HELPERS, USER, public_copy, run_with_ids

RANGES = "root:700000:1000\nmade-up:700000:1000\n"

PROGRAM = CONVERSATION + """
local file = require 'file'
local filesystem = require 'filesystem'
local sandbox = require 'sandbox'

local function contents(path)
    local input = file.stream.new()
    input:open(filesystem.path.new(path), file.open_flag.read_only)
    local span = byte_span.new(4096)
    return tostring(span:slice(1, input:read_some(span)))
end

if _CONTEXT == 'worker' then
    local to = inbox:receive()
    to:send{uids = contents '/proc/self/uid_map', gids = contents '/proc/self/gid_map',
            status = contents '/proc/self/status'}
    return
end

local policy = json.decode(system.arguments[3])
policy.fs = {read = {'/proc'}}
local box = sandbox.new(policy)

local function attempt(what, f)
    local ok, e = pcall(f)
    if not ok then
        say(json.encode{what = what, clause = e.clause, reason = e.reason, step = e.step})
    end
end

attempt('actor', function()
    local worker = spawn_vm(box:context('.', {subprocess = {stderr = 'share'}}))
    box:handshake()
    worker:send(inbox)
    local answer = inbox:receive()
    say(json.encode{what = 'actor', uids = answer.uids, gids = answer.gids, status = answer.status})
end)

attempt('program', function()
    local pipe = require 'pipe'
    local reader, writer = pipe.pair()
    local child = box:spawn{program = filesystem.path.new '/bin/busybox', stdout = writer:release(), stderr = 'share',
                            arguments = {'busybox', 'cat', '/proc/self/uid_map', '/proc/self/status'}}
    child:wait()
    local span = byte_span.new(4096)
    say(json.encode{what = 'program', text = tostring(span:slice(1, reader:read_some(span)))})
end)
"""


@functools.lru_cache(maxsize=None)
def place():
    directory = public_copy(engine())
    path = os.path.join(directory, "main.lua")
    with open(path, "w", encoding="utf-8") as out:
        out.write(PROGRAM.replace("local sandbox =", "local json = require 'json'\nlocal sandbox =", 1))
    os.chmod(path, 0o644)
    return directory


def boxed(user, uid, ranges=RANGES, **options):
    run = run_with_ids(ranges, place() + "/emilua", place() + "/main.lua", json.dumps({"user": user}), uid=uid, **options)
    assert (run.returncode, run.stderr) == (0, ""), run
    actor, program = (json.loads(line) for line in run.stdout.splitlines())
    assert actor["what"] == "actor" and program["what"] == "program", run
    return actor, program


def numbers(text):
    return [tuple(int(n) for n in line.split()) for line in text.splitlines()]


def ids(status):
    """Uids and gids, as /proc shows them, and groups."""
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return lines["Uid"].split(), lines["Gid"].split(), lines["Groups"].split()


@case
def subordinate_ids_are_mapped_for_actors_and_programs():
    for uid in 0, USER:
        expected = [(0, uid, 1), (1, 700000, 1000)]
        actor, program = boxed({"uid": 0, "gid": 0, "map": "subid"}, uid)
        assert numbers(actor["uids"]) == numbers(actor["gids"]) == expected, actor
        assert numbers("\n".join(program["text"].splitlines()[:2])) == expected, program
        assert ids(actor["status"]) == ids(program["text"]) == (["0"] * 4, ["0"] * 4, []), (actor, program)


@case
def ranges_may_be_listed():
    ours = [{"inside": 4, "outside": USER, "count": 1}, {"inside": 9, "outside": 700005, "count": 3}]
    actor, program = boxed({"map": ours, "groups": [10]}, USER)
    assert numbers(actor["uids"]) == [(4, USER, 1), (9, 700005, 3)], actor
    assert ids(actor["status"]) == ids(program["text"]) == (["4"] * 4, ["4"] * 4, ["10"]), (actor, program)
    theirs = [{"inside": 2, "outside": 90000, "count": 10}]
    actor, program = boxed({"map": theirs, "uid": 5}, 0)
    assert ids(actor["status"]) == ids(program["text"]) == (["5"] * 4, ["2"] * 4, []), (actor, program)


@case
def without_ranges_the_policy_is_refused():
    for answer in boxed({"map": "subid"}, USER, ranges=""):
        assert answer["clause"] == "user.map", answer
        assert answer["reason"].startswith("cannot be enforced here (/etc/subuid: no ids for user made-up)"), answer


@case
def what_newuidmap_says_is_raised_and_nothing_runs():
    for answer in boxed({"uid": 0, "map": "subid"}, USER, ranges="made-up:%d:10\n" % USER):
        assert answer["clause"] == "user.map" and answer["step"] == "maps of ids", answer
        assert answer["reason"] == HELPERS[0] + ": newuidmap: write to uid_map failed: Invalid argument", answer


main()
