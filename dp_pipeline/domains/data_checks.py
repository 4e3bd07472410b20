"""The checks of a tournament's stored data: each says what is wrong, row by row. Pure.

A check is one function and its name in `CHECKS`; the assets show it and the detectors tell of it.
The functions stand in `row_checks`, `orphans` and `freshness`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.domains import freshness, row_checks
from dp_pipeline.domains.checked_data import CheckedData, Severity, Wrong
from dp_pipeline.domains.orphans import orphans

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check came to.

    Args:
        name: of the check.
        domain: of which it checks rows.
        passed: whether nothing is wrong.
        severity: ERROR where somebody would be misled by the data, WARN where something lacks.
        detail: a sentence with the numbers.
        rows: what is wrong, a sentence each, at most `MOST_SHOWN`.
        wrong: how many things are.
    """

    name: str
    domain: str
    passed: bool
    severity: Severity
    detail: str
    rows: tuple[str, ...] = ()
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """A check of one domain.

    Args:
        name: snake_case, what is so when it passes.
        domain: of which it checks rows.
        severity: of what it says is wrong.
        description: for people.
        wrong: what of it is wrong.
        well: what is said when it passes; without it the number of rows. That of goals grows with
            each of them, and each would be told as another result.
    """

    name: str
    domain: str
    severity: Severity
    description: str
    wrong: Callable[[CheckedData], Iterable[Wrong]]
    well: str = ""


def results_of(data: CheckedData) -> list[CheckResult]:
    """What the checks come to of all that has rows."""
    return [_result(check, data, rows) for check in CHECKS if (rows := _number(check, data))]


def excused(result: CheckResult, reason: str, until: date) -> CheckResult:
    """A result of which a person has said that it is known and why, until a day."""
    detail = f"Known until {until}: {reason} {result.detail}"
    return replace(result, passed=True, detail=detail)


def excused_no_more(result: CheckResult, reason: str, until: date) -> CheckResult:
    """A failing result that was known until a day that is over."""
    detail = f"{result.detail} It was known until {until}: {reason}"
    return replace(result, detail=detail)


def _number(check: Check, data: CheckedData) -> int:
    """How many rows the check looks at."""
    return sum(len(data.snapshot.rows(table)) for table in _TABLES[check.domain])


def _result(check: Check, data: CheckedData, number: int) -> CheckResult:
    try:
        wrong = list(check.wrong(data))
    # A check that cannot be made must not take back what was stored: it says so as its result.
    except Exception as error:  # noqa: BLE001
        wrong = [Wrong(f"It could not be made: {type(error).__name__}: {error}", "WARN")]
    where = "" if check.well else f" in {number} {_NOUNS[check.domain][number != 1]}"
    if not wrong:
        detail = check.well or f"Nothing is wrong{where}."
        return CheckResult(check.name, check.domain, passed=True, severity="WARN", detail=detail)
    severities = {each.severity or check.severity for each in wrong}
    severity: Severity = "ERROR" if "ERROR" in severities else "WARN"
    things = "thing is" if len(wrong) == 1 else "things are"
    detail = f"{len(wrong)} {things} wrong{where}: {wrong[0].sentence}"
    return CheckResult(
        check.name,
        check.domain,
        passed=False,
        severity=severity,
        detail=detail,
        rows=tuple(each.sentence for each in wrong[:MOST_SHOWN]),
        wrong=len(wrong),
    )


def _left_out(domain: str) -> Check:
    def wrong(data: CheckedData) -> Iterator[Wrong]:
        for row in data.findings:
            if row["domain"] == domain and row["severity"] == "ERROR":
                yield Wrong(f"{row['subject']}: {row['detail']}")

    return Check(
        f"all_{domain}_could_be_stored",
        domain,
        "ERROR",
        f"The last whole read of the {domain} had to leave out none of them: each could be stored "
        "soundly.",
        wrong,
        f"The last whole read of the {domain} left out none of them.",
    )


_OF_DOMAINS: Mapping[str, tuple[sa.Table, ...]] = {
    "teams": (tables.tournament_team,),
    "rounds": (tables.tournament_round,),
    "matches": (tables.match,),
    "goals": (tables.goal,),
    "standings": (tables.tournament_standing,),
}
_TABLES = {"tournaments": (tables.tournament,), **_OF_DOMAINS}
_NOUNS = {
    "tournaments": ("tournament", "tournaments"),
    "teams": ("team", "teams"),
    "rounds": ("round", "rounds"),
    "matches": ("match", "matches"),
    "goals": ("goal", "goals"),
    "standings": ("row of a table", "rows of tables"),
}
UP_TO_DATE, OVERDUE = "season_is_read_nightly", "no_match_is_overdue"
"""The checks whose results time alone changes."""
CHECKS = (
    Check(
        UP_TO_DATE,
        "tournaments",
        "WARN",
        f"In season, with a match in the {freshness.NEAR.days} days before or after, it was read "
        f"whole and well in the last {freshness.LATE.days} days; an error after "
        f"{freshness.LONG_LATE.days}. Passes in breaks and when the season is completed.",
        freshness.not_read,
        "It is read as its calendar demands.",
    ),
    Check(
        "no_row_is_orphaned",
        "tournaments",
        "WARN",
        "Every stored row has its counterpart: matches and tables their teams, matches a round, "
        "goals and ties a match that counts. An error where a match counts nowhere.",
        orphans,
        "Every row has its counterpart.",
    ),
    Check(
        "every_team_plays",
        "teams",
        "WARN",
        "Every team of the tournament has a match in it.",
        row_checks.idle_teams,
    ),
    Check(
        "every_round_has_matches",
        "rounds",
        "WARN",
        "Every round has a match, but for knockout rounds that are still to come.",
        row_checks.empty_rounds,
    ),
    Check(
        "fixture_list_is_complete",
        "matches",
        "WARN",
        "Matches, games per team and rounds make up a season of its format.",
        row_checks.incomplete,
    ),
    Check(
        OVERDUE,
        "matches",
        "WARN",
        f"No match is still scheduled or live {row_checks.OVERDUE.days} days past its day; an "
        f"error after {row_checks.LONG_OVERDUE.days} days.",
        row_checks.overdue,
    ),
    Check(
        "days_are_in_the_season",
        "matches",
        "ERROR",
        "No match is on a day outside its season.",
        row_checks.outside_season,
    ),
    Check(
        "no_team_plays_twice_a_day",
        "matches",
        "ERROR",
        "No team has two matches on one day.",
        row_checks.twice_a_day,
    ),
    Check(
        "scores_are_possible",
        "matches",
        "ERROR",
        "What is over has a result, no part of a score is more than the whole, and somebody won "
        "each shoot-out.",
        row_checks.impossible,
    ),
    Check(
        "all_matches_are_listed",
        "matches",
        "WARN",
        "The provider still lists every match that counts.",
        row_checks.not_listed,
    ),
    Check(
        "goals_come_to_the_result",
        "goals",
        "WARN",
        "The goals of a match that has a list of them come to its result.",
        row_checks.goals_that_differ,
        "Each list of goals comes to the result of its match.",
    ),
    Check(
        "table_follows_from_matches",
        "standings",
        "ERROR",
        "The provider's table is what the stored matches and the known decisions come to; a "
        "warning where it counts other games, but for matches of the last two days.",
        row_checks.differences_of_table,
    ),
    *map(_left_out, _OF_DOMAINS),
)
"""In the order in which a person reads them."""
