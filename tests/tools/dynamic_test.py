"""The dynamically linked engine: what it loads and what it shows (00 decision 19)."""

import glob
import os
import re

from cases import case, emilua, main, script

LIBRARY = os.path.abspath("tests/tools/libfixture.so")


def prints(expected, text):
    r = emilua(script(text))
    assert (r.returncode, r.stdout, r.stderr) == (0, expected, ""), r


@case
def it_is_the_same_engine():
    r = emilua("--version")
    assert r.returncode == 0 and r.stdout.startswith("emilua "), r
    prints("hello\n", "print 'hello'")


@case
def ffi_load_takes_a_library_of_ones_own():
    prints("42\t7\n", """
        local ffi = require 'ffi'
        ffi.cdef 'int fixture_add(int, int); extern int fixture_value;'
        local fixture = ffi.load '%s'
        print(fixture.fixture_add(40, 2), fixture.fixture_value)
    """ % LIBRARY)


@case
def ffi_load_takes_a_library_of_the_system():
    prints("1024\n", "local ffi = require 'ffi' ffi.cdef 'double pow(double, double);' "
           "print(ffi.load('libm.so.6').pow(2, 10))")


@case
def a_global_library_is_seen_by_ffi_C():
    text = """
        local ffi = require 'ffi'
        ffi.cdef 'int fixture_add(int, int);'
        print((pcall(function() return ffi.C.fixture_add end)))
        local library = ffi.load('%s', true)
        print(ffi.C.fixture_add(1, 2))
    """ % LIBRARY
    prints("false\n3\n", text)


@case
def a_missing_library_is_named():
    r = emilua(script("print(pcall(require('ffi').load, '/nonexistent/library.so'))"))
    assert r.stdout.startswith("false\t") and "/nonexistent/library.so" in r.stdout, r


@case
def ffi_C_sees_the_whole_process():
    # None of these is in the static engine's table.
    prints("0\ttrue\ttrue\n", """
        local ffi = require 'ffi'
        ffi.cdef 'int setenv(const char *, const char *, int); int getaddrinfo(void); int lua_gettop(void *);'
        print(ffi.C.setenv('NAME', 'value', 1), ffi.C.getaddrinfo ~= nil, ffi.C.lua_gettop ~= nil)
    """)


@case
def a_symbol_that_nobody_defines_is_told():
    r = emilua(script("local ffi = require 'ffi' ffi.cdef 'int nobody_has_this(void);' "
                      "print(pcall(function() return ffi.C.nobody_has_this end))"))
    assert r.stdout.startswith("false\t") and "undefined symbol: nobody_has_this" in r.stdout, r


@case
def it_exports_the_api_of_lua():
    names = set()
    for header in glob.glob("/usr/include/luajit-2.1/l*.h"):
        with open(header, encoding="utf-8") as text:
            names.update(re.findall(r"^(?:LUA_API|LUALIB_API)[^;]*?\(((?:lua|luaL|luaJIT)_\w+)\)", text.read(), re.M))
            text.seek(0)
            names.update(re.findall(r"^(?:LUA_API|LUALIB_API)[^;(]*?\b((?:lua|luaL|luaJIT)_\w+)\(", text.read(), re.M))
    assert len(names) > 100 and {"lua_pcall", "luaL_ref", "luaJIT_setmode"} <= names, names
    lines = ["local ffi = require 'ffi'"]
    for name in sorted(names):
        lines.append("ffi.cdef 'void %s(void);' assert(ffi.C.%s ~= nil)" % (name, name))
    prints("all there\n", "\n".join(lines) + "\nprint 'all there'")


main()
