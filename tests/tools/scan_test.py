"""scan: every option, what a program sees, the same as awk where awk has it, and every complaint."""

import json
import os
import shutil
import signal
import subprocess

from cases import case, emilua as scan, engine, main, scratch, skip
from tool_cases import NOBODY, alone, needs_root, run_alone


def file(text, name="in"):
    path = os.path.join(scratch(), name)
    with open(path, "wb") as out:
        out.write(text if isinstance(text, bytes) else text.encode())
    return path


def gives(expected, *arguments, text="", **options):
    """What is written for this input, with status 0 and nothing else."""
    run = scan(*arguments, input=text, stdin=None, **options)
    assert (run.returncode, run.stderr) == (0, ""), run
    assert run.stdout == expected, run.stdout


def fails(message, *arguments, text="", status=2, stdout=None):
    """One line on standard error, that is or contains the message."""
    run = scan(*arguments, input=text, stdin=None)
    assert run.returncode == status, run
    assert run.stderr.startswith("scan: ") and run.stderr.count("\n") == 1, run.stderr
    assert message in run.stderr, run.stderr
    assert stdout is None or run.stdout == stdout, run.stdout


# --- programs ----------------------------------------------------------------------------------------


@case
def a_column_is_summed():
    gives("6\n", "s = (s or 0) + F[2] function END() emit(s) end", text="a 1\nb 2\nc 3\n")
    gives("6.5\n", "s = (s or 0) + N[2] function END() emit(s) end", text="a 1\nb 2.5\nc 3")


@case
def a_program_sees_the_record_and_its_numbers():
    one, two = file("a b\nc\n", "one"), file("d e f", "two")
    gives("1 1 2 %s [a b]\n2 2 1 %s [c]\n3 1 3 %s [d e f]\n" % (one, one, two),
          "emit(NR, FNR, NF, FILENAME, '[' .. line .. ']')", one, two)


@case
def fields_are_texts_and_absent_ones_are_nil():
    gives("true true string\n", "emit(F[3] == nil, F[0] == nil and F[1.5] == nil and F.x == nil, type(F[1]))",
          text="1 2\n")


@case
def fields_can_be_used_as_a_table():
    gives("a+b+c 3 c\n", "local t = {} for i, f in ipairs(F) do t[i] = f end emit(table.concat(t, '+'), #F, F[#F])",
          text=" a b  c \n")
    # Each record has its own ones.
    gives("3\n1\n0\n2\n", "emit(#F)", text="a b c\nd\n\ne f\n")
    gives("c b a\nd\n", "local t = {} for _, f in ipairs(F) do table.insert(t, 1, f) end emit(t)", text="a b c\nd\n")


@case
def fields_can_be_changed_until_the_next_record():
    gives("a X c 3\n2 d 1\n", "if NR == 1 then F[2] = 'X' emit(F[1], F[2], F[3], NF) else emit(NR, F[1], NF) end",
          text="a b c\nd\n")
    gives("a X c\nd X\n", "F[2] = 'X' emit(F)", text="a b c\nd\n")
    gives("nil\n", "if NR == 1 then F[1] = nil emit(tostring(F[1])) end", text="a\nb\n")


@case
def functions_are_defined_once_wherever_they_are():
    gives("start\n2\n4\nend 2\n", """
        function END() emit('end', calls) end
        emit(double(N[1]))
        local function unused() return 1 end
        function BEGIN() calls = 0 emit 'start' end
        function double(x) calls = calls + 1 return 2 * x end
    """, text="1\n2\n")
    gives("3\n", "function math.add(a, b) return a + b end emit(math.add(1, 2))", text="x\n")


@case
def what_looks_like_a_function_is_none():
    gives("function END() end\n", "emit 'function END() end' -- function END() emit 'no' end", text="x\n")
    gives("7\n", "local f = function(x) if x then return x end end do emit(f(7)) end --[[ function BEGIN() end ]]",
          text="x\n")
    gives("]] function END() end\n", "emit [=[]] function END() end]=]", text="x\n")


