"""Logo and badges of a tournament against a real Postgres and a real server of images."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import anyio
import boto3
import dagster as dg
import pytest
import sqlalchemy as sa
from moto.server import ThreadedMotoServer
from starlette.requests import Request
from starlette.responses import Response

from dp_pipeline.assets.runner import RunContext, collect_logos, ingest_tournaments
from dp_pipeline.database import rows, tables
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import store
from dp_pipeline.definitions import build
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Team, Tournament
from dp_pipeline.images.client import LIMITS, Images, Root
from dp_pipeline.images.gallery import Gallery
from dp_pipeline.jobs import planned_work
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.providers.registry import Providers
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline.storage import Folder, ObjectStore, ObjectStoreError, Storing
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.images.gallery_server import SVG, ImageServer, png
from dp_pipeline_tests.sandbox.worlds import SMALL, key_of, percent, served, standing_still
from dp_pipeline_tests.servers import serve
from dp_pipeline_tests.storage.endpoints import ANSWERS, Endpoint

KEY = TournamentKey("openligadb", "bl1", "2024")
OTHER = TournamentKey("openligadb", "bl1", "2023")
TOURNAMENT = Tournament(
    KEY, "bl1", "Bundesliga", "2024/25", "bl1", "regular-season-only", "unique-group", "active"
)
IMPATIENT = replace(LIMITS, read_seconds=0.5, deadline_seconds=2, backoff=Backoff(0.01, 10))


class Shelf(Folder):
    """A folder that counts what is put into it, and can be taken away."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.puts: list[str] = []
        self.down = False

    def put(
        self, key: str, body: bytes, *, content_type: str, cache_control: str | None = None
    ) -> None:
        if self.down:
            message = "The bucket is away."
            raise ObjectStoreError(message)
        self.puts.append(key)
        super().put(key, body, content_type=content_type, cache_control=cache_control)


@dataclass
class Club:
    """A tournament of three teams whose images one server has."""

    database: Database
    home: Path
    base: str
    server: ImageServer
    shelf: Shelf

    def stored(self, sources: Mapping[str, str | None], key: TournamentKey = KEY) -> None:
        """Store tournament and teams as their domains do; `sources` are paths by name."""
        urls = {n: None if path is None else f"{self.base}{path}" for n, path in sources.items()}
        tournament = replace(TOURNAMENT, key=key, logo_url=urls.pop("logo", None))
        names = ("one", "two", "three")
        teams = [Team(name, name.capitalize(), badge_url=urls.get(name)) for name in names]
        keep = frozenset({"badge_source", "logo_source"})
        with self.database.transaction() as connection:
            store(connection, tables.tournament, [rows.tournament_row(tournament)], keep=keep)
            store(connection, tables.team, [rows.team_row(key, team) for team in teams], keep=keep)
            members = [rows.membership_row(key, team) for team in teams]
            store(connection, tables.tournament_team, members)

    def collect(
        self,
        *keys: TournamentKey,
        objects: ObjectStore | None = None,
        scope: Literal["whole", "dry_run"] = "whole",
    ) -> list[Execution]:
        """Collect the images of tournaments in one run."""
        ended: list[Execution] = []
        with Ledger(self.database, Folder(self.home / "reports")).working() as ledger:
            providers = Providers({}, NoRateLimit())
            run = Run(uuid4(), scope=scope)
            context = RunContext(providers, self.database, ledger, run, ended.append)
            images = Images({"openligadb": Root(self.base, 0)}, NoRateLimit(), IMPATIENT)
            gallery = Gallery(images, Storing(objects or self.shelf), stores=not context.run.is_dry)
            anyio.run(collect_logos, [str(key) for key in keys or (KEY,)], gallery, context)
        return ended

    def once(self, **more: Any) -> Execution:
        """Collect those of the one tournament."""
        (execution,) = self.collect(**more)
        return execution

    def shown(self) -> dict[str, str | None]:
        """Name to address shown."""
        with self.database.transaction() as connection:
            found = {
                row.external_id: row.badge for row in connection.execute(sa.select(tables.team))
            }
            logo = connection.scalar(
                sa.select(tables.tournament.c.logo).where(tables.tournament.c.key == str(KEY))
            )
            return {"logo": logo, **found}

    def versions(self) -> list[tuple[Any, ...]]:
        """Every row of what is written here, with the version Postgres gives it."""
        with self.database.transaction() as connection:
            return [
                tuple(row)
                for table in ("tournament", "team", "tournament_team", "image")
                for row in connection.execute(
                    sa.text(f"SELECT ctid::text, xmin::text FROM {table} ORDER BY 1")  # noqa: S608 - our own names
                )
            ]

    def address(self, body: bytes, extension: str = "png") -> str:
        """Where a content is shown."""
        return self.shelf.url(f"images/{hashlib.sha256(body).hexdigest()}.{extension}")


