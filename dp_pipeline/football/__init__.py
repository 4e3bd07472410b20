"""Knowledge of the game, pure: models, keys, bounds, tables. Imports nothing of ours."""
