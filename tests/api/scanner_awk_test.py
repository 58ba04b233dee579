"""stream.scanner splits files as mawk and gawk do (50 §4).

Only what the two sides mean alike is compared. Where they differ:

- mawk (1.3.4) and gawk take a field separator of one blank as any white space, and one other character
  literally; an empty record has no fields to them, whatever the separator is, and behind a regex
  separator they keep an empty last field: of these the scanner's regex mode says otherwise (50 §4), so
  what is compared there is rebuilt from its fields.
- Binary zeros in the files are bytes like any other to all three; as a separator on a command line they cannot
  be given to either peer, so that is not compared.
- Records longer than the buffer: both have no limit; the scanner is given one that is large enough.
- gawk counts characters, not bytes, where the locale says so: it runs in the C locale.
"""

import os
import random
import shutil
import subprocess

from cases import a_file, case, emilua, main, script, skip

# Writes a line of the record's fields in hexadecimal for each record.
PROGRAM = r"""
local asio_error = require 'asio_error'
local file = require 'file'
local filesystem = require 'filesystem'
local regex = require 'regex'
local stream = require 'stream'
local function expression(pattern)
    return regex.new{pattern = pattern, grammar = 'extended', nosubs = true}
end
local function hex(span)
    return (tostring(span):gsub('.', function(c) return ('%%02x'):format(c:byte()) end))
end
local input = file.stream.new()
input:open(filesystem.path.new('%s'), file.open_flag.read_only)
local options = {max_record_size = 2 ^ 24, buffer_size_hint = %d, %s}
local scanner = options.awk and stream.scanner.with_awk_defaults() or stream.scanner.new(options)
scanner.stream, scanner.max_record_size = input, options.max_record_size
local lines = {}
local _, e = pcall(function()
    while true do
        local fields = scanner:get_line()
        if type(fields) ~= 'table' then
            fields = {fields}
        end
        for i, field in ipairs(fields) do
            fields[i] = hex(field)
        end
        lines[#lines + 1] = table.concat(fields, ' ')
    end
end)
assert(e == asio_error.misc.eof, tostring(e))
lines[#lines + 1] = ''
require('stream').write_all(require('system').out, table.concat(lines, '\n'))
"""

PEERS = ("mawk", "gawk")


def awk(peer, path, program, **variables):
    """The output, in bytes."""
    if shutil.which(peer) is None:
        skip("no %s: run ci/bootstrap" % peer)
    settings = [part for name, value in variables.items() for part in ("-v", "%s=%s" % (name, value))]
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
    return subprocess.run([peer] + settings + [program, path], check=True, capture_output=True, env=environment,
                          stdin=subprocess.DEVNULL).stdout


# What no generated file has in it: ends of fields and of records in awk's output.
FIELD, RECORD = b"\x1c", b"\x1e"
PRINT_FIELDS = r'{ for (i = 1; i <= NF; i++) printf "%s\034", $i; printf "\036" }'
PRINT_RECORDS = r'{ printf "%s\034\036", $0 }'


def peers_split(peer, path, program, **variables):
    records = awk(peer, path, program, **variables).split(RECORD)
    assert records.pop() == b""
    return [record.split(FIELD)[:-1] for record in records]


def scanner_splits(path, options, hint=4096):
    run = emilua(script(PROGRAM % (path, hint, options)))
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    lines = run.stdout.split("\n")
    assert lines.pop() == ""
    return [[bytes.fromhex(field) for field in line.split(" ")] if line else [] for line in lines]


def contents(seed, pieces, count=6, size=3000):
    """Files of these pieces, some without a last separator; and what is empty or nearly so."""
    source = random.Random(seed)
    for number in range(count):
        yield b"".join(source.choices(pieces, k=source.randint(1, size) if number else 5))
    yield b""
    yield pieces[0]
    yield pieces[-1]


def compare(content, program, options, of_ours=lambda fields: fields, of_theirs=lambda fields: fields,
            **variables):
    path = a_file(content)
    for hint in 1, 64, 4096:
        ours = [of_ours(fields) for fields in scanner_splits(path, options, hint)]
        for peer in PEERS:
            theirs = [of_theirs(fields) for fields in peers_split(peer, path, program, **variables)]
            assert ours == theirs, (peer, hint, options, content[:300], ours[:8], theirs[:8])
    os.unlink(path)


