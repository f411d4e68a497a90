"""Callers who register by keys: their tickets, their case codes, and how far they get."""
