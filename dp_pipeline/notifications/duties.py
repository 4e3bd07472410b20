"""The duties of one tick: each is done whatever becomes of the others, and none fails unseen."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

_REST = "The other duties of this tick were done."


class DutiesFailedError(Exception):
    """More than one duty of a tick failed; the text names each with its reason."""


class Duties:
    """What failed in one tick; each failure is logged with its cause."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._failed: list[tuple[str, Exception]] = []

    @contextmanager
    def duty(self, what: str) -> Generator[None]:
        """Do one thing, such as "storing reports late"; an error ends it, not the tick."""
        try:
            yield
        # The border of the tick: an object store that raised what it should not kept people from
        # hearing of anything. Whatever a duty raises, `end` raises it after the others were done.
        except Exception as error:  # noqa: BLE001
            self._log.exception("%s failed", what.capitalize())
            self._failed.append((what, error))

    def end(self) -> None:
        """Let the tick fail if a duty did, so that watch_automation sees what keeps failing."""
        if len(self._failed) == 1:
            ((what, error),) = self._failed
            error.add_note(f"{what.capitalize()} failed. {_REST}")
            raise error
        if self._failed:
            reasons = "; ".join(
                f"{what}: {str(error) or type(error).__name__}" for what, error in self._failed
            )
            message = f"{len(self._failed)} duties failed ({reasons}). {_REST}"
            raise DutiesFailedError(message) from self._failed[0][1]
