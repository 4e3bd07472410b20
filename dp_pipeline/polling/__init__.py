"""What is played now is looked at again: when (cadence), which matches (watch), and how (poll)."""
