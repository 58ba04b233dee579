error({what = 'raised by the module'})
