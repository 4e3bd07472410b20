"""One partition is one tournament: the key itself, and Dagster's definition of the set of them."""

import dagster as dg

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.registry import checked_key

__all__ = ["TOURNAMENTS", "TournamentKey", "checked_key"]

TOURNAMENTS = dg.DynamicPartitionsDefinition(name="tournaments")
