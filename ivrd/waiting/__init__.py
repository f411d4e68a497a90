"""What those who wait are told of it: how long it will take."""
