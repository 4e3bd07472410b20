"""What people know of the machinery: told to be not well, and not told to be well again yet."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

import dagster as dg

from dp_pipeline.messages.notice import Notice
from dp_pipeline.sensors.duties import Kept

_KEPT = "dp_pipeline.watched"


@dataclass(frozen=True, slots=True)
class Watched:
    """What people have been told is not well, and is not well again.

    Args:
        failing: sensor or schedule to when it began to fail, Unix seconds.
        checks: checks that fail, each as `asset:check:partition`.
        seen: evaluations up to this event are known; None before the first look.
        jobs: job to when its run failed, Unix seconds.
        database: since when the database cannot be used, Unix seconds.
        quiet_until: nothing is posted until then: Slack asked for a pause, or does not answer.
    """

    failing: Mapping[str, float] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    seen: int | None = None
    jobs: Mapping[str, float] = field(default_factory=dict)
    database: float | None = None
    quiet_until: float = 0.0

    @classmethod
    def read(cls, text: str | None) -> "Watched":
        """The cursor of the last tick; a missing or foreign text starts afresh."""
        try:
            found = json.loads(text or "")
            seen, database = found["seen"], found.get("database")
            return cls(
                _moments(found["failing"]),
                tuple(map(str, found["checks"])),
                None if seen is None else int(seen),
                _moments(found.get("jobs", {})),
                None if database is None else float(database),
                float(found.get("quiet_until", 0.0)),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def write(self) -> str:
        """The text Dagster keeps."""
        return json.dumps(asdict(self))


def without(moments: Mapping[str, float], name: str) -> dict[str, float]:
    """What still fails when one works again."""
    return {other: since for other, since in moments.items() if other != name}


def _moments(found: Mapping[str, float]) -> dict[str, float]:
    return {str(name): float(since) for name, since in found.items()}


@dataclass(frozen=True, slots=True)
class Change:
    """Something to tell, and what is known once it was told."""

    notice: Notice
    then: Callable[[Watched], Watched]


class Memory:
    """What people know while a tick tells them more.

    Every step is kept at once: a daemon that is killed never hears of the end of the tick, though
    its code server goes on telling.
    """

    def __init__(self, instance: dg.DagsterInstance, cursor: str | None) -> None:
        self._kept = Kept(instance, _KEPT, cursor)
        self.watched = Watched.read(self._kept.text)

    def learn(self, change: Change) -> None:
        """People know this now."""
        self.keep(change.then(self.watched))

    def keep(self, watched: Watched) -> None:
        """This is known now."""
        self.watched = watched
        self._kept.keep(watched.write())
