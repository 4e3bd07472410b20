"""What people are announced, and the memory of it: executions, digests of run groups, incidents."""
