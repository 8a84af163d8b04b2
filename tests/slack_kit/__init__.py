"""A Slack of one's own, for testing bots: the Web API, signed event delivery, Socket Mode, and what to expect."""
