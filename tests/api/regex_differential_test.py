"""Expressions made at random find what grep and perl find (20 §9): POSIX's leftmost-longest matches
and ECMAScript's leftmost-first ones with their groups. Always the same expressions.

Generated is only what the two sides mean alike: no back references to groups that may have taken no
part (ECMAScript: empty), no groups in what is repeated (ECMAScript forgets them, perl does not).
"""

import os
import random
import re
import subprocess
import tempfile

from cases import case, emilua, main, script

COUNT = 700  # expressions for each grammar
SUBJECTS = 12  # for each expression
ALPHABET = "aaabbbc-]x1"

# Reads pairs of lines (expression, subjects in hexadecimal) and says what is found, in one line each.
PROGRAM = r"""
local regex = require 'regex'
local cases = %s
local function from_hex(text)
    return (text:gsub('..', function(digits) return string.char(tonumber(digits, 16)) end))
end
local function first(re, subject)
    local found, parts = regex.search(re, subject), {}
    if found.empty then
        return 'no'
    end
    for i = 0, re.mark_count do
        parts[#parts + 1] = found[i] and (found[i].start - 1) .. '-' .. found[i].end_ or 'none'
    end
    return table.concat(parts, ' ')
end
local function all(re, subject)
    local texts = {}
    for _, text in ipairs(regex.patsplit(re, subject)) do
        if text ~= '' then
            texts[#texts + 1] = text
        end
    end
    local found = regex.search(re, subject, regex.match_flag.not_null)
    return (found.empty and '' or found[0].start - 1 .. ':') .. table.concat(texts, '|')
end
for _, case in ipairs(cases) do
    local results = {}
    for _, optimize in ipairs{false, true} do
        local re = regex.new{
            pattern = from_hex(case.pattern), grammar = case.grammar, optimize = optimize, nosubs = case.grammar ~= 'ecma',
            ignore_case = case.ignore_case,
        }
        local texts = {}
        for _, subject in ipairs(case.subjects) do
            texts[#texts + 1] = (case.grammar == 'ecma' and first or all)(re, from_hex(subject))
        end
        results[#results + 1] = table.concat(texts, ';')
    end
    assert(results[1] == results[2], 'machine code and interpreter differ')
    print(results[1])
end
require('system').exit(0)
"""


class Generator:
    """Random expressions of one grammar."""

    def __init__(self, grammar, source):
        self.grammar = grammar
        self.source = source
        self.groups = 0
        self.sure = []  # groups that every match has taken part in

    def pick(self, choices):
        return self.source.choice(choices)

    def literal(self):
        c = self.pick("aabbcx1-]" if self.grammar != "ecma" else "aabbcx1-")
        return c if c != "]" else "\\]"

    def bracket(self):
        items = ["a", "b", "ab", "a-c", "b-x", "[:alpha:]", "[:digit:]", "1", "^", "x", "[:punct:]"]
        if self.grammar == "ecma":
            items = ["a", "b", "ab", "a-c", "b-x", r"\d", r"\w", "1", r"\]", "x", r"\s"]
        text = "".join(self.source.sample(items, self.source.randint(1, 3)))
        if self.source.random() < .25:
            text = "^" + text
        elif text.startswith("^"):
            text = "a" + text
        if self.source.random() < .15:
            text += "-"
        if self.grammar != "ecma" and self.source.random() < .15 and not text.startswith("^"):
            text = "]" + text
        return "[" + text + "]"

    def atom(self, depth, repeated):
        roll = self.source.random()
        if roll < .45 or depth == 0:
            return self.literal()
        if roll < .55:
            return "."
        if roll < .7:
            return self.bracket()
        if self.grammar == "basic":
            if roll < .75 and self.sure:
                return "\\%d" % self.pick(self.sure)
            return self.group(depth, repeated, "\\(", "\\)")
        if self.grammar == "extended":
            return self.group(depth, repeated, "(", ")")
        if roll < .75:
            return self.pick([r"\d", r"\w", r"\W", r"\D", r"\x61", r"\."])
        if repeated or roll < .85:
            return "(?:" + self.choice(depth - 1, repeated) + ")"
        return self.group(depth, repeated, "(", ")")

    def group(self, depth, repeated, begin, end):
        self.groups += 1
        number = self.groups
        text = begin + self.choice(depth - 1, repeated) + end
        # glibc misses some matches of references to groups with groups in them.
        if not repeated and number < 10 and self.groups == number:
            self.sure.append(number)
        return text

    def quantifier(self):
        if self.grammar == "basic":
            return self.pick(["*", "*", r"\{2\}", r"\{1,\}", r"\{0,2\}", r"\{1,3\}"])
        text = self.pick(["*", "+", "?", "{2}", "{1,}", "{0,2}", "{1,3}"])
        if self.grammar == "ecma" and self.source.random() < .3:
            text += "?"
        return text

    def piece(self, depth, repeated):
        roll = self.source.random()
        if self.grammar == "ecma" and not repeated and roll < .06:
            return self.pick([r"\b", r"\B", "(?=%s)", "(?!%s)"]).replace("%s", self.literal())
        if roll < .65:
            return self.atom(depth, repeated)
        before = self.groups, list(self.sure)
        text = self.atom(depth, True)
        if self.grammar == "ecma" and self.groups != before[0]:
            return text
        self.sure = before[1]  # may have been repeated no times
        return text + self.quantifier()

    def sequence(self, depth, repeated):
        return "".join(self.piece(depth, repeated) for _ in range(self.source.randint(1, 3)))

    def choice(self, depth, repeated):
        if self.grammar == "basic" or self.source.random() < .6:
            return self.sequence(depth, repeated)
        sure = list(self.sure)
        branches = [self.sequence(depth, repeated) for _ in range(self.source.randint(2, 3))]
        self.sure = sure
        return "|".join(branches)

    def expression(self):
        text = self.choice(3, False)
        if self.source.random() < .1:
            text = "^" + text
        if self.source.random() < .1:
            text += "$"
        return text


