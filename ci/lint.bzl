"""clang-format and clang-tidy as an aspect over the C++ rules of this workspace.

    bazel build --config=lint //...

Each finding is an error; what was found clean is cached like any other action. A
target with the tag "no-lint" is left out.
"""

_HEADERS = ["h", "hpp"]
_SOURCES = ["c", "cc", "cpp"]

# In tests: not what fires inside gtest's macros; and no path-sensitive analysis, which warns of what
# tests do on purpose (looking at what was moved from, say), in code that the sanitizers see anyway.
_NOT_IN_TESTS = "--checks=-bugprone-unused-return-value,-clang-analyzer-*"

def _own_files(attributes, name, extensions):
    return [
        file
        for target in getattr(attributes, name, [])
        for file in target.files.to_list()
        if file.is_source and not file.owner.workspace_name and file.extension in extensions
    ]

def _stem(file):
    return file.basename.rpartition(".")[0]

def _clang_flags(attributes, compilation):
    """What clang needs to parse a source. The other copts are warnings and code generation of gcc."""
    defines = compilation.defines.to_list() + compilation.local_defines.to_list()
    return (
        ["-std=c++20"] +
        [o for o in getattr(attributes, "copts", []) if o[:2] in ["-D", "-I"] and "_FORTIFY_" not in o] +
        ["-D" + d for d in defines] +
        ["-iquote" + d for d in compilation.quote_includes.to_list()] +
        ["-isystem" + d for d in compilation.system_includes.to_list()] +
        ["-I" + d for d in compilation.includes.to_list()]
    )

def _run(ctx, tool, name, files, inputs, arguments):
    """Runs a tool; prints what it said if it failed. Returns the file that proves success."""
    stamp = ctx.actions.declare_file("%s.%s.%s" % (ctx.label.name, name, tool))
    ctx.actions.run_shell(
        inputs = inputs,
        outputs = [stamp],
        arguments = [stamp.path] + arguments,
        command = 'stamp=$1; shift; "$@" >"$stamp" 2>&1 || { sed "s|$PWD/\\(\\./\\)\\?||" "$stamp" >&2; exit 1; }',
        mnemonic = "Lint",
        progress_message = "Running %s on %s" % (tool, ", ".join([f.short_path for f in files])),
        use_default_shell_env = True,
    )
    return stamp

def _lint_impl(target, ctx):
    nothing = [OutputGroupInfo(lint = depset())]
    attributes = ctx.rule.attr
    if CcInfo not in target or ctx.label.workspace_name or "no-lint" in attributes.tags:
        return nothing
    sources = _own_files(attributes, "srcs", _SOURCES)
    headers = [f for name in ["hdrs", "textual_hdrs", "srcs"] for f in _own_files(attributes, name, _HEADERS)]
    if not sources + headers:
        return nothing

    stamps = [_run(
        ctx,
        tool = "clang-format",
        name = "all",
        files = sources + headers,
        inputs = sources + headers + [ctx.file._format],
        arguments = ["clang-format", "--dry-run", "--Werror"] + [f.path for f in sources + headers],
    )]

    # A header is seen with the source of its name, which includes it first (clang-format keeps
    # that order); one that has none is checked alone, and so must compile alone.
    names = [_stem(f) for f in sources]
    alone = [f for f in _own_files(attributes, "hdrs", _HEADERS) if _stem(f) not in names]
    compilation = target[CcInfo].compilation_context
    inputs = depset(sources + headers + [ctx.file._tidy], transitive = [compilation.headers])
    for file in sources + alone:
        stamps.append(_run(
            ctx,
            tool = "clang-tidy",
            name = file.basename,
            files = [file],
            inputs = inputs,
            arguments = ["clang-tidy", "--quiet", "--config-file=" + ctx.file._tidy.path] +
                        ([_NOT_IN_TESTS] if attributes.testonly else []) +
                        [file.path, "--"] +
                        (["-xc++"] if file.extension in _HEADERS else []) +
                        _clang_flags(attributes, compilation),
        ))
    return [OutputGroupInfo(lint = depset(stamps))]

lint = aspect(
    implementation = _lint_impl,
    attrs = {
        "_format": attr.label(default = "//:.clang-format", allow_single_file = True),
        "_tidy": attr.label(default = "//:.clang-tidy", allow_single_file = True),
    },
)
