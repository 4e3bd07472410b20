"""The surface Dagster sees, spelled out by hand: a change of it is a change for people."""

import re
from pathlib import Path

import dagster as dg

from dp_pipeline import definitions
from dp_pipeline.assets.views import LIVE
from dp_pipeline.database.tables.views import VIEWS
from dp_pipeline.definitions import build, defs
from dp_pipeline.domains.registry import NAMES

DOMAINS = {
    "tournaments": set(),
    "teams": {"tournaments"},
    "rounds": {"tournaments"},
    "matches": {"teams", "rounds"},
    "goals": {"matches"},
    "standings": {"teams", "matches"},
}


def specs() -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_the_domains_are_assets_that_depend_on_each_other() -> None:
    found = specs()
    assert tuple(DOMAINS) == NAMES
    for name, dependencies in DOMAINS.items():
        deps = {dep.asset_key.to_user_string() for dep in found[name].deps}
        assert deps == dependencies, name


GROUPS = {
    "football": {*DOMAINS, "logos"},
    "exports": {"exports", "season_charts"},
    "operations": {"executions", "health", "seasons", "comparison"},
    "views": {view.name for view in VIEWS},
}


def test_every_asset_has_a_group_an_owner_and_kinds() -> None:
    found = specs()
    for group, names in GROUPS.items():
        assert {name for name, spec in found.items() if spec.group_name == group} == names
    for name, spec in found.items():
        assert spec.owners, name
        kinds = {"postgres", "view" if name in GROUPS["views"] else "python"}
        assert kinds <= set(spec.kinds), name


def test_every_asset_names_a_file_of_this_checkout_in_which_it_is_made() -> None:
    for name, spec in specs().items():
        sources = spec.metadata["dagster/code_references"].code_references
        assert sources, name
        assert all(Path(source.file_path).is_file() for source in sources), name
    domain, *_ = specs()["matches"].metadata["dagster/code_references"].code_references
    assert domain.label == "matches.py"


def test_the_lineage_of_a_view_names_columns_of_the_assets_it_depends_on() -> None:
    # Lineage of columns is a preview feature: its page relies on this key and on equal names.
    found = specs()
    for view in VIEWS:
        spec = found[view.name]
        shown = {column.name for column in spec.metadata["dagster/column_schema"].columns}
        lineage = spec.metadata["dagster/column_lineage"].deps_by_column
        assert lineage.keys() <= shown, view.name
        for dep in (dep for deps in lineage.values() for dep in deps):
            asset = found[dep.asset_key.to_user_string()]
            columns = asset.metadata["dagster/column_schema"].columns
            assert dep.column_name in {column.name for column in columns}, (view.name, dep)
            assert dep.asset_key in {each.asset_key for each in spec.deps}
    read = {dep.asset_key.to_user_string() for dep in found["fixtures"].deps}
    assert read == {"tournaments", "teams", "rounds", "matches"}


def test_every_domain_names_its_table_and_describes_its_columns() -> None:
    found = specs()
    tables = {name: found[name].metadata["dagster/table_name"] for name in DOMAINS}
    assert tables == {
        "tournaments": "tournament",
        "teams": "team",
        "rounds": "tournament_round",
        "matches": "match",
        "goals": "goal",
        "standings": "tournament_standing",
    }
    columns = {
        column.name: column.type
        for column in found["matches"].metadata["dagster/column_schema"].columns
    }
    assert columns["kickoff_at"] == "timestamp with time zone"
    assert columns["home_score"] == "integer"


def test_every_asset_of_a_tournament_is_partitioned_by_tournament() -> None:
    found = specs()
    for name in GROUPS["operations"] | GROUPS["views"]:
        assert found.pop(name).partitions_def is None
    for name, spec in found.items():
        assert isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition), name
        assert spec.partitions_def.name == "tournaments", name


def test_sensors_run_by_themselves() -> None:
    repository = defs.get_repository_def()
    sensors = {sensor.name: sensor for sensor in repository.sensor_defs}
    assert {"announce_executions", "watch_automation"} <= set(sensors)
    for name, sensor in sensors.items():
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING, name


def test_schedules_run_by_themselves() -> None:
    schedules = {schedule.name: schedule for schedule in defs.get_repository_def().schedule_defs}
    removing = schedules.pop("apply_retention_weekly")
    assert removing.default_status is dg.DefaultScheduleStatus.STOPPED, "a person decides on that"
    expected = {"discover_seasons_daily", "compare_providers_daily", "check_data_daily"} | {
        f"refresh_{provider}_{kind}"
        for provider in ("openligadb", "openfootball", "sofascore", "sandbox")
        for kind in ("nightly", "weekly")
    }
    assert set(schedules) == expected
    for name, schedule in schedules.items():
        off = "_sandbox_" in name  # its matches are polled
        expected_status = "STOPPED" if off else "RUNNING"
        assert schedule.default_status.value == expected_status, name