@pytest.fixture
def club(database: Database, tmp_path: Path) -> Iterator[Club]:
    server = ImageServer()
    with serve(server.app()) as base:
        yield Club(database, tmp_path, base, server, Shelf(tmp_path / "objects"))


ALL: dict[str, str | None] = {"logo": "/l", "one": "/1", "two": "/2", "three": "/3"}
IMAGES = {"/l": SVG, "/1": png(shade=1), "/2": png(shade=2), "/3": png(shade=3)}


def test_images_are_stored_by_content_and_shown(club: Club) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    execution = club.once()
    assert (execution.status, execution.outcome) == ("completed", "written")
    assert execution.operation_type == "logos_create"
    assert (execution.created, execution.updated, execution.unchanged) == (4, 0, 0)
    assert execution.label == "Bundesliga"
    assert len(execution.requests) == 4
    shown = club.shown()
    assert shown == {
        "logo": club.address(SVG, "svg"),
        "one": club.address(png(shade=1)),
        "two": club.address(png(shade=2)),
        "three": club.address(png(shade=3)),
    }
    assert Path(str(shown["two"]).removeprefix("file://")).read_bytes() == png(shade=2)
    with club.database.transaction() as connection:
        row = connection.execute(
            sa.select(tables.image).where(tables.image.c.source_url == f"{club.base}/l")
        ).one()
    assert (row.content_type, row.bytes, row.error) == ("image/svg+xml", len(SVG), None)
    assert row.etag


def test_the_second_time_nothing_is_downloaded_put_or_written(club: Club) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    club.once()
    sent, puts, versions = dict(club.server.sent), list(club.shelf.puts), club.versions()
    execution = club.once()
    assert (execution.status, execution.outcome) == ("completed", "unchanged")
    assert execution.operation_type == "logos_update"
    assert (execution.created, execution.updated, execution.unchanged) == (0, 0, 4)
    assert club.server.not_modified == 4
    assert dict(club.server.sent) == sent
    assert club.shelf.puts == puts
    assert club.versions() == versions


def test_a_dry_run_says_what_would_be_shown_and_writes_nothing(club: Club) -> None:
    assert club.once(scope="dry_run").refused == (
        "The tournament openligadb:bl1:2024 is not stored yet. Materialize `tournaments` for it "
        "first, or all domains together."
    )
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    versions = club.versions()
    first = club.once(scope="dry_run")
    assert (first.status, first.outcome, first.created) == ("completed", "planned", 4)
    assert first.planned[0] == {
        "table": "tournament",
        "row": "Bundesliga",
        "field": "logo",
        "from": None,
        "to": club.address(SVG, "svg"),
    }
    assert (club.shelf.puts, club.versions()) == ([], versions)
    assert club.once().created == first.created
    club.server.images["/2"] = png(shade=77)
    (change,) = club.once(scope="dry_run").planned
    assert (change["row"], change["field"]) == ("Two", "badge")
    assert change["to"] == club.address(png(shade=77))
    assert club.shown()["two"] == change["from"]


