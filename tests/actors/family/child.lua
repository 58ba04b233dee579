name = 'child, whose mate is ' .. (require '../mate').name
