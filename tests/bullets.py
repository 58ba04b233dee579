"""Which test covers which of the specification's "subtle points": listed from the tests themselves.

A test is marked by a comment with the part of the specification that it covers:

    -- 10 §13.7                            on a line of its own: of the next case
    def pcall_does_not_stop_it():  # 10 §13.40, 80 §12.3
        assert …  # 20 §12.35              inside of a case: of that case

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
# feature that is not there yet.
Points = collections.namedtuple("Points", "name count later")

IP = "the modules ip and tls"
FREEBSD = "FreeBSD: jails"
LIBC_SERVICE = "libc_service, an option of 0.11"

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
]

SOURCES = ["tests/*/*_test.lua", "tests/*/*_test.py"]

COMMENT = re.compile(r"(?:--|#) *(\d\d §.*)")
MARK = re.compile(r"(?:\b(\d\d) )?§(\d+(?:\.\d+)*)")
CASE = re.compile(r"""(?:[\w.]+\((['"])(?P<lua>.*?)\1,|def (?P<python>\w+)\(.*\):)""")


def marks(comment):
    """The points that a comment names, as '10 §13.7'; a file's number holds until the next one."""
    number = None
    for found in MARK.finditer(comment):
        number = found.group(1) or number
        if number:
            yield "%s §%s" % (number, found.group(2))


def covered(lines):
    """Pairs of a point and the name of the case that it stands at."""
    waiting, current = [], None
    for line in lines:
        begins = CASE.match(line)
        if begins:
            current = begins.group("lua") or begins.group("python").replace("_", " ")
            for point in waiting:
                yield point, current
            waiting = []
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
        name = "%s.%d" % (points.name, number)
        if number in points.later and name in table:
            yield "%s waits for %s, but is covered" % (name, points.later[number])
        elif number not in points.later and name not in table:
            yield "%s is not covered" % name
    for name in table:
        start, _, number = name.rpartition(".")
        if start == points.name and not 1 <= int(number) <= points.count:
            yield "there is no %s" % name


def print_table(points, table):
    for number in range(1, points.count + 1):
        name = "%s.%d" % (points.name, number)
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
