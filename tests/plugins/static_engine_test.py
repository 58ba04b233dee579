"""What needs a dynamic linker, in the engine that has none (20 §10, 00 decision 19)."""

import errno
import os

from cases import case, emilua, main, script

PLUGINS = os.path.join(os.getcwd(), "tests/plugins")


def run(text):
    return emilua(script(text), env={**os.environ, "EMILUA_PATH": PLUGINS, "EMILUA_COLORS": "0"})


@case
def a_native_plugin_is_not_supported():
    r = run("local ok, e = pcall(require, 'example') print(ok, tostring(e.category), e.code, e.module, e.reason)")
    assert r.stdout.startswith("false\tgeneric\t%d\texample\t" % errno.ENOTSUP) and "emilua-dynamic" in r.stdout, r


@case
def ffi_load_says_which_engine_can():
    for name in "c", "m", "libm.so.6", os.path.join(PLUGINS, "libexample.so"), "/nonexistent.so":
        r = run("print(pcall(require('ffi').load, %r))" % name)
        assert r.returncode == 0 and r.stdout.startswith("false\t") and "emilua-dynamic" in r.stdout, r


@case
def ffi_load_brings_nothing_into_the_process():
    r = run("""
        pcall(require('ffi').load, 'c')
        local file, filesystem = require 'file', require 'filesystem'
        local maps, buffer = file.stream.new(), byte_span.new(65536)
        maps:open(filesystem.path.new '/proc/self/maps', file.open_flag.read_only)
        print(tostring(buffer:slice(1, maps:read_some(buffer))))
    """)
    assert r.returncode == 0 and "/emilua" in r.stdout and ".so" not in r.stdout, r


@case
def a_name_outside_of_the_table_is_an_undefined_symbol():
    r = run("""
        local ffi = require 'ffi'
        ffi.cdef 'int fork(void); int getaddrinfo(void); int no_such_function(void);'
        for _, name in ipairs{'fork', 'getaddrinfo', 'no_such_function'} do
            print(pcall(function() return ffi.C[name] end))
        end
    """)
    for name, line in zip(("fork", "getaddrinfo", "no_such_function"), r.stdout.splitlines(), strict=True):
        assert line.startswith("false\t") and "undefined symbol: %s (" % name in line, r


@case
def a_very_long_name_is_cut():
    r = run("""
        local ffi = require 'ffi'
        local name = ('n'):rep(100000)
        ffi.cdef('int ' .. name .. '(void);')
        local _, message = pcall(function() return ffi.C[name] end)
        print(#message < 300, message:find('undefined symbol: nnn', 1, true) ~= nil)
    """)
    assert r.stdout == "true\ttrue\n", r


main()
