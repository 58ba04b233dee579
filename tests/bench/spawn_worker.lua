local inbox = require 'inbox'
inbox:receive():send(true)
pcall(inbox.receive, inbox)