def generated(grammar, count):
    source = random.Random("emilua " + grammar)
    cases, seen = [], set()
    while len(cases) < count:
        text = Generator(grammar, source).expression()
        # Repetition of what begins a subexpression, and ^ or $ anywhere else, is left open.
        if text in seen or re.search(r"\\\(\*|\\\(\\\{", text):
            continue
        seen.add(text)
        subjects = ["".join(source.choices(ALPHABET, k=source.randint(0, 12))) for _ in range(SUBJECTS)]
        cases.append((text, subjects, source.random() < .1))
    return cases


def ours(grammar, cases):
    """For each case what the engine finds in each subject."""
    table = "{%s}" % ",\n".join(
        "{grammar = '%s', pattern = '%s', ignore_case = %s, subjects = {%s}}" % (
            grammar, text.encode().hex(), str(ignore_case).lower(),
            ",".join("'%s'" % subject.encode().hex() for subject in subjects))
        for text, subjects, ignore_case in cases)
    run = emilua(script(PROGRAM % table), timeout=250)
    assert run.returncode == 0, run.stderr
    return [line.split(";") for line in run.stdout.splitlines()]


def grep(option, text, subjects, ignore_case):
    """What grep finds in each subject: the first place, and all texts; None if it refuses the expression."""
    command = ["grep", "-a", "-o", "-b", "-n", option] + ["-i"] * ignore_case + ["-e", text]
    run = subprocess.run(command, input="\n".join(subjects) + "\n", capture_output=True, text=True, check=False,
                         env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
    if run.returncode > 1:
        return None
    starts = [0]
    for subject in subjects:
        starts.append(starts[-1] + len(subject) + 1)
    found = [[] for _ in subjects]
    for line in run.stdout.splitlines():
        number, offset, what = line.split(":", 2)
        found[int(number) - 1].append((int(offset) - starts[int(number) - 1], what))
    return ["%d:%s" % (places[0][0], "|".join(what for _, what in places)) if places else "" for places in found]


def compare(grammar, cases, expected):
    compared = 0
    differences = []
    for (text, subjects, ignore_case), got, wanted in zip(cases, ours(grammar, cases), expected):
        if wanted is None:
            continue
        compared += 1
        for subject, mine, theirs in zip(subjects, got, wanted):
            if mine != theirs:
                differences.append("%r%s on %r: %s, not %s" % (text, " -i" * ignore_case, subject, mine, theirs))
    assert not differences, "%d differences: %s" % (len(differences), "; ".join(differences[:8]))
    assert compared >= 500, compared
    print("# %d expressions, %d subjects" % (compared, compared * SUBJECTS))


def like_grep(grammar, option):
    cases = generated(grammar, COUNT)
    compare(grammar, cases, [grep(option, *one) for one in cases])


@case
def basic_finds_what_grep_finds():
    like_grep("basic", "-G")


@case
def extended_finds_what_grep_finds():
    like_grep("extended", "-E")


PERL = r"""
use strict;
use warnings;
no warnings 'regexp';
while (my $line = <STDIN>) {
    chomp $line;
    my ($case, $pattern, @subjects) = split / /, $line, -1;
    my $text = pack 'H*', $pattern;
    my $re = $case ? qr/$text/i : qr/$text/;
    my @results;
    for my $subject (map { pack 'H*', $_ } @subjects) {
        if ($subject =~ $re) {
            push @results, join ' ', map { defined $-[$_] ? "$-[$_]-$+[$_]" : 'none' } 0 .. $#+;
        } else {
            push @results, 'no';
        }
    }
    print join(';', @results), "\n";
}
"""


@case
def ecma_finds_what_perl_finds():
    cases = generated("ecma", COUNT)
    lines = "".join("%d %s %s\n" % (ignore_case, text.encode().hex(), " ".join(s.encode().hex() for s in subjects))
                    for text, subjects, ignore_case in cases)
    with tempfile.NamedTemporaryFile("w", suffix=".pl", dir=os.environ.get("TEST_TMPDIR")) as program:
        program.write(PERL)
        program.flush()
        run = subprocess.run(["perl", program.name], input=lines, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and not run.stderr, run.stderr[:500]
    expected = [line.split(";") for line in run.stdout.splitlines()]
    assert len(expected) == len(cases)
    compare("ecma", cases, expected)


main()
