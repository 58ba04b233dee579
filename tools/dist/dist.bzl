"""distribution: what is handed out, as a directory of files that are the same whoever makes them.

    distribution(name = "dist", tools = […], files = {":scan.1": "man", …}, …)

`linked` is what the tools are linked with: the names of the outside repositories among all that they
depend on. tools/dist/dist.py says what becomes of it.
"""

_Linked = provider(fields = ["repositories"])

def _linked_impl(target, ctx):
    found = [target.label.workspace_name] if target.label.workspace_name else []
    deps = [dep[_Linked].repositories for dep in getattr(ctx.rule.attr, "deps", []) if _Linked in dep]
    return [_Linked(repositories = depset(found, transitive = deps))]

_linked = aspect(implementation = _linked_impl, attr_aspects = ["deps"])

def _distribution_impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    tools = [
        struct(
            name = tool.label.name,
            linked = sorted(tool[_Linked].repositories.to_list()),
            symbols = tool.files.to_list()[0].path,
            file = stripped.files.to_list()[0].path,
        )
        for tool, stripped in zip(ctx.attr.tools, ctx.attr.stripped)
    ]
    manifest = struct(
        version = ctx.file.version.path,
        versions = ctx.file.versions.path,
        tools = tools,
        files = [struct(kind = kind, file = f.path) for target, kind in ctx.attr.files.items() for f in target.files.to_list()],
    )
    conditions = "umask 077; export TZ=Asia/Kathmandu LC_ALL=C.UTF-8 PYTHONHASHSEED=7;" if ctx.attr.elsewhere else ""
    manifest_file = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(manifest_file, manifest.to_json())
    ctx.actions.run_shell(
        inputs = depset(
            [manifest_file, ctx.file.script, ctx.file.version, ctx.file.versions] + ctx.files.files,
            transitive = [target.files for target in ctx.attr.tools + ctx.attr.stripped],
        ),
        outputs = [out],
        command = "%s python3 -s %s %s %s" % (conditions, ctx.file.script.path, manifest_file.path, out.path),
        mnemonic = "Distribution",
        use_default_shell_env = True,
    )
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles(files = [out]))]

distribution = rule(
    implementation = _distribution_impl,
    attrs = {
        "elsewhere": attr.bool(doc = "with another umask, time zone and locale"),
        "files": attr.label_keyed_string_dict(allow_files = True, doc = "file -> man, bash, zsh, fish or doc"),
        "script": attr.label(allow_single_file = True, default = "//tools/dist:dist.py"),
        "stripped": attr.label_list(allow_files = True),
        "tools": attr.label_list(aspects = [_linked]),
        "version": attr.label(allow_single_file = True, default = "//lib/engine:version.h"),
        "versions": attr.label(allow_single_file = True, default = "@system_versions//:versions.json"),
    },
)
