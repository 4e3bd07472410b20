"""What people are told, and the memory of it: executions, digests of run groups, incidents."""
