"""How ivrd's own cost grows with callers, seats and partners, on a made Asterisk."""
