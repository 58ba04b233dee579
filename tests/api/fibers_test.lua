-- spec'd behaviour of spawn, join, detach and this_fiber.
local check = require './check'
local generic_error = require 'generic_error'

check.case('the child runs after the parent suspends, children in spawn order', function()
    local order = {}
    local fibers = {}
    for i = 1, 3 do
        fibers[i] = spawn(function() order[#order + 1] = i end)
    end
    check.equal(0, #order)
    for i = 1, 3 do
        fibers[i]:join()
    end
    check.equal('1 2 3', table.concat(order, ' '))
end)

check.case('join forwards all results, nils included', function()
    local n = select('#', spawn(function() return 1, nil, 3, nil end):join())
    check.equal(4, n)
end)

check.done()
