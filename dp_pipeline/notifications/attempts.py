"""What became of the attempts to post messages that wait, kept from tick to tick.

It is noted before and after each post, because a daemon that is killed between a post and its stamp
leaves no cursor behind. Of a message that was announced nothing is kept.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database
from dp_pipeline.notifications import notes

MOST_DOUBTFUL = 2
"""Posts of one message of which nobody knows whether Slack took them: one, and one repeat. Then it
counts as announced. A connection that dropped after each post made one message five."""
REFUSALS = 3
"""Ticks in which a message was answered with a no before another one is tried in its place."""
PASSED = 10
"""Ticks in which Slack took others after it said no to a message: then the no is for good."""
FORGOTTEN_SECONDS = 7_200.0
"""What was not tried for so long does not wait any more: a notice that was overtaken by events."""

SILENCES = 3
"""Posts in a row without an answer before posting pauses. While something between us and Slack cuts
every connection, two posts use up a message: an hour of it costs four messages, not 180."""
LONGEST_PAUSE_SECONDS = 3_600.0
_BACKOFF = Backoff(first=60.0, longest=LONGEST_PAUSE_SECONDS)
_UNTIL_MENDED = Backoff(first=60.0, longest=600.0)
"""Pauses while Slack takes nothing until a person has done something: a token that was revoked on a
Friday was to be tried 25,000 times until Monday. Ten minutes after it is mended messages come."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is known of one message."""

    doubtful: int = 0
    """Posts that Slack may have taken."""
    refusals: int = 0
    """Ticks in which it was answered with a no."""
    passed: int = 0
    """Of them, those in which Slack took other messages."""
    taken: bool = False
    """Slack took it, though that could not be stamped."""
    at: float = 0.0

    @property
    def over(self) -> bool:
        """Whether it is not to be posted any more."""
        return self.taken or self.doubtful >= MOST_DOUBTFUL or self.passed >= PASSED

    @property
    def refused(self) -> bool:
        """Whether others are not to wait for it any longer."""
        return self.refusals >= REFUSALS


class Attempts:
    """The messages that were tried and are not announced.

    While the database is away (`store` is None) nothing is noted. What is so old that nothing waits
    for it is forgotten, and so is a foreign note.
    """

    def __init__(self, store: Database | None) -> None:
        self._store = store
        noted: Any = None if store is None else notes.read(store, notes.ATTEMPTS)
        oldest = time.time() - FORGOTTEN_SECONDS
        try:
            kept = {str(key): Attempt(**attempt) for key, attempt in noted["of"].items()}
            self._of = {key: attempt for key, attempt in kept.items() if attempt.at > oldest}
            self._silences = int(noted["silences"])
            self._setup_faults = int(noted.get("setup_faults", 0))
            self._quiet_until = float(noted.get("quiet_until", 0.0))
            self._because = str(noted.get("because", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            self._of, self._silences, self._quiet_until = {}, 0, 0.0
            self._setup_faults, self._because = 0, ""

    def of(self, key: str) -> Attempt:
        """What is known of a message."""
        return self._of.get(key, Attempt())

    def begins(self, key: str) -> None:
        """It is about to be posted. A process that is killed from now on may have posted it."""
        self._keep(key, doubtful=self.of(key).doubtful + 1)

    def stays_doubtful(self, key: str) -> None:
        """No answer said what became of the post."""
        self._silences += 1
        self._keep(key)

    def failed(self, key: str, *, refused: bool = False, needs_person: bool = False) -> None:
        """It was not taken; `refused` if that was the answer to this message.

        `needs_person` if Slack takes none until somebody does something.
        """
        before = self.of(key)
        if refused:
            self._silences = 0
        self._setup_faults = self._setup_faults + 1 if needs_person else 0
        self._keep(key, doubtful=before.doubtful - 1, refusals=before.refusals + refused)

    def passed(self, key: str) -> None:
        """Slack has taken another one after it said no to this."""
        self._keep(key, passed=self.of(key).passed + 1)

    def taken(self, key: str) -> None:
        """Slack has it; it is not stamped yet."""
        self._silences = self._setup_faults = 0
        self._keep(key, taken=True)

    def stamped(self, key: str) -> None:
        """Everything about it is done."""
        if self._of.pop(key, None) is not None:
            self._because = ""
            self._write()

    @property
    def pause_left(self) -> float:
        """How many seconds nothing is to be posted for; below zero when that is over."""
        return self._quiet_until - time.time()

    def pause(self, seconds: float, *, because: str = "") -> None:
        """Nothing is to be posted for so long; why, a sentence."""
        self._quiet_until = time.time() + seconds
        self._because = because
        self._write()

    @property
    def because(self) -> str:
        """Why nothing could be posted the last time, a sentence; empty when it could."""
        return self._because

    @property
    def pause_seconds(self) -> float:
        """How long posting pauses after posts in a row that nothing answered, or answered no."""
        silent = _BACKOFF.seconds(self._silences - SILENCES + 1)
        return max(silent, _UNTIL_MENDED.seconds(self._setup_faults - SILENCES + 1))

    def _keep(self, key: str, **changes: Any) -> None:
        self._of[key] = replace(self.of(key), **changes, at=time.time())
        self._write()

    def _write(self) -> None:
        if self._store is not None:
            note = {
                "silences": self._silences,
                "setup_faults": self._setup_faults,
                "because": self._because,
                "quiet_until": self._quiet_until,
                "of": {key: asdict(attempt) for key, attempt in self._of.items()},
            }
            notes.write(self._store, notes.ATTEMPTS, note)
