-- A directory module: what require_test compares itself with.
file = _FILE
context = _CONTEXT
child = require './leaf'
sees_importer_global = leaked_from_importer
leaked_from_module = 'must not be seen by the importer'
math.added_by_require_test = 'libraries are shared'
own_G = _G
local hidden = 'not exported'
function touch() return hidden end
