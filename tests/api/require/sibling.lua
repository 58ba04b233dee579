name = 'sibling'
