_, import_in_fiber = pcall(function()
    return spawn(function() return require '../sibling' end):join()
end)
