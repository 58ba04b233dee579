-- A worker that is a directory: its modules and those above it, each by its own kind of name.
local inbox = require 'inbox'
local child = require './child'
local helper = require '../helper'
local cousin = require '/family/nursery/cousin'

inbox:receive().reply_to:send{child = child.name, helper = helper.context, cousin = cousin.name}
