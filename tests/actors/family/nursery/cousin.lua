-- In comments, `require './missing'` is not a requirement.
local up = require '../../mate'
name = 'cousin of ' .. up.name
