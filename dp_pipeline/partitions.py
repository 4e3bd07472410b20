"""One partition is one tournament: Dagster's definition of the set of their keys."""

import dagster as dg

TOURNAMENTS = dg.DynamicPartitionsDefinition(name="tournaments")
