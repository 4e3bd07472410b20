"""A season plays through beside a real daemon, and nobody touches it.

DP_SEASON_MINUTES plays a whole season of seven competitions in so many minutes, once undisturbed
and once with everything that can go wrong; a few weeks of two of them are enough for every day.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from dp_pipeline.sandbox.server import Simulation
from dp_pipeline.sensors.poll import TICK_SECONDS
from dp_pipeline_tests.dagster_dev import copy_project, dagster_dev, wait_for
from dp_pipeline_tests.end_to_end.played_season import Played, moment, played_season
from dp_pipeline_tests.sandbox.worlds import SMALL, key_of, standing_still

MINUTES = float(os.environ.get("DP_SEASON_MINUTES", "0"))
FAULTS = (
    *("latency=0.5 * 10%", "server_error=503 * 5%", "rate_limited=1 * 2%"),
    *("truncated * 2%", "malformed * 2%", "timeout */rounds 0.2%", "empty */events/* 1%"),
)
# The daemon's own time for a run: queue, process, answers. The ten seconds.
RUN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played, from which day to which, in how many seconds, and what goes wrong.

    Everything is killed and started again `kills` times, and Slack is down for the middle third.
    """

    competitions: Sequence[int]
    first: int
    last: int
    seconds: float
    faults: Sequence[str] = ()
    kills: int = 0
    slack_down: bool = False

    @property
    def speed(self) -> float:
        """Of the world's clock."""
        return (moment(self.last) - moment(self.first)) / self.seconds


def play(plan: Plan) -> None:
    simulation = standing_still(SMALL, moment(plan.first))
    with played_season(simulation, [key_of(n) for n in plan.competitions]) as made:
        project = copy_project(made.home.parent / "project", poll_seconds=2)
        began = None
        for life in range(plan.kills + 1):
            with dagster_dev(project, made.home, made.environment) as dev:
                if began is None:
                    made.fill(dev)
                    made.set_faults(*plan.faults)
                    made.run_clock(plan.speed)
                    began = time.monotonic()
                if life < plan.kills:
                    part = plan.seconds * (life + 1) / (plan.kills + 1)
                    until(began + part, made, plan, simulation)
                    dev.kill_everything()
                    continue
                until(began + plan.seconds, made, plan, simulation)
                made.put_clock(moment(plan.last))
                made.set_faults()
                made.slack.down = False
                wait_for("everything due to be read", made.is_current, 240, every=1)
                # News of which more may come wait for three minutes.
                wait_for("everything to be told", lambda: nothing_untold(made), 360, every=1)
        check(made, plan)


def until(end: float, made: Played, plan: Plan, simulation: Simulation) -> None:
    """Wait, and take Slack away for the middle third of the season."""
    while time.monotonic() < end and simulation.now < moment(plan.last):
        played = (simulation.now - moment(plan.first)) / (moment(plan.last) - moment(plan.first))
        made.slack.down = plan.slack_down and 1 / 3 < played < 2 / 3
        time.sleep(0.5)


def nothing_untold(made: Played) -> bool | None:
    with made.database.transaction() as connection:
        found = connection.exec_driver_sql(
            "SELECT count(*) FROM data_provider_executions WHERE announced_at IS NULL"
        )
        return True if found.scalar() == 0 else None


def check(made: Played, plan: Plan) -> None:
    assert made.differences() == {}
    noted, told = made.noted(), made.told()
    assert {text for text in noted if text not in told} == set()
    repeated = {text: times for text, times in told.items() if text in noted and times > 1}
    # A message that Slack took and a process that was killed before it could note it.
    assert len([times for times in repeated.values() if times > 2]) == 0
    assert plan.kills or repeated == {}
    assert set(noted.values()) <= {1}
    delays = [seconds / plan.speed for seconds in made.delays()]
    print(  # noqa: T201 - the numbers of a long run
        f"{len(delays)} ends seen after {delays[len(delays) // 2]:.1f} s, the last ones after "
        f"{[round(each, 1) for each in delays[-3:]]}; {sum(made.requests.values())} requests, "
        f"{len(made.slack.accepted)} messages, {len(noted)} pieces of news, repeated {repeated}"
    )
    if not plan.kills and not plan.faults:
        assert delays[-1] <= TICK_SECONDS + RUN_SECONDS
    open_rows = {key for key in made.executions() if key[1] == "in_progress"}
    assert open_rows == set()


@pytest.mark.timeout(900)
@pytest.mark.slow
def test_a_tournament_plays_through_while_processes_die_and_services_fail() -> None:
    play(Plan((6, 9), 98, 153, 75, FAULTS, kills=1, slack_down=True))


@pytest.mark.skipif(not MINUTES, reason="DP_SEASON_MINUTES does not ask for a whole season")
@pytest.mark.timeout(0)
def test_a_whole_season_plays_through_by_itself() -> None:
    play(Plan((1, 3, 4, 5, 6, 8, 9), 0, 336, MINUTES * 60))


@pytest.mark.skipif(not MINUTES, reason="DP_SEASON_MINUTES does not ask for a whole season")
@pytest.mark.timeout(0)
def test_a_whole_season_plays_through_whatever_happens() -> None:
    plan = Plan((1, 3, 4, 5, 6, 8, 9), 0, 336, MINUTES * 60, FAULTS, kills=5, slack_down=True)
    play(plan)
