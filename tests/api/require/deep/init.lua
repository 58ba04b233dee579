deeper = require './deeper'