def test_only_what_changed_is_downloaded_and_put(club: Club) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    club.once()
    club.server.images["/2"] = png(shade=77)
    club.server.sent.clear()
    club.shelf.puts.clear()
    execution = club.once()
    assert (execution.created, execution.updated, execution.unchanged) == (0, 1, 3)
    assert set(club.server.sent) == {"/2"}
    assert len(club.shelf.puts) == 1
    assert club.shown()["two"] == club.address(png(shade=77))
    (change,) = execution.stored[1].updated
    assert change.fields == {"badge": (club.address(png(shade=2)), club.address(png(shade=77)))}


def test_a_server_without_validators_is_asked_anew_and_nothing_is_written(club: Club) -> None:
    club.server.answers = {"/1": lambda _: Response(png(), media_type="image/png")}
    club.stored({"one": "/1"})
    club.once()
    versions = club.versions()
    assert club.once().outcome == "unchanged"
    assert (club.server.seen["/1"], len(club.shelf.puts)) == (2, 1)
    assert club.versions() == versions


def test_the_same_content_at_several_addresses_is_one_object(club: Club) -> None:
    club.server.images = dict.fromkeys(("/1", "/2", "/3"), png())
    club.stored({"one": "/1", "two": "/2", "three": "/3"})
    club.once()
    assert set(club.shelf.puts) == {"images/" + hashlib.sha256(png()).hexdigest() + ".png"}
    assert set(club.shown().values()) == {None, club.address(png())}


def test_teams_of_two_tournaments_of_one_run_are_asked_for_once(club: Club) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL, OTHER)
    club.stored(ALL)
    first, second = club.collect(KEY, OTHER)
    assert {first.status, second.status} == {"completed"}
    assert set(club.server.seen.values()) == {1}
    assert sum(request.reused for e in (first, second) for request in e.requests) == 4
    assert len(club.shelf.puts) == 4


def test_an_image_the_provider_does_not_have_is_a_remark(club: Club) -> None:
    club.server.images = dict(IMAGES)
    del club.server.images["/2"]
    club.stored(ALL)
    execution = club.once()
    assert (execution.status, execution.outcome) == ("completed", "written")
    (finding,) = execution.findings
    assert (finding.kind, finding.subject, finding.left_out) == ("image_not_found", "Two", False)
    assert club.shown()["two"] is None
    assert None not in {club.shown()[name] for name in ("logo", "one", "three")}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: Response(status_code=404), "image_not_found"),
        (lambda _: Response(status_code=403), "image_not_downloaded"),
        (lambda _: Response(status_code=500), "image_not_downloaded"),
        (lambda _: Response(b"", media_type="image/png"), "image_unusable"),
        (lambda _: Response("<html>sorry</html>", media_type="image/png"), "image_unusable"),
        (lambda _: Response(png()[:-9], media_type="image/png"), "image_unusable"),
        (lambda _: Response(b"x" * (LIMITS.max_bytes + 1)), "image_unusable"),
        (
            lambda _: Response('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
            "image_unusable",
        ),
    ],
)
def test_a_bad_day_of_the_provider_takes_no_picture_away(
    club: Club, answer: Callable[[Request], Response], reason: str
) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    club.once()
    before = club.shown()
    club.server.answers["/2"] = answer
    execution = club.once()
    assert execution.status == ("completed" if reason == "image_not_found" else "partial_failure")
    (finding,) = execution.findings
    assert (finding.kind, finding.subject) == (reason, "Two")
    assert "kept" in finding.detail
    assert club.shown() == before
    # and on a good one it is still known
    club.server.answers.clear()
    club.server.sent.clear()
    assert club.once().status == "completed"
    assert not club.server.sent
    with club.database.transaction() as connection:
        assert set(connection.scalars(sa.select(tables.image.c.error))) == {None}


