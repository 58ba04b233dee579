"""No pattern and no subject hangs, crashes or eats the memory of a program (00 §10, 20 §9).

Each program may use so much processor time and address space, or it is killed or fails.
"""

import resource

from cases import case, emilua, main, script

SECONDS = 60
BYTES = 2 << 30

HEADER = """
    local regex = require 'regex'
    local function outcome(f, ...)
        local ok, e = pcall(f, ...)
        if ok then
            return 'ok'
        end
        return tostring(e.category) .. ' ' .. tostring(e.code)
    end
    local function compiled(grammar, pattern, optimize)
        return outcome(regex.new, {pattern = pattern, grammar = grammar, optimize = optimize})
    end
    local function searched(grammar, pattern, subject, options)
        options = options or {}
        options.pattern, options.grammar = pattern, grammar
        return outcome(regex.search, regex.new(options), subject)
    end
    local function each(f)
        for _, grammar in ipairs{'basic', 'extended', 'ecma'} do
            for _, optimize in ipairs{false, true} do
                f(grammar, optimize)
            end
        end
    end
    local function expect(expected, actual, what)
        assert(expected == actual, ('%s: expected %s, got %s'):format(what, expected, actual))
    end
    local long = ('a'):rep(16 * 2 ^ 20)
"""


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def within_limits(text):
    run = emilua(script(HEADER + text + "\nprint 'done'\n"), preexec_fn=limit, timeout=280)
    assert (run.returncode, run.stdout, run.stderr) == (0, "done\n", ""), run


@case
def patterns_of_a_megabyte():
    within_limits("""
        each(function(grammar, optimize)
            for _, piece in ipairs{'a', '[b-y]', 'a*', '.', '$', '[[:alpha:]]', ' '} do
                expect('regex 9', compiled(grammar, piece:rep(2 ^ 20 / #piece), optimize), piece)
            end
            expect('regex 9', compiled(grammar, ('a'):rep(100000), optimize), 'a literal')
        end)
    """)


@case
def nested_groups():
    within_limits("""
        each(function(grammar, optimize)
            local open, close = '(', ')'
            if grammar == 'basic' then
                open, close = '\\\\(', '\\\\)'
            end
            for _, n in ipairs{201, 1000, 10000, 100000} do
                local code = #open * n * 2 > 2 ^ 18 and 'regex 9' or 'regex 12'
                expect(code, compiled(grammar, open:rep(n) .. 'a' .. close:rep(n), optimize), n)
                expect(#open * n > 2 ^ 18 and 'regex 9' or 'regex 12', compiled(grammar, open:rep(n), optimize), n)
            end
            expect('ok', compiled(grammar, open:rep(200) .. 'a' .. close:rep(200), optimize), 200)
            expect('regex 5', compiled(grammar, open:rep(200), optimize), 'unclosed')
        end)
        expect('regex 12', compiled('ecma', ('(?:'):rep(201)), 'plain groups')
        expect('regex 12', compiled('ecma', ('(?!'):rep(201)), 'lookaheads')
        expect('regex 12', compiled('extended', 'a' .. ('*'):rep(100000)), 'stars')
    """)


@case
def huge_counted_repeats():
    within_limits("""
        for _, optimize in ipairs{false, true} do
            for _, pattern in ipairs{'((a{1,1000}){1,1000}){1,1000}', '(((((((a{1,9}){9}){9}){9}){9}){9}){9}){9}',
                'a{99999}', 'a{1,99999}', '(a|b|c){65535}', ('a{65535}'):rep(10000), ('(a|b){1,60}'):rep(100)} do
                for _, grammar in ipairs{'extended', 'ecma'} do
                    expect('regex 9', compiled(grammar, pattern, optimize), pattern:sub(1, 50))
                end
            end
            expect('ok', compiled('extended', 'a{1000}{1000}', optimize), 'again')
            expect('regex 10', compiled('ecma', 'a{1000}{1000}', optimize), 'again')
            expect('regex 9', compiled('extended', '(ab){1000}{1000}', optimize), 'again')
        end
    """)


@case
def exponential_patterns():
    within_limits("""
        local many = ('a'):rep(100)
        each(function(grammar, optimize)
            local options = {optimize = optimize}
            if grammar ~= 'basic' then
                -- POSIX has another way; groups that must be filled may still be too much.
                local code = grammar == 'ecma' and 'regex 11' or 'ok'
                expect(code, searched(grammar, '(a+)+$', many .. 'b', options), '(a+)+$')
                expect(code, searched(grammar, '(a*)*[bc]', many, options), '(a*)*[bc]')
                expect(code, searched(grammar, '(a|a)*[bc]', many, options), '(a|a)*[bc]')
                expect(code, searched(grammar, '(a|aa)+$', many .. 'b', options), '(a|aa)+$')
                expect(code, searched(grammar, ('a?'):rep(50) .. ('a'):rep(50) .. '[bc]', many, options), 'a?a?a?')
                expect(code, searched(grammar, '((a*)*)*[bc]', many, options), '((a*)*)*')
                expect(code, searched(grammar, '(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[bc]', many, options), '.*.*')
            else
                expect('regex 11', searched(grammar, '\\\\(a*\\\\)*\\\\(a*\\\\)*\\\\1[bc]', many, options), 'references')
            end
        end)
        expect('regex 11', searched('ecma', '(?:(?=(a+))\\\\1*)+?(a|a)*[bc]', many), 'lookahead')
    """)


for _name, _pattern, _grammars, _outcomes in (
        ("quadratic_search", "[^bc]*[bc]", "basic extended ecma", "regex 11"),
        ("long_runs", "a{60000}b|c", "extended ecma", "regex 11"),
        ("lookaheads", "(?:(?=a*)a)*[bc]", "ecma", "regex 11,regex 12"),
        ("references", "(a*)\\\\1\\\\1[bc]", "ecma", "regex 11"),
        ("deep_backtracking", "(a|b)*[cd]", "ecma", "regex 12"),
        ("many_alternatives", "|".join("%s[bc]" % ("a" * n) for n in range(1, 120)), "extended ecma", "regex 11"),
):
    def _case(pattern=_pattern, grammars=_grammars, outcomes=_outcomes):
        for grammar in grammars.split():
            within_limits("""
                local function hostile(subject, optimize)
                    local got = searched('%s', '%s', subject, {optimize = optimize})
                    assert((',' .. '%s' .. ','):find(',' .. got .. ',', 1, true), got)
                end
                hostile(long, true)
                hostile(long:sub(1, 2 ^ 21), false)
            """ % (grammar, pattern, outcomes))
    _case.__name__ = _name + "_in_sixteen_mebibytes"
    case(_case)


@case
def harmless_patterns_in_sixteen_mebibytes():
    within_limits("""
        each(function(grammar, optimize)
            local options = {optimize = optimize}
            for _, pattern in ipairs{'a*', 'b', '[b-z]', 'a*$', '^a', 'x.*y'} do
                local re = regex.new{pattern = pattern, grammar = grammar, optimize = optimize}
                expect('ok', outcome(regex.search, re, long), pattern)
                expect('ok', outcome(regex.match, re, long), pattern)
            end
        end)
        local re = regex.new{pattern = '(a|b)*c?', grammar = 'extended', nosubs = true}
        assert(regex.search(re, long)[0].end_ == #long)
        assert(#regex.split(regex.new{pattern = '[ ,]+', grammar = 'extended'}, ('ab, '):rep(2 ^ 20)) == 2 ^ 20)
    """)


main()
