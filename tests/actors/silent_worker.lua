-- An actor that never asks for its inbox.
require('time').sleep(0)