def test_a_source_the_provider_no_longer_names_keeps_its_picture(club: Club) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    club.once()
    before = club.shown()
    club.stored({"logo": None, "one": None})
    assert club.once().outcome == "unchanged"
    assert club.shown() == before


def test_a_new_source_is_shown_once_it_is_stored_and_the_old_one_until_then(club: Club) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    club.once()
    club.stored({"one": "/moved"})
    assert club.once().status == "completed"
    assert club.shown()["one"] == club.address(png(shade=1))
    club.server.images["/moved"] = png(shade=55)
    assert club.once().updated == 1
    assert club.shown()["one"] == club.address(png(shade=55))


def test_a_provider_without_images_is_no_failure(club: Club) -> None:
    club.stored({})
    execution = club.once()
    assert (execution.status, execution.outcome) == ("completed", "not_applicable")


def test_a_tournament_that_is_not_stored_says_what_to_do_first(club: Club) -> None:
    execution = club.once()
    assert (execution.status, execution.outcome) == ("failed", "blocked_dependency")
    assert execution.failure is not None
    assert "Materialize `tournaments`" in execution.failure.message


def test_addresses_into_our_own_network_are_left_out_and_named(club: Club) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    with club.database.transaction() as connection:
        table = tables.tournament_team
        for name, url in {
            "one": "http://169.254.169.254/latest/meta-data",
            "two": "file:///etc/passwd",
            "three": "http://localhost/" + "a" * 5_000,
        }.items():
            team = rows.team_id("openligadb", name)
            connection.execute(
                sa.update(table).where(table.c.team_id == team).values(badge_source=url)
            )
    execution = club.once()
    assert execution.status == "partial_failure"
    assert [(i.kind, i.subject) for i in execution.findings] == [
        ("image_unusable", "One"),
        ("image_unusable", "Three"),
        ("image_unusable", "Two"),
    ]
    assert club.shown()["logo"] is not None


def test_a_store_that_is_away_fails_the_execution_and_nothing_is_shown_that_is_not_there(
    club: Club,
) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    club.shelf.down = True
    execution = club.once()
    assert (execution.status, execution.outcome) == ("failed", "failed")
    assert execution.failure is not None
    assert execution.failure.message == "The bucket is away."
    assert execution.failure.retryable
    assert set(club.shown().values()) == {None}
    club.shelf.down = False
    assert club.once().created == 4


def test_what_was_lost_from_the_store_is_stored_again(club: Club) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    club.once()
    elsewhere = Shelf(club.home / "another bucket")
    execution = club.once(objects=elsewhere)
    assert (execution.updated, len(elsewhere.puts)) == (4, 4)
    shown = club.shown()
    for address in shown.values():
        assert "another%20bucket" in str(address)
    assert Path(str(shown["one"]).removeprefix("file://").replace("%20", " ")).is_file()


def test_images_reach_a_bucket_with_their_type_and_may_be_cached_for_good(
    club: Club, monkeypatch: pytest.MonkeyPatch, migrated_url: str
) -> None:
    club.server.images = dict(IMAGES)
    club.server.content_type = "text/html"
    club.stored(ALL)
    bucket = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    bucket.start()
    try:
        host, port = bucket.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="anybody",
            aws_secret_access_key="anything",
        )
        client.create_bucket(Bucket="football")
        for name, value in {
            "DP_HOME": str(club.home),
            "AWS_S3_BUCKET": "football",
            "AWS_ACCESS_KEY_ID": "anybody",
            "AWS_SECRET_ACCESS_KEY": "anything",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_CLOUDFRONT_URL": "cdn.example.org",
        }.items():
            monkeypatch.setenv(name, value)
        definitions = build(
            {
                "database": DatabaseResource(url=migrated_url),
                "providers": ProvidersResource(base_urls={"openligadb": club.base}),
            }
        )
        with dg.instance_for_test() as instance:
            instance.add_dynamic_partitions("tournaments", [str(KEY)])

            def materialize() -> dg.AssetMaterialization:
                result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
                    instance=instance,
                    partition_key=str(KEY),
                    asset_selection=[dg.AssetKey("logos")],
                )
                assert result.success
                event = instance.get_latest_materialization_event(dg.AssetKey("logos"))
                assert event is not None
                assert event.asset_materialization is not None
                return event.asset_materialization

            first, second = materialize(), materialize()
        listed = client.list_objects_v2(Bucket="football", Prefix="images/")["Contents"]
        head = client.head_object(
            Bucket="football", Key=f"images/{hashlib.sha256(SVG).hexdigest()}.svg"
        )
    finally:
        bucket.stop()
    assert first.partition == str(KEY)
    assert first.metadata["outcome"].value == "written"
    assert second.metadata["outcome"].value == "unchanged"
    assert len(listed) == 4
    assert head["ContentType"] == "image/svg+xml"
    assert head["CacheControl"] == "public, max-age=31536000, immutable"
    assert club.shown()["logo"] == (
        f"https://cdn.example.org/images/{hashlib.sha256(SVG).hexdigest()}.svg"
    )
    assert club.server.not_modified == 4


