"""Start, stop and wiring: one running ivrd."""
