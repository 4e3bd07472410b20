"""Which executions are news: what is announced, what is a repeat, what ends a failure. Pure.

The rule: a failure is announced when it first happens and once in each further REMINDER_HOURS it
goes on, counted from the first. Between these it is suppressed, and the next message says how often
it has happened. The first execution that completes afterwards is announced as a recovery. The
ledger's fingerprint says what is "the same", within one domain of one tournament.

A failure that needs nobody is none to people until it lasts: what somebody stopped, and what is
tried again or could not begin. It is announced with the successes, that of a poll not at all. A
payload that is refused is announced once, until another one or another difference is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from dp_pipeline.settings import Class

Verdict = Literal["failure", "partial", "news", "success", "harmless", "repeat", "quiet"]

Passing = Literal["stopped", "again", "refused", "settled"]
"""Why a failure needs nobody: it was stopped from outside, or is tried again by itself; the same
payload was refused before and people were told; or a person refused it for good."""
_STANDING = frozenset({"refused", "settled"})

REMINDER_HOURS = 6
LASTING_TIMES = 3
"""So often in a row, nobody being needed is no longer believed."""
LASTING = timedelta(days=1)
"""What was stopped lasts after this only: a developer stops often, a limit of time night by night.
"""

_RANK: tuple[Class, ...] = ("failure", "partial", "news")


@dataclass(frozen=True, slots=True)
class FailureRun:
    """Failures in a row of one domain of one tournament, as of one execution.

    For an execution that failed they are the equal ones since the last that completed, itself
    included; for one that completed they are all it brought to an end.

    Args:
        ended_at: when this execution ended.
        times: how many.
        since: when the first of them ended.
        first_announced: the first earlier one people were announced, or will be before this.
        last_announced: the last such.
        alarming: one of them needed a person.
        failed: one of them failed, and not only in part.
    """

    ended_at: datetime
    times: int
    since: datetime
    first_announced: datetime | None = None
    last_announced: datetime | None = None
    alarming: bool = True
    failed: bool = True

    @property
    def repeats(self) -> bool:
        """Whether it was announced within the same six hours."""
        if self.first_announced is None or self.last_announced is None:
            return False
        return self._span(self.last_announced) == self._span(self.ended_at)

    @property
    def lasted_ms(self) -> int:
        """From the first of them to the end of this execution, in milliseconds."""
        return round((self.ended_at - self.since).total_seconds() * 1_000)

    def _span(self, moment: datetime) -> int:
        assert self.first_announced is not None  # noqa: S101 - for the type checker
        return (moment - self.first_announced) // timedelta(hours=REMINDER_HOURS)


def lasts(passing: Passing, failure_run: FailureRun | None) -> bool:
    """Whether a failure that would need nobody has happened so often that somebody is needed."""
    if passing in _STANDING or failure_run is None or failure_run.times < LASTING_TIMES:
        return False
    return passing == "again" or failure_run.ended_at - failure_run.since >= LASTING


def verdict(
    status: str,
    failure_run: FailureRun | None,
    *,
    noteworthy: bool = False,
    quiet: bool = False,
    passing: Passing | None = None,
) -> Verdict:
    """What one finished execution is to people.

    Args:
        status: as in the ledger.
        failure_run: what it goes on with or ends; None for nothing of the kind.
        noteworthy: it has something to say whatever became of it.
        quiet: it is not announced for its own sake: the poll of a match may write every minute.
        passing: why it needs nobody, of a failure that does not.
    """
    standing = passing in _STANDING
    harmless = passing is not None and not standing and not lasts(passing, failure_run)
    repeats = standing or (failure_run is not None and failure_run.repeats)
    if status == "completed" or (harmless and not repeats):
        ended = status == "completed" and failure_run is not None and failure_run.alarming
        if ended or noteworthy:
            return "news"
        if quiet:
            return "quiet"
        return "harmless" if harmless else "success"
    lasting = passing is not None and not harmless and not standing
    if lasting and failure_run is not None and failure_run.times == LASTING_TIMES:
        # The earlier ones were announced, but not that somebody is needed.
        return "failure"
    if repeats:
        return "news" if noteworthy else "repeat"
    return "partial" if status == "partial_failure" else "failure"


def class_of(executions: Iterable[tuple[Verdict, bool]]) -> Class | None:
    """The class of a message about several executions; None when it is suppressed.

    A message whose failures are all repeats is suppressed unless something was written besides (a
    run that could not begin repeats the failure of one domain and is the first of another), and one
    of quiet executions alone is suppressed whatever they wrote. Of each execution its verdict is
    given, and whether it wrote rows.
    """
    judged = list(executions)
    verdicts = {verdict for verdict, _ in judged}
    for kind in _RANK:
        if kind in verdicts:
            return kind
    if "harmless" in verdicts or any(wrote for verdict, wrote in judged if verdict != "quiet"):
        return "success"
    only_quiet = "quiet" in verdicts and "success" not in verdicts
    return None if "repeat" in verdicts or only_quiet else "success"
