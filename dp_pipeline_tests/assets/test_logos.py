"""Logo and badges against a real Postgres and a real server of images: what is stored and shown."""

import hashlib
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
import sqlalchemy as sa
from starlette.responses import Response

from dp_pipeline.assets.runner import RunContext, collect_logos, ingest_tournaments
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.images.client import Images, Root
from dp_pipeline.images.gallery import Gallery
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.providers.registry import Providers
from dp_pipeline.storage import Folder, Storing
from dp_pipeline_tests.assets.club import ALL, IMAGES, KEY, OTHER, Club, Shelf
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.images.gallery_server import SVG, png
from dp_pipeline_tests.sandbox.worlds import SMALL, key_of, percent, served, standing_still


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
    assert first.changed[0] == {
        "table": "tournament",
        "row": "Bundesliga",
        "field": "logo",
        "from": None,
        "to": club.address(SVG, "svg"),
    }
    assert (club.shelf.puts, club.versions()) == ([], versions)
    assert club.once().created == first.created
    club.server.images["/2"] = png(shade=77)
    (change,) = club.once(scope="dry_run").changed
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


@pytest.mark.slow
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
