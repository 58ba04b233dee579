return 'helped'