def test_what_keeps_an_asset_current_is_named_on_its_page() -> None:
    repository = defs.get_repository_def()
    graph = repository.asset_graph
    watched = {
        sensor.name: {key.to_user_string() for key in sensor.asset_selection.resolve(graph)}
        for sensor in repository.sensor_defs
        if sensor.asset_selection is not None
    }
    assert watched["watch_automation"] == {"executions", "health"}
    assert watched["announce_executions"] == {"executions"}
    names = {each.name for each in (*repository.sensor_defs, *repository.schedule_defs)}
    shown = watched["watch_automation"] | GROUPS["exports"]  # Dagster finds theirs by itself
    for name, spec in specs().items():
        if name in shown:
            continue
        text = str(spec.metadata["kept current by"]).replace("{provider}", "openligadb")
        named = {word for word in text.replace(",", "").split() if "_" in word}
        assert named <= names, name
        assert bool(named) != (name in GROUPS["views"]), name


def test_no_page_says_no_automation_of_what_is_kept_current_by_itself() -> None:
    targeted: dict[str, set[str]] = {name: set() for name in specs()}
    for sensor in defs.get_repository_def().sensor_defs:
        for job in sensor.jobs if sensor.has_jobs else ():
            for key in defs.resolve_job_def(job.name).asset_layer.selected_asset_keys:
                targeted[key.to_user_string()].add(sensor.name)
    for name in DOMAINS:
        assert targeted[name] == {"discover_tournaments", "poll_matches"}, name
    assert targeted["logos"] == {"discover_tournaments"}
    for name in GROUPS["views"]:
        assert str(specs()[name].description).endswith(LIVE), name


def test_every_asset_job_schedule_and_sensor_is_described_in_two_sentences() -> None:
    repository = defs.get_repository_def()
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    described = {
        **{each.name: each.description for each in (*jobs, *repository.schedule_defs)},
        **{sensor.name: sensor.description for sensor in repository.sensor_defs},
        **{
            f"asset {name}": str(spec.description).removesuffix(
                f" {LIVE}" if name in GROUPS["views"] else ""
            )
            for name, spec in specs().items()
        },
    }
    assert {"ingest_tournaments", "poll_matches", "check_data_daily", "asset logos"} <= set(
        described
    )
    for name, text in described.items():
        assert text, name
        assert len(re.findall(r"\.(?= [A-Z`]|$)", text)) == 2, (name, text)


def test_the_module_has_one_value_that_dagster_loads() -> None:
    # `dagster -m dp_pipeline.definitions` refuses a module with two.
    found = [name for name, each in vars(definitions).items() if isinstance(each, dg.Definitions)]
    assert found == ["defs"]


def test_resources_can_be_replaced_by_key() -> None:
    replaced = build({"slack": dg.ResourceDefinition.hardcoded_resource("x")})
    assert set(replaced.resources or {}) == set(defs.resources or {})
    assert {"database", "providers", "ledger", "slack"} <= set(defs.resources or {})


def test_ledger_and_health_have_checks_that_no_run_of_the_domains_evaluates() -> None:
    keys = {dg.AssetCheckKey(dg.AssetKey("executions"), "messages_delivered")} | {
        dg.AssetCheckKey(dg.AssetKey("health"), f"{provider}_{what}")
        for provider in ("openligadb", "openfootball", "sofascore", "sandbox")
        for what in ("answers", "is_refreshed")
    }
    assert keys <= set(defs.get_repository_def().asset_graph.asset_check_keys)
    for job in ("ingest_tournaments", "refresh_tournaments"):
        found = defs.resolve_job_def(job).asset_layer.asset_graph.asset_check_keys
        assert keys & set(found) == set()


def test_what_is_made_of_stored_data_is_made_again_by_itself() -> None:
    made = [spec for spec in specs().values() if spec.group_name == "exports"]
    assert [spec.key.to_user_string() for spec in made if spec.automation_condition is None] == []
    (sensor,) = [
        sensor
        for sensor in defs.get_repository_def().sensor_defs
        if isinstance(sensor, dg.AutomationConditionSensorDefinition)
    ]
    assert sensor.name == "publish_changes"
