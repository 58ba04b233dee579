"""json.decode and json.encode against Python's json, on random documents and damaged ones."""

import json
import math
import random

from cases import case, emilua, main, script

# Decodes each document and prints it encoded again, or "no".
PROGRAM = """
local json = require 'json'
for _, text in ipairs{%s} do
    local ok, value = pcall(json.decode, text)
    print(ok and json.encode(value) or 'no')
end
require 'system'.exit(0)
"""


def of_the_engine(documents):
    literals = ['"' + "".join("\\%03d" % byte for byte in document) + '"' for document in documents]
    run = emilua(script(PROGRAM % ",\n".join(literals)), encoding="utf-8")
    lines = run.stdout.split("\n")
    assert run.returncode == 0 and len(lines) == len(documents) + 1, (run.returncode, run.stderr[-500:])
    return lines[:-1]


class Refused(Exception):
    pass


def refuse(_):
    raise Refused


def an_integer(text):
    value = int(text)
    if not -2**63 <= value < 2**63:
        raise Refused
    return float(text)  # with the sign of -0


def of_python(document):
    """What a strict reader makes of it, or Refused. Python's own takes lone surrogates, for one."""
    try:
        value = json.loads(document.decode("utf-8"), parse_constant=refuse, parse_int=an_integer)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, Refused):
        return Refused
    return value


def finite(value):
    """As it is after encoding: infinities are null."""
    if isinstance(value, list):
        return [finite(element) for element in value]
    if isinstance(value, dict):
        return {key: finite(element) for key, element in value.items()}
    return None if isinstance(value, float) and math.isinf(value) else value


def same(document, line):
    expected = of_python(document)
    if expected is Refused:
        return line == "no"
    return line != "no" and json.loads(line, parse_constant=refuse) == finite(expected)


def a_number(source):
    kind = source.randrange(5)
    if kind == 0:
        return source.randint(-1000, 1000)
    if kind == 1:
        return source.randint(-2**63, 2**63 - 1)
    if kind == 2:
        return source.uniform(-1000, 1000)
    return math.ldexp(source.uniform(-1, 1), source.randint(-1080, 1023))


def a_string(source):
    alphabet = "abc \"\\/\b\n\x00\x1f\x7f\x80\u00e9\u07ff\u0800\u20ac\ud7ff\ue000\uffff\U00010000\U0001f600\U0010ffff"
    return "".join(source.choice(alphabet) for _ in range(source.randrange(14)))


def a_value(source, depth=0):
    kind = source.randrange(4 if depth > 4 else 6)
    if kind == 0:
        return source.choice([None, True, False])
    if kind == 1:
        return a_number(source)
    if kind in (2, 3):
        return a_string(source)
    if kind == 4:
        return [a_value(source, depth + 1) for _ in range(source.randrange(6))]
    return {a_string(source): a_value(source, depth + 1) for _ in range(source.randrange(6))}


def a_document(source):
    return json.dumps(a_value(source), ensure_ascii=source.random() < 0.5,
                      indent=source.choice([None, None, 1, "\t"])).encode()


PIECES = [piece.encode("utf-8", "surrogatepass") for piece in (
    "{", "}", "[", "]", ",", ":", '"', "\\", "\\u", "\\ud83d", "\\ude00", "\\u0041", "\\n", "0", "1", "-", ".", "e", "E+",
    "1e400", "99999999999999999999", "true", "null", "NaN", "Infinity", " ", "\n", "\t", "\x00", "\x1f", "\ufeff", "\u00e9",
    "\ud800", "/", "'", '"a":', "[]", "{}", "[[", "]]", "-0", "01", "1.")] + [b"\xff", b"\xc3", b"\x80", b"\xf0\x9f"]


def damaged(document, source):
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(document) + 1)
        document = document[:at] + source.choice([b"", source.choice(PIECES)]) + document[at + source.choice([0, 0, 1, 2]):]
    return document


def compare(documents):
    for document, line in zip(documents, of_the_engine(documents)):
        assert same(document, line), (document, line)


@case
def random_documents_are_what_python_says():
    source = random.Random(8259)
    documents = [a_document(source) for _ in range(3000)]
    assert all(of_python(document) is not Refused for document in documents)
    compare(documents)


@case
def damaged_documents_are_what_python_says():
    source = random.Random(20)
    documents = [damaged(a_document(source)[:300], source) for _ in range(6000)]
    refused = sum(of_python(document) is Refused for document in documents)
    assert 1000 < refused < 5900, refused
    compare(documents)


@case
def doubles_come_back_bit_by_bit():
    source = random.Random(15)
    numbers = [float(a_number(source)) for _ in range(5000)]
    numbers += [math.nextafter(2.0**e, direction) for e in range(-1074, 1024, 7) for direction in (0, math.inf)]
    lines = of_the_engine([repr(number).encode() for number in numbers])
    for number, line in zip(numbers, lines):
        assert float(line) == number and len(line) <= max(len(repr(number)), 20), (number, line)


main()
