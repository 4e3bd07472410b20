"""What happens in the simulated world: competitions, seasons, matches, tables. No HTTP, no JSON."""
