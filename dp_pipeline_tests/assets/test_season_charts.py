"""Charts of a tournament as an asset: made when its data changed, kept when it did not."""

import base64
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from click.testing import CliRunner

from dp_pipeline.assets.drive import DATA_VERSION_TAG
from dp_pipeline.assets.season_charts import MOST_EMBEDDED_BYTES, publication_metadata
from dp_pipeline.cli.group import main
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import build
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.publish.publishing import publish
from dp_pipeline.publish.reading import read_season, zone_of_kickoffs
from dp_pipeline.publish.shelf import Shelf, folder_of
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline.settings import S3Settings
from dp_pipeline.storage import S3, Folder
from dp_pipeline_tests.database.creating import create_database
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.publish.seasons import with_everything
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

KEY = "openfootball:en.1:2024-25"
FOLDER = "objects/seasons/openfootball/en.1/2024-25"
CLUBS = ("Arsenal", "Brentford", "Chelsea", "Derby", "Everton", "Fulham")


@dataclass
class Place:
    """A database, a provider with one season, and what Dagster knows of them."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    database: Database
    matches: list[dict[str, Any]]
    home: Path
    cursor: Any = None
    materialized: list[dg.AssetMaterialization] = field(default_factory=list)

    def ingest(self) -> None:
        job = self.definitions.resolve_job_def("ingest_tournaments")
        assert job.execute_in_process(instance=self.instance, partition_key=KEY).success

    def requested(self) -> int:
        """How many partitions the automation wants made, since it was asked last."""
        wanted = dg.AssetSelection.assets("season_charts")
        result = dg.evaluate_automation_conditions(
            self.definitions, self.instance, wanted, cursor=self.cursor
        )
        self.cursor = result.cursor
        return result.total_requested

    def make(self, key: str = KEY) -> dg.ExecuteInProcessResult:
        job = self.definitions.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection={dg.AssetKey("season_charts")}
        )
        return job.execute_in_process(
            instance=self.instance, partition_key=key, raise_on_error=False
        )

    def made(self) -> dg.AssetMaterialization:
        result = self.make()
        assert result.success
        (event,) = result.get_asset_materialization_events()
        return event.step_materialization_data.materialization


@pytest.fixture
def place(
    admin_url: str, migrated_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    url = create_database(admin_url, f"test_{uuid4().hex[:12]}", migrated_template)
    matches = league(*CLUBS)
    for match in matches[-3:]:
        match["score"] = {}
    replay = Replay(payloads={"/2024-25/en.1.json": season(matches)})
    with serve(replay.app()) as base_url, dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(TOURNAMENTS.name), [KEY])
        definitions = build(
            {
                "database": DatabaseResource(url=url),
                "providers": ProvidersResource(base_urls={"openfootball": base_url}),
            }
        )
        database = Database(url)
        yield Place(definitions, instance, database, matches, tmp_path)
        database.close()


@pytest.mark.slow
def test_charts_are_made_when_data_came_and_again_only_when_it_changed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.requested() == 0
    place.ingest()
    assert place.requested() == 1
    first = place.made()
    folder = place.home / FOLDER
    names = {path.name for path in folder.iterdir()}
    assert {"places.svg", "places.png", "points.svg", "goals.svg", "results.svg"} < names
    metadata = {name: value.value for name, value in first.metadata.items()}
    assert metadata["tournament"] == "English Premier League 2024/25"
    assert metadata["page"] == str(folder / "season.html")
    assert "<h1>English Premier League 2024/25</h1>" in (folder / "season.html").read_text()
    assert metadata["Places by matchday"] == str(folder / "places.svg")
    assert metadata["attribution"] == BY_NAME["openfootball"].licence.attribution
    pictures = re.findall(r"data:image/png;base64,([^)]*)", str(metadata["charts"]))
    assert base64.b64decode(pictures[0]) == (folder / "places.png").read_bytes()
    assert sum(len(base64.b64decode(each)) for each in pictures) <= MOST_EMBEDDED_BYTES

    # read again without news: nothing is asked for, and asked for by hand nothing is drawn
    written = (folder / "places.svg").stat().st_mtime_ns
    place.ingest()
    assert place.requested() == 0
    again = place.made()
    assert again.tags == first.tags
    assert again.metadata["charts"] == first.metadata["charts"]
    assert (folder / "places.svg").stat().st_mtime_ns == written

    place.matches[-1]["score"] = {"ht": [0, 0], "ft": [3, 0]}
    place.ingest()
    assert place.requested() == 1
    changed = place.made()
    assert (changed.tags or {})[DATA_VERSION_TAG] != (first.tags or {})[DATA_VERSION_TAG]
    assert "3–0" in (folder / "results.svg").read_text()  # noqa: RUF001 - a score

    # removed, and read again as it was
    url = place.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DP_DATABASE_URL", url)
    monkeypatch.setattr(
        "dp_pipeline.cli.remove.instance_in_use", lambda: nullcontext(place.instance)
    )
    removed = CliRunner().invoke(main, ["remove", KEY, "--yes"])
    assert removed.exit_code == 0, removed.output
    assert (list(folder.iterdir()), place.requested()) == ([], 0)
    place.instance.add_dynamic_partitions(str(TOURNAMENTS.name), [KEY])
    place.ingest()
    assert place.requested() == 1


def test_what_is_read_is_what_is_stored_and_what_is_not_stored_is_a_sentence(place: Place) -> None:
    place.ingest()
    with place.database.transaction() as connection:
        read = read_season(connection, KEY)
    assert {read.name(team) for team in read.names} == {f"{club}" for club in CLUBS}
    assert [len(race.matchdays) for race in read.races] == [9]
    assert read.provenance.read_at is not None
    assert any(check.detail for check in read.checks)
    assert len(read.played) == 27
    page, command = place.home / "page.html", CliRunner()
    url = place.database.url.render_as_string(hide_password=False)
    env = {"DP_DATABASE_URL": url, "DP_TIMEZONE": "asia/tokyo"}
    made = command.invoke(main, ["page", KEY.upper(), "--to", str(page)], env=env)
    assert made.output.strip() == f"English Premier League 2024/25: {page}"
    assert "Times are in Asia/Tokyo; local ones" in page.read_text()
    unknown = command.invoke(main, ["page", "openfootball:en.1:2042"], env=env)
    assert unknown.exit_code == 1
    assert f"did you mean {KEY}?" in unknown.output
    place.instance.add_dynamic_partitions(str(TOURNAMENTS.name), ["openfootball:de.1:2024-25"])
    failed = place.make("openfootball:de.1:2024-25")
    assert not failed.success
    (failure,) = [e for e in failed.all_events if e.is_step_failure]
    assert "openfootball:de.1:2024-25 is not stored" in str(failure.step_failure_data)


def test_what_may_not_be_passed_on_has_no_public_address(tmp_path: Path) -> None:
    key = TournamentKey.parse("sofascore:17:61627")
    licence = BY_NAME["sofascore"].licence
    bucket = S3(S3Settings(bucket="bucket"), "https://cdn.example")
    private = f"{folder_of(key, licence)}/places.svg"
    assert bucket.url(private) == f"s3://bucket/{private}"
    assert Shelf(bucket, key, licence).link("season.html").startswith("s3://bucket/private/")
    shared = BY_NAME["openligadb"].licence
    assert Shelf(bucket, key, shared).link("season.html").startswith("https://cdn.example/seasons/")
    public = f"{folder_of(key, shared)}/places.svg"
    assert bucket.url(public) == f"https://cdn.example/{public}"
    clubs = ["`code`", "[link](https://evil.example)", "<img src=x>", "D", "E", "F"]
    told = with_everything(clubs)
    metadata = publication_metadata(told, publish(told, Folder(tmp_path), ZoneInfo("UTC")))
    markdown = str(metadata["charts"].value)
    assert "](https://evil.example)" not in markdown
    assert "<img" not in markdown.replace("\\<img", "")


def test_the_zone_of_kickoffs_is_that_of_the_competition_at_every_provider() -> None:
    zones = {
        text: zone_of_kickoffs(TournamentKey.parse(text), season)
        for text, season in (
            ("openligadb:bl1:2024", "2024/25"),
            ("openfootball:en.1:2024-25", "2024/25"),
            ("openfootball:worldcup:2022", "2022"),
            ("sandbox:900001:9000014", "26/27"),
        )
    }
    assert [zone and zone.key for zone in zones.values()] == [
        *("Europe/Berlin", "Europe/London", None, None)
    ]
