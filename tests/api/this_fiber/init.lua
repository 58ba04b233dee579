-- Tells this_fiber_test what module code sees of its fiber.
is_main = this_fiber.is_main
local_ = this_fiber.local_
local_.probe = 'from probe'
id = this_fiber.id
this_fiber.yield()
child_is_main, child_local = spawn(function() return this_fiber.is_main, this_fiber.local_.probe end):join()
