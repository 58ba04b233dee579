not_exported = true
return {value = 'returned'}
