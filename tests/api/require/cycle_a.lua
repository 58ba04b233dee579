b = require '../cycle_b'
