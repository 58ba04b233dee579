local time = require 'time'
this_fiber.yield()
time.sleep(0.001)
spawn(function() this_fiber.yield() end):join()
state = 'complete'
