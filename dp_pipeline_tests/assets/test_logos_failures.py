"""Images that cannot be had, addresses that must not be requested, and a store that is away."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from dp_pipeline.database import rows, tables
from dp_pipeline.images.client import LIMITS
from dp_pipeline_tests.assets.club import ALL, IMAGES, KEY, OTHER, Club
from dp_pipeline_tests.images.gallery_server import png
from dp_pipeline_tests.storage.endpoints import ANSWERS, Endpoint


def test_an_image_the_provider_does_not_have_is_a_finding(club: Club) -> None:
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
