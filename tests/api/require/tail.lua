return require '../sibling'
