-- Error codes, their categories, and the built-in tables of them (20 §4 and §5).
local check = require './check'
local asio_error = require 'asio_error'
local generic_error = require 'generic_error'

local EINVAL, EPERM = generic_error.EINVAL, generic_error.EPERM

local function bad_index(f)
    check.equal(2, check.raises_core(8, f).index)
end

-- 20 §12.12
check.case('an error code is a table with a code and a category', function()
    local e = generic_error.EINVAL
    check.equal('table', type(e))
    check.equal('error_code', getmetatable(e))
    check.equal(22, e.code)
    check.equal('userdata', type(e.category))
    check.equal('error_category', getmetatable(e.category))
end)

-- 20 §12.13
check.case('two reads of one name are equal yet distinct', function()
    check.equal(true, generic_error.EPERM ~= generic_error.EINVAL)
    check.equal(true, generic_error.EPERM == generic_error.EPERM)
    check.equal(false, rawequal(generic_error.EPERM, generic_error.EPERM))
    check.equal(true, asio_error.misc.eof == asio_error.misc.eof)
    check.equal(false, rawequal(asio_error.misc.eof, asio_error.misc.eof))
end)

-- 20 §12.14
check.case('extra fields do not affect equality and do not stick', function()
    local e = generic_error.ENOENT
    e.arg = 5
    e.whatever = {}
    check.equal(true, e == generic_error.ENOENT)
    check.equal(nil, generic_error.ENOENT.arg)
end)

check.case('comparison with anything else is false', function()
    local e = generic_error.EPERM
    for _, value in ipairs{1, 'Operation not permitted', {}, {code = 1, category = e.category}} do
        check.equal(false, e == value)
        check.equal(false, value == e)
    end
    check.equal(false, e == nil)
end)

check.case('system and generic count as one category, others do not', function()
    local system = asio_error.basic.no_permission
    check.equal('system', tostring(system.category))
    check.equal(true, system == generic_error.EPERM)
    check.equal(true, generic_error.EPERM == system)
    -- All of these have code 2.
    check.equal(2, asio_error.misc.eof.code)
    check.equal(2, generic_error.ENOENT.code)
    check.equal(2, asio_error.netdb.host_not_found_try_again.code)
    check.equal(false, asio_error.misc.eof == generic_error.ENOENT)
    check.equal(false, asio_error.misc.eof == asio_error.netdb.host_not_found_try_again)
end)

-- 20 §12.15
check.case('togeneric gives a new table without extra fields', function()
    local e = asio_error.basic.access_denied
    e.extra = 1
    local g = e:togeneric()
    check.equal('error_code', getmetatable(g))
    check.equal('generic', tostring(g.category))
    check.equal(generic_error.EACCES.code, g.code)
    check.equal(nil, g.extra)
    local again = generic_error.EPERM
    check.equal(false, rawequal(again, again:togeneric()))
    check.equal(true, again == again:togeneric())
end)

-- 20 §12.18
check.case('codes without a POSIX meaning stay what they are', function()
    local eof = asio_error.misc.eof
    eof.extra = 1
    local g = eof:togeneric()
    check.equal(true, g == asio_error.misc.eof)
    check.equal('asio.misc', tostring(g.category))
    check.equal(nil, g.extra)
    check.equal(false, rawequal(g, eof))
    local core = check.raises(function() return generic_error.nope end)
    check.equal(true, core:togeneric() == core)
    check.equal('emilua.core', tostring(core:togeneric().category))
end)

check.case('togeneric of code 0 is nil', function()
    local e = generic_error.EPERM
    e.code = 0
    check.equal(nil, e:togeneric())
    local other = asio_error.basic.no_permission
    other.code = 0
    check.equal(nil, other:togeneric())
end)

check.case('tostring is the message of the category', function()
    check.equal('Operation not permitted', tostring(generic_error.EPERM))
    check.equal('End of file', tostring(asio_error.misc.eof))
    check.equal('Already open', tostring(asio_error.misc.already_open))
    check.equal('Element not found', tostring(asio_error.misc.not_found))
    check.equal(tostring(generic_error.EPIPE), tostring(asio_error.basic.broken_pipe))
end)

check.case('tostring and togeneric of a damaged code are EINVAL', function()
    local e = generic_error.EPERM
    e.code = 'one'
    check.raises_code(EINVAL, 1, tostring, e)
    check.raises_code(EINVAL, 1, e.togeneric, e)
    e.code = nil
    check.raises_code(EINVAL, 1, tostring, e)
    local f = generic_error.EPERM
    f.category = newproxy()
    check.raises_code(EINVAL, 1, tostring, f)
    f.category = nil
    check.raises_code(EINVAL, 1, tostring, f)
    check.equal(false, f == generic_error.EPERM)
    check.raises_code(EINVAL, 1, generic_error.EPERM.togeneric, 5)
    check.raises_code(EINVAL, 1, generic_error.EPERM.togeneric)
end)

check.case('a message may be asked of a category with and without self', function()
    local category = generic_error.EPERM.category
    check.equal('Operation not permitted', category:message(1))
    check.equal('Operation not permitted', category.message(1))
    check.equal('End of file', asio_error.misc.eof.category:message(2))
    check.equal('string', type(category:message(123456)))
    check.equal('string', type(check.raises(category.message, 'x')))
end)

