"""What is known of trunks: which does not work, why, and how long certificates are valid."""
