"""What lua/meta declares, in the shape of what names.cc prints: kinds by name, by place.

Understood is what the declarations there are written with:

    ---@class NAME, ---@field, ---@operator       members of the class, or of the variable below; not
                                                  `---@field name?`, which only some values have
    [local] VARIABLE = {}                         a part of a module, or stands for the class above
    function VARIABLE.name(…), VARIABLE:name(…)
    return VARIABLE                               the module that the file is named after
"""

import os
import re

CLASS = re.compile(r"^---@class ([\w.-]+)")
FIELD = re.compile(r"^---@field (\[|\w+)(?!\w*\?)")
OPERATOR = re.compile(r"^---@operator (\w+)")
VARIABLE = re.compile(r"^(local )?([\w.]+) = (.*)$")
CONSTANT = re.compile(r"^    (\w+) = ")
FUNCTION = re.compile(r"^function ([\w.]+?)(?:([.:])(\w+))?\(")
RETURN = re.compile(r"^return (\w+)$")


class File:
    """The declarations of one file. `classes` are those that objects have, by the engine's listing;
    any other class describes the variable below it, or a table that programs make."""

    def __init__(self, path, classes):
        self.places = {}
        self.local = set()
        self.class_of = {}  # by variable
        self.pending = None, {}  # a class whose variable may follow
        with open(path, encoding="utf-8") as source:
            lines = source.read().split("\n")
        returned = [found.group(1) for found in map(RETURN.match, lines) if found]
        self.root = returned[-1] if returned else None
        self.module = "module " + os.path.basename(path)[: -len(".lua")]
        self.known = classes
        self.table = None
        for number, line in enumerate(lines, 1):
            try:
                self.read(line)
            except ValueError as error:
                raise ValueError("%s:%d: %s" % (path, number, error)) from error

    def declare(self, place, name, kind):
        self.places.setdefault(place, {})[name] = kind

    def declare_variable(self, variable, kind):
        """A dotted name that starts with the module, or a global one."""
        first, _, rest = variable.partition(".")
        if first == self.root:
            if rest:
                self.declare(self.module, rest, kind)
        elif first in self.local:
            raise ValueError("%s belongs to nothing" % variable)
        else:
            self.declare("globals", variable, kind)

    def read(self, line):
        if line.startswith("---"):
            self.read_note(line)
            return
        name, fields = self.pending
        self.pending = None, {}
        variable = VARIABLE.match(line)
        if variable:
            self.read_variable(variable, name, fields)
        elif name in self.known:
            self.declare_fields("class " + name, "", fields)
        function = FUNCTION.match(line)
        if function:
            self.read_function(*function.groups())
        constant = CONSTANT.match(line)
        if constant and self.table:
            self.declare_variable(self.table + "." + constant.group(1), "field")
        elif line == "}":
            self.table = None

    def read_note(self, line):
        for pattern, kind, form in ((FIELD, "field", "%s"), (OPERATOR, "metamethod", "__%s")):
            found = pattern.match(line)
            if found:
                self.pending[1][form % found.group(1).replace("[", "[]")] = kind
        found = CLASS.match(line)
        if found:
            name, fields = self.pending
            if name in self.known:  # a class without a variable
                self.declare_fields("class " + name, "", fields)
            self.pending = found.group(1), {}

    def read_variable(self, found, name, fields):
        local, variable, value = found.groups()
        if local:
            self.local.add(variable)
        if name in self.known:
            self.class_of[variable] = name
            self.declare_fields("class " + name, "", fields)
            if "." in variable:
                self.declare_variable(variable, "field")
            return
        if not local or variable == self.root:
            self.declare_variable(variable, "field")
        for field, kind in fields.items():
            self.declare_variable(variable + "." + field, kind)
        self.table = variable if value.startswith("{") and not value.endswith("}") else None

    def declare_fields(self, place, prefix, fields):
        for field, kind in fields.items():
            self.declare(place, prefix + field, kind)

    def read_function(self, owner, separator, name):
        if separator is None:
            self.declare("globals", owner, "function")
        elif separator == ":" and owner in self.class_of:
            self.declare("class " + self.class_of[owner], name, "function")
        else:
            self.declare_variable(owner + "." + name, "function")
