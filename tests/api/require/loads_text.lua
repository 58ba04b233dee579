assert(loadstring('made_here = _FILE.filename'))()
