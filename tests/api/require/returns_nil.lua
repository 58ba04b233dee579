exported = 'kept'
return nil
