-- Not tail calls: those have no caller frame.
_FILE = nil
_, missing = pcall(function() local m = require '../sibling' return m end)
_FILE = 'text'
_, text = pcall(function() local m = require '../sibling' return m end)
