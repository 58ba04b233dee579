-- A leaf: it has no children.
file = _FILE
loads = (loads or 0) + 1
_, child_error = pcall(require, './leaf')
sibling = require '../sibling'
uncle = require '../../require_uncle'
_, too_high = pcall(require, '../../../x')
root_import = require '/require/sibling'