# A record that is empty has one empty field where no separator is literal, here; to awk it has none.
def without_the_empty_one(fields):
    return [] if fields == [b""] else fields


@case
def records_by_a_literal_separator():
    pieces = [b"\n", b"a", b"bc", b" ", b"\n\n", b"\r\n", b"\xe9\xff", b"x" * 70]
    for content in contents(1, pieces):
        compare(content, PRINT_RECORDS, r"record_separator = '\n'", RS="\\n",
                of_ours=lambda fields: fields or [b""])


@case
def records_by_crlf():
    pieces = [b"\r\n", b"\r", b"\n", b"a", b"bc d", b"\r\r\n"]
    for content in contents(2, pieces):
        compare(content, PRINT_RECORDS, r"record_separator = '\r\n'", RS="\\r\\n",
                of_ours=lambda fields: fields or [b""])


@case
def records_by_longer_literals():
    pieces = [b"--end--", b"--", b"end", b"-", b"text\n", b"--end"]
    for content in contents(3, pieces):
        compare(content, PRINT_RECORDS, "record_separator = '--end--'", RS="--end--",
                of_ours=lambda fields: fields or [b""])


@case
def records_by_expressions():
    pieces = [b"\r\n", b"\n", b";", b",;", b"ab", b"a", b"x y", b"\n\n"]
    for pattern in "\\r?\\n", "[;,]+", "\\n+", "ab|;", "a+b?;":
        for content in contents(4, pieces, count=3, size=400):
            compare(content, PRINT_RECORDS, "record_separator = expression '%s'" % pattern,
                    RS=pattern,
                    of_ours=lambda fields: fields or [b""])


@case
def fields_by_a_literal_separator():
    pieces = [b"\n", b",", b"a", b"bc", b",,", b" ", b"d,e,f\n", b"\xe9"]
    for content in contents(5, pieces):
        for kind in "span", "string":
            options = r"record_separator = '\n', field_separator = ',', as = '%s'"
            compare(content, PRINT_FIELDS, options % kind, RS="\\n", FS=",")


@case
def fields_by_expressions():
    pieces = [b"\n", b",", b";", b"a", b"bc", b",;", b" ", b"d,e;f\n"]
    for pattern in "[,;]", "[,;]+", ",|;;", "(b|,)c?":
        for content in contents(6, pieces, count=3, size=600):
            # The last field is dropped if it is empty.
            options = r"record_separator = '\n', field_separator = expression '%s'"
            compare(content, PRINT_FIELDS, options % pattern, RS="\\n", FS=pattern, of_ours=without_the_empty_one,
                    of_theirs=lambda fields: without_the_empty_one(fields[:-1] if fields and fields[-1] == b"" and
                                                                   len(fields) > 1 else fields))


@case
def the_defaults_of_awk():
    pieces = [b"\n", b" ", b"\t", b"a", b"bc", b"  ", b" d e \n", b"\xe9"]
    for content in contents(7, pieces):
        compare(content, PRINT_FIELDS, "awk = true", of_ours=without_the_empty_one)


@case
def records_larger_than_the_buffer():
    source = random.Random(8)
    content = b"\n".join(source.choice([b"x y ", b"abc ", b"-"]) * source.choice([1, 10, 3000, 40000]) for _ in range(30))
    compare(content, PRINT_FIELDS, r"record_separator = '\n', field_separator = '-'", RS="\\n", FS="-")
    compare(content + b"\n", PRINT_RECORDS, r"record_separator = '\n'", RS="\\n", of_ours=lambda fields: fields or [b""])


@case
def binary_zeros():
    pieces = [b"\n", b"\0", b",", b"a", b"\0\0", b"b,\0c\n"]
    for content in contents(9, pieces):
        compare(content, PRINT_FIELDS, r"record_separator = '\n', field_separator = ','", RS="\\n", FS=",")


main()
