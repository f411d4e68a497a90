"""The people at the seats."""
