"""The benchmarks still run, and their page says what was measured."""

import json

import pytest

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.benchmarks import (
    bench_backfill,
    bench_nightly,
    bench_peers,
    bench_played,
    bench_scale,
    bench_season,
)
from dp_pipeline_tests.benchmarks.page import KEPT, PAGE, page


def test_a_season_is_read_against_its_floor_and_without_what_is_kept() -> None:
    read, kept, memory = bench_season.measure(pairs=1, clubs=4)
    assert read["n"] == kept["n"] == 1
    assert read["median of ratios"] > 0
    assert memory["median"] > 0


@pytest.mark.slow
def test_a_season_is_read_as_a_whole_process() -> None:
    ours, *theirs = bench_peers.measure(pairs=1)
    assert ours["n"] == 1
    assert ours["wall"] > bench_peers.LATENCY_SECONDS
    # A browser of ScraperFC's does not come up now and then.
    assert all(row["wall"] > 0 for row in theirs if "ScraperFC" not in row["what"])


@pytest.mark.slow
def test_what_much_data_costs_is_a_ratio() -> None:
    *rows, memory = bench_scale.measure(2)
    assert all(row["ratio"] > 0 for row in rows)
    assert memory["empty"] > 0
    assert {"a first read of one tournament", "a tick of poll_matches"} <= {r["what"] for r in rows}


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_night_is_measured_until_all_of_it_is_told_in_one_message() -> None:
    nothing_new, corrected = bench_nightly.measure(tournaments=4)
    for night in (nothing_new, corrected):
        assert (night["ledger rows"], night["requests"]) == (4 * len(NAMES), 4)
        assert (night["runs"], night["messages"]) == (1, 1)
        assert night["cpu"] > night["cpu above idle per tournament"] > 0


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_backfill_is_measured_beside_dagster_as_it_comes() -> None:
    *done, in_process, multiprocess = bench_backfill.measure(3, in_process=1, multiprocess=1)
    assert [row["partitions"] for row in done] == [3, 3, 3, 1, 1]
    assert all(row["cpu"] > row["cpu above idle per partition"] > 0 for row in done)
    assert in_process["cpu above idle per partition"] > 0
    assert multiprocess["cpu above idle per partition"] > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_weeks_that_are_played_give_delays_memory_and_growth() -> None:
    start, *_, last, row, message = bench_played.measure(days=8, quarter_seconds=10)
    assert start["matches ended"] == 0 < last["matches ended"]
    assert min(last["daemon, MiB"], last["code server, MiB"], last["database, MiB"]) > 0
    assert 0 < row["median"] <= row["p95"] <= message["longest"]


def test_the_page_is_that_of_the_numbers() -> None:
    assert PAGE.read_text() == page(json.loads(KEPT.read_text()))
