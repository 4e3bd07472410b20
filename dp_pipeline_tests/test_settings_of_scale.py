"""The settings that say how much is done at once."""

import dagster as dg
import pytest

from dp_pipeline.definitions import from_settings
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.settings import Settings, SettingsError, partitions_per_run


def test_how_much_is_done_at_once_are_whole_numbers_with_the_defaults_of_one_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    default = Settings.load({})
    assert (default.runs_at_once, default.backfill_runs_at_once) == (None, None)
    assert (default.partitions_per_run, default.connections_per_run) == (100, 4)
    given = Settings.load({"DP_RUNS_AT_ONCE": "16", "DP_CONNECTIONS_PER_RUN": "1000"})
    assert (given.runs_at_once, given.connections_per_run) == (16, 1000)
    for bad in ("0", "-1", "1001", "4.5", "many", "\u0664"):
        with pytest.raises(SettingsError, match="DP_RUNS_AT_ONCE must be a whole number from 1"):
            Settings.load({"DP_RUNS_AT_ONCE": bad})
    for value, partitions in (("7", 7), ("none", 100), ("", 100)):
        monkeypatch.setenv("DP_PARTITIONS_PER_RUN", value)
        assert partitions_per_run() == partitions
        graph = from_settings().resolve_asset_graph()
        for name in NAMES:
            policy = graph.get(dg.AssetKey(name)).backfill_policy
            assert policy is not None
            assert policy.max_partitions_per_run == partitions
