"""What leaves for other systems, kept until it is delivered or dropped by an operator."""
