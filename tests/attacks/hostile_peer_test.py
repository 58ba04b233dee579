"""What a hostile actor can do to its parent through the sockets between them: nothing.

One engine runs through all attacks of hostile_peer.cc, with a well-behaved actor beside each. The
hostile process keeps its end open, so that the parent can only see it gone by its own decision.
"""

import errno
import os
import resource
import sys

from cases import case, main
from processes import CONVERSATION, ECHO, Program, children, descriptors, resident, wait_until

PEER = os.path.abspath(sys.argv[2])
MEBIBYTE = 1 << 20

# For each line "ATTACK SEED ADDRESSES": starts the attacker and an honest actor, hears both until the
# attacker has been turned away, and says what came.
PARENT = CONVERSATION + """
local peer = system.arguments[3]

local function kinds_of(value, seen)
    if type(value) == 'table' then
        assert(getmetatable(value) == nil)
        for k, v in pairs(value) do
            kinds_of(k, seen)
            kinds_of(v, seen)
        end
        return 'table'
    end
    local kind = type(value) == 'userdata' and tostring(getmetatable(value)) or type(value)
    assert(kind == 'number' or kind == 'string' or kind == 'boolean' or kind == 'file_descriptor'
        or kind == 'ipc_actor_channel', kind)
    if kind == 'ipc_actor_channel' then
        -- Whatever it is: the packet is sent or an error is raised.
        local ok, e = pcall(value.send, value, true)
        return ok and kind or kind .. '!' .. e.code
    end
    return kind
end

-- An honest actor answers while the attack is on.
local function honest_works(send_more)
    local honest = spawn_vm{module = './worker', subprocess = {stderr = 'share'}}
    honest:send(inbox)
    local pings, counts, others = 0, {}, {}
    local function hear_one()
        local value = inbox:receive()
        local kind = kinds_of(value)
        if type(value) == 'table' and value.honest then
            return true
        elseif value == 'more' then
            send_more()
        elseif value ~= 'ready' then
            counts[kind] = (counts[kind] or 0) + 1
            others[#others + 1] = type(value) == 'string' and value:match '^%l%l%l%l+$' or nil
        end
        value = nil
        collectgarbage 'step'
    end
    return honest, function()
        honest:send{honest = true}
        repeat until hear_one()
    end, function()
        honest:kill()
        local e
        repeat
            local ok
            ok, e = pcall(hear_one)
            collectgarbage()
        until not ok
        assert(tostring(e) == 'No senders are left' or type(e) == 'table' and e.code == 16, tostring(e))
        local text = {}
        for kind, n in pairs(counts) do
            text[#text + 1] = kind .. '=' .. n
        end
        table.sort(text)
        return table.concat(text, ' ') .. '|' .. table.concat(others, ' ')
    end
end

local function attack(what, seed, addresses)
    local hostile, list
    local honest, ping, finish = honest_works(function() hostile:send(list) end)
    ping()
    local script = ([[
        local inbox = C.dup(3)
        C.execve(%q, {'hostile_peer', %q, tostring(inbox), %q}, {})
    ]]):format(peer, what, seed)
    hostile = spawn_vm{module = './worker', subprocess = {stderr = 'share', init = {script = script}}}
    list = inbox
    if addresses > 1 then
        list = {}
        for i = 1, addresses do
            list[i] = inbox
        end
    end
    hostile:send(list)
    for _ = 1, 10 do
        ping()
    end
    local result = finish()
    if what == 'parts_with_its_inbox' then
        local ok, e = pcall(hostile.send, hostile, true)
        result = result .. (ok and 'sent' or e.code)
    end
    hostile:kill()
    collectgarbage()
    collectgarbage()
    return result
end

say 'ready'
while true do
    local what, seed, addresses = hear():match '^(%S+) (%d+) (%d+)$'
    if not what then
        break
    end
    say(attack(what, seed, tonumber(addresses)))
end
"""

# Memory that AddressSanitizer holds back would count as ours.
environment = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1")
program = Program(PARENT, PEER, files={"worker.lua": ECHO}, env=environment,
                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)))
program.__enter__()


def attack(what, seed=1, addresses=1):
    """What the parent heard of the attacker: "KIND=COUNT …|STRINGS"."""
    program.say("%s %d %d" % (what, seed, addresses))
    return program.line()


