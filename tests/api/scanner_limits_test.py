"""No input and no separator makes a scanner eat the memory or the time of a program (00 §10, 50 §4).

Each program may use so much processor time and address space, or it is killed or fails.
"""

import resource

from cases import case, emilua, main, script

SECONDS = 60
BYTES = 1 << 30

HEADER = """
    local generic_error = require 'generic_error'
    local regex = require 'regex'
    local stream = require 'stream'
    -- Fills whatever it is given with one byte, for as long as somebody reads.
    local function endless(byte)
        local block = byte:rep(65536)
        local self = {total = 0}
        function self.read_some(_, buffer)
            local n = buffer:copy(block)
            self.total = self.total + n
            return n
        end
        return self
    end
    local function once(text)
        return {read_some = function(_, buffer)
            local n = buffer:copy(text)
            text = text:sub(n + 1)
            if n == 0 then
                error(require('asio_error').misc.eof)
            end
            return n
        end}
    end
    local function fails(scanner)
        local ok, e = pcall(scanner.get_line, scanner)
        assert(not ok)
        assert(getmetatable(e) == 'error_code', tostring(e))
        return e
    end
    local function expression(pattern)
        return regex.new{pattern = pattern, grammar = 'ecma', nosubs = true}
    end
    local function is_complexity(e)
        return tostring(e.category) == 'regex' and (e.code == 11 or e.code == 12)
    end
"""


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def within_limits(text):
    run = emilua(script(HEADER + text + "\nprint 'done'\n"), preexec_fn=limit, timeout=280)
    assert (run.returncode, run.stdout, run.stderr) == (0, "done\n", ""), run


@case
def a_record_without_an_end():
    within_limits("""
        for _, separator in ipairs{'\\n', '\\r\\n', expression '\\\\r?\\\\n', expression '[;,]+'} do
            local source = endless 'x'
            local scanner = stream.scanner.new{stream = source, record_separator = separator, max_record_size = 2 ^ 20}
            for _ = 1, 20 do
                assert(fails(scanner) == generic_error.EMSGSIZE)
            end
            assert(source.total == 2 ^ 20)
            assert(scanner.record_number == 0)
            assert(#scanner:buffer() == 2 ^ 20)
        end
    """)


# What is read between two matches of nothing but a beginning: "\\r" may always become "\\r\\n".
@case
def beginnings_of_separators_without_an_end():
    within_limits("""
        local scanner = stream.scanner.new{stream = endless '\\r', max_record_size = 2 ^ 20}
        assert(fails(scanner) == generic_error.EMSGSIZE)
        scanner = stream.scanner.new{stream = endless 'a', record_separator = ('a'):rep(1000) .. 'b', max_record_size = 2 ^ 20}
        assert(fails(scanner) == generic_error.EMSGSIZE)
    """)


@case
def ten_gibibytes_in_records_of_a_mebibyte_each():
    within_limits("""
        local block = ('x'):rep(2 ^ 20 - 1) .. '\\n'
        local filled = {}
        local total = 0
        -- The bytes are in the buffer already when it comes again: what is measured is the scanner.
        local source = {read_some = function(_, buffer)
            if #buffer == 2 ^ 20 and total > 2 ^ 20 then
                total = total + 2 ^ 20
                return 2 ^ 20
            end
            local n = buffer:copy(block)
            total = total + n
            return n
        end}
        local scanner = stream.scanner.new{stream = source, record_separator = '\\n', max_record_size = 2 ^ 20,
            buffer_size_hint = 2 ^ 20}
        for _ = 1, 10240 do
            assert(#scanner:get_line() == 2 ^ 20 - 1)
        end
        assert(total == 10 * 2 ^ 30)
    """)


@case
def record_separators_that_take_too_many_steps():
    within_limits("""
        for _, pattern in ipairs{'(a+)+[bc]', '(a|aa)+[bc]', '(a*)*[bc]', 'a[^b]*b', '(?:(?=(a+))a)*b'} do
            local scanner = stream.scanner.new{stream = endless 'a', record_separator = expression(pattern),
                max_record_size = 2 ^ 20}
            local e = fails(scanner)
            assert(is_complexity(e) or e == generic_error.EMSGSIZE, pattern .. ': ' .. tostring(e))
            assert(scanner.record_number == 0)
        end
    """)


@case
def fields_that_take_too_many_steps():
    within_limits("""
        for _, name in ipairs{'field_separator', 'field_pattern'} do
            local options = {stream = once(('a'):rep(60000) .. '\\nb\\n'), record_separator = '\\n'}
            options[name] = expression '(a+)+[cd]'
            local scanner = stream.scanner.new(options)
            assert(is_complexity(fails(scanner)))
            -- The record is there all the same.
            assert(scanner.record_number == 1)
            assert(scanner.record_terminator == '\\n')
            assert(#scanner:buffered_line() == 60000)
            scanner[name] = nil
            assert(tostring(scanner:get_line()) == 'b')
        end
    """)


@case
def as_many_fields_as_there_are_bytes():
    within_limits("""
        local scanner = stream.scanner.new{stream = once((','):rep(2 ^ 20 - 1) .. '\\n'), record_separator = '\\n',
            field_separator = ',', max_record_size = 2 ^ 20}
        assert(#scanner:get_line() == 2 ^ 20)
    """)


main()
