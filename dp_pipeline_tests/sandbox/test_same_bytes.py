"""The same seed and moment give the same bytes on every machine, and any tournament at once."""

import hashlib
import statistics
import time
import tracemalloc

import pytest

from dp_pipeline.sandbox.api.answers import answer, public_page
from dp_pipeline.sandbox.world import identity
from dp_pipeline.sandbox.world.calendar import HOME_SEASON
from dp_pipeline.sandbox.world.chance import Chance
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.worlds import World
from dp_pipeline_tests.sandbox.worlds import SMALL, percent

pytestmark = pytest.mark.slow

# A change of this value means that every simulated world is another one from now on.
FINGERPRINT = "7a75f7fa77462e59acf817a0cd476bd1ce48686b2dee731bc6e8066b69fa0fe8"
LARGE = World(7, identity.MOST_COMPETITIONS)


def paths(number: int, season: int = HOME_SEASON) -> list[str]:
    """Everything there is to ask of a season, image and teams included."""
    competition = f"/unique-tournament/{identity.competition_id(number)}"
    root = f"{competition}/season/{identity.season_id(number, season)}"
    rounds = [
        f"{root}/events/round/{round_.number}"
        + (f"/slug/{round_.slug}" if round_.slug else "")
        + (f"/prefix/{round_.prefix}" if round_.prefix else "")
        for round_, _ in season_of(SMALL if number <= SMALL.size else LARGE, number, season).rounds
    ]
    parts = ("rounds", "standings/total", "standings/home", "team-events/total", "cuptrees", "info")
    pages = (f"{root}/events/last/0", f"{root}/events/next/1")
    images = (f"{competition}/image", f"/team/{identity.team_id(1, number)}/image")
    return [
        competition,
        f"{competition}/seasons",
        *(f"{root}/{part}" for part in parts),
        *rounds,
        *pages,
        *images,
        f"/team/{identity.team_id(1, number)}",
        f"/team/{identity.team_id(1, number)}/events/last/0",
        f"/event/{identity.match_id(number, season, 5)}",
    ]


def test_the_same_seed_and_moment_give_the_same_bytes() -> None:
    fingerprint = hashlib.sha256()
    for moment in (0, 37, 37.003, 100):
        for number in SMALL.numbers:
            for path in paths(number):
                reply = answer(SMALL, path, percent(moment))
                fingerprint.update(f"{path} {reply.status} {reply.content_type}".encode())
                fingerprint.update(reply.body)
            page = public_page(SMALL, str(identity.competition_id(number)), percent(moment))
            fingerprint.update(page.body)
    assert fingerprint.hexdigest() == FINGERPRINT


def test_another_seed_is_another_world() -> None:
    path = f"/unique-tournament/900001/season/{identity.season_id(1, 3)}/standings/total"
    at = percent(37)
    assert answer(World(2, 12), path, at).body != answer(SMALL, path, at).body
    # a world's size changes nothing in it
    assert answer(World(1, 10_000), path, at).body == answer(SMALL, path, at).body


def test_any_of_ten_thousand_tournaments_answers_in_milliseconds() -> None:
    chance = Chance("which tournaments")
    took = []
    for _ in range(60):
        number = chance.between(1, LARGE.size)
        path = f"/unique-tournament/{identity.competition_id(number)}/season/"
        path += f"{identity.season_id(number, HOME_SEASON)}/events/last/0"
        began = time.process_time()  # what others do on this machine meanwhile is no fault
        assert answer(LARGE, path, percent(37)).status == 200
        took.append(time.process_time() - began)
    # Cold: each one is simulated anew, two divisions from their first season on.
    assert statistics.median(took) < 0.05


def test_ten_thousand_tournaments_take_no_more_memory_than_a_few() -> None:
    chance = Chance("memory")

    def ask(count: int) -> int:
        for _ in range(count):
            number = chance.between(1, LARGE.size)
            path = f"/unique-tournament/{identity.competition_id(number)}/season/"
            path += f"{identity.season_id(number, HOME_SEASON)}/rounds"
            answer(LARGE, path, percent(37))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        few, many = ask(26), ask(40)
    finally:
        tracemalloc.stop()
    assert many < few + 8_000_000
    assert many < 40_000_000
