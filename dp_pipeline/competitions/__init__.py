"""Which competitions are followed, how their seasons become tournaments, and what is taken away."""
