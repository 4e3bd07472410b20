"""What is announced to people, and what is noted of that: executions, digests, incidents."""
