"""When a match, or a draw, is polled again.

What is remembered of a tournament is one value (watch.py); what becomes of it after a poll is
decided purely (cadence.py, draws.py, watch.py), and due.py reads, asks and writes the rows.
"""
