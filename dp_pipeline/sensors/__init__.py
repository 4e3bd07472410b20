"""What the daemon does by itself; it reads our tables and Dagster's runs, never a provider."""
