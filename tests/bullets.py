"""Which test covers which of the specification's "subtle points": listed from the tests themselves.

A test is marked by a comment with the part of the specification that it covers:

    -- 10 §13.7                            on a line of its own: of the next case
    def pcall_does_not_stop_it():  # 10 §13.40, 80 §12.3
        assert …  # 20 §12.35              inside of a case: of that case
    # 91 row 15, 16                        rows of the attack suite
    // Rows 1 to 3.                        the same in //lib/sandbox, which knows no others
    attack(7, "…", …)                      a line of the table in attacks/sandbox_attacks_test.py

This prints `POINT  FILE: CASE`, a line for each, and fails for a point that no case covers, for a
mark of a point that does not exist, and for one that is listed below as yet to come but covered.
By hand: python3 tests/bullets.py
"""

import collections
import glob
import os
import re

from cases import case, main

# The numbered lists that must be covered point by point: NAME, how many, and those that wait for a
# feature that is not there yet, or for nothing.
Points = collections.namedtuple("Points", "name count later separator", defaults=".")

IP = "the modules ip and tls"
FREEBSD = "FreeBSD: jails"
LIBC_SERVICE = "libc_service, an option of 0.11"
SUPERVISED = "supervised calls: box:supervise"

LISTS = [
    Points("10 §13", 40, {}),
    Points("20 §12", 35, {}),
    # Not numbered there: counted.
    Points("80 §12", 44, {}),
    Points("30 §16", 47, {}),
    Points("40 §17", 47, {43: FREEBSD, 44: LIBC_SERVICE, 45: LIBC_SERVICE}),
    Points("50 §11", 48, {}),
    # What holds for all sockets is covered by those of unix.
    Points("60 §12", 50, dict.fromkeys([*range(1, 18), 19, 20, 25, *range(32, 38)], IP)),
    Points("91 row", 58, {**dict.fromkeys(range(31, 35), SUPERVISED), 45: "nothing: there is no such row"}, " "),
]

SOURCES = ["tests/*/*_test.lua", "tests/*/*_test.py", "lib/sandbox/*_test.cc"]

COMMENT = re.compile(r"(?:--|#|//) *(\d\d (?:§|row ).*|Rows? \d.*)")
MARK = re.compile(r"(?:\b(\d\d) )?§(\d+(?:\.\d+)*)")
ROWS = re.compile(r"\b(?:91 row|Rows?) (\d+(?:(?:, | to )\d+\b(?! §))*)")
CASE = re.compile(r"""(?:[\w.]+\((['"])(?P<lua>.*?)\1,|def (?P<python>\w+)\(.*\):|TEST(?:_F)?\(\w+, (?P<cc>\w+)\))""")
ATTACK = re.compile(r"""    +attack\((\d+), (".*?"|\w+)""")


def marks(comment):
    """The points that a comment names, as '10 §13.7'; a file's number holds until the next one."""
    number = None
    for found in MARK.finditer(comment):
        number = found.group(1) or number
        if number:
            yield "%s §%s" % (number, found.group(2))
    for found in ROWS.finditer(comment):
        for part in found.group(1).split(", "):
            first, _, last = part.partition(" to ")
            for row in range(int(first), int(last or first) + 1):
                yield "91 row %d" % row


def covered(lines):
    """Pairs of a point and the name of the case that it stands at."""
    waiting, current = [], None
    for line in lines:
        begins = CASE.match(line)
        if begins:
            current = begins.group("lua") or begins.group("cc") or begins.group("python").replace("_", " ")
            for point in waiting:
                yield point, current
            waiting = []
        attack = ATTACK.match(line)
        if attack:
            yield "91 row " + attack.group(1), attack.group(2).strip('"')
        comment = COMMENT.search(line)
        if not comment:
            continue
        for point in marks(comment.group(1)):
            if comment.start() == 0:
                waiting.append(point)
            elif current:
                yield point, current


def all_covered():
    table = collections.defaultdict(list)
    for pattern in SOURCES:
        for path in sorted(glob.glob(pattern)):
            with open(path, encoding="utf-8") as source:
                for point, name in covered(source):
                    table[point].append("%s: %s" % (path, name))
    return table


def faults(points, table):
    for number in range(1, points.count + 1):
        name = points.name + points.separator + str(number)
        if number in points.later and name in table:
            yield "%s waits for %s, but is covered" % (name, points.later[number])
        elif number not in points.later and name not in table:
            yield "%s is not covered" % name
    for name in table:
        start, _, number = name.rpartition(points.separator)
        if start == points.name and not 1 <= int(number) <= points.count:
            yield "there is no %s" % name


def print_table(points, table):
    for number in range(1, points.count + 1):
        name = points.name + points.separator + str(number)
        for where in table.get(name, ["later, with " + points.later[number]] if number in points.later else ["-"]):
            print("%-10s %s" % (name, where))


@case
def every_point_of_the_lists_is_covered_by_a_named_case():
    table = all_covered()
    found = []
    for points in LISTS:
        print_table(points, table)
        found += faults(points, table)
    assert not found, "; ".join(found)


main()
