#!/usr/bin/env emilua
line = 2
_, message = 1, select(2, pcall(error, "x", 1))
function fail() error("located") end