@case
def return_goes_on_with_the_next_record():
    gives("b\n", "if NR == 1 then return end emit(line)", text="a\nb\n")


@case
def without_statements_for_records_nothing_is_read():
    run = scan("function BEGIN() emit 'only' end", "/nonexistent")
    assert (run.returncode, run.stdout, run.stderr) == (0, "only\n", ""), run
    gives("3\n", "function END() emit(NR) end", text="a\nb\nc\n")


@case
def exit_ends_the_input_and_sets_the_status():
    run = scan("emit(line) if NR == 2 then exit(3) end function END() emit 'end' end", input="a\nb\nc\n", stdin=None)
    assert (run.returncode, run.stdout, run.stderr) == (3, "a\nb\nend\n", ""), run
    run = scan("emit 'no' function BEGIN() exit() end", input="a\n", stdin=None)
    assert (run.returncode, run.stdout) == (0, ""), run
    run = scan("print(line) os.exit(4)", input="a\nb\n", stdin=None)
    assert (run.returncode, run.stdout) == (4, "a\n"), run


@case
def lua_s_own_functions_write_in_order():
    gives("a\n1\nb\n", "emit 'a' print(1) io.write('b\\n')", text="x\n")


@case
def numbers_are_written_exactly():
    gives("9007199254740991 -3 0.5 1e+100 1e+20 inf\n", "emit(2^53 - 1, -3, 1 / 2, 1e100, 1e20, 1 / 0)", text="x\n")


@case
def numbers_of_fields_are_those_of_lua():
    texts = ["1", "-1", "007", "1.5", ".5", "5.", "1e3", "0x10", "123456789012345678901234567890", "1.7976931348623157e308",
             "0.1", "-0.30000000000000004", "9007199254740993", " 7"]
    gives("".join("true\n" for _ in texts), "-F", ",", "emit(N[1] == tonumber(F[1]))", text="\n".join(texts) + "\n")


