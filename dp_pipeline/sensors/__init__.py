"""What the daemon does by itself; it asks our tables and Dagster's runs, never a provider."""
