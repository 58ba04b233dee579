net = require '../net'
other = require '../other'
function fail()
    local e = net.unreachable
    e.host = 'example.org'
    error(e)
end
