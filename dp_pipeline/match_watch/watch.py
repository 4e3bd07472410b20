"""What is remembered of the matches of a tournament, and what becomes of that after a poll. Pure.

What could not be read is paused, each match by itself and longer each time: one match that is
broken at the provider must not keep the others of its tournament from being polled. All times are
the provider's, except pauses, which are ours: a fault lasts as long in a simulated world as
elsewhere.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from dp_pipeline.database import rows
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.rows import Row
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match
from dp_pipeline.match_watch.cadence import Watch, next_draw, watch
from dp_pipeline.match_watch.draws import OPEN, awaits_draw, last_kickoff
from dp_pipeline.providers.contract import StoredTournament

SLACK = timedelta(seconds=5)
"""What is due within this is polled now: the next tick of the sensor is later than that."""
BACKOFF = Backoff(first=60, longest=1_800)
GIVEN_UP_AFTER = 5
"""Answers in a row that did not have a match: half an hour."""
FIXTURE = ("external_id", "kickoff_at", "kickoff_date")
CALLED_OFF = frozenset({"postponed", "abandoned"})


@dataclass(frozen=True, slots=True)
class Due:
    """What is due of a tournament.

    Args:
        matches: external ids of the matches to be polled.
        draw: a draw is to be looked for.
        follow_up: matches have ended, and rounds and table have not followed yet.
    """

    matches: tuple[str, ...]
    draw: bool
    follow_up: bool

    def __bool__(self) -> bool:
        return bool(self.matches) or self.draw or self.follow_up


@dataclass(frozen=True, slots=True)
class PolledMatches:
    """A poll of matches of a tournament.

    Args:
        matches: their ids.
        draws: whether it would have shown new rounds and fixtures.
        at: when it was, by the provider's time.
    """

    matches: Collection[UUID]
    draws: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """The rows about one tournament, and what may become of them.

    Args:
        key: the tournament.
        clock: our time, for pauses.
        matches: rows of `match_watch`, by match.
        fixtures: of the same matches external id and kick-off.
        tournament: the row of `tournament_watch`; None while there is none.
    """

    key: TournamentKey
    clock: datetime
    matches: Mapping[UUID, Row]
    fixtures: Mapping[UUID, Row]
    tournament: Row | None

    def due(self, now: datetime) -> Due:
        """What is due."""
        latest = now + SLACK
        own = self.tournament if self.tournament and self._is_ready(self.tournament) else None
        matches = [
            self.fixtures[id_]["external_id"]
            for id_, row in self.matches.items()
            if row["due_at"] is not None and row["due_at"] <= latest and self._is_ready(row)
        ]
        return Due(
            tuple(sorted(matches)),
            draw=own is not None and own["due_at"] is not None and own["due_at"] <= latest,
            follow_up=own is not None and own["follow_up_due_at"] is not None,
        )

    def _is_ready(self, row: Row) -> bool:
        return row["not_before"] is None or row["not_before"] <= self.clock

    def polled(self, stored: StoredTournament, poll: PolledMatches) -> Self:
        """Matches were polled, and stored as they are now: when each, and a draw, is due again."""
        # What was polled a little early counts as polled in time, or it would be due again.
        poll = replace(poll, at=poll.at + SLACK)
        replacing = {_pairing(match) for match in stored.matches if match.status not in CALLED_OFF}
        after, fixtures = dict(self.matches), dict(self.fixtures)
        for match in stored.matches:
            id_ = rows.match_id(self.key.provider, match.external_id)
            if id_ in poll.matches:
                again = watch(
                    _watch_of(self.matches[id_]) if id_ in self.matches else None,
                    status=match.status,
                    kickoff_at=match.kickoff_at,
                    kickoff_date=match.kickoff_date,
                    replaced=_pairing(match) in replacing,
                    now=poll.at,
                )
                fixtures[id_] = {name: getattr(match, name) for name in FIXTURE}
                after[id_] = {
                    "match_id": id_,
                    "tournament_id": self.key.tournament_id,
                    "provider": self.key.provider,
                    "status": again.status,
                    "since": again.since,
                    "window_from": again.window_from,
                    "due_at": again.due_at,
                    "given_up_at": again.given_up_at,
                    "failures": 0,
                    "not_before": None,
                }
        provider = self.key.provider
        counting = {rows.match_id(provider, match.external_id) for match in stored.matches}
        for id_ in after.keys() - counting:
            after[id_] = {**after[id_], "due_at": None}  # superseded by one under a new id
        own = self._drawn(stored, poll)
        return replace(self, matches=after, fixtures=fixtures, tournament=own)

    def _drawn(self, stored: StoredTournament, poll: PolledMatches) -> Row | None:
        state, matches, own = stored.state, stored.matches, self.tournament
        since = due = None
        if awaits_draw(state.status, state.mode, stored.rounds, matches):
            before = own["awaiting_since"] if own else None
            since = before or poll.at
            if own and before is not None and not poll.draws:
                due = own["due_at"]  # such a poll does not put off the one that can show a draw
            else:
                due = next_draw(since, poll.at, last_kickoff(matches))
        elif own is None:
            return None
        return self._with(awaiting_since=since, due_at=due).tournament

    def missed(self, external_ids: Collection[str], now: datetime, *, answered: bool) -> Self:
        """Matches were to be polled and were not among what came.

        Those that should long be over are given up as open. What is over or called off and not
        there any more is not polled again either, and no news.

        Args:
            external_ids: the matches.
            now: the time at the provider.
            answered: it did answer, without them. A provider that gives no answer has said nothing
                of a match, however long that takes.
        """
        after = dict(self.matches)
        for id_, row in self._due_ones(external_ids):
            failures = row["failures"] + 1
            again = {"failures": failures, "not_before": self._pause(failures)}
            if answered and failures >= GIVEN_UP_AFTER:
                if row["status"] not in OPEN:
                    again["due_at"] = None
                elif self._is_over(id_, now):
                    again |= {"due_at": None, "given_up_at": now}
            after[id_] = {**row, **again}
        return replace(self, matches=after)

    def refused(self, external_ids: Collection[str]) -> Self:
        """The provider refused these: a short pause, for the circuit breaker decides on more.

        It counts against no match: after hours of refusals they are polled as soon as it answers.
        """
        again = {"not_before": self._pause(1)}
        after = {id_: {**row, **again} for id_, row in self._due_ones(external_ids)}
        return replace(self, matches={**self.matches, **after})

    def _due_ones(self, external_ids: Collection[str]) -> list[tuple[UUID, Row]]:
        return [
            (id_, row)
            for id_, row in self.matches.items()
            if self.fixtures[id_]["external_id"] in external_ids and row["due_at"] is not None
        ]

    def _is_over(self, id_: UUID, now: datetime) -> bool:
        """Whether a match should long be over, as far as the cadence goes."""
        row, fixture = self.matches[id_], self.fixtures[id_]
        after = watch(
            replace(_watch_of(row), given_up_at=None),
            status=row["status"],
            kickoff_at=fixture["kickoff_at"],
            kickoff_date=fixture["kickoff_date"],
            replaced=False,
            now=now,
        )
        return after.given_up_at is not None

    def put_off(self) -> Self:
        """What follows matches, rounds and table, could not be read: later, longer each time."""
        failures = (self.tournament["failures"] if self.tournament else 0) + 1
        return self._with(failures=failures, not_before=self._pause(failures))

    def caught_up(self) -> Self:
        """Everything has followed, and no pause is kept."""
        if self.tournament is None:
            return self
        return self._with(failures=0, not_before=None, follow_up_due_at=None)

    def ended(self, now: datetime) -> Self:
        """Matches have ended: rounds and table follow, whatever happens to us."""
        since = self.tournament["follow_up_due_at"] if self.tournament else None
        return self._with(follow_up_due_at=since or now)

    def given_up_since(self, before: Self) -> list[UUID]:
        """The matches that were due before and have been given up as open for too long."""
        return [
            id_
            for id_, row in before.matches.items()
            if row["due_at"] is not None
            and self.matches[id_]["given_up_at"] not in (None, row["given_up_at"])
        ]

    def _pause(self, failures: int) -> datetime:
        return self.clock + timedelta(seconds=BACKOFF.seconds(failures))

    def _with(self, **values: Any) -> Self:
        fresh = {
            "tournament_id": self.key.tournament_id,
            "provider": self.key.provider,
            **dict.fromkeys(("awaiting_since", "due_at", "follow_up_due_at", "not_before")),
            "failures": 0,
        }
        return replace(self, tournament={**(self.tournament or fresh), **values})


def _watch_of(row: Row) -> Watch:
    names = ("due_at", "status", "since", "window_from", "given_up_at")
    return Watch(*(row[name] for name in names))


def _pairing(match: Match) -> tuple[str | None, ...]:
    return (match.stage, match.group_name, match.round_slug, match.home, match.away)
