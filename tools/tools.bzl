"""The tools: one list, from which their aliases, the archive and the packages are made."""

# What is in //tools/NAME:NAME.
TOOLS = [
    "confine",
    "emilua",
    "fdpass",
    "initexec",
    "jailattach",
    "luarun",
    "scan",
]
