"""Tables after a matchday: as they stood by the rules, with all that was still to come."""

from dataclasses import replace

from dp_pipeline.domains.computed_tables import by_stored_matches, tables_after
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.key import TournamentKey
from dp_pipeline_tests.domains.season import NAMES, ended, fetched_matches, stored_season

LA_LIGA = TournamentKey.parse("openfootball:es.1:2024-25")
ALPHA, BETA, GAMMA = list(NAMES)[:3]


def season() -> Snapshot:
    """Alpha and Beta end level on points; Alpha has won the one of their meetings that was won."""
    matches = fetched_matches(
        ended(1, ALPHA, BETA, (1, 0), round_slug="1"),
        ended(2, BETA, GAMMA, (5, 0), round_slug="1"),
        ended(3, BETA, ALPHA, (0, 0), round_slug="2"),
        ended(4, GAMMA, ALPHA, (1, 0), round_slug="2"),
        ended(5, GAMMA, BETA, (0, 1), round_slug="2"),
        ended(6, ALPHA, GAMMA, (1, 0), round_slug="2"),
    )
    return replace(stored_season((MATCHES, matches)), key=LA_LIGA)


def order(snapshot: Snapshot, *rounds: str) -> list[str]:
    rows = tables_after(snapshot, set(rounds)).rows
    return [row.team for row in sorted(rows, key=lambda row: row.position)]


def test_a_direct_meeting_counts_once_the_other_leg_is_played_too() -> None:
    snapshot = season()
    assert snapshot.rules.order is not None
    assert snapshot.rules.order.order[0].startswith("head-to-head")
    # level on three points: what Alpha won is only the first leg, and Beta has the better goals
    assert order(snapshot, "1") == [BETA, ALPHA, GAMMA]
    assert order(snapshot, "1", "2") == [ALPHA, BETA, GAMMA]


def test_after_the_last_round_the_tables_are_those_of_all_matches() -> None:
    snapshot = season()
    assert tables_after(snapshot, {"1", "2"}) == by_stored_matches(snapshot)


def test_teams_are_in_the_table_by_what_they_played_so_far() -> None:
    rows = {row.team: row.games for row in tables_after(season(), {"1"}).rows}
    assert rows == {ALPHA: 1, BETA: 2, GAMMA: 1}