check.case('a category has a name, an identity and no other members', function()
    local category = generic_error.EPERM.category
    check.equal('generic', tostring(category))
    check.equal(true, category == generic_error.EINVAL.category)
    check.equal(false, category == asio_error.misc.eof.category)
    check.equal(false, category == asio_error.basic.fault.category)
    bad_index(function() return category.nope end)
    bad_index(function() return category[1] end)
    bad_index(function() return category.name end)
end)

-- 20 §12.16
check.case('argument errors are of the category generic', function()
    local e = check.raises_code(EINVAL, 1, byte_span.append, 1)
    check.equal('generic', tostring(e.category))
    check.equal('generic', tostring(check.raises(function() this_fiber.x = 1 end).category))
end)

check.case('generic_error has all its names', function()
    local names = [[E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG
        EBUSY ECANCELED ECHILD ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDOM EEXIST
        EFAULT EFBIG EHOSTUNREACH EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE
        EMLINK EMSGSIZE ENAMETOOLONG ENETDOWN ENETRESET ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT ENOEXEC
        ENOLCK ENOLINK ENOMEM ENOMSG ENOPROTOOPT ENOSPC ENOSYS ENOTCONN ENOTDIR ENOTEMPTY
        ENOTRECOVERABLE ENOTSOCK ENOTSUP ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EOWNERDEAD EPERM EPIPE EPROTO
        EPROTONOSUPPORT EPROTOTYPE ERANGE EROFS ESPIPE ESRCH ETIMEDOUT ETXTBSY EWOULDBLOCK EXDEV]]
    local n = 0
    for name in names:gmatch('%S+') do
        local e = generic_error[name]
        check.equal('generic', tostring(e.category))
        check.equal(true, e.code > 0)
        n = n + 1
    end
    check.equal(74, n)
    -- A few whose numbers are the same on every Linux.
    check.equal(1, generic_error.EPERM.code)
    check.equal(2, generic_error.ENOENT.code)
    check.equal(32, generic_error.EPIPE.code)
    check.equal(34, generic_error.ERANGE.code)
    check.equal(true, generic_error.EAGAIN == generic_error.EWOULDBLOCK)
    check.equal(true, generic_error.ENOTSUP == generic_error.EOPNOTSUPP)
end)

check.case('generic_error is a userdata that knows no other names or numbers', function()
    check.equal('userdata', type(generic_error))
    bad_index(function() return generic_error.ENOPE end)
    bad_index(function() return generic_error[1] end)
    bad_index(function() return generic_error.eperm end)
    check.raises(function() generic_error.EPERM = 1 end)
end)

check.case('asio_error.basic has all its names, with the values of errno', function()
    local names = [[access_denied=EACCES address_family_not_supported=EAFNOSUPPORT
        address_in_use=EADDRINUSE already_connected=EISCONN already_started=EALREADY
        bad_descriptor=EBADF broken_pipe=EPIPE connection_aborted=ECONNABORTED
        connection_refused=ECONNREFUSED connection_reset=ECONNRESET fault=EFAULT
        host_unreachable=EHOSTUNREACH in_progress=EINPROGRESS interrupted=EINTR invalid_argument=EINVAL
        message_size=EMSGSIZE name_too_long=ENAMETOOLONG network_down=ENETDOWN network_reset=ENETRESET
        network_unreachable=ENETUNREACH no_buffer_space=ENOBUFS no_descriptors=EMFILE no_memory=ENOMEM
        no_permission=EPERM no_protocol_option=ENOPROTOOPT no_such_device=ENODEV not_connected=ENOTCONN
        not_socket=ENOTSOCK operation_aborted=ECANCELED operation_not_supported=EOPNOTSUPP
        timed_out=ETIMEDOUT try_again=EAGAIN would_block=EWOULDBLOCK]]
    local n = 0
    for name, errno in names:gmatch('(%S+)=(%S+)') do
        local e = asio_error.basic[name]
        check.equal('system', tostring(e.category))
        check.equal(generic_error[errno].code, e.code)
        n = n + 1
    end
    check.equal(33, n)
    check.equal(108, asio_error.basic.shut_down.code)
end)

check.case('the other groups have theirs', function()
    local expected = {
        netdb = {'asio.netdb', host_not_found = 1, host_not_found_try_again = 2, no_recovery = 3, no_data = 4},
        misc = {'asio.misc', already_open = 1, eof = 2, not_found = 3, fd_set_failure = 4},
        addrinfo = {'asio.addrinfo', service_not_found = -8, socket_type_not_supported = -7},
    }
    for group, names in pairs(expected) do
        for name, code in pairs(names) do
            if name ~= 1 then
                check.equal(code, asio_error[group][name].code)
                check.equal(names[1], tostring(asio_error[group][name].category))
            end
        end
    end
end)

-- 20 §12.17
check.case('an unknown group is nil, an unknown name in a group bad_index', function()
    check.equal('userdata', type(asio_error))
    check.equal(nil, asio_error.nope)
    for _, group in ipairs{'basic', 'netdb', 'addrinfo', 'misc'} do
        bad_index(function() return asio_error[group].nope end)
        bad_index(function() return asio_error[group][1] end)
    end
end)

check.case('the texts of core codes that programs rely on', function()
    check.equal('Module not found', tostring(check.raises(require, './no_such_module')))
    check.equal('Suspension already allowed', tostring(check.raises(this_fiber.allow_suspend)))
    check.equal(true, EPERM ~= EINVAL)
end)

check.done()
