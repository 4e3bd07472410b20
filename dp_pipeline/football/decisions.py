"""What was decided off the pitch, put on the teams and matches of a season by their names."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dp_pipeline.football.club_names import folded_words, spelling_of
from dp_pipeline.football.models import FINAL_STATUSES, Match
from dp_pipeline.football.results import moment
from dp_pipeline.football.rules import CompetitionRules, Deduction


@dataclass(slots=True)
class Decided:
    """The decisions of a season by team and match.

    Args:
        points: given, or taken away with a minus.
        after_halving: likewise, once the regular phase is over.
        last: teams that stand behind all others.
        struck: teams whose results do not count.
        winners: by match.
        before: pairs of level teams, the first of which stands before the second.
        notes: sentences by team.
        unplaced: sentences on decisions whose team or match is not there.
    """

    points: dict[str, int] = field(default_factory=dict)
    after_halving: dict[str, int] = field(default_factory=dict)
    last: set[str] = field(default_factory=set)
    struck: set[str] = field(default_factory=set)
    winners: dict[str, str] = field(default_factory=dict)
    before: list[tuple[str, str]] = field(default_factory=list)
    notes: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unplaced: list[str] = field(default_factory=list)


def decided(rules: CompetitionRules, matches: Sequence[Match], names: Mapping[str, str]) -> Decided:
    """The decisions of a season that are in force.

    A deduction counts from its day on, by the days of matches that were played, and where its day
    is not known always.

    Args:
        rules: of the season.
        matches: all of its matches.
        names: of the teams, by external id.
    """
    decisions = Decided()
    for deduction in rules.deductions:
        team = team_called(deduction.team, names)
        if team is None:
            decisions.unplaced.append(f"No team is called {deduction.team}: {_told(deduction)}")
        elif _in_force(deduction, matches):
            _deduct(decisions, team, deduction)
    for award in rules.awards:
        home, away = team_called(award.home, names), team_called(award.away, names)
        of = [m for m in matches if (m.home, m.away) == (home, away)]
        if not of:
            decisions.unplaced.append(f"There is no match {award.home} - {award.away}.")
        for match in of:
            winner = match.home if award.winner == "home" else match.away
            decisions.winners[match.external_id] = winner
            note = f"{award.home} - {award.away} counts as won by {names[winner]}: {award.reason}."
            decisions.notes[match.home].append(note)
            decisions.notes[match.away].append(note)
    for placing in rules.placings:
        first, second = team_called(placing.team, names), team_called(placing.before, names)
        if first is None or second is None:
            decisions.unplaced.append(f"{placing.team} or {placing.before} is not there.")
        else:
            decisions.before.append((first, second))
            for team in (first, second):
                decisions.notes[team].append(
                    f"{placing.team} stands before {placing.before}: {placing.reason}."
                )
    return decisions


def team_called(words: str, names: Mapping[str, str]) -> str | None:
    """The team whose name holds all of the words and the fewest others; None if none or several do.

    Words that are not part of what identifies a club count least: `Barcelona` is FC Barcelona, not
    Espanyol Barcelona. `New York Red Bulls | New York RB` is searched by either name.
    """
    spellings = {team: spelling_of(name, None) for team, name in names.items()}
    for text in words.split("|"):
        wanted = set(folded_words(text))
        others = {
            team: (len({*spelling.core.split("-")} - wanted), len(full - wanted))
            for team, spelling in spellings.items()
            if spelling is not None and wanted <= (full := {*spelling.full.split("-")})
        }
        nearest = [team for team, more in others.items() if more == min(others.values())]
        if wanted and len(nearest) == 1:
            return nearest[0]
    return None


def _in_force(deduction: Deduction, matches: Iterable[Match]) -> bool:
    if deduction.on is None:
        return True
    days = [moment(m)[0] for m in matches if m.status in ("ended", "awarded")]
    over = all(m.status in FINAL_STATUSES for m in matches)
    return over or any(day >= deduction.on for day in days)


def _deduct(decisions: Decided, team: str, deduction: Deduction) -> None:
    points = decisions.after_halving if deduction.after_halving else decisions.points
    points[team] = points.get(team, 0) + deduction.points
    if deduction.last or deduction.results == "struck out":
        decisions.last.add(team)
    if deduction.results == "struck out":
        decisions.struck.add(team)
    decisions.notes[team].append(_told(deduction))


def _told(deduction: Deduction) -> str:
    on = f" on {deduction.on}" if deduction.on else ""
    amount = abs(deduction.points)
    what = f"{amount} {'point' if amount == 1 else 'points'} "
    what += "deducted" if deduction.points < 0 else "given"
    if deduction.results == "struck out":
        what = "Results struck out, last place"
    elif deduction.last:
        what = "Last without points"
    return f"{what}{on}: {deduction.reason} [{deduction.source}]."
