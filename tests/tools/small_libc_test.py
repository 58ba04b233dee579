"""What small tools have of the C library, where they have something else than the C library has: see
third_party/small_libc.cc. LuaJIT brings it to light.
"""

from cases import case, emilua as luarun, main


def gives(expected, *arguments, **options):
    run = luarun(*arguments, **options)
    assert (run.returncode, run.stdout, run.stderr) == (0, expected, ""), run


@case
def numbers_are_read_as_lua_writes_them():
    cases = {
        "12 rest": "12| rest", "  \n\t-1.5e3x": "-1500|x", "+.5": "0.5|", "5.": "5|", "0x1Fp1,": "62|,", "0x.8": "0.5|", "1e400": "inf|",
        "00017": "17|", "": "nil|", "  ": "nil|", "x": "nil|x", "-": "nil|", ".e1": "nil|e1", "1e+ ": "nil| ", "0xg": "nil|g",
        "nan": "nil|nan", "inf": "nil|inf", "1..2": "1|.2", "1" * 200: "1.1111111111111e+199|", "1" * 201 + "x": "nil|x",
    }
    for text, answer in cases.items():
        gives(answer + "\n", "-e", """
            local n = io.read '*n'
            print((n and ('%.14g'):format(n) or 'nil') .. '|' .. io.read '*a')
        """, input=text, stdin=None)
    gives("1\t2\t3\n", "-e", "print(io.read('*n', '*n', '*n'))", input="1\n2\n3\n", stdin=None)


@case
def time_zones_are_read():
    for zone, answer in {
        "UTC0": "00:00 15:00", "<+0530>-5:30": "05:30 20:30", "XXX3:29:59": "20:30 11:30", "CET-1CEST,M3.5.0,M10.5.0/3": "01:00 17:00",
        "AAA-1BBB,J100/2,300": "01:00 17:00", "CET-1CEST,M3.5": "01:00 17:00", "nonsense": "00:00 15:00", "": "00:00 15:00",
    }.items():
        # 1970-01-01 00:00 and 1970-07-01 15:00.
        gives(answer + "\n", "-e", "print(os.date('%H:%M', 0) .. ' ' .. os.date('%H:%M', 15692400))", env={"TZ": zone})


@case
def the_locale_is_c():
    gives("C\tC\tC\tC\tnil\n", "-e", """
        print(os.setlocale(), os.setlocale(''), os.setlocale('C'), os.setlocale('POSIX', 'numeric'), os.setlocale 'C.UTF-8')
    """, env={"LC_ALL": "C.UTF-8"})
    run = luarun("/nowhere", env={"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"})
    assert "No such file or directory" in run.stderr, run


main()
