-- Required by the worker, which is how it comes along to an actor that has no files.
context = _CONTEXT
