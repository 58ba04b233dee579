return function(value)
    return type(value)
end
