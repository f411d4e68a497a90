"""Overflow at work: which partner seats are open, and what happens there."""
