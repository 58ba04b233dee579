-- A directory module: its first ../ is the directory above its own.
up_one = require '../beside'
up_two = require '../../sibling'
tolerated = require './../beside'
