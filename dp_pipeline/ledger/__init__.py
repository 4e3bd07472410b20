"""The ledger: one row, one report and one line of a message for every attempt, however it ends."""
