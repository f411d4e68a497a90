"""The private Asterisk with simulated callers and agents: for the demo, the tests and bench."""
