return 'a string'
