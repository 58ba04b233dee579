which = 'both/init.lua'
