"""The same dependencies for MODULE.bazel as for WORKSPACE."""

load("//third_party:deps.bzl", "system_dependencies")

def _impl(_mctx):
    system_dependencies()

system = module_extension(implementation = _impl)
