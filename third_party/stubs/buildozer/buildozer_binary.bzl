"""The module extension of buildozer that Bazel's own MODULE.bazel names; nothing here uses it."""

def _repo(rctx):
    rctx.file("BUILD", "")

_empty = repository_rule(implementation = _repo)

def _impl(_mctx):
    _empty(name = "buildozer_binary")

buildozer_binary = module_extension(implementation = _impl)
