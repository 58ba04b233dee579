setfenv(0, {exported = 'through setfenv'})
