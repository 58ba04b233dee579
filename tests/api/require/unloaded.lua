state = 'loaded at last'
