-- A directory module with error categories around it.
net = require './net'
leaf = require './leaf'
