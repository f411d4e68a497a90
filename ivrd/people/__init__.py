"""People: what is known of whoever dials, from one call to the next."""
