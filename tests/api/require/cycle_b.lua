_, code = pcall(require, '../cycle_a')
_, by_root = pcall(require, '/require/cycle_a')
_, itself = pcall(require, '../cycle_b')
