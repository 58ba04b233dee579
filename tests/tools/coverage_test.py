"""Every option of every tool is used by a test of that tool, and every complaint in the tools' sources is provoked by one.

What uses an option is a word of an argument list in a test's source; what provokes a complaint is declared in
provoked.py, and checked here both ways.
"""

import ast
import functools
import glob
import re

import messages
from cases import case, emilua as generate, main
from provoked import CANNOT, PROVOKED

TESTS = "tests/tools"
# Which tests run which tool; what is common to all tools is in tool_cases.py.
TESTED_BY = {
    "confine": ("complaints_test", "confine_commands_test", "confine_map_test", "confine_pty_test", "confine_test",
                "faults_test"),
    "emilua": ("cli_test", "complaints_test", "family_test", "restrict_self_test"),
    "fdpass": ("complaints_test", "faults_test", "fdpass_test", "tool_cases"),
    "initexec": ("complaints_test", "faults_test", "initexec_test", "tool_cases"),
    "jailattach": ("complaints_test", "faults_test", "jailattach_test", "tool_cases"),
    "luarun": ("complaints_test", "faults_test", "luarun_test"),
    "scan": ("complaints_test", "faults_test", "scan_test"),
}


def tree_of(test):
    with open("%s/%s.py" % (TESTS, test), encoding="utf-8") as file:
        return ast.parse(file.read())


# --- options -----------------------------------------------------------------------------------------


def texts(node):
    """All string constants beneath, less those that something is compared with or searched for."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.Compare):
        return []
    return [text for child in ast.iter_child_nodes(node) for text in texts(child)]


def argument_lists(tree):
    """The words in each call, list, tuple or dictionary, with those beneath it; a function's name is one, too."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Call, ast.List, ast.Tuple, ast.Set, ast.Dict)):
            yield [getattr(getattr(node, "func", None), "id", ""), *texts(node)]


def is_use(text, option):
    if option.startswith("--"):
        return text == option or text.startswith(option + "=")
    return text == option or (text.startswith(option) and " " not in text)


@functools.lru_cache(maxsize=None)
def words_of(test):
    return list(argument_lists(tree_of(test)))


@case
def every_option_is_used_by_a_test():
    missing = []
    lines = generate("options").stdout.splitlines()
    assert len(lines) > 100, lines
    for tool, command, option in map(str.split, lines):
        found = any(any(is_use(text, option) for text in words) and (command == "-" or command in words)
                    for test in TESTED_BY[tool] for words in words_of(test))
        if not found:
            missing.append((tool, command, option))
    assert not missing, missing


@case
def what_only_looks_like_a_use_is_none():
    def uses(source):
        return any(is_use(text, "--read") for words in argument_lists(ast.parse(source)) for text in words)

    assert uses("run('--read', '/x')") and uses("for words in [['--read=/x']]: run(*words)") and uses("run(*['--read=%s' % x])")
    assert not uses("'--read is documented'") and not uses("assert '--read' in run.stdout")
    assert not uses("run('--reading')") and not uses("run('say --read')")


# --- complaints --------------------------------------------------------------------------------------


def sources():
    return sorted(path for path in glob.glob("tools/*/*.cc")
                  if not path.endswith("_test.cc") and not path.startswith("tools/generate/"))


def case_texts(test):
    """The strings in each case, by its name; those of a table outside count for all cases of the file."""
    tree = tree_of(test)
    tables = [text for node in tree.body if isinstance(node, ast.Assign) for text in strings(node)]
    return {node.name: strings(node) + tables for node in tree.body if isinstance(node, ast.FunctionDef)}


def strings(node):
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def is_short(text):
    return " " not in text or len(text) < 12


@case
def every_complaint_is_declared_and_nothing_else():
    assert len(sources()) > 40, sources()
    found = {(path, one.text) for path in sources() for one in messages.complaints(path)}
    declared = {(path, text) for path, texts_of in PROVOKED.items() for text in texts_of}
    cannot = {(path, text) for path, texts_of in CANNOT.items() for text in texts_of}
    assert not found - declared - cannot, "no test provokes %s" % sorted(found - declared - cannot)
    assert not (declared | cannot) - found, "nothing says %s any more" % sorted((declared | cannot) - found)
    assert not declared & cannot, declared & cannot


@case
def every_text_with_a_blank_is_explained():
    unexplained = [text for path in sources() for text in messages.unexplained(path)]
    assert not unexplained, unexplained


@case
def every_case_that_is_declared_looks_for_the_complaint():
    wrong = []
    for path, texts_of in PROVOKED.items():
        for text, declared in texts_of.items():
            name, line = declared if isinstance(declared, tuple) else (declared, None)
            test, function = name.split(".")
            seen = case_texts(test).get(function)
            if seen is None:
                wrong.append("%s: there is no %s" % (path, name))
            elif line is None and is_short(text):
                wrong.append("%s: %r: what %s looks for is to be said" % (path, text, name))
            elif line is not None and not (" " in line and all(part in line for part in text.split(" … "))):
                wrong.append("%s: %r is not told by %r" % (path, text, line))
            else:
                wrong += ["%s: %r: %s does not look for %r" % (path, text, name, part)
                          for part in ([line] if line is not None else text.split(" … ")) if not any(part in one for one in seen)]
    assert not wrong, "\n".join(wrong)


@case
def what_cannot_be_provoked_says_why():
    for texts_of in CANNOT.values():
        for text, why in texts_of.items():
            assert re.search(r"\w+ \w+ \w+", why), text


main()
