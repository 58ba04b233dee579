late = true; seen = set_by_loadstring
