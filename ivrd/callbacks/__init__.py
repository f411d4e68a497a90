"""People who are called back: their bookings, and the calls that are made for them."""
