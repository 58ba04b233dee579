"""The tools: one list, from which their aliases, the archive and the packages are made."""

# What is in //tools/NAME:NAME, and the most that it may have stripped, in KiB.
TOOLS = {
    "confine": 1536,
    "emilua": 8192,
    "fdpass": 1024,
    "initexec": 2048,
    "jailattach": 2048,
    "luarun": 2048,
    "scan": 2048,
}
