which = 'both.lua'
