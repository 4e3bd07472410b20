"""Standings, form and cup trees in the provider's shape."""

from collections.abc import Sequence

from dp_pipeline.sandbox.api import shapes
from dp_pipeline.sandbox.api.events import event
from dp_pipeline.sandbox.api.shapes import Json
from dp_pipeline.sandbox.world import stages
from dp_pipeline.sandbox.world.build import PlayedTable
from dp_pipeline.sandbox.world.identity import season_id, stage_id
from dp_pipeline.sandbox.world.matches import ScriptedMatch, ScriptedRound
from dp_pipeline.sandbox.world.state import AWAY, HOME, MatchState
from dp_pipeline.sandbox.world.tables import Row
from dp_pipeline.sandbox.world.view import View
from dp_pipeline.sandbox.world.worlds import World

_TIE_BREAK = (
    "In the event that two (or more) teams have an equal number of points, the following rules "
    "break the tie:\n"
)
_GOALS = "1. Goal difference\n2. Goals scored"
_MEETINGS = "1. H2H points\n2. H2H goal difference\n3. Goal difference\n4. Goals scored"
_PROMOTION, _RELEGATION, _NEXT_ROUND = 1, 2, 3
_TEXTS = {_PROMOTION: "Promotion", _RELEGATION: "Relegation", _NEXT_ROUND: "Next round"}
_ORDINAL = {16: "1/16", 8: "1/8"}


def standings(world: World, view: View, kind: str, stage: int | None = None) -> list[Json]:
    """Every table, or that of one stage; `kind` is total, home or away."""
    return [
        _standing(world, view, each, kind)
        for each in view.tables
        if stage in (None, each.played_in)
    ]


def _standing(world: World, view: View, each: PlayedTable, kind: str) -> Json:
    season = view.season
    group = stages.stage_name(each.stage)
    name = shapes.season(world, season.number, season.index)["name"] if group is None else group
    identifier = season_id(season.number, season.index) * 100 + each.stage
    rows = view.rows(each, home=kind != "away", away=kind != "home")
    rule = _MEETINGS if each.order.meetings else _GOALS
    changed = max((state.changed for _, state in view.matches), default=0)
    return {
        # A conference's is that of the league: only its name tells it apart.
        "tournament": shapes.tournament(world, season.number, each.played_in),
        "type": kind,
        "name": name,
        "descriptions": [],
        "tieBreakingRule": {"text": _TIE_BREAK + rule, "id": 1},
        "rows": [_row(world, view, each, row, identifier) for row in rows],
        "id": identifier,
        "updatedAtTimestamp": changed,
    }


def _row(world: World, view: View, each: PlayedTable, row: Row, identifier: int) -> Json:
    difference = row.goals_for - row.goals_against
    entry: Json = {"team": shapes.team(world, row.team), "descriptions": []}
    if (promotion := _promotion(view, each, row)) is not None:
        entry["promotion"] = {"text": _TEXTS[promotion], "id": promotion}
    return entry | {
        "position": row.position,
        "matches": row.matches,
        "wins": row.wins,
        "scoresFor": row.goals_for,
        "scoresAgainst": row.goals_against,
        # Of the row: not the team's.
        "id": identifier * 100 + each.teams.index(row.team),
        "losses": row.losses,
        "draws": row.draws,
        "points": row.points,
        "scoreDiffFormatted": f"+{difference}" if difference > 0 else str(difference),
    }


def _promotion(view: View, each: PlayedTable, row: Row) -> int | None:
    form = view.season.format
    if form.qualifiers:
        return _NEXT_ROUND if row.position <= form.qualifiers else None
    if form.division == 1 and row.position > len(each.teams) - form.exchanged:
        return _RELEGATION
    if form.division == 2 and row.position <= form.exchanged:  # noqa: PLR2004 - second division
        return _PROMOTION
    return None


def team_events(world: World, view: View) -> Json:
    """The last matches of every team of every table, by `tournament.id` and team id."""
    return {
        str(stage_id(view.season.number, each.stage)): {
            str(team): [
                event(world, view.season, fixture, state)
                for fixture, state in view.last_matches(team, each.stage)
            ]
            for team in each.teams
        }
        for each in view.tables
        if each.within is None
    }


def cup_trees(world: World, view: View) -> list[Json]:
    """The knockout rounds drawn so far; the match for third place is not in the tree."""
    season = view.season
    drawn = [
        (round_, view.of_round(round_))
        for round_ in view.rounds
        if round_.cup_type is not None or (round_.knockout and season.format.groups == 0)
    ]
    rounds = [(round_, ties) for round_, matches in drawn if (ties := _ties(matches))]
    if not rounds:
        return []
    stage = rounds[0][1][0][0][0].stage
    name = shapes.tournament(world, season.number, stage)["name"]
    return [
        {
            "id": season_id(season.number, season.index),
            "name": name,
            "tournament": shapes.tournament(world, season.number, stage),
            "rounds": [
                _tree_round(world, order, round_, ties)
                for order, (round_, ties) in enumerate(rounds, start=1)
            ],
        }
    ]


_Tie = list[tuple[ScriptedMatch, MatchState]]


def _ties(matches: Sequence[tuple[ScriptedMatch, MatchState]]) -> list[_Tie]:
    ties: dict[int, _Tie] = {}
    for fixture, state in sorted(matches, key=lambda pair: pair[0].id):
        first = fixture.first_leg.id if fixture.first_leg is not None else fixture.id
        ties.setdefault(first, []).append((fixture, state))
    return list(ties.values())


def _tree_round(world: World, order: int, round_: ScriptedRound, ties: list[_Tie]) -> Json:
    size = round_.cup_type or len(ties)
    return {
        "order": order,
        "type": size,
        "description": _ORDINAL.get(size, round_.name),
        "id": order,
        "blocks": [_block(world, place, tie) for place, tie in enumerate(ties, start=1)],
    }


def _block(world: World, place: int, tie: _Tie) -> Json:
    last, state = tie[-1]
    decided = state.finished and len(tie) == last.legs
    winner = None
    if decided:
        winner = state.tie_winner if state.tie_winner is not None else state.winner
    block: Json = {
        "finished": decided,
        "matchesInRound": last.legs,
        "blockId": place,
        "events": [fixture.id for fixture, _ in tie],
        "id": last.id,
        "order": place,
        "seriesStartDateTimestamp": tie[0][1].kickoff,
        "participants": [
            {
                "team": shapes.team(world, team),
                "winner": winner == side,
                "order": side,
                "id": last.id * 10 + side,
            }
            for side, team in ((HOME, last.home), (AWAY, last.away))
        ],
    }
    if decided and state.home is not None and state.away is not None:
        texts = []
        for side in (state.home, state.away):
            goals = side.display if side.aggregated is None else side.aggregated
            texts.append(str(goals) if side.penalties is None else f"{goals} ({side.penalties})")
        block |= {
            "homeTeamScore": texts[0],
            "awayTeamScore": texts[1],
            "result": "home won" if winner == HOME else "away won",
        }
    return block
