name = 'uncle'
