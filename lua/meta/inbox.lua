---@meta
-- require 'inbox': where this VM's messages arrive. It can be sent in messages: its address is.

---@class rx-channel
local inbox = {}

---Waits for a message. Suspends; interruption point. `no_senders` (emilua.core 16) when nobody has
---this inbox's address any more, `channel_closed` (15) after `close`, EBUSY while another fiber waits.
---@return any
function inbox:receive() end

---Closes the inbox for good: waiting receivers raise `channel_closed`, senders see EPIPE.
function inbox:close() end

return inbox