def costs_nothing(what, seed=1, addresses=1):
    """The same, and no descriptor and no more memory than the program may keep."""
    descriptors_before = open_descriptors()
    memory_before = resident(program.pid)
    heard = attack(what, seed, addresses)
    assert open_descriptors() == descriptors_before, (descriptors_before, descriptors(program.pid))
    growth = resident(program.pid) - memory_before
    assert growth < 64 * MEBIBYTE, "grew by %d MiB" % (growth // MEBIBYTE)
    return heard


def open_descriptors():
    # The program lets go of an ended actor's descriptors when it gets round to it.
    wait_until(lambda: "anon_inode:[pidfd]" not in descriptors(program.pid).values())
    return len(descriptors(program.pid))


assert program.line() == "ready"
attack("half_closed")  # the first of everything: it makes what the program keeps,
# and so does the first line it has to wait for.
wait_until(lambda: list(descriptors(program.pid).values()).count("anon_inode:[eventpoll]") == 2)


def add_case(name, body):
    body.__name__ = name
    case(body)


# Each of these gets the attacker turned away, with nothing heard of it.
for refused in """
    empty_packet empty_packet_with_descriptor kind_only unknown_kind no_value unknown_version unknown_tag
    unknown_tag_in_table trailing_bytes two_values truncated_number truncated_string string_length_overflow
    truncated_length truncated_table huge_list huge_dictionary huge_both count_overflow number_as_key
    table_as_key key_without_value too_deep much_too_deep deep_in_memory longest_packet_and_more
    descriptor_without address_without descriptor_short_by_one descriptors_with_nonsense
    memory_without_descriptor memory_and_bytes memory_is_no_memory memory_is_a_directory memory_is_a_path
    memory_is_a_socket memory_is_empty memory_unsealed memory_half_sealed memory_shrinkable memory_too_large
    memory_enormous memory_of_zeros memory_truncated_string half_closed closed_at_once
    descriptor_bombs_of_nonsense
""".split():

    def turned_away(what=refused):
        heard = costs_nothing(what)
        assert heard == "|", heard

    add_case(refused + "_is_turned_away_unheard", turned_away)


# 30 §12: closed, and the message accepted or the sender turned away. Never a descriptor too many.
def superfluous(what):
    program_hears = costs_nothing(what)
    assert program_hears in ("|", "boolean=1|"), program_hears


@case
def superfluous_descriptors_are_closed():
    superfluous("descriptors_superfluous")


# 91 row 46
@case
def as_many_superfluous_descriptors_as_there_can_be_are_closed():
    superfluous("descriptors_superfluous_253")


@case
def what_was_valid_is_heard_and_what_follows_is_not():
    assert costs_nothing("valid_then_nonsense") == "string=1|valid"


@case
def a_device_as_address_is_a_handle_that_does_not_send():
    assert costs_nothing("null_device_as_address") == "ipc_actor_channel!%d=1|" % errno.ENOTSOCK


# 91 row 48
@case
def a_flood_is_taken_one_by_one():
    assert costs_nothing("flood") == "number=100000|"


# 30 §16.40
# 91 row 47
@case
def a_million_random_packets_yield_valid_values_or_nothing():
    # Through 32 addresses at a time; the seed is part of the test.
    heard = costs_nothing("random", seed=20240607, addresses=33)
    print("of the random packets were heard: " + heard)
    for entry in heard.split("|")[0].split():
        kind = entry.split("=")[0].split("!")[0]
        assert kind in ("boolean", "number", "string", "table", "file_descriptor", "ipc_actor_channel"), heard


# 91 row 46: the program runs out of descriptors, which costs the bomber its address.
@case
def descriptor_bombs_exhaust_nothing():
    heard = costs_nothing("descriptor_bombs")
    assert heard.startswith("table=") and 1 <= int(heard[len("table="):-1]) <= 100, heard


@case
def descriptor_bombs_through_many_addresses_exhaust_nothing():
    assert costs_nothing("descriptor_bombs_of_nonsense", addresses=50) == "|"


@case
def a_socket_sent_through_itself_is_a_handle():
    # It is our own inbox's address: we hear what we send to it, unless it is closed already.
    heard = costs_nothing("socket_through_itself")
    assert heard in ("boolean=1 ipc_actor_channel=1|", "ipc_actor_channel!%d=1|" % errno.EPIPE), heard


@case
def sockets_in_flight_inside_sockets_in_flight_are_closed_all():
    heard = costs_nothing("nested_sockets")
    assert heard in ("|", "table=1|"), heard


@case
def one_of_them_as_address_is_a_handle_that_does_not_send():
    assert costs_nothing("nested_sockets_as_address") == "ipc_actor_channel!%d=1|" % errno.EPIPE


# Each way to end a connection, at each step of it.
WAYS = "writing", "writing_and_reading", "reading", "all"


def parting_cases(step, name, what_is_heard):
    for how, way in enumerate(WAYS):

        def parts(how=how, way=way):
            heard, expected = costs_nothing("parts_" + step, seed=how), what_is_heard(way)
            assert heard == expected, (heard, expected)

        add_case(name % way, parts)


def last_words(before, with_more):
    return lambda way: with_more if way == "reading" else before


GONE = "an_address_of_which_an_attacker_closes_%s_"
parting_cases("at_once", GONE + "at_once_is_revoked", last_words("|", "string=1|after"))
parting_cases("after_a_string", GONE + "after_a_string_is_revoked",
              last_words("string=1|valid", "string=2|valid after"))
parting_cases("after_a_descriptor", GONE + "after_a_descriptor_is_revoked",
              last_words("file_descriptor=1|", "file_descriptor=1 string=1|after"))
parting_cases("after_memory", GONE + "after_a_message_in_memory_is_revoked",
              last_words("string=1|valid", "string=2|valid after"))
# Closed for writing, which it never was open for, its inbox goes on to take messages.
parting_cases("with_its_inbox", "of_its_inbox_an_attacker_closes_%s_and_sending_says_so",
              lambda way: "boolean=1|" + ("sent" if way == "writing" else str(errno.EPIPE)))
parting_cases("with_an_address", "an_address_of_which_an_attacker_has_closed_%s_is_a_handle",
              lambda way: "ipc_actor_channel%s=1|" % ("" if way == "writing" else "!%d" % errno.EPIPE))


# 91 row 47
@case
def of_two_equal_keys_one_wins():
    assert costs_nothing("duplicate_keys") == "table=1|"


@case
def the_inbox_cannot_be_written_from_its_reading_end():
    assert costs_nothing("wrong_way") == "boolean=1|"


@case
def after_all_this_the_program_works():
    (helper,) = children(program.pid)
    wait_until(lambda: not children(helper))
    assert costs_nothing("half_closed") == "|"
    program.say("end")
    code, _, errors = program.end()
    assert code == 0 and errors == "", (code, errors)


try:
    main()
finally:
    program.__exit__()
