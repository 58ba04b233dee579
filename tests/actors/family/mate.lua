name = 'mate'
