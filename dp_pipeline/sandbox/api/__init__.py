"""The simulated world in SofaScore's paths and shapes: pure functions of world, path and moment."""
