which = 'only/init.lua'; up = require '../sibling'; deep = require '../deep'
