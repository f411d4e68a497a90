"""The only room that knows Asterisk: its management link, its commands, its files."""
