-- LuaJIT's FFI where programs have it (20 §3, 00 decision 19).
local early = 1LL -- A literal like this one opens the library before `require` does.

local check = require 'check'
local system = require 'system'

local global_before = rawget(_G, 'ffi')
local ffi = require 'ffi'

ffi.cdef [[
    typedef struct { int x, y; } point;
    int getpid(void);
    void *malloc(size_t);
    void free(void *);
    void *memcpy(void *, const void *, size_t);
    size_t strlen(const char *);
    int snprintf(char *, size_t, const char *, ...);
    int open(const char *, int, ...);
    int close(int);
    char *strerror(int);
    int pipe2(int[2], int);
    ssize_t read(int, void *, size_t);
    ssize_t write(int, const void *, size_t);
    void *mmap(void *, size_t, int, int, int, long);
    int munmap(void *, size_t);
    double pow(double, double);
    long sysconf(int);
    char *getenv(const char *);
    long syscall(long, ...);
    typedef int (*comparison)(const int *, const int *);
    void qsort(void *, size_t, size_t, comparison);
    extern void *stdout;
    int fflush(void *);
    int declared_but_not_there(void);
]]

-- 20 §3
check.case('ffi is reached by require only', function()
    check.equal(nil, global_before)
    check.equal(nil, rawget(_G, 'ffi'))
    check.equal('table', type(ffi))
end)

check.case('every require gives the same library', function()
    check.equal(true, rawequal(ffi, require 'ffi'))
    check.equal('cdata', type(early))
    check.equal(true, ffi.istype('int64_t', early))
    loadstring 'return 2LL' ()
    check.equal(8, ffi.sizeof 'point')
end)

check.case('types are made and converted', function()
    local p = ffi.new('point', {x = 1, y = 2})
    check.equal(3, p.x + p.y)
    check.equal(255, ffi.cast('uint8_t', -1))
    check.equal('text', ffi.string(ffi.new('char[5]', 'text')))
end)

check.case('functions of the C library are called', function()
    check.equal(system.getpid(), ffi.C.getpid())
    check.equal(1024, ffi.C.pow(2, 10))
    check.equal(true, ffi.C.sysconf(30) >= 4096) -- _SC_PAGESIZE
    check.equal(5, tonumber(ffi.C.strlen 'hello'))
    check.equal(ffi.C.getpid(), tonumber(ffi.C.syscall(39))) -- SYS_getpid
    check.equal(0, ffi.C.fflush(ffi.C.stdout))
end)

check.case('memory is allocated, copied and freed', function()
    local block = ffi.gc(ffi.C.malloc(6), ffi.C.free)
    ffi.C.memcpy(block, 'bytes', 6)
    check.equal('bytes', ffi.string(block))
    block = nil
    collectgarbage()
    local page = ffi.C.mmap(nil, 4096, 3, 0x22, -1, 0)
    ffi.cast('int *', page)[1023] = 7
    check.equal(0, ffi.C.munmap(page, 4096))
end)

check.case('functions take variable arguments', function()
    local text = ffi.new 'char[32]'
    check.equal(10, ffi.C.snprintf(text, 32, '%d %s %.1f', ffi.new('int', 42), 'and', 1.5))
    check.equal('42 and 1.5', ffi.string(text))
end)

check.case('errno is that of the call', function()
    check.equal(-1, ffi.C.open('/nonexistent/file', 0))
    check.equal(2, ffi.errno())
    check.equal('No such file or directory', ffi.string(ffi.C.strerror(2)))
end)

check.case('descriptors of the C library are those of the process', function()
    local ends, text = ffi.new 'int[2]', ffi.new 'char[8]'
    check.equal(0, ffi.C.pipe2(ends, 0x80000))
    check.equal(4, tonumber(ffi.C.write(ends[1], 'data', 4)))
    check.equal(4, tonumber(ffi.C.read(ends[0], text, 8)))
    check.equal('data', ffi.string(text))
    check.equal(0, ffi.C.close(ends[0]) + ffi.C.close(ends[1]))
end)

check.case('the environment is that of the process', function()
    local value = ffi.C.getenv 'EMILUA_PATH'
    check.equal(system.environment.EMILUA_PATH, ffi.string(value))
    check.equal(true, ffi.C.getenv 'EMILUA_NOT_SET' == nil)
end)

local function sorted(compare)
    local numbers = ffi.new('int[5]', 5, 3, 1, 4, 2)
    local callback = ffi.cast('comparison', compare)
    local ok, e = pcall(ffi.C.qsort, numbers, 5, 4, callback)
    callback:free()
    if not ok then
        error(e, 0)
    end
    return numbers
end

check.case('C calls back', function()
    local numbers = sorted(function(a, b) return a[0] - b[0] end)
    for i = 0, 4 do
        check.equal(i + 1, numbers[i])
    end
end)

check.case('an error passes through the C function that called back', function()
    check.equal('enough', check.raises(sorted, function() error('enough', 0) end))
    check.equal(1, sorted(function(a, b) return a[0] - b[0] end)[0])
end)

check.case('a function that C calls cannot suspend the fiber', function()
    local e = check.raises(sorted, function() this_fiber.yield() end)
    check.equal(true, tostring(e):find('attempt to suspend inside', 1, true) ~= nil)
    e = check.raises(sorted, function()
        assert(coroutine.resume(coroutine.create(function() this_fiber.yield() end)))
    end)
    check.equal(true, tostring(e):find('attempt to suspend inside', 1, true) ~= nil)
    this_fiber.yield()
end)

check.case('a missing declaration is told', function()
    local e = check.raises(function() return ffi.C.not_declared end)
    check.equal(true, e:find("missing declaration for symbol 'not_declared'", 1, true) ~= nil)
end)

check.case('a symbol that nobody defines is told', function()
    local e = check.raises(function() return ffi.C.declared_but_not_there end)
    check.equal(true, e:find('undefined symbol: declared_but_not_there', 1, true) ~= nil)
end)

check.case('finalizers run', function()
    local finalized = {}
    local point = ffi.metatype('struct { int id; }', {__gc = function(p) finalized[p.id] = true end})
    point(1)
    ffi.gc(ffi.new('point', 2), function(p) finalized[p.x] = true end)
    ffi.gc(ffi.gc(ffi.new('point', 3), function(p) finalized[p.x] = true end), nil)
    collectgarbage()
    collectgarbage()
    check.equal(true, finalized[1])
    check.equal(true, finalized[2])
    check.equal(nil, finalized[3])
end)

check.case('ffi.gc returns its argument and takes what it always took', function()
    local p = ffi.new('point', 4)
    check.equal(true, rawequal(p, ffi.gc(p, function() end)))
    check.equal('string', type(check.raises(ffi.gc, 1, function() end)))
    check.equal('string', type(check.raises(ffi.metatype, 'point', 1)))
end)

check.case('a finalizer that is used often is kept once', function()
    local finalizer, n = nil, 0
    finalizer = function() n = n + 1 end
    for _ = 1, 1000 do
        ffi.gc(ffi.new('point'), finalizer)
    end
    collectgarbage()
    collectgarbage()
    check.equal(1000, n)
end)

check.done()
