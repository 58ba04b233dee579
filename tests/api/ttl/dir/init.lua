which = 'dir/init.lua'
