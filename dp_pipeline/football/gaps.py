"""What a season lacks, or has too much of, by its own fixture list and by its format. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dp_pipeline.football.models import Match, Round
from dp_pipeline.football.progress import without_replaced
from dp_pipeline.football.rules import CompetitionRules

_MOST_TEAMS_IN_ROUND_ROBIN = 24
_FEWEST_TO_TELL = 5
_NAMED = 5
_TIMES = {1: "once", 2: "twice"}


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a table of a season lacks, a sentence."""

    table: str
    detail: str


def gaps_of(
    matches: Iterable[Match],
    rounds: Iterable[Round],
    names: Mapping[str, str],
    rules: CompetitionRules | None = None,
) -> tuple[Gap, ...]:
    """Where number of matches, games per team and rounds do not make a season.

    Args:
        matches: all that came.
        rounds: theirs, and those that are listed without a match.
        names: of teams by external id.
        rules: of the season, as far as they are known.
    """
    season = {round_.slug: round_ for round_ in rounds if round_.type == "season"}
    tables = tables_of(matches, season)
    known = rules if rules and len(tables) == 1 else None
    gaps = [
        Gap(", ".join(filter(None, place)) or "The season", detail)
        for place, listed in sorted(tables.items(), key=str)
        for detail in (*_gaps_of_table(listed, names, known), *_missing_rounds(listed, season))
    ]
    has_match = {match.round_slug for listed in tables.values() for match in listed}
    empty = [round_.label for slug, round_ in season.items() if slug not in has_match]
    if empty and has_match:
        detail = (
            f"Of {len(season)} rounds {len(season) - len(empty)} have matches, and others have "
            f"not: {_listed(empty)}."
        )
        gaps.append(Gap("The season", detail))
    return tuple(gaps)


def tables_of(
    matches: Iterable[Match], season: Collection[str]
) -> Mapping[tuple[str | None, str | None], Sequence[Match]]:
    """The matches of each table, by stage and group: those of the rounds of a season."""
    tables: defaultdict[tuple[str | None, str | None], list[Match]] = defaultdict(list)
    for match in without_replaced(tuple(matches)):
        if match.round_slug in season:
            tables[match.stage, match.group_name].append(match)
    return tables


def full_size(matches: Iterable[Match], meetings: int = 1) -> tuple[int, int] | None:
    """How many matches a table comes to, and how often each team meets every other one in them.

    None where there are too many teams for that. `meetings` is how often they meet at least.
    """
    games = Counter(side for match in matches for side in (match.home, match.away))
    teams = len(games)
    if not 1 < teams <= _MOST_TEAMS_IN_ROUND_ROBIN:
        return None
    times = max(meetings, -(-max(games.values()) // (teams - 1)))
    return teams * (teams - 1) * times // 2, times


def meetings_of(rules: CompetitionRules | None) -> int:
    """How often each team meets every other one at least."""
    return rules.format.meetings if rules and rules.format else 1


def _gaps_of_table(
    matches: Sequence[Match], names: Mapping[str, str], rules: CompetitionRules | None
) -> Iterator[str]:
    games = Counter(side for match in matches for side in (match.home, match.away))
    teams = len(games)
    if rules and rules.zones and rules.zones.teams != teams:
        yield f"It has {teams} teams; by its format it has {rules.zones.teams}."
    full = full_size(matches, meetings_of(rules))
    if full is not None and len(matches) != full[0]:
        yield _too_few(len(matches), teams, *full)
    if len(matches) > _FEWEST_TO_TELL:
        yield from _odd_teams(games, names)
        yield from _short_rounds(matches, teams)


def _too_few(matches: int, teams: int, full: int, times: int) -> str:
    """The number of matches, where each team meets every other one equally often."""
    often = _TIMES.get(times, f"{times} times")
    return (
        f"It has {matches} matches; {teams} teams of which each meets every other {often} come "
        f"to {full}, {times * (teams - 1)} each."
    )


def _odd_teams(games: Mapping[str, int], names: Mapping[str, str]) -> Iterator[str]:
    usual = Counter(games.values()).most_common(1)[0][0]
    odd = {team: count for team, count in games.items() if count != usual}
    if odd:
        named = [f"{names.get(team, team)} ({count})" for team, count in sorted(odd.items())]
        yield (
            f"Of {len(games)} teams {len(games) - len(odd)} have {usual} matches each, and others "
            f"have not: {_listed(named)}."
        )


def _short_rounds(matches: Sequence[Match], teams: int) -> Iterator[str]:
    per_round = Counter(match.round_slug for match in matches)
    full = teams // 2
    short = sorted(f"{slug} ({count})" for slug, count in per_round.items() if count != full)
    if short and 2 * len(short) < len(per_round):
        yield (
            f"Of {len(per_round)} rounds {len(per_round) - len(short)} have {full} matches, and "
            f"others have not: {_listed(short)}."
        )


def _missing_rounds(matches: Sequence[Match], listed: Collection[str]) -> Iterator[str]:
    """Matchdays that are missing among those that are numbered, and not listed either."""
    numbers = {int(slug) for m in matches if (slug := m.round_slug or "").isdecimal()}
    every = range(1, max(numbers, default=0))
    missing = [str(n) for n in every if n not in numbers and str(n) not in listed]
    if missing and len(missing) < len(numbers):
        yield f"Of the rounds 1 to {max(numbers)} it lacks {_listed(missing)}."


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(items[:_NAMED]) + more
