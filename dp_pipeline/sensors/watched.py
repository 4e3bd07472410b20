"""What people know of the machinery: told to be not well, and not told to be well again yet."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from dp_pipeline.messages.notice import Notice


@dataclass(frozen=True, slots=True)
class Watched:
    """What people have been told is not well, and is not well again.

    Args:
        failing: sensor or schedule to when it began to fail, Unix seconds.
        checks: checks that fail, each as `asset:check:partition`.
        seen: evaluations up to this event are known; None before the first look.
    """

    failing: Mapping[str, float] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    seen: int | None = None

    @classmethod
    def read(cls, text: str | None) -> "Watched":
        """The cursor of the last tick; a missing or foreign text starts afresh."""
        try:
            found = json.loads(text or "")
            seen = found["seen"]
            return cls(
                {str(name): float(since) for name, since in found["failing"].items()},
                tuple(map(str, found["checks"])),
                None if seen is None else int(seen),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def write(self) -> str:
        """The text Dagster keeps."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Change:
    """Something to tell, and what is known once it was told."""

    notice: Notice
    then: Callable[[Watched], Watched]