@pytest.mark.parametrize(
    "how", ["closes after the request", "redirects as S3 does", "answers a page"]
)
def test_a_store_that_misbehaves_is_the_failure_of_images_and_takes_none_away(
    club: Club, how: str
) -> None:
    club.server.images = dict(IMAGES)
    club.stored(ALL)
    club.stored(ALL, OTHER)
    club.once()
    before = club.shown()
    club.server.images["/2"] = png(shade=77)
    with Endpoint(lambda _: ANSWERS[how]).listening() as endpoint:
        for execution in club.collect(KEY, OTHER, objects=endpoint.store(answer_seconds=2)):
            assert execution.status == "failed"
            assert execution.failure is not None
            assert execution.failure.error_class == "ObjectStoreError"
            assert execution.failure.retryable
    assert club.shown() == before


def test_the_pictures_of_a_simulated_world_are_shown_and_its_faults_are_named(
    database: Database, tmp_path: Path
) -> None:
    keys = [key_of(number) for number in SMALL.numbers]
    ended: list[Execution] = []

    async def work(base: str) -> None:
        with Ledger(database, Folder(tmp_path)).working() as ledger:
            providers = Providers({"sandbox": base}, NoRateLimit())
            desk = RunContext(providers, database, ledger, Run(uuid4()), ended.append)
            await ingest_tournaments(keys, ["tournaments", "teams"], desk)
            gallery = Gallery(
                Images({"sandbox": Root(base, 0)}, NoRateLimit()), Storing(Folder(tmp_path))
            )
            await collect_logos(keys, gallery, desk)

    with served(standing_still(SMALL, percent(100))) as base:
        anyio.run(work, base)
    collected = [execution for execution in ended if execution.domain == "logos"]
    assert len(collected) == len(keys)
    assert {execution.failure for execution in ended} == {None}
    with database.transaction() as connection:
        stored = connection.execute(sa.select(tables.image)).all()
        badges = connection.scalar(sa.select(sa.func.count(tables.team.c.badge)))
    assert badges
    assert {row.content_type for row in stored if row.object_key} >= {"image/png", "image/svg+xml"}
    for row in stored:
        assert (row.object_key is None) == (row.error is not None), row
        if row.object_key:
            body = (tmp_path / row.object_key).read_bytes()
            assert b"<script" not in body
            assert hashlib.sha256(body).hexdigest() == row.sha256


def test_a_run_of_images_that_dies_early_is_known_to_have_been_about_images() -> None:
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("tournaments", [str(KEY)])
        run = instance.create_run_for_job(
            build().resolve_implicit_global_asset_job_def(),
            asset_selection=frozenset({dg.AssetKey("logos")}),
            tags={"dagster/partition": str(KEY)},
        )
        assert planned_work(instance, run) == {str(KEY): ("logos",)}
