"""The same assets in Dagster as it comes, without any work: what ours is compared with."""

import os

import dagster as dg

PARTITIONS = dg.DynamicPartitionsDefinition(name="tournaments")


@dg.asset(partitions_def=PARTITIONS)
def tournaments() -> None: ...


@dg.asset(partitions_def=PARTITIONS, deps=[tournaments])
def teams() -> None: ...


@dg.asset(partitions_def=PARTITIONS, deps=[tournaments])
def rounds() -> None: ...


@dg.asset(partitions_def=PARTITIONS, deps=[teams, rounds])
def matches() -> None: ...


@dg.asset(partitions_def=PARTITIONS, deps=[matches])
def goals() -> None: ...


@dg.asset(partitions_def=PARTITIONS, deps=[teams, matches])
def standings() -> None: ...


defs = dg.Definitions(
    assets=[tournaments, teams, rounds, matches, goals, standings],
    executor=(
        dg.in_process_executor
        if os.environ.get("STOCK_EXECUTOR") == "in_process"
        else dg.multiprocess_executor
    ),
)
