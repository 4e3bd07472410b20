"""The simulated world beside Dagster: it shows two tournaments and its clock never goes back."""

import json
import time
from fractions import Fraction
from pathlib import Path

import httpx
import pytest

from dp_pipeline.sandbox import demo
from dp_pipeline.sandbox.clock import Clock
from dp_pipeline.sandbox.demo import FIRST_PAGE, SPEED, STATE, simulated_world
from dp_pipeline.sandbox.faults import Faults
from dp_pipeline.sandbox.server import Simulation
from dp_pipeline.sandbox.world import calendar
from dp_pipeline.sandbox.world.worlds import World


def world_time(address: str) -> str:
    return str(httpx.get(f"{address}/admin/clock").json()["now"])


def test_a_world_shows_two_tournaments_and_answers(tmp_path: Path) -> None:
    shown: list[tuple[str, ...]] = []
    with simulated_world(tmp_path, shown.append) as address:
        ((league, cup),) = shown
        number = league.split(":")[1]
        answer = httpx.get(f"{address}/unique-tournament/{number}").json()
        assert answer["uniqueTournament"]["name"].startswith("Simulated League")
    assert league.startswith("sandbox:")
    assert cup.startswith("sandbox:")


def test_a_world_goes_on_at_the_same_address_after_a_stop(tmp_path: Path) -> None:
    with simulated_world(tmp_path, lambda _: None) as address:
        before = world_time(address)
    with simulated_world(tmp_path, lambda _: None) as again:
        assert again == address
        assert world_time(again) >= before


def test_a_killed_world_does_not_go_back(tmp_path: Path) -> None:
    with simulated_world(tmp_path, lambda _: None) as address:
        note = (tmp_path / STATE).read_text()
        before = world_time(address)
    (tmp_path / STATE).write_text(note)  # as if nothing had been noted after the start
    with simulated_world(tmp_path, lambda _: None) as address:
        assert world_time(address) >= before


def test_a_world_stands_still_until_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_LOOKED_EVERY", 0.05)
    shown: list[tuple[str, ...]] = []
    with simulated_world(tmp_path, shown.append) as address:
        before = world_time(address)
        time.sleep(0.3)
        assert world_time(address) == before
        httpx.get(f"{address}/unique-tournament/{shown[0][0].split(':')[1]}")
        time.sleep(0.3)
        assert world_time(address) > before


def test_a_world_of_which_nothing_is_due_goes_on_after_a_while() -> None:
    simulation = Simulation(World(1, 12), Clock(0, 0, 0), Faults(1, []), looked_at=100.0)
    assert not demo._is_followed(simulation, 110.0)
    assert demo._is_followed(simulation, 131.0)


def test_a_note_that_cannot_be_read_begins_anew(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text("{")
    shown: list[tuple[str, ...]] = []
    with simulated_world(tmp_path, shown.append):
        assert len(shown) == 1
    assert set(json.loads((tmp_path / STATE).read_text())) == {"played", "port", "block"}


def test_after_the_last_season_other_competitions_are_shown(tmp_path: Path) -> None:
    played = calendar.season_end(calendar.SEASONS - 1) / 1_000  # long enough for any start
    (tmp_path / STATE).write_text(json.dumps({"played": played, "port": 0, "block": 0}))
    shown: list[tuple[str, ...]] = []
    with simulated_world(tmp_path, shown.append):
        ((league, _),) = shown
    assert league.split(":")[1] == "900013"


def test_a_world_that_is_started_in_its_summer_break_has_passed_over_it(tmp_path: Path) -> None:
    start = calendar.percent_of_season(Fraction(37))
    summer = calendar.season_end(calendar.HOME_SEASON) - 5 * calendar.DAY
    (tmp_path / STATE).write_text(json.dumps({"played": (summer - start) / SPEED}))
    with simulated_world(tmp_path, lambda _: None) as address:
        july = calendar.season_announced(calendar.HOME_SEASON + 1)
        assert calendar.iso(july - calendar.DAY) < world_time(address)


def test_the_first_page_waits_for_a_season_and_then_shows_it(tmp_path: Path) -> None:
    stored: dict[str, str] = {}
    shown: list[tuple[str, ...]] = []
    with simulated_world(tmp_path, shown.append, stored.get) as address:
        assert "looks again" in httpx.get(f"{address}{FIRST_PAGE}").text
        stored[shown[0][0]] = "<h1>Simulated League 1</h1>"
        assert httpx.get(f"{address}{FIRST_PAGE}").text == "<h1>Simulated League 1</h1>"
