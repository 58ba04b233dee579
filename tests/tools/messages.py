"""The complaints of the tools, read from their C++ sources.

    for c in complaints("tools/fdpass/endpoint.cc"): …    # c.text: "--timeout: … : took too long"

One complaint is the outermost call of COMPLAIN, or a piece of text in a function of COMPOSE; its text is that
of the string literals in it, with … for what is in between. A literal with a blank in it that belongs to no
complaint must be for something that is in OTHER: `unexplained` has the rest.
"""

import collections
import re

# Calls and types whose arguments are told to the user.
COMPLAIN = {
    "check", "complain", "complaint", "fail", "fail_next", "failure_", "luaL_checkstack", "luaL_error", "lua_pushfstring",
    "misuse", "refusal", "refuse", "report", "say", "unknown",
}
# Functions that put the text of a complaint together, for others to tell; and variables that hold it.
COMPOSE = {"clone_failure", "exec_failure", "objection", "open_process", "parse_fields", "pause", "refusal_of",
           "wait"}
# The help, results, names of chunks.
OTHER = {
    "absolute", "add", "add_command", "add_example", "add_status", "change", "command_line", "describe", "description",
    "doctor", "examine", "examine_all", "help", "lost_without", "luaL_loadbuffer", "mount", "name_of", "notes",
    "options", "pair", "path", "push_back", "read_script", "receive", "receive_notes", "send", "send_notes",
    "set_notes", "table", "table_", "table_for", "versions",
}

Complaint = collections.namedtuple("Complaint", "file line text parts")

_TOKEN = re.compile(r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<raw>R"\((?P<raw_text>.*?)\)")
  | (?P<string>"(?:[^"\\\n]|\\.)*")
  | (?P<char>'(?:[^'\\\n]|\\.)+')
  | (?P<directive>^[ ]*\#[^\n]*)
  | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
  | (?P<open>[({\[])
  | (?P<close>[)}\]])
  | (?P<end>;)
  | (?P<space>\s+)
  | (?P<other>.)
""", re.X | re.S | re.M)

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", '"': '"', "'": "'"}


def _unescaped(text):
    return re.sub(r"\\x([0-9a-f]{2})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES.get(m[2], m[2]), text)


_TRANSPARENT = {"const", "noexcept", "else", "return", "static"}


def _scan(path):
    """(line, the names around it from the innermost on, the beginning of the outermost call of COMPLAIN, text) of
    each literal of a C++ file; literals that follow each other are one."""
    with open(path, encoding="utf-8") as file:
        source = file.read()
    found, stack, word, line, joins = [], [], "", 1, False
    for token in _TOKEN.finditer(source):
        kind, text = token.lastgroup, token.group()
        if kind in ("string", "raw", "raw_text"):
            value = _unescaped(text[1:-1]) if kind == "string" else token.group("raw_text")
            if joins:
                found[-1][3] += value
            else:
                around = stack + [(word, token.start())]
                outermost = [(start, name) for name, start in around if name in COMPLAIN]
                found.append([line, [name for name, _ in reversed(around)], outermost[0] if outermost else None, value])
            joins = True
        elif kind not in ("space", "comment", "directive"):
            joins = False
            if kind == "open":
                stack.append((word, token.start()))
                word = ""
            elif kind == "close":
                # What follows may be the body of the function of that name.
                word = stack.pop()[0] if stack else ""
            elif kind == "word":
                word = word if text in _TRANSPARENT else text
            elif text not in "<>:*&=":
                word = ""
        line += text.count("\n")
    return found


# Begins every line, and is checked by every test; a complaint's command is in the hint at its end.
_NAMES = {"confine", "emilua", "fdpass", "initexec", "jailattach", "luarun", "scan"}
_COMMANDS = {"pair", "recv", "send"}


def _parts(callee, texts):
    texts = [text for text in texts if not (callee == "complaint" and text in _COMMANDS)]
    pieces = [piece.strip(" :',;") for text in texts for piece in re.split("%[sd]", text)]
    return tuple(piece for piece in pieces if re.search("[A-Za-z]", piece) and piece not in _NAMES)


def complaints(path):
    found = {}
    for line, names, outermost, text in _scan(path):
        if outermost is not None:
            found.setdefault(outermost, [line, []])[1].append(text)
        elif COMPOSE.intersection(names) and " " in text:
            found[-line, text] = [line, [text]]
    made = [(line, _parts(where[1], texts)) for where, (line, texts) in found.items()]
    return [Complaint(path, line, " … ".join(parts), parts) for line, parts in made if parts]


def unexplained(path):
    return ["%s:%d: %r" % (path, line, text) for line, names, outermost, text in _scan(path)
            if outermost is None and " " in text.strip("\n") and re.search("[a-z]",
                                                                           text) and not (COMPOSE | OTHER).intersection(names)]
