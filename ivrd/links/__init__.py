"""Callers who are sent a link to another channel instead of waiting."""