@case
def memory_stays_bounded():
    # 100 MB of records with all fields made.
    process = subprocess.Popen([engine(), "n = (n or 0) + #F[1] + #F function END() emit(n) end"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    block = b"".join(b"%d some words of a record\n" % i for i in range(40000, 80000))
    for _ in range(100_000_000 // len(block)):
        process.stdin.write(block)
    process.stdin.close()
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0 and int(out) == 100_000_000 // len(block) * 40000 * 11, out
    assert usage.ru_maxrss < 64 * 1024, usage


# --- separators --------------------------------------------------------------------------------------


@case
def white_space_separates_as_in_awk():
    gives("2 a b\n0\n", "if NF == 0 then emit(0) else emit(NF, F[1], F[2]) end", text="  a\t\f b \n \n")


@case
def a_text_separates_fields():
    gives("5||a||b|\n", "-F", "|", "emit(NF, F[1], F[2], F[3], F[4], F[5])", text="|a||b|\n")
    gives("a::b\n", "-F::", "emit(F)", text="a::b\n")
    gives("a\tb\n", "-F", "\\t", "emit(F[1], F[2])", text="a\tb\tc\n")
    gives("b\n", "-F\\x2c", "emit(F[2])", text="a,b\n")
    gives("b\n", "-F\\\\", "emit(F[2])", text="a\\b\n")


@case
def a_text_ends_records():
    gives("b,a\n", "-R", ";", "-F", ",", "emit(F[2], F[1])", text="a,b;")
    gives("3\n", "-R", "\\0", "function END() emit(NR) end", text="a\0b c\0d")
    gives("x\ny\n", "-Rend", "emit(line)", text="xendyend")


@case
def expressions_separate_with_regex():
    gives("a|b|c\n", "--regex", "-F", "[0-9]+", "emit(F[1] .. '|' .. F[2] .. '|' .. F[3])", text="a1b22c\n")
    gives("a\nb\nc\n", "--regex", "-R", ";+|\\n", "emit(line)", text="a;;b\nc")
    gives("3\n", "--regex", "-F", ",", "emit(NF)", text="a,b,\n")


@case
def trim_cuts_records():
    gives("[a b]\n", "--trim", "emit('[' .. line .. ']')", text="  a b\t\n")


@case
def options_end_where_lua_begins():
    path = file("a b\n", "--trim")
    run = scan("emit(F[2])", "--", "--trim", cwd=os.path.dirname(path))
    assert (run.returncode, run.stdout) == (0, "b\n"), run
    gives("b\n", "--", "emit(F[2])", "-", text="a b\n")


# --- formats -----------------------------------------------------------------------------------------


@case
def csv_is_read_and_written():
    text = 'name,note\r\n"Smith, J","said ""hi"""\r\n"two\nlines",5" disk\r\n\r\n,""\n'
    gives('2,name,note\n2,"Smith, J","said ""hi"""\n2,"two\nlines","5"" disk"\n0\n2,,\n', "--csv",
          "local t = {NF} for i = 1, NF do t[i + 1] = F[i] end emit(t)", text=text)
    gives("a;b,c\n", "--csv", "-F;", "emit(F)", text='a;"b,c"\n')
    gives('" a"," b "\n', "--csv", "emit(' a', ' b ')", text="x\n")


@case
def csv_is_the_same_however_it_comes():
    import csv
    import io
    import random
    source = random.Random(7)
    rows = [["".join(source.choices('ab",\n\r ;é', k=source.randint(0, 9))) for _ in range(source.randint(2, 5))]
            for _ in range(3000)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    run = scan("--csv", "--json-out", "--fields=1-", input=text.getvalue().encode(), stdin=None, text=False)
    assert run.returncode == 0, run.stderr
    assert [json.loads(line) for line in run.stdout.decode().split("\n")[:-1]] == rows


@case
def tsv_has_escapes():
    gives("a\\tb\\\\\tc\\nd\n", "--tsv", "assert(F[1] == 'a\\tb\\\\' and F[2] == 'c\\nd' and NF == 2) emit(F)",
          text="a\\tb\\\\\tc\\nd\n")
    gives('["a","x\\tq",""]\n', "--tsv", "--json-out", "--fields=1-", text="a\tx\\tq\t\r\n")


@case
def json_out_has_a_value_in_each_line():
    gives('["a","b"]\n', "--json-out", "emit()", text="a b\n")
    gives('["a",1,true,null,[1,{"x":"y"}]]\n', "--json-out", "emit(F[1], 1, true, nil, {1, {x = 'y'}})", text="a b\n")
    gives('{"n":1.5,"name":"a"}\n{}\n', "--json-out", "emit{name = F[1], n = 1.5} emit{}", text="a b\n")
    gives('["\\"\\\\\\n"]\n', "--json-out", "emit('\"\\\\\\n')", text="a\n")


@case
def fields_are_printed():
    text = "a:b:c:d\ne:f\n"
    gives("a\ne\n", "-F:", "--fields=1", text=text)
    gives("c:a:b:c:d\ne:f\n", "-F:", "--fields", "3,1-4", text=text)
    gives("b:c:d\nf\n", "-F:", "--fields=2-", text=text)
    gives("a b\ne f\n", "--regex", "-F:", "--fields=-2", text=text)


# --- files -------------------------------------------------------------------------------------------


@case
def a_missing_file_is_told_and_the_others_are_read():
    good = file("1\n2\n")
    run = scan("s = (s or 0) + N[1] function END() emit(s) end", "/nonexistent", good, "/")
    assert (run.returncode, run.stdout) == (2, "3\n"), run
    assert run.stderr == ("scan: open: /nonexistent: No such file or directory\n"
                          "scan: read: /: Is a directory\n"), run.stderr
    run = scan("--fields=1", "/nonexistent", good)
    assert (run.returncode, run.stdout) == (2, "1\n2\n"), run


@case
def a_file_that_may_not_be_read_is_told():
    needs_root()
    path = file("secret")
    os.chmod(path, 0)
    os.chmod(os.path.dirname(path), 0o755)
    here = alone()
    secret = here + "/secret"
    shutil.copy(path, secret)
    os.chmod(secret, 0)
    run = subprocess.run([here + "/scan", "emit()", secret, "-"], input="in\n",
                         capture_output=True, text=True, check=False, **NOBODY)
    assert (run.returncode, run.stdout) == (2, "in\n"), run
    assert run.stderr == "scan: open: %s: Permission denied\n" % secret, run.stderr


@case
def names_are_printed_safely():
    run = scan("emit()", "/no\nsuch\x1bfile")
    assert run.stderr == "scan: open: /no\\x0asuch\\x1bfile: No such file or directory\n", run


@case
def output_comes_before_a_wait_for_input():
    process = subprocess.Popen([engine(), "emit(F[1])"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"a 1\nb 2\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"a\n" and process.stdout.readline() == b"b\n"
    process.stdin.close()
    assert process.wait() == 0


# --- errors ------------------------------------------------------------------------------------------


@case
def an_error_names_file_record_line_and_source():
    path = file("1\n2\nx\n")
    run = scan("local a = 1\n  s = (s or 0) + F[1] + a", path)
    assert run.returncode == 2 and run.stdout == "", run
    assert run.stderr == ("scan: %s: record 3: line 2: attempt to perform arithmetic on a string value: "
                          "s = (s or 0) + F[1] + a\n" % path), run.stderr
    fails("scan: -: record 1: line 1: attempt to index global 'x' (a nil value): x.y = 1\n", "x.y = 1", text="a\n")
    fails("scan: -: record 1: line 1: mine: error 'mine'\n", "error 'mine'", text="a\n")
    fails("scan: -: record 1: an error that is no text\n", "error(setmetatable({}, {__tostring = error}))", text="a\n")
    fails("scan: BEGIN: line 1: ", "function BEGIN() nothing() end", text="")
    fails("scan: END: line 3: ", "\n\nfunction END() nothing() end", text="a\n")


@case
def what_was_written_before_an_error_is_there():
    fails("record 2", "if NR == 2 then error 'x' end emit(line)", text="a\nb\n", stdout="a\n")


@case
def a_program_that_does_not_compile_is_told():
    fails("scan: LUA: line 2: '=' expected near 'y': x y\n", "a = 1\nx y")
    fails("scan: LUA: line 1: unfinished string near", "emit 'x")
    fails("scan: LUA: line 1: 'end' expected near '<eof>'", "function END() emit(1)")


@case
def a_field_that_is_no_number_is_told():
    fails('line 1: field 2 is not a number: "price": s = N[2]', "s = N[2]", text="name price\n")
    fails('field 1 is not a number: ""', "-F,", "s = N[1]", text=",a\n")
    fails("there is no field 3: ", "s = N[3]", text="a b\n")
    fails("there is no field x: ", "s = N.x", text="a b\n")


@case
def what_cannot_be_changed_is_told():
    for name in "line", "NF":
        fails("%s cannot be changed" % name, name + " = 1", text="a\n")
    fails("N cannot be changed", "N[1] = 1", text="a\n")


@case
def wrong_values_are_told():
    fails("emit: value 2 is a table", "emit(1, {})", text="a\n")
    fails("emit: a table with names needs --json-out", "emit{a = 1}", text="a\n")
    fails("emit: neither a text, a number, a boolean, a table nor nil", "--json-out", "emit(print)", text="a\n")
    fails("emit: a table has names that are no texts", "--json-out", "emit{[1.5] = 1}", text="a\n")
    fails("emit: tables in tables, deeper than 100", "--json-out", "t = {} t[1] = t emit(t)", text="a\n")
    fails("exit: no status from 0 to 255: 256", "exit(256)", text="a\n")


@case
def faulty_csv_is_told():
    fails("record 2: text after the closing quote of field 2", "--csv", "--fields=1", text='a,b\na,"b"c\n')
    fails("record 1: text after the closing quote of field 1", "--csv", "emit(F[1])", text='"a"b\n')
    fails("record 2: a quoted field is not closed", "--csv", "emit(F[1])", text='a\n"b\nc\n')


@case
def a_record_without_end_is_refused():
    process = subprocess.Popen([engine(), "emit(#line)"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    try:
        for _ in range(300):
            process.stdin.write(b"x" * 2**20)
    except BrokenPipeError:
        pass
    _, err = process.communicate()
    assert process.returncode == 2 and err.decode() == "scan: -: record 1: longer than 256 MiB\n", err


@case
def an_expression_that_takes_too_long_is_stopped():
    run = scan("--regex", "-F", "(a+)+$", "emit(NF)", input="a" * 4000 + "b\n", stdin=None)
    assert run.returncode in (0, 2) and (run.returncode == 0 or "field separator: " in run.stderr), run


@case
def an_expression_for_records_that_takes_too_long_is_stopped():
    fails("scan: -: record 1: record separator: Matching takes too many steps\n", "--regex", "-R", "(a|aa)+$", "emit()",
          text="a" * 300 + "b\n")


@case
def misuse_is_told():
    fails("unknown option --csw; did you mean --csv?", "--csw")
    fails("LUA, or --fields, is missing")
    fails("LUA, or --fields, is missing", "--csv")
    fails("-F: FS is missing", "-F")
    fails("--csv takes no value", "--csv=1", "emit()")
    for one, other in (("--csv", "--tsv"), ("--csv", "-R;"), ("--csv", "--trim"), ("--csv", "--regex"), ("--tsv", "-F;"),
                       ("--tsv", "-R;"), ("--tsv", "--trim"), ("--tsv", "--regex")):
        fails("exclude each other", one, other, "emit()")
    fails("--regex needs -F or -R", "--regex", "emit()")
    fails("-F: the separator is empty", "-F", "", "emit()")
    fails("-R: not one of \\t \\n \\r \\0 \\\\ \\xHH: \\q", "-R", "\\q", "emit()")
    fails("-F: ([: ", "--regex", "-F", "([", "emit()")
    fails("-F: with --csv the separator is one character, and no quote and no line end", "--csv", "-F", "ab", "emit()")
    fails("-F: with --csv the separator is one character", "--csv", '-F"', "emit()")
    for bad in "", "0", "x", "3-1", "1,,2", "-", "1-2-3", "4294967295":
        fails("is no field and no range of fields, such as 1 or 3-5 or 3-", "--fields=" + bad)


@case
def help_and_version_are_printed():
    run = scan("--help")
    assert run.returncode == 0 and run.stderr == "" and run.stdout.startswith("Usage: scan "), run
    for option in "-F", "-R", "--regex", "--trim", "--csv", "--tsv", "--json-out", "--fields", "Examples:":
        assert option in run.stdout, option
    assert all(len(line) < 90 for line in run.stdout.split("\n")), run.stdout
    run = scan("--version")
    assert run.returncode == 0 and run.stdout.startswith("scan "), run


# --- standard output ---------------------------------------------------------------------------------


@case
def a_full_device_is_told():
    for arguments in (["emit(line)"], ["--fields=1"], ["print(line)"], ["io.write(line)"]):
        with open("/dev/full", "wb") as full:
            run = scan(*arguments, input="a\n", stdin=None, capture_output=False, stdout=full, stderr=subprocess.PIPE)
        assert run.returncode == 2, run
        assert run.stderr == "scan: standard output: No space left on device\n", run
    with open("/dev/full", "wb") as full:
        run = scan("--help", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert run.returncode == 2 and "No space left" in run.stderr, run


@case
def a_full_device_ends_the_program_early():
    path = file("x" * 100 + "\n")
    with open("/dev/full", "wb") as full:
        run = scan("while true do emit(line) end", path, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert run.returncode == 2 and "No space left on device" in run.stderr, run


@case
def a_closed_standard_output_is_told():
    run = scan("emit(line)", input="a\n", stdin=None, capture_output=False, stderr=subprocess.PIPE,
               preexec_fn=lambda: os.close(1))
    assert run.returncode == 2 and run.stderr == "scan: standard output: Broken pipe\n", run


@case
def a_closed_standard_input_is_empty():
    run = scan("function END() emit(NR) end", stdin=None, preexec_fn=lambda: os.close(0))
    assert (run.returncode, run.stdout) == (0, "0\n"), run


@case
def sigpipe_of_head_is_quiet():
    path = os.path.join(scratch(), "large")
    block = b"".join(b"%d some words %d\n" % (i, i % 7) for i in range(100000))
    with open(path, "wb") as out:
        for _ in range(100_000_000 // len(block) + 1):
            out.write(block)
    script = 'set -o pipefail; cat "$1" | "$0" "emit(F[1], N[4] * 2)" | head -n 2; echo "${PIPESTATUS[@]:1}"'
    run = subprocess.run(["bash", "-c", script, engine(), path], capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout.split("\n")[:2] == ["0 0", "1 2"] and run.stderr == "", run
    assert run.stdout.split("\n")[2] == "%d 0" % (128 + signal.SIGPIPE), run
    os.remove(path)


# --- awk ---------------------------------------------------------------------------------------------


AWK_PROGRAMS = [
    ([], "{ s += $3 } END { print s }", [], "s = (s or 0) + (tonumber(F[3]) or 0) function END() emit(s) end"),
    ([], "NF > 4 { print $1, $NF }", [], "if NF > 4 then emit(F[1], F[NF]) end"),
    ([], "{ print NR, NF, $0 }", [], "emit(NR, NF, line)"),
    (["-F,"], "{ print NF \":\" $2 }", ["-F,"], "emit(NF .. ':' .. (F[2] or ''))"),
    (["-F[,;]+"], "{ print NF \":\" $2 }", ["--regex", "-F[,;]+"], "emit(NF .. ':' .. (F[2] or ''))"),
    ([], "{ n[$1]++ } END { for (k in n) print k, n[k] | \"sort\" }", [],
     "n = n or {} local k = F[1] or '' n[k] = (n[k] or 0) + 1 "
     "function END() local p = io.popen('LC_ALL=C sort', 'w') for k, v in pairs(n) do p:write(k, ' ', v, '\\n') end p:close() end"),
    (["-vRS=;"], "{ print $1 }", ["-R;"], "emit(F[1] or '')"),
    ([], "{ $2 = \"x\"; print }", [], "F[2] = 'x' emit(F)"),
    ([], "length($0) > 20 { print substr($0, 3, 5) }", [], "if #line > 20 then emit(line:sub(3, 7)) end"),
]


@case
def the_results_are_those_of_awk():
    import random
    source = random.Random(3)
    lines = []
    for _ in range(2000):
        words = ["".join(source.choices("abc,;01", k=source.randint(1, 6))) for _ in range(source.randint(2, 6))]
        if len(words) > 2:
            words[2] = str(source.randint(-1000, 1000))
        lines.append(source.choice(["", " ", "\t"]) + source.choice([" ", "  ", "\t"]).join(words))
    text = "\n".join(lines) + "\n"
    found = [awk for awk in ("gawk", "mawk") if shutil.which(awk)]
    if not found:
        skip("no awk: ci/bootstrap installs it")
    for awk in found:
        for options, program, ours, lua in AWK_PROGRAMS:
            expected = subprocess.run([awk, *options, program], input=text, capture_output=True, text=True, check=True,
                                      env={"LC_ALL": "C", "PATH": os.environ["PATH"]}).stdout
            run = scan(*ours, lua, input=text, stdin=None)
            assert run.returncode == 0 and run.stdout == expected, (awk, program, run.stderr, run.stdout[:300], expected[:300])


# --- alone -------------------------------------------------------------------------------------------


@case
def it_works_alone_in_an_empty_root_as_nobody():
    needs_root()
    run = run_alone(alone(), "/scan", "--csv", "--json-out", "s = (s or 0) + N[2] function END() emit{sum = s} end",
                    input='a,1\n"b",2\n')
    assert (run.returncode, run.stdout, run.stderr) == (0, '{"sum":3}\n', ""), run


main()
