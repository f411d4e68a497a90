"""Crisis plans: which one is on, and what follows from it."""
