"""A simulated football world, served over HTTP as SofaScore's API serves the real one.

`world` is the truth: every match and table as a pure function of a seed and a moment. `api` renders
it in the provider's shapes. `server`, `clock` and `faults` put it on a port. Nothing in
here describes a real club, player or competition; every name says that it is simulated.
"""
