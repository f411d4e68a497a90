"""The state of a case, asked of the system that has it."""
