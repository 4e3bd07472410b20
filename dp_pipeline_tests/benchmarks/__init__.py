"""What things cost, measured on the real processes: `make bench`. Plain pytest does not run it."""
