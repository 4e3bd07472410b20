"""When a match, or a draw, is to be looked at again: decided (cadence, draws) and kept (watch)."""
